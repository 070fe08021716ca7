package im

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// everyCall makes one call of each kind and returns the errors.
func (r *rig) everyCall(ctx context.Context) []error {
	_, mutes := r.client.Mute(ctx, "alice", mute.ScopeAll, mute.Permanent().From(time.Now()))
	_, unmutes := r.client.Unmute(ctx, "alice", mute.ScopeAll)
	_, states := r.client.State(ctx, "alice")
	_, checks := r.client.CheckAccounts(ctx, "alice")
	return []error{mutes, unmutes, states, checks}
}

func TestLockOutStopsAllCalls(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		r.then(code(imwire.CodeSigLocked))
		began := time.Now()
		_, err := r.client.State(t.Context(), "alice")
		var apiErr *APIError
		require.ErrorAs(t, err, &apiErr)
		require.Equal(t, imwire.ClassBreaker, apiErr.Class)

		pass(BreakerPause - time.Second)
		for _, err := range r.everyCall(t.Context()) {
			var open *BreakerOpenError
			require.ErrorAs(t, err, &open)
			require.True(t, open.Until.Equal(began.Add(BreakerPause)))
			require.Equal(t, imwire.CodeSigLocked, open.Code)
			got := Classify(err)
			require.Equal(t, VerdictNo, got.Verdict)
			require.Equal(t, "Nothing was sent: Tencent does not accept the app's credentials, and calls are paused until 00:01:05 UTC.", got.Text)
		}
		require.Equal(t, 1, r.calls())
		require.Equal(t, 1, r.logs.FilterMessage("calls to Tencent are paused: the credentials were not accepted").Len())

		pass(time.Second)
		for _, err := range r.everyCall(t.Context()) {
			require.NoError(t, err)
		}
	})
}

func TestLockOutIsAtLeastTheVendorsMinute(t *testing.T) {
	require.GreaterOrEqual(t, BreakerPause, time.Minute)
}

func TestLockOutEndsACallsAttempts(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		r.then(after(time.Second, code(60008)), after(0, code(imwire.CodeSigLocked)))
		var unknown error
		var wg sync.WaitGroup
		wg.Go(func() { _, unknown = r.muteAlice(t.Context()) })
		pass(500 * time.Millisecond)
		_, err := r.client.State(t.Context(), "alice")
		require.Error(t, err)
		wg.Wait()
		require.ErrorIs(t, unknown, ErrOutcomeUnknown, "its first attempt was unclear")
		var open *BreakerOpenError
		require.ErrorAs(t, unknown, &open)
		require.Equal(t, VerdictUnknown, Classify(unknown).Verdict)
		require.Equal(t, 2, r.calls())
	})
}

func TestOneCallTriesWhenThePauseIsOver(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		r.then(code(imwire.CodeSigLocked), after(time.Second, code(imwire.CodeSigLocked)))
		_, err := r.client.State(t.Context(), "alice")
		require.Error(t, err)
		pass(BreakerPause)

		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { _, _ = r.client.State(t.Context(), "alice") })
		}
		wg.Wait()
		require.Equal(t, 2, r.calls(), "one of twenty was let through, and it was locked out again")

		pass(BreakerPause / 2)
		_, err = r.client.State(t.Context(), "alice")
		var open *BreakerOpenError
		require.ErrorAs(t, err, &open)
		require.Equal(t, 2, r.calls())
	})
}

func TestAProbeWithoutAnAnswerLetsTheNextTry(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		r.then(code(imwire.CodeSigLocked), status(502))
		_, err := r.client.State(t.Context(), "alice")
		require.Error(t, err)
		pass(BreakerPause)
		_, err = r.client.State(t.Context(), "alice")
		require.NoError(t, err)
		require.Equal(t, 3, r.calls())
	})
}

func TestCredentialsRefusedInARowPauseTheClient(t *testing.T) {
	for name, bad := range map[string]imwire.Code{
		"wrong key": imwire.CodeSigWrongKey, "illegal UserSig": imwire.CodeSigIllegal, "no administrator": imwire.CodeNotAdmin,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				r.then(times(100, code(bad))...)
				for range authFailuresMax {
					_, err := r.client.State(t.Context(), "alice")
					require.ErrorIs(t, err, ErrConfiguration)
				}
				made := r.calls()
				require.LessOrEqual(t, made, 2*authFailuresMax)
				paused := time.Now()
				for range 50 {
					_, err := r.client.State(t.Context(), "alice")
					var open *BreakerOpenError
					require.ErrorAs(t, err, &open)
					require.Equal(t, bad, open.Code)
				}
				require.Equal(t, made, r.calls())
				require.Zero(t, time.Since(paused), "refused at once, not queued first")
			})
		})
	}
}

func TestOtherAnswersBetweenKeepTheClientGoing(t *testing.T) {
	for name, between := range map[string]step{"yes": says(`{"ErrorCode":0}`), "a no about the account": code(imwire.CodeSetInvalidAccount)} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				for range 5 {
					r.then(times(authFailuresMax-1, code(imwire.CodeSigWrongKey))...)
					r.then(between)
				}
				for range 5 * authFailuresMax {
					_, _ = r.muteAlice(t.Context())
				}
				require.Equal(t, 5*authFailuresMax, r.calls())
			})
		})
	}
}

// When a UserSig runs out, every call in flight is refused at once. That is
// no reason to pause: the next UserSig helps.
func TestACrowdWithAnOldUserSigIsNotALockOut(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		const crowd = 8
		r.then(times(crowd, after(time.Second, code(imwire.CodeSigExpired)))...)
		var wg sync.WaitGroup
		for range crowd {
			wg.Go(func() {
				_, err := r.muteAlice(t.Context())
				require.NoError(t, err)
			})
		}
		wg.Wait()
		distinct := map[string]bool{}
		for _, sig := range r.sigs()[crowd:] {
			distinct[sig] = true
		}
		require.Len(t, distinct, 1, "one new UserSig served them all")
		require.NotContains(t, distinct, r.sigs()[0])
	})
}

func TestLateAnswersDoNotCloseTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(zap.NewNop(), time.Now)
		probe, err := b.admit()
		require.NoError(t, err)
		require.False(t, probe)
		b.report(false, authLocked, imwire.CodeSigLocked)
		pass(BreakerPause - time.Second)
		b.report(false, authGood, 0) // of a call that began before
		require.Error(t, b.peek())
		b.report(false, authBad, imwire.CodeSigWrongKey) // as well: it does not lengthen the pause
		pass(time.Second)
		probe, err = b.admit()
		require.NoError(t, err)
		require.True(t, probe)
		b.report(false, authBad, imwire.CodeSigWrongKey) // also of before: the probe decides
		require.Error(t, b.peek())
		b.report(true, authGood, 0)
		require.NoError(t, b.peek())
	})
}
