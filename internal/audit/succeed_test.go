package audit_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// told is whom a successor told of what.
type told struct {
	mu    sync.Mutex
	cases []int64
}

func (o *told) tell(_ context.Context, c audit.CaseView) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cases = append(o.cases, c.Number)
}

func (o *told) all() []int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(slices.Values(o.cases))
}

// takes settles a case as the settler of this process does.
func (m member) takes(t *testing.T, n int64) {
	t.Helper()
	token, _, err := m.TakeOver(t.Context(), n)
	require.NoError(t, err)
	_, err = m.Settle(t.Context(), token, audit.Settlement{Outcome: audit.OutcomeFailed})
	require.NoError(t, err)
}

// A living process answers its own commands; of the dead, and of those that
// ended before it was known, somebody else does.
func TestSuccessor_AnswersForTheDeadAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := members(t, "living", "killed", "ended", "successor")
		ctx, end := context.WithCancel(t.Context())
		var running sync.WaitGroup
		attend := func(name string) context.CancelFunc {
			here, leave := context.WithCancel(ctx)
			running.Go(func() { _ = all[name].Attend(here, zaptest.NewLogger(t)) })
			return leave
		}
		leave := attend("ended")
		attend("living")
		_, ok, err := all["killed"].Lead(t.Context(), "replica/killed", "killed", audit.HoldTime)
		require.NoError(t, err)
		require.True(t, ok)

		cases := map[string]int64{}
		for i, name := range []string{"living", "killed", "ended", "successor"} {
			b, err := begin(t.Context(), all[name].Log, mute.Account([]string{"alice", "bob", "carol", "dave"}[i]), mute.ScopeGroup, mute.Permanent())
			require.NoError(t, err)
			cases[name] = b.Case
		}
		b, err := begin(t.Context(), all["living"].Log, "erin", mute.ScopeGroup, mute.Permanent())
		require.NoError(t, err)
		_, err = all["living"].Finish(t.Context(), b.Token, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
		require.NoError(t, err)

		who := &told{}
		running.Go(func() {
			_ = audit.NewSuccessor(zaptest.NewLogger(t), all["successor"].Log, who.tell).Run(ctx)
		})
		time.Sleep(audit.LeaseTime + audit.SettleGrace + time.Second)
		leave()
		for _, n := range cases {
			all["successor"].takes(t, n)
		}
		time.Sleep(time.Minute)
		require.Equal(t, []int64{cases["killed"], cases["ended"]}, who.all())

		health, err := all["successor"].Health(t.Context())
		require.NoError(t, err)
		require.Len(t, health.Replicas, 1)
		require.Equal(t, "living", health.Replicas[0].Name)
		end()
		running.Wait()
	})
}

// Whoever takes over looks a little way back.
func TestSuccessor_LooksBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := members(t, "killed", "successor")
		b, err := begin(t.Context(), all["killed"].Log, "alice", mute.ScopeGroup, mute.Permanent())
		require.NoError(t, err)
		time.Sleep(audit.LeaseTime + audit.SettleGrace)
		all["successor"].takes(t, b.Case)
		time.Sleep(audit.HoldTime)
		who := &told{}
		ctx, end := context.WithTimeout(t.Context(), 10*time.Second)
		defer end()
		require.NoError(t, audit.NewSuccessor(zaptest.NewLogger(t), all["successor"].Log, who.tell).Run(ctx))
		require.Equal(t, []int64{b.Case}, who.all())

		time.Sleep(time.Minute)
		ctx, end = context.WithTimeout(t.Context(), 10*time.Second)
		defer end()
		require.NoError(t, audit.NewSuccessor(zaptest.NewLogger(t), all["successor"].Log, who.tell).Run(ctx))
		require.Len(t, who.all(), 1, "what is old was told")
	})
}

// A process that may live is waited for, and answered for when it did not say so.
func TestSuccessor_WaitsForTheSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := members(t, "silent", "successor")
		b, err := begin(t.Context(), all["silent"].Log, "alice", mute.ScopeGroup, mute.Permanent())
		require.NoError(t, err)
		time.Sleep(audit.LeaseTime + audit.SettleGrace)
		_, ok, err := all["silent"].Lead(t.Context(), "replica/silent", "silent", audit.HoldTime)
		require.NoError(t, err)
		require.True(t, ok)
		time.Sleep(time.Second)
		all["successor"].takes(t, b.Case)
		who := &told{}
		ctx, end := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			_ = audit.NewSuccessor(zaptest.NewLogger(t), all["successor"].Log, who.tell).Run(ctx)
		})
		time.Sleep(audit.HoldTime)
		require.Empty(t, who.all(), "it may come back and answer")
		time.Sleep(audit.HoldTime)
		require.Equal(t, []int64{b.Case}, who.all())
		end()
		running.Wait()
	})
}

// The rows of processes that were killed do not pile up; those of the living
// stay.
func TestSuccessor_BuriesTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := members(t, "killed", "successor")
		_, ok, err := all["killed"].Lead(t.Context(), "replica/killed", "killed", audit.HoldTime)
		require.NoError(t, err)
		require.True(t, ok)
		ctx, end := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = all["successor"].Attend(ctx, zaptest.NewLogger(t)) })
		running.Go(func() {
			_ = audit.NewSuccessor(zaptest.NewLogger(t), all["successor"].Log, (&told{}).tell).Run(ctx)
		})
		replicas := func() (names []string) {
			s, err := all["successor"].wire.Snapshot(t.Context())
			require.NoError(t, err)
			defer s.Close()
			rows, err := s.Workers(t.Context(), "replica/")
			require.NoError(t, err)
			for _, r := range rows {
				names = append(names, r.Name)
			}
			return names
		}
		time.Sleep(30 * time.Minute)
		require.Equal(t, []string{"replica/killed", "replica/successor"}, replicas())
		time.Sleep(2 * time.Hour)
		require.Equal(t, []string{"replica/successor"}, replicas())
		end()
		running.Wait()
	})
}
