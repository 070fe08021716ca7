package im

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/im/imwire"
)

// row is a shared rate in memory, with nothing saved up: what a database does,
// after the time that it takes to get there.
type row struct {
	perSecond int
	delays    []time.Duration // of the takes, in turn, round and round

	mu    sync.Mutex
	takes int
	next  time.Time
}

func (r *row) Take(ctx context.Context, _ string, n int) (first, interval time.Duration, err error) {
	r.mu.Lock()
	var delay time.Duration
	if len(r.delays) > 0 {
		delay = r.delays[r.takes%len(r.delays)]
	}
	r.takes++
	r.mu.Unlock()
	if err := sleep(ctx, delay); err != nil {
		return 0, 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now, interval := time.Now(), intervalOf(r.perSecond)
	if r.next.Before(now) {
		r.next = now
	}
	first = r.next.Sub(now)
	r.next = r.next.Add(time.Duration(n) * interval)
	return first, interval, nil
}

// grant is a caller who had its turn, or had not.
type grant struct {
	line     int
	priority priority
	joined   time.Time
	at       time.Time // when it ended
	err      error
}

// worstSecond is how many turns at most lie in one sliding second.
func worstSecond(grants []grant) int {
	var at []time.Time
	for _, g := range grants {
		if g.err == nil {
			at = append(at, g.at)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	worst, first := 0, 0
	for i := range at {
		for at[i].Sub(at[first]) >= time.Second {
			first++
		}
		worst = max(worst, i-first+1)
	}
	return worst
}

// scenario is what several clients' callers do with one shared rate.
type scenario struct {
	perSecond, lines int
	own              bool // a rate of the one client's own
	delays           []time.Duration
	callers          []caller
}

type caller struct {
	line     int
	priority priority
	after    time.Duration // since the one before
	patience time.Duration
}

func drawScenario(rt *rapid.T) scenario {
	ms := func(most int) *rapid.Generator[time.Duration] {
		return rapid.Map(rapid.IntRange(0, most), func(n int) time.Duration { return time.Duration(n) * time.Millisecond })
	}
	s := scenario{
		perSecond: rapid.SampledFrom([]int{1, 3, 20, 195}).Draw(rt, "rate"),
		lines:     rapid.IntRange(0, 3).Draw(rt, "clients that share a rate"),
		delays:    rapid.SliceOfN(ms(60), 0, 5).Draw(rt, "delays of the store"),
	}
	if s.lines == 0 {
		s.lines, s.own = 1, true
	}
	s.callers = rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) caller {
		return caller{
			line:     rapid.IntRange(0, s.lines-1).Draw(rt, "client"),
			priority: priority(rapid.IntRange(0, 1).Draw(rt, "priority")),
			after:    rapid.OneOf(rapid.Just(time.Duration(0)), ms(10), ms(1500)).Draw(rt, "after"),
			patience: rapid.OneOf(rapid.Just(MaxRateWait), ms(3000)).Draw(rt, "patience"),
		}
	}), 1, 200).Draw(rt, "callers")
	return s
}

// play lets the callers come, in order, and returns what became of each.
func (s scenario) play(t *testing.T) []grant {
	t.Helper()
	grants := make([]grant, len(s.callers))
	synctest.Test(t, func(t *testing.T) {
		var shared Slots = &row{perSecond: s.perSecond, delays: s.delays}
		if s.own {
			shared = newOwnSlots(s.perSecond)
		}
		lines := make([]*line, s.lines)
		for i := range lines {
			lines[i] = newLine(shared, imwire.SetNoSpeaking, s.perSecond)
		}
		var all sync.WaitGroup
		for i, c := range s.callers {
			time.Sleep(c.after)
			synctest.Wait()
			all.Go(func() {
				grants[i] = grant{line: c.line, priority: c.priority, joined: time.Now()}
				_, grants[i].err = lines[c.line].wait(t.Context(), time.Now().Add(c.patience), c.priority, false)
				grants[i].at = time.Now()
			})
			synctest.Wait()
		}
		all.Wait()
		synctest.Wait()
		for _, l := range lines {
			require.Zero(t, l.callers(), "nobody is forgotten")
			require.False(t, l.handing)
			l.close()
		}
	})
	return grants
}

// Whatever callers and store do: no sliding second holds more than the rate
// (and what a slot may be late), everybody is served in order or told within
// their patience, and nobody in the background goes before somebody who waits.
func TestTurnsProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawScenario(rt)
		grants := s.play(t)
		most := s.perSecond + (s.perSecond*int(maxLate)+int(time.Second)-1)/int(time.Second)
		if s.own {
			most += burstOf(s.perSecond)
		}
		require.LessOrEqual(rt, worstSecond(grants), most)
		require.LessOrEqual(rt, most, imwire.VendorLimit)
		for i, g := range grants {
			require.LessOrEqual(rt, g.at.Sub(g.joined), s.callers[i].patience)
			if g.err != nil {
				require.ErrorIs(rt, g.err, ErrRateWait)
				continue
			}
			for j, other := range grants {
				if other.line != g.line || other.joined.Equal(g.at) {
					continue
				}
				switch {
				case other.priority == g.priority && j < i && other.at.After(g.at):
					require.Failf(rt, "out of order", "caller %d had its turn before caller %d", i, j)
				case g.priority == background && other.priority == interactive && other.joined.Before(g.at) && other.at.After(g.at):
					require.Failf(rt, "priority", "caller %d of the background had its turn while caller %d waited", i, j)
				}
			}
		}
	})
}
