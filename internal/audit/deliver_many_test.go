package audit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// One process at a time tells a sink. When it has gone, the next one goes on
// after its lease; when it ends well, at once.
func TestDeliverByOneAtATime(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	_, other := h.process("two")
	first, second := h.deliverer(c), audit.NewDeliverer(zaptest.NewLogger(t), other, c)
	h.refused(1)
	once(t, first.Once)
	h.refused(1)
	n, next := once(t, second.Once)
	require.Zero(t, n)
	require.Equal(t, h.clock.Now().Add(10*time.Second), next)
	h.clock.Advance(10 * time.Second)
	n, _ = once(t, second.Once)
	require.Equal(t, 1, n)
	h.refused(1)
	n, _ = once(t, first.Once)
	require.Zero(t, n, "the other leads now")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, second.Run(ctx), "it ends, and gives the sink back")
	n, _ = once(t, first.Once)
	require.Equal(t, 1, n)
	require.Equal(t, []string{"[1]", "[2]", "[3]"}, c.got())
}

// Two processes at once: nothing is lost, nothing comes twice, in order.
func TestDeliverByManyAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h := on.house(t)
		c := newChannel()
		_, other := h.process("two")
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		errs := make([]error, 3)
		deliverers := []*audit.Deliverer{h.deliverer(c), h.deliverer(c), audit.NewDeliverer(zaptest.NewLogger(t), other, c)}
		for i, d := range deliverers {
			wg.Go(func() { errs[i] = d.Run(ctx) })
		}
		const entries = 40
		h.refused(entries)
		wait, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		for _, d := range deliverers {
			require.NoError(t, d.Flush(wait))
		}
		cancel()
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		want := []string{}
		for i := range entries {
			want = append(want, fmt.Sprintf("[%d]", i+1))
		}
		require.Equal(t, want, c.got())
	})
}

// Flush waits for everything that there is, and no longer than it may.
func TestDeliverFlush(t *testing.T) {
	h := newHouse(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	c := newChannel()
	d := h.deliverer(c)
	require.NoError(t, d.Flush(t.Context()), "there is nothing")
	h.refused(2)
	h.begin("bob", mute.ScopeAll, mute.Term{})
	require.NoError(t, d.Flush(t.Context()), "an intent is not waited for")
	require.Equal(t, []string{"[1]", "[2]"}, c.got())

	h.refused(1)
	c.answering(func(message) (bool, error) { return false, errors.New("down") })
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("the line took too long"))
	defer cancel()
	require.ErrorContains(t, d.Flush(ctx), "the line took too long")
}

// The loop tells what is appended, and ends with its context.
