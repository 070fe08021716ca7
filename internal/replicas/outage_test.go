//go:build unix

package replicas

import (
	"context"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/pgtest"
	"modbot/internal/proctest"
	"modbot/internal/proctest/stage"
)

// refusedWithin is how soon people are told that the ledger is gone: two
// seconds, and what a machine takes that does other things as well.
const refusedWithin = 2*time.Second + 1500*time.Millisecond

// While the database is gone, every command is refused in time, whatever its
// form, and nothing is asked of Tencent; when it is back, modbot goes on.
func TestReplicas_WithoutTheDatabase(t *testing.T) {
	for name, gone := range map[string]struct{ away, back func(*wire) }{
		"connections are refused": {(*wire).cut, (*wire).mend},
		"packets are swallowed":   {(*wire).swallow, (*wire).heal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line, store := newWire(t, pgtest.Database(t))
			w := newWorld(t, store, 20, false)
			w.told(0, "Done:", time.Minute)
			w.told(1, "Done:", time.Minute)
			asked := w.asked()

			gone.away(line)
			w.told(2, "Nothing was sent to Tencent", refusedWithin)
			w.told(3, "Nothing was sent to Tencent", refusedWithin)
			w.suggested()
			for i := range replicas {
				status, text := w.ready(i)
				require.Equal(t, http.StatusServiceUnavailable, status, text)
				require.Contains(t, text, "down ledger")
			}
			require.Equal(t, asked, w.asked(), "Tencent was not even read")

			gone.back(line)
			for i := range replicas {
				proctest.Await(t, time.Minute, "the ledger to be back", func() bool { status, _ := w.ready(i); return status == http.StatusOK })
			}
			w.told(4, "Done:", time.Minute)
			w.told(5, "Done:", time.Minute)
			w.settled(settling)
			w.stop()
			f := w.judge(proctest.Rules{Missing: proctest.RefusedMissing, ClockAway: proctest.DatabaseAway})
			f.Show(t)
			require.GreaterOrEqual(t, len(f.Cases), 4)
		})
	}
}

// told types the command of a number and waits until somebody is told that.
func (w *world) told(n int, words string, within time.Duration) {
	w.t.Helper()
	w.people.typed.Store(max(w.people.typed.Load(), int64(n+1)))
	before := w.People.Says(proctest.Player(n), words)
	typed := make(chan struct{})
	go func() { defer close(typed); w.mute(context.WithoutCancel(w.t.Context()), n) }()
	begun := time.Now()
	proctest.Await(w.t, within, "to be told: "+words, func() bool { return w.People.Says(proctest.Player(n), words) > before })
	w.t.Logf("%s: %q after %s", proctest.Player(n), words, time.Since(begun).Round(time.Millisecond))
	<-typed
}

// suggested sees that who types is offered nothing, and need not wait for it.
func (w *world) suggested() {
	w.t.Helper()
	begun := time.Now()
	in := stage.Command{By: stage.Moderator(0), Verb: "mute", Account: "play"}.OnDiscord()
	in.Options, in.Focused = in.Options[:1], "account"
	r, err := w.Discord.Autocomplete(w.t.Context(), in)
	require.NoError(w.t, err)
	require.Empty(w.t, r.Problem)
	require.Empty(w.t, r.Choices)
	require.Less(w.t, time.Since(begun), refusedWithin)
}

// The wire to the database is cut, slow, torn and dead in turns, also in the
// middle of commits: the totals are the same.
func TestReplicas_OnABadWire(t *testing.T) {
	t.Parallel()
	lasts := lasting(t, 8*time.Second)
	line, store := newWire(t, pgtest.Database(t))
	const afterwards = 2 // commands when the wire is good again
	most := int(lasts / beat)
	w := newWorld(t, store, most+afterwards, false)
	random := rand.New(rand.NewPCG(1, 2))
	typing := make(chan struct{})
	go func() { defer close(typing); w.crowd(t.Context(), most, nil) }()
	troubles := []func(){
		line.snap,
		func() { line.spoil("latency", `"latency":40,"jitter":40`) },
		func() { line.spoil("slicer", `"average_size":60,"size_variation":40,"delay":200`) },
		line.swallow,
		func() { line.spoil("limit_data", `"bytes":20000`) }, // then the connection is cut
	}
	next := time.NewTicker(700 * time.Millisecond)
	defer next.Stop()
	for n, on := 0, true; on; n++ {
		select {
		case <-next.C:
			line.heal()
			if n%5 == 0 { // to see that a server is lost, and to connect again, takes up to two seconds
				troubles[random.IntN(len(troubles))]()
			}
		case <-typing:
			on = false
		}
	}
	line.heal()
	line.snap()
	for i := range replicas {
		proctest.Await(t, time.Minute, "the ledger to be back", func() bool { status, _ := w.ready(i); return status == http.StatusOK })
	}
	for n := range afterwards {
		w.told(most+n, "Done:", time.Minute)
	}
	w.settled(settling)
	w.stop()
	f := w.judge(proctest.Rules{Missing: proctest.RefusedMissing, ClockAway: proctest.DatabaseAway})
	f.Show(t)
	// How many get through is the wire's doing; that some do shows that it is not
	// cut altogether.
	require.Greater(t, len(f.Cases), afterwards)
}
