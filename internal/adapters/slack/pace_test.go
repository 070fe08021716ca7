package slack

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"pgregory.net/rapid"
)

func TestPace(t *testing.T) {
	var p pace
	require.Zero(t, p.next(4*time.Hour, 0, 0.9), "a refresh is followed at once")
	var waits []time.Duration
	for range 10 {
		waits = append(waits, p.next(0, 0, 0))
	}
	require.Equal(t, []time.Duration{
		1 * time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, 64 * time.Second,
		longest, longest, longest,
	}, waits)
	require.Zero(t, p.next(steady, 0, 0), "a good one makes up for the bad ones")
	require.Equal(t, time.Second, p.next(time.Second, 0, 0))
	require.Equal(t, 30*time.Second, p.next(0, 30*time.Second, 0), "what Slack asks counts")
	require.Equal(t, maxWait, p.next(0, 24*time.Hour, 0), "within reason")
}

func TestPace_Bounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p pace
		for range rapid.IntRange(1, 100).Draw(t, "tries") {
			lived := time.Duration(rapid.Int64Range(0, int64(2*steady)).Draw(t, "lived"))
			wait := p.next(lived, time.Duration(rapid.Int64().Draw(t, "asked")), rapid.Float64Range(0, 0.999).Draw(t, "jitter"))
			require.GreaterOrEqual(t, wait, time.Duration(0))
			require.LessOrEqual(t, wait, maxWait)
			if lived < steady {
				require.GreaterOrEqual(t, wait, firstDelay)
			}
		}
	})
}

// storm plays connections that end in every way, and counts them.
type storm struct {
	lives func(try int) (lived, lingers time.Duration)

	mu        sync.Mutex
	tries     int
	open      int
	most      int
	tried     []time.Time
	lonely    time.Duration // without any connection that is to stay
	current   int
	lonelyAt  time.Time
	connected bool
}

func (s *storm) connect(ctx context.Context, free func()) departure {
	s.mu.Lock()
	try := s.tries
	s.tries++
	s.tried = append(s.tried, time.Now())
	s.open++
	s.most = max(s.most, s.open)
	lived, lingers := s.lives(try)
	s.mu.Unlock()
	closed := func() {
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
		free()
	}
	if lived == 0 {
		closed()
		return departure{err: &callError{method: methodConnect, status: 502}}
	}
	s.serving(+1)
	alive := pause(ctx, lived)
	s.serving(-1)
	if !alive {
		closed()
		return departure{err: ctx.Err()}
	}
	go func() {
		pause(ctx, lingers)
		closed()
	}()
	return departure{reason: "refresh_requested", lived: lived}
}

func (s *storm) serving(by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current += by
	switch {
	case by > 0 && s.current == 1 && s.connected:
		s.lonely += time.Since(s.lonelyAt)
	case s.current == 0:
		s.lonelyAt = time.Now()
	}
	s.connected = true
}

// day runs the lanes through 24 hours of such connections.
func (s *storm) day(t *testing.T) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		slack := &Slack{log: zap.NewNop(), stand: newStanding()}
		require.NoError(t, slack.keepLanes(ctx, s.connect))
		synctest.Wait()
		require.LessOrEqual(t, s.most, maxLinks)
		require.Zero(t, s.open, "a connection was left open")
	})
}

// busiest is the most tries in any span of time.
func (s *storm) busiest(span time.Duration) int {
	most, from := 0, 0
	for i := range s.tried {
		for s.tried[i].Sub(s.tried[from]) >= span {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// A day on which Slack refreshes each connection every few hours, as it does.
func TestLanes_QuietDay(t *testing.T) {
	s := &storm{lives: func(try int) (time.Duration, time.Duration) {
		return 3*time.Hour + time.Duration(try)*7*time.Minute, 10 * time.Second
	}}
	s.day(t)
	require.LessOrEqual(t, s.tries, 20)
	require.Zero(t, s.lonely, "there was a time without a connection")
}

// A day on which nothing can be reached.
func TestLanes_DeadDay(t *testing.T) {
	s := &storm{lives: func(int) (time.Duration, time.Duration) { return 0, 0 }}
	s.day(t)
	require.LessOrEqual(t, s.tries, lanes*(24*60/2+10))
	require.LessOrEqual(t, s.busiest(time.Minute), lanes*7)
	require.Greater(t, s.tries, 24*20, "it has given up")
}

// A day on which Slack says goodbye after a second, each time.
func TestLanes_StormyDay(t *testing.T) {
	s := &storm{lives: func(int) (time.Duration, time.Duration) { return time.Second, lingering }}
	s.day(t)
	require.LessOrEqual(t, s.tries, lanes*(24*60/2+10))
	require.LessOrEqual(t, s.busiest(time.Minute), lanes*7)
}

// A day on which connections are good for just so long that the next follows at
// once.
func TestLanes_MeanDay(t *testing.T) {
	s := &storm{lives: func(int) (time.Duration, time.Duration) { return steady, lingering }}
	s.day(t)
	require.LessOrEqual(t, s.busiest(time.Minute), lanes*2)
}

// A day of everything.
func TestLanes_MixedDay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := &storm{lives: func(int) (time.Duration, time.Duration) {
		if random.IntN(3) == 0 {
			return 0, 0
		}
		return time.Duration(random.Int64N(int64(5 * time.Minute))), time.Duration(random.Int64N(int64(lingering)))
	}}
	s.day(t)
	require.LessOrEqual(t, s.busiest(time.Minute), lanes*9)
}

func TestLanes_StopForGood(t *testing.T) {
	for name, gone := range map[string]departure{
		"switched off": {reason: reasonDisabled},
		"revoked":      {err: &callError{method: methodConnect, code: "token_revoked"}},
		"no auth":      {err: &callError{method: methodConnect, code: "not_authed"}},
		"invalid":      {err: &callError{method: methodConnect, code: "invalid_auth"}},
		"inactive":     {err: &callError{method: methodConnect, code: "account_inactive"}},
		"disabled":     {err: &callError{method: methodConnect, code: "link_disabled"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slack := &Slack{log: zap.NewNop(), stand: newStanding()}
				tries := 0
				err := slack.keepLanes(t.Context(), func(_ context.Context, free func()) departure {
					tries++
					free()
					return gone
				})
				requireSettings(t, err)
				require.Equal(t, 1, tries)
				require.Contains(t, slack.stand.status(true, Socket).Why, "Slack refuses Socket Mode")
			})
		})
	}
}
