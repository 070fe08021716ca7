package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// watched supervises a platform in a bubble.
func watched(f *fakePlatform) *supervised {
	return newSupervised(zap.NewNop(), attachment{name: f.name, platform: f})
}

func TestSupervised_StartsAgainLaterAndLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakePlatform{name: chat.Slack, runs: func(context.Context, adapters.Core) error { return errors.New("no route to host") }}
		s := watched(f)
		up, why := s.Standing()
		require.False(t, up)
		require.Contains(t, why, "not been started")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.run(ctx, nil) }()

		synctest.Wait()
		require.Equal(t, 1, f.starts())
		up, why = s.Standing()
		require.False(t, up)
		require.Regexp(t, `^It failed, and is started again at \d\d:\d\d:\d\d UTC: no route to host\.$`, why)
		time.Sleep(2 * restartFirst) // with the jitter
		synctest.Wait()
		require.Equal(t, 2, f.starts())

		const day = 24 * time.Hour
		time.Sleep(day)
		synctest.Wait()
		// At most half of restartMost less, or more, by the jitter.
		require.Greater(t, f.starts(), int(day/(restartMost*3/2)))
		require.Less(t, f.starts(), int(day/(restartMost/2))+20)

		cancel()
		synctest.Wait()
		require.NoError(t, <-ended, "a wait ends with the context")
	})
}

// What ran for a while and then fails is started again soon.
func TestSupervised_ForgetsOldFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var starts []time.Time
		f := &fakePlatform{name: chat.Slack}
		f.runs = func(ctx context.Context, _ adapters.Core) error {
			starts = append(starts, time.Now())
			if len(starts)%10 == 0 {
				sleep(ctx, restartForget)
			}
			return nil // ended by itself, which it should not
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- watched(f).run(ctx, nil) }()
		time.Sleep(2 * time.Hour)
		cancel()
		synctest.Wait()
		require.NoError(t, <-ended)
		require.Greater(t, len(starts), 11)
		require.Greater(t, starts[9].Sub(starts[8]), restartMost/3)
		require.Less(t, starts[10].Sub(starts[9]), restartForget+2*restartFirst)
	})
}

func TestSupervised_RefusedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakePlatform{name: chat.Slack, runs: func(context.Context, adapters.Core) error {
			return fmt.Errorf("link_disabled: %w", adapters.ErrSettings)
		}}
		s := watched(f)
		require.ErrorIs(t, s.run(t.Context(), nil), adapters.ErrSettings)
		require.Equal(t, 1, f.starts())
		up, why := s.Standing()
		require.False(t, up)
		require.Contains(t, why, "link_disabled")
	})
}

func TestRoster_AsksThePlatformOfTheInvocation(t *testing.T) {
	r := roster{watched(&fakePlatform{name: chat.Slack}), newSupervised(zap.NewNop(), attachment{name: chat.Discord, err: errors.New("no key")})}
	grants, err := r.Grants(t.Context(), chat.Invocation{Platform: chat.Slack})
	require.NoError(t, err)
	require.NotEmpty(t, grants)
	for _, p := range []chat.Platform{chat.Discord, chat.CLI, ""} {
		_, err = r.Grants(t.Context(), chat.Invocation{Platform: p})
		require.ErrorIs(t, err, adapters.ErrRoles, "nobody knows, so nobody may")
	}
}

func TestStage_IsNotWaitedForForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		s := begin(t.Context(), func(ctx context.Context) { <-ctx.Done(); <-never })
		begun := time.Now()
		require.False(t, s.stop(platformsTime))
		require.Equal(t, platformsTime, time.Since(begun))
		close(never)
		require.True(t, s.stop(time.Hour))
	})
}

// The parts of the end come to less than the whole.
func TestTheEndIsWithinItsTime(t *testing.T) {
	const postSeen = 8 * time.Second // a post that has begun is seen through
	require.LessOrEqual(t, 4*time.Second+platformsTime+outcomesTime+postsTime+postSeen, endTime)
	require.Less(t, endTime, 25*time.Second)
	require.Greater(t, platformsTime, adapters.DrainTime, "a platform says itself what it did not wait for")
}
