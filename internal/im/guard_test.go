package im

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// lease is a guard that grants the given times, then the last again, and
// notes that it was asked.
func (r *rig) lease(grants ...time.Duration) Option {
	n := 0
	return WithGuard(func(context.Context) (time.Time, error) {
		grant := grants[min(n, len(grants)-1)]
		n++
		r.note("guard")
		return time.Now().Add(grant), nil
	})
}

const muteCall = `setnospeaking {"Set_Account":"alice","GroupmsgNospeakingTime":7200}`

func TestGuardIsAskedBeforeEachAttempt(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		r.dialling(refuses)
		r.then(code(60008))
		rec, err := r.muteAlice(t.Context(), r.lease(10*time.Second))
		require.NoError(t, err)
		require.Equal(t, 3, rec.Attempts)
		require.Equal(t, []string{"guard", "guard", muteCall, "guard", muteCall}, r.happened())
	})
}

func TestGuardComesAfterTheWaits(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		r.then(code(60007))
		var asked []time.Time
		_, err := r.muteAlice(t.Context(), WithGuard(func(context.Context) (time.Time, error) {
			asked = append(asked, time.Now())
			return time.Now().Add(time.Second), nil
		}))
		require.NoError(t, err)
		require.Equal(t, r.times(), asked, "nothing but the call follows the guard")
	})
}

func TestGuardSaysNo(t *testing.T) {
	lost := errors.New("the lease went to another replica")
	no := WithGuard(func(context.Context) (time.Time, error) { return time.Now().Add(time.Hour), lost })
	t.Run("at once: no call", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			rec, err := r.muteAlice(t.Context(), no)
			require.ErrorIs(t, err, lost)
			require.Equal(t, VerdictNo, Classify(err).Verdict)
			require.Zero(t, rec)
			_, err = r.client.Unmute(t.Context(), "alice", 1, no)
			require.ErrorIs(t, err, lost)
			require.Empty(t, r.happened())
		})
	})
	t.Run("after an unclear attempt: unknown", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(code(60008))
			asked := 0
			rec, err := r.muteAlice(t.Context(), WithGuard(func(context.Context) (time.Time, error) {
				if asked++; asked > 1 {
					return time.Time{}, lost
				}
				return time.Now().Add(time.Hour), nil
			}))
			require.ErrorIs(t, err, ErrOutcomeUnknown)
			require.ErrorIs(t, err, lost)
			require.Equal(t, 1, rec.Attempts)
			require.Equal(t, 1, r.calls())
		})
	})
	t.Run("by not answering: bounded", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			began := time.Now()
			_, err := r.muteAlice(t.Context(), WithGuard(func(ctx context.Context) (time.Time, error) {
				<-ctx.Done()
				return time.Time{}, context.Cause(ctx)
			}))
			require.ErrorContains(t, err, "was not renewed within 5s")
			require.Equal(t, VerdictNo, Classify(err).Verdict)
			require.Equal(t, GuardTimeout, time.Since(began))
			require.Empty(t, r.happened())
		})
	})
}

func TestNothingLeavesAfterTheGuardsTime(t *testing.T) {
	t.Run("over from the start", func(t *testing.T) {
		for name, grant := range map[string]time.Duration{"past": -time.Second, "now": 0} {
			t.Run(name, func(t *testing.T) {
				inBubble(t, func(r *rig) {
					t := r.t
					rec, err := r.muteAlice(t.Context(), r.lease(grant))
					require.ErrorIs(t, err, ErrGuardExpired)
					require.Equal(t, VerdictNo, Classify(err).Verdict)
					require.Zero(t, rec)
					require.Equal(t, []string{"guard", "guard", "guard"}, r.happened())
				})
			})
		}
	})
	t.Run("the zero time is no licence", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			_, err := r.muteAlice(t.Context(), WithGuard(func(context.Context) (time.Time, error) { return time.Time{}, nil }))
			require.ErrorIs(t, err, ErrGuardExpired)
			require.Empty(t, r.happened())
		})
	})
	t.Run("over while connecting, renewed for the next attempt", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.dialling(dialTakes(2 * time.Second))
			term := mustSeconds(t, 7200)
			rec, err := r.client.Mute(t.Context(), "alice", 1, term.From(time.Now()), r.lease(time.Second, 10*time.Second))
			require.NoError(t, err)
			require.Equal(t, Receipt{Attempts: 2}, rec, "the first was certainly not sent")
			require.Equal(t, "guard", r.happened()[0])
			require.Equal(t, "guard", r.happened()[1])
			require.Len(t, r.happened(), 3)
		})
	})
	t.Run("while the answer is due: the attempt ends, the request may live", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(hangs)
			began := time.Now()
			rec, err := r.muteAlice(t.Context(), r.lease(2*time.Second))
			require.ErrorIs(t, err, ErrOutcomeUnknown)
			require.ErrorContains(t, err, "no answer before the right to send expired")
			require.Equal(t, 2*time.Second, time.Since(began))
			require.True(t, rec.LockedUntil.Equal(began.Add(AttemptTimeout+LiveMargin)))
		})
	})
}

// A process that is stopped, or a machine that sleeps, between the guard and
// the write finds the time over when it goes on. The timers of the attempt
// need not have noticed, so the clock is what is asked.
func TestPauseBetweenGuardAndWrite(t *testing.T) {
	var paused time.Duration
	clock := func(c *Config) { c.Now = func() time.Time { return time.Now().Add(paused) } }
	// pauseIn passes the time when a connection is looked for.
	pauseIn := func(d time.Duration) func(context.Context) error {
		return func(context.Context) error { paused += d; return nil }
	}
	lease := func(r *rig) Option {
		return WithGuard(func(context.Context) (time.Time, error) {
			r.note("guard")
			return time.Now().Add(paused + 10*time.Second), nil
		})
	}

	t.Run("on a new connection", func(t *testing.T) {
		paused = 0
		inBubble(t, func(r *rig) {
			t := r.t
			r.dialling(pauseIn(11 * time.Second))
			_, err := r.client.Mute(t.Context(), "alice", 1, mustSeconds(t, 7200).From(time.Now()), lease(r))
			require.NoError(t, err)
			require.Equal(t, []string{"guard", "guard", `setnospeaking {"Set_Account":"alice","GroupmsgNospeakingTime":7189}`}, r.happened())
		}, clock)
	})
	t.Run("for less than the lease: the seconds are those left", func(t *testing.T) {
		paused = 0
		inBubble(t, func(r *rig) {
			t := r.t
			r.dialling(pauseIn(9 * time.Second))
			_, err := r.client.Mute(t.Context(), "alice", 1, mustSeconds(t, 7200).From(time.Now()), lease(r))
			require.NoError(t, err)
			require.Equal(t, []string{"guard", `setnospeaking {"Set_Account":"alice","GroupmsgNospeakingTime":7191}`}, r.happened())
		}, clock)
	})
	t.Run("and the lease is lost", func(t *testing.T) {
		paused = 0
		lost := errors.New("taken over")
		inBubble(t, func(r *rig) {
			t := r.t
			r.dialling(pauseIn(11 * time.Second))
			asked := 0
			rec, err := r.client.Mute(t.Context(), "alice", 1, mustSeconds(t, 7200).From(time.Now()), WithGuard(func(context.Context) (time.Time, error) {
				if asked++; asked > 1 {
					return time.Time{}, lost
				}
				return time.Now().Add(paused + 10*time.Second), nil
			}))
			require.ErrorIs(t, err, lost)
			require.Equal(t, VerdictNo, Classify(err).Verdict, "nothing was sent, and the client knows")
			require.True(t, rec.LockedUntil.IsZero())
			require.Empty(t, r.happened())
		}, clock)
	})
}

func TestPassedByEitherClock(t *testing.T) {
	now := time.Now()
	wallOnly := func(d time.Duration) time.Time { return now.Add(d).Round(0) }
	require.False(t, passed(now, now.Add(time.Second)))
	require.True(t, passed(now, now))
	require.True(t, passed(now, now.Add(-time.Second)))
	require.False(t, passed(now, wallOnly(time.Second)))
	require.True(t, passed(now, wallOnly(0)))
	require.True(t, passed(now, time.Time{}))
}
