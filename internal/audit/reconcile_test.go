package audit_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

func (h *house) reconciler() *audit.Reconciler {
	return audit.NewReconciler(zaptest.NewLogger(h.t), h.ledger, h.tencent).AtOnce()
}

// Each difference is an entry once, and the mute follows what Tencent has, also
// back to what it was.
func TestReconcile_RecordsEachDifferenceOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h := on.house(t)
		h.muted("alice", mute.ScopeAll, seconds(t, 7200))
		b := h.muted("bob", mute.ScopeGroup, seconds(t, 7200))
		h.muted("carol", mute.ScopeGroup, mute.Permanent())
		h.muted("dave", mute.ScopeC2C, seconds(t, 7200))
		before := int64(len(h.log(0)))
		round := func(want ...string) {
			t.Helper()
			h.clock.Advance(audit.ReconcileRound)
			size := int64(len(h.log(0)))
			once(t, h.reconciler().Once)
			require.Equal(t, append([]string{}, want...), h.log(size))
		}
		h.tencent.set("bob", mute.ScopeGroup, b.Deadline.Add(48*time.Hour))
		h.tencent.lift("alice", mute.ScopeC2C)
		n, _ := once(t, h.reconciler().Once)
		require.Equal(t, 2, n)
		require.Equal(t, []string{"drift 1 c2c", "drift 2 group"}, h.log(before))
		require.Len(t, h.tencent.seen(), 4, "an account is read once for both fields")
		require.Equal(t, []string{"group 1 until 04:00:00"}, h.mutes("alice"))

		n, _ = once(t, h.reconciler().Once)
		require.Zero(t, n)
		require.Empty(t, h.tencent.seen(), "the next round is not due")
		once(t, h.expirer().Once)
		round() // those of two hours are over, which is the expirer's to say
		h.tencent.set("carol", mute.ScopeGroup, h.clock.Now().Add(24*time.Hour))
		round("drift 3 group")
		h.tencent.set("carol", mute.ScopeGroup, time.Time{})
		round("drift 3 group")
		round()
		require.Equal(t, []string{"group 3 until for ever"}, h.mutes("carol"))
	})
}

func TestReconcile_ReadsWithCare(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		for name, tc := range map[string]struct {
			change func(h *house)
			want   []string
			reads  int
		}{
			"as recorded":                 {func(*house) {}, nil, 1},
			"within the tolerance":        {func(h *house) { h.tencent.set("alice", mute.ScopeGroup, h.clock.Now().Add(7207*time.Second)) }, nil, 1},
			"an account that is gone":     {func(h *house) { delete(h.tencent.ends, "alice") }, []string{"drift 1 group"}, 2},
			"somebody acts on it":         {func(h *house) { h.begin("alice", mute.ScopeAll, mute.Term{}) }, []string{"intent 2"}, 0},
			"Tencent cannot be read":      {func(h *house) { h.tencent.failing(down) }, nil, 1},
			"changed while it is read":    {changedMeanwhile, []string{"intent 2", "outcome 2 done in effect: group"}, 1},
			"another field is no concern": {func(h *house) { h.tencent.set("alice", mute.ScopeC2C, time.Time{}) }, nil, 1},
		} {
			t.Run(name, func(t *testing.T) {
				h := on.house(t)
				h.muted("alice", mute.ScopeGroup, seconds(t, 7200))
				tc.change(h)
				once(t, h.reconciler().Once)
				require.Equal(t, append([]string{}, tc.want...), h.log(2))
				require.Len(t, h.tencent.seen(), tc.reads)
				if name == "an account that is gone" {
					require.Empty(t, h.mutes("alice"))
				}
			})
		}
	})
}

// changedMeanwhile has a moderator mute anew while the account is read.
func changedMeanwhile(h *house) {
	h.tencent.lift("alice", mute.ScopeGroup)
	h.tencent.failing(func(mute.Account) error {
		h.tencent.fail = nil
		b, err := begin(h.t.Context(), h.ledger, "alice", mute.ScopeGroup, seconds(h.t, 600))
		if err == nil {
			_, err = h.ledger.Finish(h.t.Context(), b.Token, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
		}
		return err
	})
}

// A round takes its time, page by page, over restarts and whichever process
// leads; and each account has its turn.
func TestReconcile_WalksOnAfterARestart(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		const accounts = 40 // two pages and a half
		h := on.house(t)
		for i := range accounts {
			a := mute.Account(fmt.Sprintf("member%02d", i))
			h.tencent.ends[a] = map[mute.Field]time.Time{}
			h.muted(a, mute.ScopeGroup, mute.Permanent())
		}
		_, other := h.process("two")
		read := map[mute.Account]int{}
		began := h.clock.Now()
		for turn := 0; len(read) < accounts; turn++ {
			r := h.reconciler()
			if turn%2 == 1 {
				r = audit.NewReconciler(zaptest.NewLogger(t), other, h.tencent).AtOnce()
			}
			_, next := once(t, r.Once)
			for _, a := range h.tencent.seen() {
				read[a]++
			}
			require.False(t, next.Before(h.clock.Now()))
			h.clock.Advance(next.Sub(h.clock.Now()))
		}
		for a, n := range read {
			require.Equal(t, 1, n, a)
		}
		require.WithinDuration(t, began.Add(audit.ReconcileRound), h.clock.Now(), time.Hour)
	})
}

// One account that cannot be read keeps no other from its turn.
func TestReconcile_PassesOverWhatCannotBeRead(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h := on.house(t)
		for _, a := range []mute.Account{"alice", "bob", "carol"} {
			h.muted(a, mute.ScopeGroup, mute.Permanent())
		}
		h.tencent.failing(func(a mute.Account) error {
			if a == "bob" {
				return errDown
			}
			return nil
		})
		_, next := once(t, h.reconciler().Once)
		require.Equal(t, []mute.Account{"alice", "bob"}, h.tencent.seen())
		h.clock.Advance(next.Sub(h.clock.Now()))
		once(t, h.reconciler().Once)
		require.Equal(t, []mute.Account{"carol"}, h.tencent.seen())
	})
}

// Mutes that all differ by the same say that the clock was set.
func TestReconcile_IsNotMisledByAClock(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h, w := on.walled(t)
		for i, a := range []mute.Account{"alice", "bob", "carol", "dave"} {
			h.mutedOn(a, mute.ScopeGroup, 7200+60*int64(i))
		}
		size := int64(len(h.log(0)))
		w.set(-time.Hour)
		h.ledger = h.reopened()
		once(t, h.reconciler().Once)
		require.Len(t, h.tencent.seen(), 4)
		require.Empty(t, h.log(size))
		h.clock.Advance(7200 * time.Second)
		once(t, h.expirer().Once)
		require.Equal(t, []string{"expired 1 group"}, h.log(size), "and the end is noticed when it comes")
	})
}

// How long a round rests is told by the local clock, which waits go by, also
// where the store's is an hour off.
func TestReconcile_RestsByTheLocalClock(t *testing.T) {
	onBothSet(t, func(t *testing.T, h *house, w *wall, by time.Duration) {
		w.set(by)
		h.ledger = h.reopened()
		h.mutedOn("alice", mute.ScopeGroup, 7200)
		for range 2 { // what goOn says, and what is read of it later
			_, next := once(t, h.reconciler().Once)
			require.Equal(t, h.clock.Now().Add(audit.ReconcileRound), next)
		}
		require.Len(t, h.tencent.seen(), 1)
	})
}

// The loop compares by itself, one process at a time, and gives the work back.
func TestReconcile_Runs(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		h := on.house(t)
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		h.muted("alice", mute.ScopeGroup, seconds(t, 7200))
		h.tencent.lift("alice", mute.ScopeGroup)
		changed, stop := h.ledger.Subscribe()
		defer stop()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		r := h.reconciler()
		go func() { done <- r.Run(ctx) }()
		<-changed
		cancel()
		require.NoError(t, <-done)
		require.Equal(t, []string{"drift 1 group"}, h.log(2))
	})
}
