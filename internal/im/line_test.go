package im

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/im/imwire"
)

// unlimited are slots for tests that are about something else.
type unlimited struct{}

func (unlimited) Take(context.Context, string, int) (first, interval time.Duration, err error) {
	return 0, 0, nil
}

func (unlimited) now(time.Time, string, int) (first, interval time.Duration) { return 0, 0 }

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

func inTime() time.Time { return time.Now().Add(MaxRateWait) }

func TestTenThousandWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const bulk, every = 10_000, 50 * time.Millisecond
		l := newLine(newOwnSlots(MaxRate), imwire.SetNoSpeaking, MaxRate)
		until := time.Now().Add(MaxBackgroundWait)
		var mu sync.Mutex
		var grants []grant
		join := func(p priority) {
			g := grant{priority: p, joined: time.Now()}
			_, g.err = l.wait(t.Context(), until, p, false)
			g.at = time.Now()
			mu.Lock()
			defer mu.Unlock()
			grants = append(grants, g)
		}
		began := time.Now()
		var all, waiting sync.WaitGroup
		for range bulk - 1000 {
			waiting.Go(func() { join(background) })
		}
		done := make(chan struct{})
		all.Go(func() { waiting.Wait(); close(done) })
		for range 1000 {
			time.Sleep(every)
			all.Go(func() { join(interactive) })
		}
		<-done
		all.Wait()

		require.Len(t, grants, bulk)
		require.LessOrEqual(t, worstSecond(grants), MaxRate)
		var last time.Duration
		for _, g := range grants {
			require.NoError(t, g.err)
			last = max(last, g.at.Sub(began))
			if g.priority == interactive {
				require.LessOrEqual(t, g.at.Sub(g.joined), 2*l.interval)
			}
		}
		require.InEpsilon(t, float64(bulk)/MaxRate, last.Seconds(), 0.02, "and no slot is wasted")
	})
}

func TestOrderWithinAPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(&row{perSecond: 10}, imwire.SetNoSpeaking, 10)
		var mu sync.Mutex
		var order []string
		var all sync.WaitGroup
		join := func(p priority, again bool, name string) {
			all.Go(func() {
				_, err := l.wait(t.Context(), inTime(), p, again)
				mu.Lock()
				defer mu.Unlock()
				order = append(order, name)
				require.NoError(t, err)
			})
			synctest.Wait()
		}
		for i := range 3 {
			join(background, false, fmt.Sprintf("background %d", i))
			join(interactive, false, fmt.Sprintf("interactive %d", i))
		}
		join(background, true, "background again")
		join(interactive, true, "interactive again")
		all.Wait()
		require.Equal(t, []string{
			"background 0", // was alone
			"interactive again", "interactive 0", "interactive 1", "interactive 2",
			"background again", "background 1", "background 2",
		}, order)
	})
}

func TestACallerThatGoesAwayGivesItsSlotOn(t *testing.T) {
	const perSecond = 1
	gone := errors.New("gone")
	for name, leaves := range map[string]time.Duration{
		"while it waits":                    500 * time.Millisecond,
		"in the moment in which it's given": time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 { // who wins the moment is chance
				synctest.Test(t, func(t *testing.T) {
					l := newLine(&row{perSecond: perSecond}, imwire.SetNoSpeaking, perSecond)
					began := time.Now()
					_, err := l.wait(t.Context(), inTime(), interactive, false)
					require.NoError(t, err)
					leaving, cancel := context.WithCancelCause(t.Context())
					time.AfterFunc(leaves, func() { cancel(gone) })
					var first, second error
					var slot time.Time
					var all sync.WaitGroup
					all.Go(func() { _, first = l.wait(leaving, inTime(), interactive, false) })
					synctest.Wait()
					all.Go(func() { slot, second = l.wait(t.Context(), inTime(), interactive, false) })
					all.Wait()
					require.NoError(t, second)
					if first != nil {
						require.ErrorIs(t, first, gone)
						require.Equal(t, time.Second, slot.Sub(began))
					} else {
						require.Equal(t, 2*time.Second, slot.Sub(began))
					}
				})
			}
		})
	}
}

func TestSlotsWhoseTimeHasPassedAreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &row{perSecond: 100}
		l := newLine(shared, imwire.SetNoSpeaking, 100)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { _, _ = l.wait(ctx, inTime(), background, false) })
		}
		synctest.Wait()
		cancel()
		all.Wait()
		require.NotEmpty(t, l.onHand, "slots were taken for those who went")
		time.Sleep(time.Second)
		taken := shared.takes
		began := time.Now()
		for range 3 {
			_, err := l.wait(t.Context(), inTime(), interactive, false)
			require.NoError(t, err)
		}
		require.Equal(t, 20*time.Millisecond, time.Since(began), "no two at once")
		require.Equal(t, taken+3, shared.takes, "and an idle client holds none")
	})
}

// faultySlots fail, or never answer.
type faultySlots struct {
	fail, hang bool
	row        row
}

func (f *faultySlots) Take(ctx context.Context, api string, n int) (first, interval time.Duration, err error) {
	switch {
	case f.hang:
		<-ctx.Done()
		return 0, 0, context.Cause(ctx)
	case f.fail:
		return 0, 0, errors.New("the database is gone")
	}
	return f.row.Take(ctx, api, n)
}

func TestWithoutSlotsNothingIsSent(t *testing.T) {
	slots := &faultySlots{row: row{perSecond: 100}}
	inBubble(t, func(r *rig) {
		t := r.t
		calls := func() (took time.Duration) {
			began := time.Now()
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					rec, err := r.muteAlice(t.Context(), r.lease(10*time.Second))
					require.ErrorIs(t, err, ErrSlots)
					require.Equal(t, Classification{Verdict: VerdictNo, Text: "Nothing was sent: the ledger cannot be reached."}, Classify(err))
					require.Zero(t, rec)
				})
			}
			all.Wait()
			return time.Since(began)
		}
		slots.fail = true
		require.Zero(t, calls())
		slots.fail, slots.hang = false, true
		require.Equal(t, takeTimeout, calls(), "all of them are answered at once")
		require.Zero(t, r.calls())
		slots.hang = false
		_, err := r.muteAlice(t.Context())
		require.NoError(t, err, "and it goes on by itself")
	}, func(c *Config) { c.Slots = slots })
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
