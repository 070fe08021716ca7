package audit

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// disk is a group's transaction that takes a while.
type disk struct {
	groups [][]int
	took   time.Duration
	names  map[*job]int
	mu     sync.Mutex
}

func (d *disk) run(jobs []*job) {
	time.Sleep(d.took)
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []int
	for _, j := range jobs {
		names = append(names, d.names[j])
	}
	d.groups = append(d.groups, names)
}

func (d *disk) job(name int) *job {
	d.mu.Lock()
	defer d.mu.Unlock()
	j := &job{}
	d.names[j] = name
	return j
}

func newDisk() *disk { return &disk{took: time.Second, names: map[*job]int{}} }

func TestGroupGathersWhileOneRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		g := group{run: d.run}
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 300 * time.Millisecond)
				if err := g.do(t.Context(), d.job(i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, [][]int{{0}, {1, 2, 3}, {4}}, d.groups)
		require.False(t, g.leading)
	})
}

func TestGroupIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		g := group{run: d.run}
		var wg sync.WaitGroup
		for i := range groupMost + 10 {
			wg.Go(func() {
				if i > 0 {
					time.Sleep(time.Millisecond) // the first leads alone
				}
				if err := g.do(t.Context(), d.job(i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Len(t, d.groups, 3)
		require.Len(t, d.groups[1], groupMost)
		require.Len(t, d.groups[2], 9)
	})
}

func TestCallerThatGoesAway(t *testing.T) {
	left := errors.New("the caller left")
	t.Run("from the queue takes its change along", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := newDisk()
			g := group{run: d.run}
			var wg sync.WaitGroup
			wg.Go(func() { _ = g.do(t.Context(), d.job(0)) })
			synctest.Wait()
			ctx, cancel := context.WithTimeoutCause(t.Context(), 500*time.Millisecond, left)
			defer cancel()
			err := g.do(ctx, d.job(1))
			require.ErrorIs(t, err, left)
			wg.Wait()
			require.Equal(t, [][]int{{0}}, d.groups)
		})
	})
	t.Run("from a running group gets the answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := newDisk()
			g := group{run: d.run}
			var wg sync.WaitGroup
			wg.Go(func() { _ = g.do(t.Context(), d.job(0)) })
			synctest.Wait()
			ctx, cancel := context.WithTimeoutCause(t.Context(), 1500*time.Millisecond, left)
			defer cancel()
			require.NoError(t, g.do(ctx, d.job(1)))
			wg.Wait()
			require.Equal(t, [][]int{{0}, {1}}, d.groups)
		})
	})
}

// TestLeaderThatGoesAway lets callers leave at the very moment in which they
// are told to lead: nobody may be forgotten.
func TestLeaderThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		g := group{run: d.run}
		var wg sync.WaitGroup
		var answered atomic.Int64
		for i := range 40 {
			wg.Go(func() {
				// All ends of contexts fall together with ends of groups.
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+i%4)*time.Second)
				defer cancel()
				_ = g.do(ctx, d.job(i))
				answered.Add(1)
			})
		}
		wg.Wait()
		require.EqualValues(t, 40, answered.Load())
		require.False(t, g.leading)
		require.Empty(t, g.queue)
	})
}
