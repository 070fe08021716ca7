package im

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imwire"
)

func TestRateStaysUnderTheVendorsLimit(t *testing.T) {
	for _, perSecond := range []int{1, 100, MaxRate} {
		inBubble(t, func(r *rig) {
			t := r.t
			var wg sync.WaitGroup
			for range 5 * perSecond {
				wg.Go(func() {
					_, err := r.client.Unmute(t.Context(), "alice", 1)
					require.NoError(t, err)
				})
			}
			wg.Wait()
			arrivals := r.times()
			for i, first := range arrivals {
				within := 0
				for _, at := range arrivals[i:] {
					if at.Sub(first) < time.Second {
						within++
					}
				}
				require.LessOrEqual(t, within, min(imwire.VendorLimit, perSecond+maxBurst))
			}
			span := arrivals[len(arrivals)-1].Sub(arrivals[0])
			require.Less(t, span, 5*time.Second, "and the rate that was asked for is used")
		}, func(c *Config) { c.RatePerSecond = perSecond })
	}
}

func TestEachAPIHasItsOwnRate(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		began := time.Now()
		for _, err := range r.everyCall(t.Context())[1:] {
			require.NoError(t, err)
		}
		require.Less(t, time.Since(began), 2*time.Second, "only the second setnospeaking waited")
	}, func(c *Config) { c.RatePerSecond = 1 })
}

func TestAQueueThatIsTooLongIsNotJoined(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		var wg sync.WaitGroup
		var refused atomic.Int32
		began := time.Now()
		for range 30 {
			wg.Go(func() {
				_, err := r.client.Unmute(t.Context(), "alice", 1)
				if err == nil {
					return
				}
				refused.Add(1)
				require.ErrorIs(t, err, ErrRateWait)
				require.Equal(t, Classification{Verdict: VerdictNo, Text: "Nothing was sent: too many calls are waiting."}, Classify(err))
				require.Zero(t, time.Since(began), "answered at once")
			})
		}
		wg.Wait()
		require.Equal(t, 30-r.calls(), int(refused.Load()))
		require.LessOrEqual(t, time.Since(began), MaxRateWait)
		require.Greater(t, r.calls(), 10)
	}, func(c *Config) { c.RatePerSecond = 1 })
}

func TestWaitingForARateEndsWithTheCaller(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(gone) })
		for {
			if _, err := r.client.Unmute(ctx, "alice", 1); err != nil {
				require.ErrorIs(t, err, gone)
				require.Equal(t, VerdictNo, Classify(err).Verdict)
				return
			}
		}
	}, func(c *Config) { c.RatePerSecond = 1 })
}

func TestInteractiveCallsComeFirst(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		bulk := r.client.Background()
		var all sync.WaitGroup
		for range 500 {
			all.Go(func() {
				_, err := bulk.Unmute(t.Context(), "alice", 1)
				require.NoError(t, err)
			})
		}
		for range 20 {
			pass(123 * time.Millisecond)
			began := time.Now()
			_, err := r.client.Unmute(t.Context(), "bob", 1)
			require.NoError(t, err)
			require.LessOrEqual(t, time.Since(began), 2*time.Second/100)
		}
		all.Wait()
	}, func(c *Config) { c.RatePerSecond = 100 })
}

func TestBackgroundCallsWaitLonger(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		bulk := r.client.Background()
		var all sync.WaitGroup
		var refused atomic.Int32
		began := time.Now()
		for range 100 {
			all.Go(func() {
				if _, err := bulk.Unmute(t.Context(), "alice", 1); err != nil {
					require.ErrorIs(t, err, ErrRateWait)
					refused.Add(1)
				}
			})
		}
		all.Wait()
		require.Equal(t, 100-r.calls(), int(refused.Load()))
		require.Greater(t, r.calls(), 50)
		require.Positive(t, refused.Load())
		require.LessOrEqual(t, time.Since(began), MaxBackgroundWait)
	}, func(c *Config) { c.RatePerSecond = 1 })
}

// A guard's answer goes stale in a long queue, and asking again may take longer
// than a slot lasts. Its caller then has the next slot, not the last.
func TestGuardIsAskedAgainAfterALongWait(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				_, err := r.client.Unmute(t.Context(), "alice", 1)
				require.NoError(t, err)
			})
		}
		synctest.Wait()
		began := time.Now()
		var asked []time.Duration
		all.Go(func() {
			_, err := r.client.Unmute(t.Context(), "bob", 1, WithGuard(func(ctx context.Context) (time.Time, error) {
				asked = append(asked, time.Since(began))
				return time.Now().Add(10 * time.Second), sleep(ctx, 200*time.Millisecond)
			}))
			require.NoError(t, err)
			require.Equal(t, 4*time.Second, time.Since(began))
		})
		pass(time.Second)
		for range 3 {
			all.Go(func() {
				_, err := r.client.Unmute(t.Context(), "carol", 1)
				require.NoError(t, err)
			})
		}
		all.Wait()
		require.Equal(t, []time.Duration{0, 3 * time.Second}, asked)
		require.Equal(t, 6*time.Second+time.Second, time.Since(began), "the slot that was lost cost a second")
	}, func(c *Config) { c.Slots, c.RatePerSecond = &row{perSecond: 1}, 1 })
}
