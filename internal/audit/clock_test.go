package audit_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"
	"pgregory.net/rapid"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/mute"
	"modbot/internal/testclock"
)

// wall is a clock on a wall: somebody may set it, which changes nothing about
// how time passes.
type wall struct {
	passes *testclock.Clock
	mu     sync.Mutex
	off    time.Duration
}

func (w *wall) set(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.off += by
}

func (w *wall) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.passes.Now().Add(w.off)
}

// onWall makes a house whose ledger's time is that of a wall. Tencent's time
// passes and is never set.
func onWall(t *testing.T) (*house, *wall) {
	t.Helper()
	h := newHouse(t)
	w := &wall{passes: h.clock}
	h.ledger = h.reopened(w)
	return h, w
}

// reopened is the ledger as a new process opens it.
func (h *house) reopened(w *wall) *audit.Log {
	h.t.Helper()
	store, err := sqlstore.Open(h.t.Context(), zaptest.NewLogger(h.t), "sqlite:"+h.path, sqlstore.Options{})
	require.NoError(h.t, err)
	h.t.Cleanup(func() { require.NoError(h.t, store.Close()) })
	l, err := audit.Open(zaptest.NewLogger(h.t), store, audit.Options{
		Origin: testOrigin, Signer: h.key, Replica: "wall", Now: h.clock.Now, StoreNow: w.Now,
	})
	require.NoError(h.t, err)
	return l
}

// mutedOn mutes at the ledger and, for as long, at Tencent.
func (h *house) mutedOn(a mute.Account, s mute.Scope, n int64) audit.Begun {
	h.t.Helper()
	b := h.begin(a, s, seconds(h.t, n))
	h.tencent.set(a, s, h.clock.Now().Add(time.Duration(n)*time.Second))
	h.finish(b, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
	return b
}

// steps are how far a clock may be set at once.
func steps() map[string]time.Duration {
	return map[string]time.Duration{"forward": time.Hour, "back": -time.Hour}
}

// Whoever holds an account keeps it when the clock is set: nobody reads Tencent
// while a request may be inside.
func TestClockSet_ALiveLeaseIsNotOver(t *testing.T) {
	for name, by := range steps() {
		t.Run(name, func(t *testing.T) {
			h, w := onWall(t)
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
}

// An unclear attempt keeps its account locked for as long as it may be inside
// the service, and no longer, however the clock is set.
func TestClockSet_ALockLastsAsLong(t *testing.T) {
	for name, by := range steps() {
		t.Run(name, func(t *testing.T) {
			h, w := onWall(t)
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
}

// What a process left that died under a clock which was ahead is settled when
// its lease would have ended, from when the next one first saw it.
func TestClockSet_BackWhileNobodyRan(t *testing.T) {
	h, w := onWall(t)
	w.set(time.Hour)
	h.begin("alice", mute.ScopeGroup, seconds(t, 7200))
	w.set(-time.Hour)
	h.ledger = h.reopened(w)
	n, _ := once(t, h.settler().Once)
	require.Zero(t, n)
	h.clock.Advance(audit.LeaseTime + audit.SettleGrace)
	n, _ = once(t, h.settler().Once)
	require.Equal(t, 1, n)
	require.Equal(t, []string{"outcome 1 failed"}, h.log(1))
}

// A worker's lease that reaches an hour ahead is one of a minute.
func TestClockSet_AWorkerIsNotLedForEver(t *testing.T) {
	h, w := onWall(t)
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
}

// An answer that is missing is read back by what was asked for, not by what the
// clock says now.
func TestClockSet_SettlesByWhatWasAsked(t *testing.T) {
	for name, by := range steps() {
		t.Run(name, func(t *testing.T) {
			h, w := onWall(t)
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
}

// Mutes end when Tencent says so: a clock that is set ends none, changes none,
// and keeps no notice back.
func TestClockSet_MutesEndAtTencentsTime(t *testing.T) {
	for name, by := range steps() {
		t.Run(name, func(t *testing.T) {
			h, w := onWall(t)
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
}

// What was really changed outside is drift, also after the clock was set.
func TestClockSet_DriftIsStillFound(t *testing.T) {
	h, w := onWall(t)
	h.mutedOn("alice", mute.ScopeGroup, 600)
	h.tencent.set("alice", mute.ScopeGroup, h.clock.Now().Add(5*time.Hour))
	w.set(time.Hour)
	once(t, h.expirer().Once)
	require.Equal(t, []string{"drift 1 group"}, h.log(2))
	v, err := h.ledger.Account(t.Context(), "alice")
	require.NoError(t, err)
	require.Equal(t, w.Now().Add(5*time.Hour), v.Mutes[0].Until, "the row follows Tencent, by the clock of now")
}

// A process that did not see the clock being set learns it from many mutes that
// differ by the same; and not from mutes that somebody gave another end.
func TestClockSet_WhileNobodyRan(t *testing.T) {
	accounts := []mute.Account{"alice", "bob", "carol", "dave"}
	for name, outside := range map[string]bool{"the clock": false, "somebody": true} {
		t.Run(name, func(t *testing.T) {
			h, w := onWall(t)
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
			h.ledger = h.reopened(w)
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
}

// However the clock is set, entries never go back in time, an account is never
// begun twice at once, nothing is read while a request may be inside, and each
// mute ends once, when Tencent has ended it.
func TestClockSet_Anyhow(t *testing.T) {
	fewer(t, "20") // each is a ledger of its own
	rapid.Check(t, func(r *rapid.T) {
		h, w := onWall(t)
		settler, x := h.settler(), h.expirer()
		inside := map[mute.Account]time.Time{} // until when a request may be
		for range rapid.IntRange(5, 15).Draw(r, "steps") {
			a := rapid.SampledFrom([]mute.Account{"alice", "bob"}).Draw(r, "account")
			switch rapid.IntRange(0, 4).Draw(r, "what") {
			case 0:
				w.set(time.Duration(rapid.IntRange(-7200, 7200).Draw(r, "by")) * time.Second)
			case 1:
				h.clock.Advance(time.Duration(rapid.IntRange(1, 900).Draw(r, "passes")) * time.Second)
			case 2:
				n := rapid.Int64Range(30, 3600).Draw(r, "term")
				b, err := begin(r.Context(), h.ledger, a, mute.ScopeGroup, seconds(r, n))
				if err != nil {
					require.ErrorAs(r, err, new(*audit.BusyError))
					continue
				}
				require.False(r, inside[a].After(h.clock.Now()), "begun while a request may be inside")
				// The process dies with its request inside; it lands at once.
				inside[a] = h.clock.Now().Add(audit.LeaseTime)
				h.tencent.set(a, mute.ScopeGroup, h.clock.Now().Add(b.Deadline.Sub(w.Now())))
			case 3:
				h.tencent.seen()
				once(t, settler.Once)
				for _, read := range h.tencent.seen() {
					require.False(r, inside[read].After(h.clock.Now()), "read while a request may be inside")
				}
			case 4:
				once(t, x.Once)
			}
		}
		requireEnds(t, r, h, settler, x)
	})
}

// requireEnds lets everything come to its end.
func requireEnds(t *testing.T, r *rapid.T, h *house, settler *audit.Settler, x *audit.Expirer) {
	t.Helper()
	for range 3 {
		h.clock.Advance(3 * time.Hour)
		once(t, settler.Once)
		once(t, x.Once)
		h.clock.Advance(30 * time.Second)
		once(t, settler.Once)
		once(t, x.Once)
	}
	entries, err := h.ledger.Entries(r.Context(), audit.EntryFilter{Limit: 1000})
	require.NoError(r, err)
	outcomes, unseen := map[int64]int{}, false
	var last time.Time
	for _, e := range entries {
		require.False(r, e.Time.Before(last), "time goes back")
		last = e.Time
		if e.Kind == audit.KindOutcome {
			outcomes[e.Case]++
			unseen = unseen || e.Outcome == audit.OutcomeUnverified
		}
		// A mute that came and went unseen has taken the place of another.
		require.True(r, unseen || e.Kind != audit.KindDrift, "nobody changed anything")
	}
	for n, count := range outcomes {
		require.Equal(r, 1, count, "case %d", n)
	}
	require.Empty(r, h.mutes("alice"), fmt.Sprint(h.log(0)))
	require.Empty(r, h.mutes("bob"))
}
