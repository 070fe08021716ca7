//go:build unix

package replicas

import (
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/stretchr/testify/require"

	"modbot/internal/pgtest"
	"modbot/internal/proctest"
)

const (
	// killGap is how far apart kills are, beside what a start takes.
	killGap = 300 * time.Millisecond
	// paused is for how long one is stopped: past every lease that it has.
	paused = 11 * time.Second
	// awake is how long one that was stopped goes on before anything else
	// happens to it.
	awake = time.Second
	// roundMost is more than a round takes.
	roundMost = 30 * time.Second
	// settling is how long after its end the last of a run may be settled and
	// told: a lease, its grace, a turn of whoever was killed, and the posts.
	settling = 2 * time.Minute
	// underWay is how many commands one of the modbots may have under way when it
	// is stopped: its part of what is typed in a second.
	underWay = int(time.Second/beat)/replicas + 1
)

// Three modbots serve one ledger while one of them is stopped past its leases,
// and each of them is killed.
func TestReplicas_KilledAndPaused(t *testing.T) {
	for name, sockets := range map[string]bool{"platforms call": false, "platforms are connected to": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			lasts := lasting(t, 0)
			most := int((lasts + roundMost) / beat)
			w := newWorld(t, pgtest.Database(t), most, sockets)
			typing, over := make(chan struct{}), make(chan struct{})
			go func() { defer close(typing); w.crowd(t.Context(), most, over) }()
			rounds, takeovers := 0, 0
			for from := time.Now(); rounds == 0 || time.Since(from) < lasts; rounds++ {
				takeovers += w.round()
			}
			close(over)
			<-typing
			typed := time.Now()
			w.settled(settling)
			settled := time.Now()
			w.stop()
			f := w.judge(proctest.Rules{
				Missing: proctest.AcknowledgedMissing, Unarrived: rounds * underWay, ClockAway: proctest.DatabaseAway,
			})
			f.Show(t,
				table.Row{"took", time.Since(begun).Round(100 * time.Millisecond)},
				table.Row{"settled after", settled.Sub(typed).Round(100 * time.Millisecond)},
				table.Row{"SIGKILL", rounds * replicas},
				table.Row{"SIGSTOP past the leases", rounds},
				table.Row{"takeovers of both connections", takeovers},
				table.Row{"commands typed", w.people.typed.Load()},
			)
			if sockets {
				// While the one that is connected is stopped, nobody takes commands.
				require.Equal(t, rounds, takeovers)
				require.Greater(t, len(f.Cases), int(w.people.typed.Load())/8)
				return
			}
			require.Greater(t, len(f.Cases), int(w.people.typed.Load())*2/3, "most commands are served all the same")
		})
	}
}

// round kills each modbot once, and stops one past its leases: where platforms
// are connected to, the one that is. That one is killed in the end then, when
// others have taken over from it; else at first, so that what it leaves behind
// is settled while it is stopped. The others are killed meanwhile. All run when
// it returns. It returns how often both connections were taken over.
func (w *world) round() (takeovers int) {
	w.t.Helper()
	stopped := first
	if w.sockets {
		stopped = w.holder()
	} else {
		w.kill(stopped)
	}
	proctest.Pass(w.t, awake) // it takes commands
	before := w.connections()
	w.all[stopped].process.Pause()
	over := time.Now().Add(paused)
	for i := range w.all {
		if i != stopped {
			proctest.Pass(w.t, killGap)
			w.kill(i)
		}
	}
	proctest.Pass(w.t, time.Until(over))
	w.all[stopped].process.Resume()
	proctest.Pass(w.t, awake)
	if !w.sockets {
		return 0
	}
	if after := w.connections(); after.slack > before.slack && after.discord > before.discord {
		takeovers++
	}
	w.kill(stopped)
	return takeovers
}

// holder waits until Slack's and Discord's connections are kept, and says by
// whom the first is.
func (w *world) holder() (is int) {
	w.t.Helper()
	proctest.Await(w.t, settling, "somebody to keep the connection", func() bool {
		is = -1
		for i := range w.all {
			_, admin := w.all[i].addresses()
			m := proctest.Metrics(w.t, admin)
			if m[`modbot_platform_up{platform="slack"}`] == 1 && m[`modbot_platform_standing_by{platform="slack"}`] == 0 {
				is = i
			}
		}
		return is >= 0
	})
	return is
}

// connections counts what was ever connected to the platforms.
type connections struct{ slack, discord int }

func (w *world) connections() connections {
	c := connections{discord: w.Discord.SessionStarts()}
	for _, n := range w.Slack.Sockets() {
		c.slack = max(c.slack, n)
	}
	return c
}
