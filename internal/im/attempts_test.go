package im

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imwire"
)

// For every code there is: what the client does after it, and what it says.
func TestEveryCode(t *testing.T) {
	codes := imwire.Codes()[1:]
	for _, unknown := range []imwire.Code{7, 70004, 130002 + 50} {
		info, known := unknown.Info()
		require.False(t, known)
		codes = append(codes, info)
	}
	for _, info := range codes {
		t.Run(fmt.Sprintf("%d %s", info.Code, info.Class), func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				r.then(times(MaxAttempts+1, code(info.Code))...)
				rec, err := r.muteAlice(t.Context())
				got := Classify(err)
				var apiErr *APIError
				require.ErrorAs(t, err, &apiErr)
				require.Equal(t, info.Code, apiErr.Code)
				require.Equal(t, "the service's words", apiErr.Info)
				require.Equal(t, info.Advice, apiErr.Advice)
				require.Equal(t, info.Code, got.Code)
				require.Equal(t, info.Code, rec.Code)
				require.Equal(t, r.calls(), rec.Attempts)

				wantCalls, wantVerdict, wantClass := 1, VerdictNo, info.Class
				switch info.Class {
				case imwire.ClassAnsweredUnclear:
					wantCalls, wantVerdict = MaxAttempts, VerdictUnknown
				case imwire.ClassThrottled:
					wantCalls = MaxAttempts
					require.ErrorIs(t, err, ErrThrottled)
				case imwire.ClassRefreshOnce:
					wantCalls, wantClass = 2, imwire.ClassConfiguration
					require.ErrorIs(t, err, ErrConfiguration)
				case imwire.ClassConfiguration:
					require.ErrorIs(t, err, ErrConfiguration)
				case imwire.ClassNotFound:
					require.ErrorIs(t, err, ErrNoSuchAccount)
				case imwire.ClassBreaker:
					_, err := r.client.State(t.Context(), "alice")
					var open *BreakerOpenError
					require.ErrorAs(t, err, &open)
				case imwire.ClassNo, imwire.ClassUnanswered:
				}
				require.Equal(t, wantCalls, r.calls())
				require.Equal(t, wantVerdict, got.Verdict)
				require.Equal(t, wantClass, apiErr.Class)
				require.Equal(t, wantVerdict == VerdictUnknown, errors.Is(err, ErrOutcomeUnknown))
				require.Equal(t, wantVerdict == VerdictUnknown, !rec.LockedUntil.IsZero())
				require.Equal(t, rec.LockedUntil, got.LiveUntil)
			})
		})
	}
}

func TestAnsweredButUnclearIsSentAgain(t *testing.T) {
	t.Run("then yes: done, and locked until the unclear one is over", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(after(2*time.Second, code(60008)))
			began := time.Now()
			rec, err := r.muteAlice(t.Context())
			require.NoError(t, err)
			require.Equal(t, Receipt{Attempts: 2, LockedUntil: rec.LockedUntil}, rec)
			require.True(t, rec.LockedUntil.Equal(began.Add(AttemptTimeout+LiveMargin)))
			require.Equal(t, []string{
				`setnospeaking {"Set_Account":"alice","GroupmsgNospeakingTime":7200}`,
				`setnospeaking {"Set_Account":"alice","GroupmsgNospeakingTime":7198}`,
			}, r.happened())
		})
	})
	t.Run("then no: the no speaks for itself only", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(code(130014), code(130005))
			rec, err := r.muteAlice(t.Context())
			require.ErrorIs(t, err, ErrOutcomeUnknown)
			require.Equal(t, VerdictUnknown, Classify(err).Verdict)
			require.Equal(t, imwire.CodeSetInvalidAccount, rec.Code)
			require.Equal(t, 2, r.calls())
		})
	})
	t.Run("then no answer: nothing more", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(code(130014), hangs)
			began := time.Now()
			rec, err := r.muteAlice(t.Context())
			require.ErrorIs(t, err, ErrOutcomeUnknown)
			require.Equal(t, 2, r.calls())
			require.True(t, rec.LockedUntil.After(began.Add(AttemptTimeout+LiveMargin)), "of the last unclear attempt")
		})
	})
	t.Run("then nobody to connect to: still unknown", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(func(w http.ResponseWriter, req *http.Request) {
				w.Header().Set("Connection", "close")
				code(130014)(w, req)
			})
			r.dialling(dialTakes(0), refuses, refuses)
			_, err := r.muteAlice(t.Context())
			require.ErrorIs(t, err, ErrOutcomeUnknown)
			require.ErrorIs(t, err, ErrUnreachable, "the cause is kept")
			require.Equal(t, VerdictUnknown, Classify(err).Verdict)
			require.Equal(t, 1, r.calls())
		})
	})
	t.Run("success with a status of failure is unclear", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(times(3, says(`{"ActionStatus":"FAIL","ErrorCode":0,"ErrorInfo":""}`))...)
			_, err := r.muteAlice(t.Context())
			require.ErrorIs(t, err, ErrOutcomeUnknown)
			require.Equal(t, 3, r.calls())
		})
	})
}

func TestThrottledThenDone(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		r.then(code(60007), code(60018))
		began := time.Now()
		rec, err := r.muteAlice(t.Context())
		require.NoError(t, err)
		require.Equal(t, Receipt{Attempts: 3}, rec, "over the limit is a clear no: nothing stays locked")
		waited := time.Since(began)
		require.GreaterOrEqual(t, waited, 750*time.Millisecond)
		require.LessOrEqual(t, waited, 3*time.Second)
	})
}

func TestRefreshOnce(t *testing.T) {
	t.Run("a new UserSig is accepted", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(after(time.Second, code(70001)))
			rec, err := r.muteAlice(t.Context())
			require.NoError(t, err)
			require.Equal(t, Receipt{Attempts: 2}, rec)
			require.NotEqual(t, r.sigs()[0], r.sigs()[1])
			require.Equal(t, time.Now().Unix(), verified(t, r.sigs()[1]).Issued.Unix())

			_, err = r.muteAlice(t.Context())
			require.NoError(t, err)
			require.Equal(t, r.sigs()[1], r.sigs()[2], "the new one is kept")
		})
	})
	t.Run("another code of the kind does not refresh again", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(code(70001), code(70003))
			_, err := r.muteAlice(t.Context())
			require.ErrorIs(t, err, ErrConfiguration)
			require.Equal(t, 2, r.calls())
		})
	})
	t.Run("the attempts left are what counts", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(code(60007), code(60007), code(70001), code(70001))
			_, err := r.muteAlice(t.Context())
			require.Error(t, err)
			require.Equal(t, MaxAttempts, r.calls())
		})
	})
}

func TestCallerGivesUp(t *testing.T) {
	gone := errors.New("the moderator left")
	t.Run("before the call", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(gone)
			rec, err := r.muteAlice(ctx)
			require.ErrorIs(t, err, gone)
			require.Equal(t, VerdictNo, Classify(err).Verdict)
			require.Zero(t, rec)
			require.Zero(t, r.calls())
		})
	})
	t.Run("while connecting", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.dialling(dialTakes(2 * time.Second))
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(gone) })
			_, err := r.muteAlice(ctx)
			require.ErrorIs(t, err, gone)
			require.EqualError(t, err, `muting "alice" (group): not sent: the moderator left`)
			require.Equal(t, VerdictNo, Classify(err).Verdict)
			pass(time.Minute)
			require.Zero(t, r.calls())
		})
	})
	t.Run("while the service thinks", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(hangs)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			rec, err := r.muteAlice(ctx)
			require.ErrorIs(t, err, ErrOutcomeUnknown)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.True(t, rec.LockedUntil.Equal(began.Add(AttemptTimeout+LiveMargin)))
		})
	})
	t.Run("between attempts, nothing unclear", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(code(60007))
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			_, err := r.muteAlice(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, ErrThrottled, "what it waited for is kept")
			require.Equal(t, VerdictNo, Classify(err).Verdict)
		})
	})
	t.Run("between attempts, after an unclear one", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(code(60008))
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			_, err := r.muteAlice(ctx)
			require.ErrorIs(t, err, ErrOutcomeUnknown)
			require.Equal(t, imwire.CodeServiceTimeout, Classify(err).Code)
		})
	})
}

// A process that was stopped may write the request when it goes on, long
// after the attempt's window: the request lives from then on.
func TestAnAttemptThatOverranItsWindowLivesFromItsEnd(t *testing.T) {
	var paused atomic.Int64
	clock := func(c *Config) { c.Now = func() time.Time { return time.Now().Add(time.Duration(paused.Load())) } }
	inBubble(t, func(r *rig) {
		t := r.t
		r.then(func(w http.ResponseWriter, req *http.Request) {
			paused.Store(int64(time.Minute))
			hangs(w, req)
		})
		began := time.Now()
		rec, err := r.muteAlice(t.Context())
		require.ErrorIs(t, err, ErrOutcomeUnknown)
		ended := began.Add(time.Minute + AttemptTimeout)
		require.True(t, rec.LockedUntil.Equal(ended.Add(AttemptTimeout+LiveMargin)))
	}, clock)
}

func TestTheServicesWordsAreBounded(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		r.then(says(`{"ErrorCode":130005,"ErrorInfo":"` + strings.Repeat(`é\u0007`, 5000) + `"}`))
		_, err := r.muteAlice(t.Context())
		var apiErr *APIError
		require.ErrorAs(t, err, &apiErr)
		require.Equal(t, maxInfoRunes+1, utf8.RuneCountInString(apiErr.Info))
		require.NotContains(t, err.Error(), "\u0007")
	})
}
