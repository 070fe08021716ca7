//go:build unix

package acceptance

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/proctest"
)

// The command of every crash, and what it makes at Tencent.
const (
	muteAlice = "mute alice 2h group spamming links"
	aliceFor  = 7200
)

// A process that is killed anywhere leaves one case with one number, one
// outcome that is Tencent's own state, and one post.
func TestAcceptance_02_KilledAnywhere(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		// strike begins the command and kills it at its point.
		strike  func(w *world)
		outcome string
	}{
		"after the intent, and the call never arrives": {
			strike: func(w *world) {
				g := w.proxy.hold(setCall, beforeForward)
				p := w.launch("mia", muteAlice)
				g.call()
				require.Equal(w.t, []string{"intent"}, kinds(w.entries(), 0), "durable before the call")
				p.Kill()
				g.drop()
			},
			outcome: "failed",
		},
		"after the intent, and the call arrives without its caller": {
			strike: func(w *world) {
				g := w.proxy.hold(setCall, beforeForward)
				p := w.launch("mia", muteAlice)
				c := g.call()
				p.Kill()
				receive(w.t, c.gone, soon, "the connection to break")
				g.pass()
			},
			outcome: "done",
		},
		"after the call took effect": {
			strike: func(w *world) {
				g := w.proxy.hold(setCall, beforeAnswer)
				p := w.launch("mia", muteAlice)
				g.call()
				require.NotZero(w.t, w.sim.of("alice").Group)
				p.Kill()
				g.drop()
			},
			outcome: "done",
		},
		"after the answer, before the outcome is recorded": {
			strike: func(w *world) {
				g := w.proxy.hold(setCall, beforeAnswer)
				p := w.launch("mia", muteAlice)
				g.call()
				release := w.lock()
				g.pass()
				eventually(w.t, soon, "the answer to be handed over", func() bool {
					return !w.proxy.seen(setCall, "alice")[0].heard.IsZero()
				})
				// A moment in which it tries to record, and cannot.
				until(w.t, time.Now().Add(aMoment))
				p.Kill()
				release()
				require.Equal(w.t, []string{"intent"}, kinds(w.entries(), 0))
				require.Empty(w.t, p.replies(), "no state is told that was not recorded")
			},
			outcome: "done",
		},
		"after the outcome, before anything is said": {
			strike: func(w *world) {
				w.done("mia", "status bob") // makes the ledger
				blocked := fullPipe(w.t)
				p := w.begin(proctest.Launch{Stdout: blocked}, "mia", muteAlice)
				require.NoError(w.t, blocked.Close())
				w.recorded("outcome")
				p.Kill()
			},
			outcome: "done",
		},
		"at the sight of the post": {
			strike: func(w *world) {
				p := w.launch("mia", muteAlice)
				eventually(w.t, soon, "the post", func() bool { return len(p.posts()) > 0 || !p.Alive() })
				p.Kill()
			},
			outcome: "done",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, on dialect) {
				w := newWorldOn(t, on)
				tt.strike(w)
				w.closedOnce(tt.outcome)
			})
		})
	}
}

// closedOnce requires that the gap that a process left which was killed just now
// is closed, once.
func (w *world) closedOnce(want string) {
	w.t.Helper()
	w.settled(1, "alice", time.Now())
	log := w.entries()
	require.Len(w.t, kinds(log, 1), len(log), "one case with one number")
	require.Equal(w.t, []string{"intent", "outcome " + want}, certain(kinds(log, 1)))
	outcome := log[len(log)-1]
	if outcome.Attempts == 0 { // read back, not answered
		require.GreaterOrEqual(w.t, outcome.Time.Sub(log[0].Time), leaseTime+settleGrace, "settled while its process may have been alive")
	}
	require.Len(w.t, w.proxy.seen(setCall, "alice"), 1, "nothing is replayed")
	seconds := 0
	if want == "done" {
		seconds = aliceFor
	}
	require.InDelta(w.t, seconds, w.sim.of("alice").Group, 120)
	w.requirePostedAgainOnlyMarked(outcome)
	w.sound()
}

// A request of a dead process that lands after everything was settled changes
// nothing that was reported: the case keeps its outcome, and what is in effect
// is shown as what it is, not as the case's doing.
func TestAcceptance_02_TheRequestOfTheDeadLandsLate(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on dialect) {
		w := newWorldOn(t, on)
		g := w.proxy.hold(setCall, beforeForward)
		p := w.launch("mia", muteAlice)
		g.call()
		p.Kill()
		w.settled(1, "alice", time.Now())
		require.Equal(t, []string{"intent", "outcome failed"}, certain(kinds(w.entries(), 0)))

		g.pass()
		eventually(t, soon, "the request to land", func() bool { return w.sim.of("alice").Group > 0 })
		status := w.done("mia", "status alice")
		require.Contains(t, status.Text, "set outside modbot")
		require.Contains(t, w.done("mia", "case 1").Text, "not done")
		require.Contains(t, w.done("mia", "mutes").Text, "No mute is active")

		require.Equal(t, []string{"intent", "outcome failed"}, certain(kinds(w.entries(), 1)), "never a second outcome")
		require.Len(t, w.proxy.seen(setCall, "alice"), 1)
		w.sound()
	})
}

// certain is a trace without what says that nothing is known yet: a process
// that ends before it could read back leaves that.
func certain(trace []string) []string {
	return slices.DeleteFunc(slices.Clone(trace), func(k string) bool { return k == "unknown" })
}

// recorded waits until the ledger has an entry of a kind.
func (w *world) recorded(kind string) {
	w.t.Helper()
	ledger := w.watch()
	defer func() { require.NoError(w.t, ledger.db.Close()) }()
	eventually(w.t, soon, "an entry of kind "+kind, func() bool { return ledger.count(kind) > 0 })
}

// settled waits until the ledger may settle the intent of a process that died
// or stopped, and has another process do it by the way.
func (w *world) settled(caseNumber int64, account string, died time.Time) {
	w.t.Helper()
	ledger := w.watch()
	final := func() bool { return ledger.countOf("outcome", caseNumber) > 0 }
	if !final() {
		before := len(w.proxy.seen(getCall, account))
		w.run("mia", "status grace")
		if time.Since(died) < settleGrace { // else nothing can be said: the lease may have begun long before
			require.Len(w.t, w.proxy.seen(getCall, account), before, "read back before it may be")
			require.False(w.t, final())
		}
	}
	giveUp := time.Now().Add(settleWithin)
	for !final() || !w.delivered(ledger) {
		if end, locked := ledger.locked(); locked && !final() {
			until(w.t, end.Add(settleGrace))
		}
		require.True(w.t, time.Now().Before(giveUp), "case %d is not settled and posted: %v", caseNumber, kinds(w.entries(), 0))
		w.run("mia", "status grace")
	}
	require.NoError(w.t, ledger.db.Close())
}

// delivered reports whether the last outcome has been posted by anybody.
func (w *world) delivered(ledger watch) bool {
	w.t.Helper()
	last := ledger.last("outcome")
	return slices.ContainsFunc(w.posts(), func(p line) bool { return p.First <= last && last <= p.Last })
}

// requirePostedAgainOnlyMarked requires that an entry was posted, and that it
// says so where it may have been posted before.
func (w *world) requirePostedAgainOnlyMarked(e entry) {
	w.t.Helper()
	plain, marked := 0, 0
	for _, p := range w.posts() {
		if p.First != e.Seq {
			continue
		}
		require.Equal(w.t, e.Outcome, p.Outcome)
		if strings.Contains(p.Text, "possible repeat of #") {
			marked++
		} else {
			plain++
		}
	}
	require.LessOrEqual(w.t, plain, 1, "a repeat that does not say so")
	require.Positive(w.t, plain+marked, "never posted")
}

// fullPipe is a pipe that takes nothing more: who writes to it waits.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	chunk := make([]byte, 4096)
	for err == nil {
		require.NoError(t, w.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
		_, err = w.Write(chunk)
	}
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	return w
}
