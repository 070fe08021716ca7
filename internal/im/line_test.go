package im

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imwire"
)

// unlimited are slots for tests that are about something else.
type unlimited struct{}

func (unlimited) Take(context.Context, string, int) (first, interval time.Duration, err error) {
	return 0, 0, nil
}

func (unlimited) now(time.Time, string, int) (first, interval time.Duration) { return 0, 0 }

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
