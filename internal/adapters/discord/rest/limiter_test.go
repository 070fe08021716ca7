package rest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"modbot/internal/adapters/discord/rest"
)

// bucketed answers like a Discord with one bucket per channel of five calls in
// five seconds, and refuses what is too much.
type bucketed struct {
	mu     sync.Mutex
	used   map[string]int
	ends   map[string]time.Time
	denied int
	times  []time.Duration
	began  time.Time
	took   time.Duration // of a request
}

func newBucketed(took time.Duration) *bucketed {
	return &bucketed{used: make(map[string]int), ends: make(map[string]time.Time), began: time.Now(), took: took}
}

func (b *bucketed) answer(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	key := r.URL.Path
	if !time.Now().Before(b.ends[key]) {
		b.used[key], b.ends[key] = 0, time.Now().Add(5*time.Second)
	}
	b.used[key]++
	b.times = append(b.times, time.Since(b.began))
	left, after := 5-b.used[key], time.Until(b.ends[key])
	if left < 0 {
		b.denied++
	}
	b.mu.Unlock()
	time.Sleep(b.took)
	headers := window(5, max(left, 0), formatSeconds(after))
	if left < 0 {
		return reply(429, `{"retry_after":`+formatSeconds(after)+`}`, headers...), nil
	}
	return reply(200, made, headers...), nil
}

func formatSeconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', 3, 64)
}

func TestLimiter_NoMoreThanTheBucketHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucketed(20 * time.Millisecond)
		c := newClient(t, b.answer)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { require.NoError(t, post(t.Context(), c, "2")) })
		}
		wg.Wait()
		require.Zero(t, b.denied, "a 429 counts for a ban")
		require.Len(t, b.times, 20)
		require.Less(t, time.Since(b.began), 21*time.Second, "and no slower than it lets")
	})
}

func TestLimiter_BucketsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucketed(200 * time.Millisecond)
		c := newClient(t, b.answer)
		var wg sync.WaitGroup
		for _, channel := range []string{"1", "2", "3", "4", "5"} {
			wg.Go(func() { require.NoError(t, post(t.Context(), c, channel)) })
		}
		wg.Wait()
		require.Equal(t, 200*time.Millisecond, time.Since(b.began), "one after another would be a second")
		for range 4 {
			wg.Go(func() { require.NoError(t, post(t.Context(), c, "1")) })
		}
		wg.Wait()
		require.Equal(t, 400*time.Millisecond, time.Since(b.began), "a bucket that is known lets several out at once")
	})
}

func TestLimiter_WaitsHonourTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, func(*http.Request) (*http.Response, error) {
			return reply(200, made, window(1, 0, "10")...), nil
		})
		require.NoError(t, post(t.Context(), c, "2"))
		began := time.Now()

		short, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		e := failure(t, post(short, c, "2"))
		require.Zero(t, time.Since(began), "a wait that can't end in time isn't begun")
		require.True(t, e.Unsent)
		require.True(t, e.Throttled())
		require.Equal(t, 10*time.Second, e.RetryAfter)

		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(4*time.Second, stop)
		require.ErrorIs(t, post(ctx, c, "2"), context.Canceled)
		require.Equal(t, 4*time.Second, time.Since(began))

		require.NoError(t, post(t.Context(), c, "2"))
		require.Equal(t, 10*time.Second, time.Since(began))
	})
}

func TestLimiter_ALongWindowWithRoomLetsOut(t *testing.T) {
	c := newClient(t, func(*http.Request) (*http.Response, error) {
		return reply(200, made, window(5, 4, "3600")...), nil
	})
	require.NoError(t, post(t.Context(), c, "2"))
	require.NoError(t, post(t.Context(), c, "2"))
}

func TestLimiter_AnAnswerToAnInteractionWaitsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/callback") {
				return reply(204, ""), nil
			}
			return reply(429, `<html>banned</html>`, "Retry-After", "600"), nil
		})
		e := failure(t, post(t.Context(), c, "2"))
		require.Equal(t, 10*time.Minute, e.RetryAfter)
		began := time.Now()
		require.True(t, failure(t, c.EditOriginal(t.Context(), "1", "tok", hello())).Unsent, "the edge asks all to wait")
		require.NoError(t, c.Callback(t.Context(), "5", "tok", &discordgo.InteractionResponse{Type: 5}))
		require.Zero(t, time.Since(began))
	})
}

func TestLimiter_AGlobalPauseIsNotForInteractions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		c := newClient(t, func(*http.Request) (*http.Response, error) {
			if first {
				first = false
				return reply(429, `{"retry_after":2,"global":true}`, "X-RateLimit-Global", "true"), nil
			}
			return reply(200, made), nil
		})
		began := time.Now()
		require.Equal(t, 2*time.Second, failure(t, post(t.Context(), c, "2")).RetryAfter)
		require.NoError(t, c.EditOriginal(t.Context(), "1", "tok", hello()))
		require.Zero(t, time.Since(began))
		require.NoError(t, post(t.Context(), c, "3"))
		require.Equal(t, 2*time.Second, time.Since(began))
	})
}

func TestLimiter_FiftyInAnySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucketed(0)
		c := newClient(t, func(*http.Request) (*http.Response, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.times = append(b.times, time.Since(b.began))
			return reply(200, made), nil
		})
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() { require.NoError(t, post(t.Context(), c, strings.Repeat("1", i%19+1)+"0")) })
		}
		wg.Wait()
		for _, from := range b.times {
			within := 0
			for _, at := range b.times {
				if at >= from && at < from+time.Second {
					within++
				}
			}
			require.LessOrEqual(t, within, 50)
		}
		require.Less(t, time.Since(b.began), 6*time.Second)
	})
}

// scripted is what one request is answered: a status, or nothing when it is 0.
type scripted int

const answerLost scripted = 0

func (n scripted) answer() (*http.Response, error) {
	switch n {
	case answerLost:
		return nil, io.ErrUnexpectedEOF
	case http.StatusTooManyRequests:
		return reply(int(n), `{"retry_after":1.5}`), nil
	}
	return reply(int(n), made, "Retry-After", "1"), nil
}

func TestClient_TriesAgainWhatMayBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers []scripted
		requests := 0
		c := newClient(t, func(*http.Request) (*http.Response, error) {
			requests++
			next := answers[0]
			answers = answers[1:]
			return next.answer()
		})
		edit := func() error { return c.EditOriginal(t.Context(), "1", "tok", hello()) }
		follow := func() error { return c.FollowUp(t.Context(), "1", "tok", hello(), true) }
		for name, test := range map[string]struct {
			call     func() error
			answers  []scripted
			requests int
			ok       bool
		}{
			"an edit that was throttled":        {edit, []scripted{429, 200}, 2, true},
			"an edit that failed":               {edit, []scripted{502, 500, 200}, 3, true},
			"an edit whose answer was lost":     {edit, []scripted{answerLost, 200}, 2, true},
			"an edit that always fails":         {edit, []scripted{500, 500, 500}, 3, false},
			"an edit that was refused":          {edit, []scripted{400}, 1, false},
			"a follow-up that was throttled":    {follow, []scripted{429, 200}, 2, true},
			"a follow-up that may be there":     {follow, []scripted{500}, 1, false},
			"a follow-up whose answer got lost": {follow, []scripted{answerLost}, 1, false},
		} {
			answers, requests = test.answers, 0
			err := test.call()
			require.Equal(t, test.ok, err == nil, "%s: %v", name, err)
			require.Equal(t, test.requests, requests, name)
			time.Sleep(time.Minute) // the bucket rests
		}
	})
}

func TestClient_EveryCallEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		began := time.Now()
		err := post(context.Background(), c, "2")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 10*time.Second, time.Since(began))
		began = time.Now()
		require.Error(t, c.EditOriginal(context.Background(), "1", "tok", hello()))
		require.LessOrEqual(t, time.Since(began), 30*time.Second)
		began = time.Now()
		require.Error(t, c.Callback(context.Background(), "5", "tok", &discordgo.InteractionResponse{Type: 5}))
		require.Equal(t, 3*time.Second, time.Since(began))
	})
}

func TestClient_StopsLongBeforeABan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		level, logs := observer.New(zapcore.ErrorLevel)
		c := rest.New(zap.New(level), rest.Config{Token: botToken, Transport: wire(func(r *http.Request) (*http.Response, error) {
			requests++
			if strings.HasSuffix(r.URL.Path, "/callback") {
				return reply(401, `{}`), nil
			}
			return reply(403, `{"code":50001,"message":"Missing Access"}`), nil
		})})
		var last error
		for range 6000 {
			last = post(t.Context(), c, "2")
			require.Error(t, last)
		}
		require.Equal(t, 5000, requests)
		e := failure(t, last)
		require.True(t, e.Unsent)
		require.Contains(t, e.Error(), "ban")
		require.Equal(t, 1, logs.Len(), "it is said, once")
		for range 4000 {
			require.Error(t, c.Callback(t.Context(), "5", "tok", &discordgo.InteractionResponse{Type: 5}))
		}
		require.Equal(t, 8000, requests, "even the answers to interactions end somewhere")

		time.Sleep(10*time.Minute + 30*time.Second)
		require.False(t, failure(t, post(t.Context(), c, "2")).Unsent, "ten minutes later it goes on")
	})
}

func TestClient_SharedLimitsAreNotOurFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, func(*http.Request) (*http.Response, error) {
			return reply(429, `{"retry_after":0.001}`, "X-RateLimit-Scope", "shared"), nil
		})
		for range 5500 {
			require.False(t, failure(t, post(t.Context(), c, "2")).Unsent)
			time.Sleep(time.Millisecond)
		}
	})
}

func TestClient_OddWaitsAreCapped(t *testing.T) {
	for body, want := range map[string]time.Duration{
		`{"retry_after":1e300}`:  time.Hour,
		`{"retry_after":86400}`:  time.Hour,
		`{"retry_after":0.0005}`: time.Millisecond,
		`{"retry_after":-5}`:     10 * time.Second,
		`{"retry_after":"x"}`:    10 * time.Second,
		``:                       10 * time.Second,
	} {
		c := newClient(t, func(*http.Request) (*http.Response, error) { return reply(429, body), nil })
		require.Equal(t, want, failure(t, post(t.Context(), c, "2")).RetryAfter, body)
	}
}

var errStop = errors.New("stop")

func TestLimiter_AGivenUpWaitLeavesNoMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := newClient(t, func(*http.Request) (*http.Response, error) {
			<-release
			return reply(200, made, window(1, 0, "1")...), nil
		})
		var wg sync.WaitGroup
		wg.Go(func() { require.NoError(t, post(t.Context(), c, "2")) })
		synctest.Wait()
		ctx, cancel := context.WithCancelCause(t.Context())
		for range 10 {
			wg.Go(func() { require.Error(t, post(ctx, c, "2")) })
		}
		synctest.Wait()
		cancel(errStop)
		synctest.Wait()
		close(release)
		wg.Wait()
		require.NoError(t, post(t.Context(), c, "2"))
	})
}
