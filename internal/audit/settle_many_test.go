package audit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// However many settlers there are, every case gets one outcome.
func TestSettleByManyAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h := on.house(t)
		accounts := []mute.Account{"alice", "bob", "carol", "dave"}
		for _, a := range accounts {
			h.unknown(a, mute.ScopeGroup, seconds(t, 3600))
		}
		_, other := h.process("two")
		h.clock.Advance(6 * time.Second)
		settlers := []*audit.Settler{h.settler(), h.settler(), audit.NewSettler(zaptest.NewLogger(t), other, h.tencent)}
		var wg sync.WaitGroup
		counts := make([]int, len(settlers))
		errs := make([]error, len(settlers))
		for i, s := range settlers {
			wg.Go(func() { counts[i], _, errs[i] = s.Once(t.Context()) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		total := 0
		for _, n := range counts {
			total += n
		}
		require.Equal(t, len(accounts), total)
		outcomes, err := h.ledger.Entries(t.Context(), audit.EntryFilter{Kinds: []audit.Kind{audit.KindOutcome}, Limit: 100})
		require.NoError(t, err)
		require.Len(t, outcomes, len(accounts))
	})
}

// A settler that is told to stop lets go of what it holds at once.
func TestSettleStopped(t *testing.T) {
	h := newHouse(t)
	h.unknown("alice", mute.ScopeGroup, seconds(t, 3600))
	h.clock.Advance(6 * time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	h.tencent.failing(func(mute.Account) error {
		cancel()
		return context.Canceled
	})
	_, _, err := h.settler().Once(ctx)
	if err != nil {
		require.ErrorIs(t, err, context.Canceled)
	}
	h.tencent.failing(nil)
	n, _ := once(t, h.settler().Once)
	require.Equal(t, 1, n)
	require.Equal(t, audit.OutcomeFailed, h.caseOf(1).Outcome)
}

// A read that has begun is seen through: nobody has to begin it again.
func TestSettleStopped_WhileItReads(t *testing.T) {
	h := newHouse(t)
	h.unknown("alice", mute.ScopeGroup, seconds(t, 3600))
	h.clock.Advance(6 * time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	h.tencent.failing(func(mute.Account) error { cancel(); return nil })
	n, _, err := h.settler().Once(ctx)
	require.ErrorIs(t, err, context.Canceled, "of the next look")
	require.Equal(t, 1, n)
	require.Equal(t, audit.OutcomeFailed, h.caseOf(1).Outcome)
	require.Len(t, h.tencent.seen(), 1)
}

// The loop settles by itself, woken by the clock, and ends with its context.
func TestSettleRuns(t *testing.T) {
	h := newHouse(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	b := h.unknown("alice", mute.ScopeGroup, seconds(t, 3600))
	h.clock.Advance(6 * time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	s := h.settler()
	go func() { done <- s.Run(ctx) }()
	wait, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	c, err := h.ledger.Wait(wait, b.Case)
	require.NoError(t, err)
	require.Equal(t, audit.StatusFailed, c.Status)
	cancel()
	require.NoError(t, <-done)
}
