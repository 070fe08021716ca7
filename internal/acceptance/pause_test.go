//go:build unix

package acceptance

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A process that was paused past its lease makes no call without a fresh one,
// and its late answer is recorded as what it is.
func TestAcceptance_18_PausedPastTheLease(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault   string
		at      point
		outcome string // by whoever settled it meanwhile
	}{
		"after the call took effect": {at: beforeAnswer, outcome: "done"},
		// On waking it would have to send again: the answer was neither yes nor
		// no, and it has two attempts left.
		"before its second attempt": {
			fault: `{"api":"setnospeaking","kind":"code","code":60008}`, at: beforeAnswer, outcome: "failed",
		},
		// What it sent arrives while it is paused and after it was read back.
		"before the call took effect": {at: beforeForward, outcome: "failed"},
	}
	onBoth(t, func(t *testing.T, on dialect) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorldOn(t, on)
				if tt.fault != "" {
					w.sim.fail(tt.fault)
				}
				w.wakesLate(tt.at, tt.outcome)
			})
		}
	})
}

// wakesLate pauses a process at a point of its call until others have settled
// its case, and lets it go on then.
func (w *world) wakesLate(at point, outcome string) {
	w.t.Helper()
	g := w.proxy.hold(setCall, at)
	p := w.launch("mia", muteAlice)
	g.call()
	w.pause(p)
	stopped := time.Now()
	w.settled(1, "alice", stopped)
	require.Equal(w.t, "outcome "+outcome, lastKind(w.entries(), 1))
	require.Equal(w.t, []string{"intent"}, kinds(ofKind(w.entries(), "intent"), 1))

	g.pass()
	p.Resume()
	r := w.ended(p)
	require.NotEmpty(w.t, r.replies)
	require.Len(w.t, w.proxy.seen(setCall, "alice"), 1, "no call without a fresh lease")

	w.readAgain()
	log := w.entries()
	require.Len(w.t, ofKind(log, "outcome"), 1, "never a second outcome: %v", kinds(log, 1))
	require.Equal(w.t, outcome, ofKind(log, "outcome")[0].Outcome)
	late := ofKind(log, "late")
	require.NotEmpty(w.t, late, "%v", kinds(log, 1))
	for _, e := range late {
		require.EqualValues(w.t, 1, e.Case)
	}
	require.Empty(w.t, ofKind(log, "intent")[1:])

	// What people are told is what Tencent has, whoever it belongs to.
	status := w.done("mo", "status alice").Text
	if w.sim.of("alice").Group > 0 {
		require.Contains(w.t, status, "groups: muted until")
	} else {
		require.Contains(w.t, status, "groups: not muted")
	}
	w.sound()
}

// pause stops a process where it is in no transaction of the ledger: one that
// sleeps in it keeps all others out for as long as it sleeps on SQLite, and for
// a while on PostgreSQL.
func (w *world) pause(p *process) {
	w.t.Helper()
	ledger := w.watch()
	defer func() { require.NoError(w.t, ledger.db.Close()) }()
	eventually(w.t, soon, "the process to sleep outside of a transaction", func() bool {
		_, ok := p.pauseIn(ledger)
		return ok
	})
}

// caughtWaiting pauses the process while a call of its waits for its turn. It
// reports false when the process ended before it could be caught.
func (p *process) caughtWaiting(w *world, ledger watch) bool {
	p.t.Helper()
	waits := func() bool {
		return ledger.lastKind() == "intent" && len(w.proxy.seen(setCall, ledger.lastAbout("intent"))) == 0
	}
	var since time.Time // when the call that waits was first seen to wait
	caught := false
	eventually(p.t, settleWithin, "a call to wait for its turn", func() bool {
		if !p.Alive() {
			return true
		}
		if !waits() {
			since = time.Time{}
			return false
		}
		if since.IsZero() {
			since = time.Now()
		}
		if time.Since(since) < time.Second/10 {
			return false // it may be one that does not wait, and to stop it would make the next ones not wait
		}
		at, ok := p.pauseIn(ledger)
		if !ok {
			return false
		}
		// Later than this it may be on its way to the wire, which nothing can
		// take back.
		if at.Sub(since) < 700*time.Millisecond {
			until(p.t, time.Now().Add(time.Second)) // what had left already has arrived now
			if caught = waits(); caught {
				return true
			}
		}
		p.Resume()
		return false
	})
	return caught
}

// pauseIn stops a process, unless it is in a transaction of the ledger, and
// says when it had stopped.
func (p *process) pauseIn(ledger watch) (at time.Time, ok bool) {
	p.t.Helper()
	p.Pause()
	eventually(p.t, soon, "the process to stop", p.Paused)
	at = time.Now()
	if ledger.writable() {
		return at, true
	}
	p.Resume()
	return at, false
}

// readAgain has others run until no account is locked any more: somebody has
// read again what a late answer was about.
func (w *world) readAgain() {
	w.t.Helper()
	ledger := w.watch()
	giveUp := time.Now().Add(settleWithin)
	for end, locked := ledger.locked(); locked; end, locked = ledger.locked() {
		until(w.t, end)
		require.True(w.t, time.Now().Before(giveUp), "the late answer is not read back: %v", kinds(w.entries(), 0))
		w.run("mo", "status grace")
	}
	require.NoError(w.t, ledger.db.Close())
}

// lastKind is the last entry of a case's trace.
func lastKind(entries []entry, of int64) string {
	trace := kinds(entries, of)
	return trace[len(trace)-1]
}

// A process that is paused between its intent and its call wakes without a
// lease, and its call never leaves. The pause strikes while the call waits for
// its turn, at one call a second. That the first mute needs three attempts puts
// the calls that mute behind those that read, so that it is the former that wait.
func TestAcceptance_18_PausedBeforeItsCall(t *testing.T) {
	for _, on := range []dialect{onSQLite, onPostgres} {
		t.Run(string(on), func(t *testing.T) { pausedBeforeItsCall(t, on) })
	}
}

func pausedBeforeItsCall(t *testing.T, on dialect) {
	t.Helper()
	w := newWorldOn(t, on)
	w.perSecond = 1
	w.configure()
	w.sim.fail(`{"api":"setnospeaking","kind":"code","code":60008,"times":2}`)
	w.done("mia", "status grace") // makes the ledger
	ledger := w.watch()
	p := w.launch("mia", "mute "+strings.Join(strings.Split(crowd, ",")[:6], ",")+" 2h group") // all are read within the time for it
	require.True(t, p.caughtWaiting(w, ledger), "it was never caught between an intent and its call")
	stopped := time.Now()
	w.perSecond = 100 // whoever settles it has all the time that there is
	w.configure()
	t.Parallel() // not before: it had to strike within half a second
	log := w.entries()
	last := ofKind(log, "intent")[ledger.count("intent")-1]
	require.Empty(t, w.proxy.seen(setCall, last.Account))
	w.settled(last.Case, last.Account, stopped)

	p.Resume()
	require.NotEmpty(t, w.ended(p).replies)
	w.readAgain()
	require.Empty(t, w.proxy.seen(setCall, last.Account), "no call without a fresh lease")
	require.Zero(t, w.sim.of(last.Account).Group)
	trace := kinds(w.entries(), last.Case)
	require.Equal(t, []string{"intent", "outcome failed"}, certain(trace)[:2])
	require.Equal(t, 1, strings.Count(strings.Join(trace, " "), "outcome"), "never a second outcome: %v", trace)
	w.sound()
}

// While a process is paused, others act on other accounts, and on this one
// once it was settled: what the sleeper wakes to is not what it planned on.
func TestAcceptance_18_OthersActMeanwhile(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on dialect) {
		w := newWorldOn(t, on)
		g := w.proxy.hold(setCall, beforeAnswer)
		p := w.launch("mia", muteAlice)
		g.call()
		w.pause(p)
		stopped := time.Now()
		w.done("mo", "mute bob 1h group")
		w.settled(1, "alice", stopped)
		w.confirmed("ada", w.run("ada", "unmute alice group").reply(t), "yes")
		require.Zero(t, w.sim.of("alice").Group)

		g.pass()
		p.Resume()
		w.ended(p)
		w.readAgain()
		require.Zero(t, w.sim.of("alice").Group, "what ada lifted stays lifted")
		log := w.entries()
		for _, number := range []int64{1, 2, 3} {
			outcomes := slices.DeleteFunc(ofKind(log, "outcome"), func(e entry) bool { return e.Case != number })
			require.Len(t, outcomes, 1, "case %d: %v", number, kinds(log, number))
		}
		require.Contains(t, w.done("mo", "status alice").Text, "groups: not muted")
		require.NotContains(t, w.done("mo", "mutes").Text, "alice")
		w.sound()
	})
}
