//go:build unix

package crash

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/stretchr/testify/require"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/pgtest"
	"modbot/internal/proctest"
)

// workers is how many people mute at once.
const workers = 32

// pauseTime is longer than a lease: who sleeps through it has lost all of them.
const pauseTime = 11 * time.Second

// plan is how much is done, and how it is disturbed.
type plan struct {
	mutes, kills int
	pauses       int           // of the strikes, those that stop the process instead
	lull         time.Duration // the longest between two strikes
	within       time.Duration // all of it
}

// planned is the short form, or the long one. A strike comes after a random
// number of finished mutes, so that kills are spread over all of them.
func planned() plan {
	if long() {
		return plan{mutes: 10_000, kills: 70, pauses: 2, lull: 7 * time.Second, within: 30 * time.Minute}
	}
	// A pause is left to the acceptance tests here: waiting for it, and for the
	// leases of the last kill, would take too long.
	return plan{mutes: 150, kills: 5, lull: 300 * time.Millisecond, within: 80 * time.Second}
}

// killsLeast is how many kills are enough, of those that were planned: the last
// ones may find everything done.
func (p plan) killsLeast() int { return p.kills * 6 / 7 }

// A process that is killed again and again, at any moment, leaves one intent and
// one final outcome of every invocation, and Tencent has what they say.
func TestKilled_SQLite(t *testing.T) {
	t.Parallel()
	killed(t, "sqlite:modbot.db")
}

func TestKilled_PostgreSQL(t *testing.T) {
	t.Parallel()
	killed(t, pgtest.Database(t))
}

func killed(t *testing.T, store string) {
	t.Helper()
	seed, p := seedOf(t), planned()
	w := newWorld(t, p.mutes, store)
	faults := w.disturb(randomOf(seed, 1), p.mutes)
	began := time.Now()
	w.start()
	strikes := w.underLoad(p, randomOf(seed, 2))
	proctest.AwaitSettled(t, p.within, w.serve.Admin)
	took := time.Since(began)
	require.Zero(t, w.serve.Stop(), "%s", w.serve.Logged())
	e := w.evidence(p.mutes)
	e.Unarrived = strikes["SIGSTOP"] * workers
	if strings.HasPrefix(store, "postgres") {
		e.ClockAway = proctest.DatabaseAway
	}
	w.Judge(e).Show(t,
		table.Row{"took", took.Round(100 * time.Millisecond)},
		table.Row{"SIGKILL", strikes["SIGKILL"]},
		table.Row{"SIGSTOP past the leases", strikes["SIGSTOP"]},
		table.Row{"faults of Tencent", faults},
		table.Row{"invocations", p.mutes},
	)
	require.GreaterOrEqual(t, strikes["SIGKILL"], p.killsLeast(), "too few kills")
}

// underLoad has everybody mute while the process is struck, and returns how
// often it was, by signal.
func (w *world) underLoad(p plan, random *rand.Rand) map[string]int {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), p.within)
	defer cancel()
	next := make(chan int)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for n := range next {
				w.person(ctx, n)
			}
		})
	}
	all.Go(func() {
		defer close(next)
		for n := range p.mutes {
			select {
			case next <- n:
			case <-ctx.Done():
				return
			}
		}
	})
	strikes := w.strike(p, random)
	all.Wait()
	require.NoError(w.t, ctx.Err(), "%d of %d people were told what became of it:\n%s", w.people.finals(), p.mutes, strings.Join(w.people.unheard(), "\n"))
	return strikes
}

// strike kills and stops the process until it has been done as often as
// planned, or nothing is left to disturb.
func (w *world) strike(p plan, random *rand.Rand) map[string]int {
	w.t.Helper()
	strikes := map[string]int{}
	total := p.kills + p.pauses
	for n := 1; n <= total && w.people.finals() < p.mutes; n++ {
		target := w.people.finals() + 1 + random.IntN(2*p.mutes/total)
		giveUp := time.Now().Add(time.Duration(1 + random.Int64N(int64(p.lull))))
		for w.people.finals() < min(target, p.mutes) && time.Now().Before(giveUp) {
			proctest.Pass(w.t, time.Millisecond)
		}
		proctest.Pass(w.t, time.Duration(random.Int64N(int64(40*time.Millisecond))))
		if n*(p.pauses+1)%(total+1) <= p.pauses && p.pauses > 0 { // evenly among the kills
			w.serve.Pause()
			proctest.Pass(w.t, pauseTime)
			w.serve.Resume()
			strikes["SIGSTOP"]++
			continue
		}
		w.kill()
		strikes["SIGKILL"]++
	}
	return strikes
}

// disturb lets every call take a few milliseconds, and one in some forty (in the
// short form more) go wrong. It returns how many will.
func (w *world) disturb(random *rand.Rand, mutes int) (faults int) {
	w.t.Helper()
	kinds := []imsim.Fault{
		{Kind: imsim.KindDrop},
		{Kind: imsim.KindApplyAndDrop},
		{Kind: imsim.KindCode, Code: 60008},
		{Kind: imsim.KindLatency, Delay: 1500 * time.Millisecond},
		{Kind: imsim.KindHTTP},
		{Kind: imsim.KindGarbage},
	}
	for calls := 0; calls < mutes; faults++ {
		times := 1 + random.IntN(min(80, mutes/10))
		fault := kinds[random.IntN(len(kinds))]
		fault.API = imwire.SetNoSpeaking
		for _, f := range []imsim.Fault{
			{API: imwire.SetNoSpeaking, Kind: imsim.KindLatency, Delay: time.Duration(1+random.IntN(20)) * time.Millisecond, Times: times}, fault,
		} {
			require.NoError(w.t, w.app.AddFault(f))
		}
		calls += times + 1
	}
	return faults
}
