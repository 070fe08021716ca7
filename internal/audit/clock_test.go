package audit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// mutedOn mutes at the ledger and, for as long, at Tencent.
func (h *house) mutedOn(a mute.Account, s mute.Scope, n int64) audit.Begun {
	h.t.Helper()
	b := h.begin(a, s, seconds(h.t, n))
	h.tencent.set(a, s, h.clock.Now().Add(time.Duration(n)*time.Second))
	h.finish(b, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
	return b
}

// Whoever holds an account keeps it when the clock is set: nobody reads Tencent
// while a request may be inside.
func TestClockSet_ALiveLeaseIsNotOver(t *testing.T) {
	onBothSet(t, func(t *testing.T, h *house, w *wall, by time.Duration) {
		b := h.begin("alice", mute.ScopeGroup, seconds(t, 7200))
		h.clock.Advance(3 * time.Second)
		w.set(by)
		n, _ := once(t, h.settler().Once)
		require.Zero(t, n)
		require.Empty(t, h.tencent.seen())
		_, err := begin(t.Context(), h.ledger, "alice", mute.ScopeGroup, seconds(t, 60))
		require.ErrorAs(t, err, new(*audit.BusyError))

		_, err = h.ledger.Renew(t.Context(), b.Token)
		require.NoError(t, err, "its holder still has it")
		h.clock.Advance(14 * time.Second)
		n, _ = once(t, h.settler().Once)
		require.Zero(t, n, "it lasts from the renewal")
		f := h.finish(b, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
		require.False(t, f.Late)
	})
}

// An unclear attempt keeps its account locked for as long as it may be inside
// the service, and no longer, however the clock is set.
func TestClockSet_ALockLastsAsLong(t *testing.T) {
	onBothSet(t, func(t *testing.T, h *house, w *wall, by time.Duration) {
		b := h.begin("alice", mute.ScopeGroup, seconds(t, 7200))
		h.finish(b, audit.Result{Outcome: audit.OutcomeFailed, Attempts: 2, LockedUntil: h.clock.Now().Add(6 * time.Second)})
		h.clock.Advance(time.Second)
		w.set(by)
		_, err := begin(t.Context(), h.ledger, "alice", mute.ScopeGroup, seconds(t, 60))
		require.ErrorAs(t, err, new(*audit.BusyError))
		once(t, h.settler().Once) // which looks at what is held
		h.clock.Advance(audit.LeaseTime)
		_, err = begin(t.Context(), h.ledger, "alice", mute.ScopeGroup, seconds(t, 60))
		require.NoError(t, err, "an hour is not waited")
	})
}

// What a process left that died under a clock which was ahead is settled when
// its lease would have ended, from when the next one first saw it.
func TestClockSet_BackWhileNobodyRan(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h, w := on.walled(t)
		w.set(time.Hour)
		h.begin("alice", mute.ScopeGroup, seconds(t, 7200))
		w.set(-time.Hour)
		h.ledger = h.reopened()
		n, _ := once(t, h.settler().Once)
		require.Zero(t, n)
		h.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		n, _ = once(t, h.settler().Once)
		require.Equal(t, 1, n)
		require.Equal(t, []string{"outcome 1 failed"}, h.log(1))
	})
}

// A worker's lease that reaches an hour ahead is one of a minute.
func TestClockSet_AWorkerIsNotLedForEver(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h, w := on.walled(t)
		_, ok, err := h.ledger.Lead(t.Context(), "settle", "one", 10*time.Second)
		require.NoError(t, err)
		require.True(t, ok)
		w.set(-time.Hour)
		lead := func() bool {
			_, ok, err := h.ledger.Lead(t.Context(), "settle", "two", 10*time.Second)
			require.NoError(t, err)
			return ok
		}
		require.False(t, lead())
		h.clock.Advance(audit.LeadMost)
		require.True(t, lead())
		w.set(time.Hour)
		_, ok, err = h.ledger.Lead(t.Context(), "settle", "one", 10*time.Second)
		require.NoError(t, err)
		require.False(t, ok, "forward, it is not over at once")
	})
}

// An answer that is missing is read back by what was asked for, not by what the
// clock says now.
func TestClockSet_SettlesByWhatWasAsked(t *testing.T) {
	onBothSet(t, func(t *testing.T, h *house, w *wall, by time.Duration) {
		b := h.begin("alice", mute.ScopeGroup, seconds(t, 600))
		h.tencent.set("alice", mute.ScopeGroup, h.clock.Now().Add(600*time.Second))
		h.finish(b, audit.Result{Outcome: audit.OutcomeUnknown, Attempts: 1})
		w.set(by)
		once(t, h.settler().Once)
		h.clock.Advance(30 * time.Second)
		once(t, h.settler().Once)
		require.Equal(t, audit.StatusDone, h.caseOf(1).Status)
	})
}

// Mutes end when Tencent says so: a clock that is set ends none, changes none,
// and keeps no notice back.
func TestClockSet_MutesEndAtTencentsTime(t *testing.T) {
	onBothSet(t, func(t *testing.T, h *house, w *wall, by time.Duration) {
		h.mutedOn("alice", mute.ScopeGroup, 600)
		h.mutedOn("bob", mute.ScopeGroup, 1200)
		before := int64(len(h.log(0)))
		w.set(by)
		x := h.expirer()
		once(t, x.Once)
		require.Empty(t, h.log(before))
		h.clock.Advance(599 * time.Second)
		once(t, x.Once)
		require.Empty(t, h.log(before))
		h.clock.Advance(time.Second)
		once(t, x.Once)
		require.Equal(t, []string{"expired 1 group"}, h.log(before))
		h.mutedOn("carol", mute.ScopeGroup, 60)
		h.clock.Advance(time.Minute)
		once(t, x.Once)
		require.Equal(t, []string{"expired 1 group", "intent 3", "outcome 3 done in effect: group", "expired 3 group"}, h.log(before),
			"what is muted by the clock that is right ends by it")
		h.clock.Advance(9 * time.Minute)
		once(t, x.Once)
		require.Equal(t, []string{"expired 2 group"}, h.log(before+4))
	})
}

// What was really changed outside is drift, also after the clock was set.
func TestClockSet_DriftIsStillFound(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h, w := on.walled(t)
		h.mutedOn("alice", mute.ScopeGroup, 600)
		h.tencent.set("alice", mute.ScopeGroup, h.clock.Now().Add(5*time.Hour))
		w.set(time.Hour)
		once(t, h.expirer().Once)
		require.Equal(t, []string{"drift 1 group"}, h.log(2))
		v, err := h.ledger.Account(t.Context(), "alice")
		require.NoError(t, err)
		require.Equal(t, w.Now().Add(5*time.Hour), v.Mutes[0].Until, "the row follows Tencent, by the clock of now")
	})
}

// A process that did not see the clock being set learns it from many mutes that
// differ by the same; and not from mutes that somebody gave another end.
func TestClockSet_WhileNobodyRan(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		accounts := []mute.Account{"alice", "bob", "carol", "dave"}
		for name, outside := range map[string]bool{"the clock": false, "somebody": true} {
			t.Run(name, func(t *testing.T) {
				h, w := on.walled(t)
				for i, a := range accounts {
					h.mutedOn(a, mute.ScopeGroup, 600+60*int64(i))
				}
				if outside {
					h.clock.Advance(time.Hour)
					for _, a := range accounts {
						h.tencent.set(a, mute.ScopeGroup, h.clock.Now().Add(30*time.Minute))
					}
				} else {
					w.set(time.Hour)
				}
				h.ledger = h.reopened()
				before := int64(len(h.log(0)))
				x := h.expirer()
				once(t, x.Once)
				if outside {
					require.Equal(t, []string{"drift 1 group", "drift 2 group", "drift 3 group", "drift 4 group"}, h.log(before))
					return
				}
				require.Empty(t, h.log(before))
				h.clock.Advance(time.Hour)
				once(t, x.Once)
				require.Equal(t, []string{"expired 1 group", "expired 2 group", "expired 3 group", "expired 4 group"}, h.log(before))
			})
		}
	})
}
