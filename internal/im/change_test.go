package im

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

func TestWhatIsSent(t *testing.T) {
	term := func(n int64) mute.Term {
		term, err := mute.Seconds(n)
		require.NoError(t, err)
		return term
	}
	tests := []struct {
		name string
		do   func(ctx context.Context, c *Client) (Receipt, error)
		want string
	}{
		{"groups", func(ctx context.Context, c *Client) (Receipt, error) {
			return c.Mute(ctx, "alice", mute.ScopeGroup, term(7200).From(time.Now()))
		}, `setnospeaking {"Set_Account":"alice","GroupmsgNospeakingTime":7200}`},
		{"one-to-one", func(ctx context.Context, c *Client) (Receipt, error) {
			return c.Mute(ctx, "alice", mute.ScopeC2C, term(1).From(time.Now()))
		}, `setnospeaking {"Set_Account":"alice","C2CmsgNospeakingTime":1}`},
		{"both, the longest term", func(ctx context.Context, c *Client) (Receipt, error) {
			return c.Mute(ctx, "alice", mute.ScopeAll, term(mute.MaxSeconds).From(time.Now()))
		}, `setnospeaking {"Set_Account":"alice","C2CmsgNospeakingTime":4294967294,"GroupmsgNospeakingTime":4294967294}`},
		{"permanently", func(ctx context.Context, c *Client) (Receipt, error) {
			return c.Mute(ctx, "alice", mute.ScopeAll, mute.Permanent().From(time.Now()))
		}, `setnospeaking {"Set_Account":"alice","C2CmsgNospeakingTime":4294967295,"GroupmsgNospeakingTime":4294967295}`},
		{"unmute sends the zero", func(ctx context.Context, c *Client) (Receipt, error) {
			return c.Unmute(ctx, "alice", mute.ScopeGroup)
		}, `setnospeaking {"Set_Account":"alice","GroupmsgNospeakingTime":0}`},
		{"an account that needs quoting", func(ctx context.Context, c *Client) (Receipt, error) {
			return c.Unmute(ctx, `a "b"\ c`, mute.ScopeC2C)
		}, `setnospeaking {"Set_Account":"a \"b\"\\ c","C2CmsgNospeakingTime":0}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				rec, err := tt.do(t.Context(), r.client)
				require.NoError(t, err)
				require.Equal(t, Receipt{Attempts: 1}, rec)
				require.Equal(t, []string{tt.want}, r.happened())
			})
		})
	}
}

func TestQueryOfTheURL(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		var got *http.Request
		r.then(func(w http.ResponseWriter, req *http.Request) {
			got = req
			says(`{"ErrorCode":0}`)(w, req)
		})
		_, err := r.muteAlice(t.Context())
		require.NoError(t, err)
		require.Equal(t, http.MethodPost, got.Method)
		require.Equal(t, "/v4/openconfigsvr/setnospeaking", got.URL.Path)
		require.Equal(t, "application/json", got.Header.Get("Content-Type"))
		q := got.URL.Query()
		require.Len(t, q, 5)
		require.Equal(t, "1400000000", q.Get("sdkappid"))
		require.Equal(t, "an admin&co", q.Get("identifier"))
		require.Equal(t, "json", q.Get("contenttype"))
		require.Regexp(t, `^[0-9]{1,10}$`, q.Get("random"))
		_, err = imwire.Verify(imwire.NewSecretKey(testKey), testApp, "an admin&co", q.Get("usersig"), time.Now())
		require.NoError(t, err)
	}, func(c *Config) { c.Identifier = "an admin&co" })
}

func TestWhatIsRefusedBeforeAnyCall(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		running := mute.Permanent().From(time.Now())
		for name, do := range map[string]func() error{
			"no account": func() error { _, err := r.client.Mute(t.Context(), "", mute.ScopeAll, running); return err },
			"long account": func() error {
				_, err := r.client.Unmute(t.Context(), mute.Account(strings.Repeat("a", 33)), mute.ScopeAll)
				return err
			},
			"no scope":         func() error { _, err := r.client.Mute(t.Context(), "alice", 0, running); return err },
			"no term":          func() error { _, err := r.client.Mute(t.Context(), "alice", mute.ScopeAll, mute.Running{}); return err },
			"state of nobody":  func() error { _, err := r.client.State(t.Context(), ""); return err },
			"control in check": func() error { _, err := r.client.CheckAccounts(t.Context(), "a", "b\n"); return err },
		} {
			err := do()
			require.Error(t, err, name)
			require.Equal(t, VerdictNo, Classify(err).Verdict, name)
			require.NotErrorIs(t, err, ErrDeadlinePassed, name)
		}
		require.Zero(t, r.calls())
	})
}

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

// faults are all the ways of not answering. A change that meets one is never
// sent again.
func faults() map[string]step {
	return map[string]step{
		"connection dropped after the request": raw(""),
		"502":                                  status(http.StatusBadGateway),
		"503 with a body that looks like a yes": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(503)
			_, _ = w.Write([]byte(`{"ErrorCode":0}`))
		},
		"404": status(http.StatusNotFound),
		"429": status(http.StatusTooManyRequests),
		"204": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"redirect that would carry the credential": func(w http.ResponseWriter, req *http.Request) {
			redirects(w, "http://elsewhere.example"+req.URL.String())
		},
		"HTML":                       says("<html><body>Service upgrading</body></html>"),
		"empty body":                 says(""),
		"not JSON":                   says("ok"),
		"JSON cut short":             says(`{"ActionStatus":"OK","Error`),
		"body shorter than declared": raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ErrorCode\":0}"),
		"chunk cut short":            raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{\"ErrorCode\":0"),
		"header cut short":           raw("HTTP/1.1 200 OK\r\nContent-Le"),
		"not HTTP":                   raw("SSH-2.0-OpenSSH_9.9\r\n\r\n"),
		"huge body":                  says(`{"ErrorInfo":"` + strings.Repeat("x", maxAnswerBytes) + `","ErrorCode":0}`),
		"huge header":                raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 2*maxHeaderBytes) + "\r\n\r\n"),
		"code of a wrong type":       says(`{"ErrorCode":"0","ErrorInfo":""}`),
		"no code":                    says(`{"ActionStatus":"OK"}`),
		"list":                       says(`[0]`),
		"no answer at all":           hangs,
		"body that never ends": func(w http.ResponseWriter, req *http.Request) {
			for req.Context().Err() == nil {
				_, _ = w.Write([]byte(" "))
				_ = http.NewResponseController(w).Flush()
				pass(time.Second)
			}
		},
	}
}

func TestChangeWithoutAnAnswerIsNeverSentAgain(t *testing.T) {
	for name, fault := range faults() {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				r.then(after(100*time.Millisecond, fault))
				began := time.Now()
				rec, err := r.muteAlice(t.Context())

				var unknown *OutcomeUnknownError
				require.ErrorAs(t, err, &unknown)
				require.ErrorIs(t, err, ErrOutcomeUnknown)
				require.NotErrorIs(t, err, ErrUnreachable)
				live := began.Add(AttemptTimeout + LiveMargin)
				require.True(t, unknown.LiveUntil.Equal(live), "the attempt's whole window, however early it broke")
				require.Equal(t, Classification{Verdict: VerdictUnknown, LiveUntil: unknown.LiveUntil, Text: "Tencent gave no clear answer; it will be read back."}, Classify(err))
				require.Equal(t, Receipt{Attempts: 1, LockedUntil: unknown.LiveUntil}, rec)
				require.LessOrEqual(t, time.Since(began), AttemptTimeout)
				require.Contains(t, err.Error(), "setnospeaking: ", "names the API")
				requireNoSecrets(t, err.Error(), r.sigs()...)

				pass(time.Minute)
				require.Equal(t, 1, r.calls())
			})
		})
	}
}

func TestWhatCameIsNamed(t *testing.T) {
	for name, says := range map[string]string{
		"502":                  "setnospeaking: HTTP 502 Bad Gateway in place of an answer",
		"HTML":                 "setnospeaking: not an answer of the API: a page of HTML or XML",
		"JSON cut short":       "setnospeaking: not an answer of the API: JSON that is cut short",
		"code of a wrong type": "setnospeaking: not an answer of the API: ErrorCode has the wrong type (string)",
		"huge header":          "exceeded 65536 bytes",
		"huge body":            "setnospeaking: an answer of over 262144 bytes",
		"no answer at all":     "setnospeaking: the connection broke before an answer came: no answer within 5s",
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				r.then(faults()[name])
				_, err := r.muteAlice(t.Context())
				require.ErrorContains(t, err, `muting "alice" (group): whether it was done is unknown until it is read back, not before `)
				require.ErrorContains(t, err, says)
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

func TestSecondsAreThoseLeftWhenTheRequestLeaves(t *testing.T) {
	t.Run("connecting takes time", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.dialling(dialTakes(3 * time.Second))
			term, err := mute.Seconds(102)
			require.NoError(t, err)
			rec, err := r.client.Mute(t.Context(), "alice", mute.ScopeAll, term.From(time.Now()))
			require.NoError(t, err)
			require.Equal(t, 1, rec.Attempts)
			require.Equal(t, []string{`setnospeaking {"Set_Account":"alice","C2CmsgNospeakingTime":99,"GroupmsgNospeakingTime":99}  `}, r.happened(),
				"white space keeps the declared length")
		})
	})
	t.Run("under a second is left once connected", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.dialling(dialTakes(1500 * time.Millisecond))
			term, err := mute.Seconds(2)
			require.NoError(t, err)
			rec, err := r.client.Mute(t.Context(), "alice", mute.ScopeAll, term.From(time.Now()))
			require.ErrorIs(t, err, ErrDeadlinePassed)
			require.Equal(t, VerdictNo, Classify(err).Verdict)
			require.Equal(t, Receipt{Attempts: 1}, rec)
			pass(time.Minute)
			require.Empty(t, r.happened(), "not one byte of it arrived")
		})
	})
	t.Run("under a second is left to begin with", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			term, err := mute.Seconds(2)
			require.NoError(t, err)
			rec, err := r.client.Mute(t.Context(), "alice", mute.ScopeAll, term.From(time.Now().Add(-1001*time.Millisecond)))
			require.ErrorIs(t, err, ErrDeadlinePassed)
			require.Zero(t, rec)
			require.Zero(t, r.calls())
		})
	})
	t.Run("under a second is left after an unclear answer", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(after(1500*time.Millisecond, code(60008)))
			term, err := mute.Seconds(2)
			require.NoError(t, err)
			_, err = r.client.Mute(t.Context(), "alice", mute.ScopeAll, term.From(time.Now()))
			require.ErrorIs(t, err, ErrOutcomeUnknown)
			require.ErrorIs(t, err, ErrDeadlinePassed)
			require.Equal(t, VerdictUnknown, Classify(err).Verdict)
			require.Equal(t, 1, r.calls())
		})
	})
}

// A repeated attempt moves the end of the mute by less than a second, however
// long connections and answers take.
func TestRetriesKeepTheDeadline(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		term, err := mute.Seconds(rapid.Int64Range(1, 30).Draw(rt, "term"))
		require.NoError(rt, err)
		ms := rapid.IntRange(0, 2900)
		dials := rapid.SliceOfN(ms, 3, 3).Draw(rt, "dials")
		answers := rapid.SliceOfN(ms, 2, 2).Draw(rt, "answers")
		inBubble(t, func(r *rig) {
			t := r.t
			var troubles []func(context.Context) error
			for _, d := range dials {
				troubles = append(troubles, dialTakes(time.Duration(d)*time.Millisecond))
			}
			r.dialling(troubles...)
			for _, d := range answers {
				r.then(after(time.Duration(d)*time.Millisecond, func(w http.ResponseWriter, req *http.Request) {
					w.Header().Set("Connection", "close")
					code(60008)(w, req)
				}))
			}
			began := time.Now()
			whole, _ := term.Duration()
			deadline := began.Add(whole)
			_, _ = r.client.Mute(t.Context(), "alice", mute.ScopeGroup, term.From(began))
			for i, line := range r.happened() {
				var req imwire.SetRequest
				require.NoError(rt, json.Unmarshal([]byte(strings.TrimPrefix(line, "setnospeaking ")), &req))
				seconds := *req.GroupmsgNospeakingTime
				require.Positive(rt, seconds)
				require.Less(rt, seconds, uint32(math.MaxUint32))
				end := r.times()[i].Add(time.Duration(seconds) * time.Second)
				require.False(rt, end.Before(deadline), "never shorter")
				require.Less(rt, end.Sub(deadline), time.Second)
			}
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

func TestNoConnection(t *testing.T) {
	t.Run("ever: not sent", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.dialling(refuses, refuses, refuses)
			rec, err := r.muteAlice(t.Context())
			require.ErrorIs(t, err, ErrUnreachable)
			require.ErrorContains(t, err, "connection refused")
			require.Equal(t, Receipt{Attempts: MaxAttempts}, rec)
			require.Equal(t, Classification{Verdict: VerdictNo, Text: "Nothing was sent: Tencent could not be reached."}, Classify(err))
			require.Equal(t, MaxAttempts, r.dialled())
		})
	})
	t.Run("at first: attempted again", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.dialling(refuses)
			rec, err := r.muteAlice(t.Context())
			require.NoError(t, err)
			require.Equal(t, Receipt{Attempts: 2}, rec)
			require.Equal(t, 1, r.calls())
		})
	})
	t.Run("within the attempt: not sent", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			slow := dialTakes(time.Minute)
			r.dialling(slow, slow, slow)
			began := time.Now()
			_, err := r.muteAlice(t.Context())
			require.ErrorIs(t, err, ErrUnreachable)
			require.Less(t, time.Since(began), MaxAttempts*AttemptTimeout+3*time.Second)
			pass(2 * time.Minute) // the connections come about, and nothing is sent on them
			require.Zero(t, r.calls())
		})
	})
}

func TestConnectionThatTheServiceDroppedWhileIdle(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		for range 5 {
			rec, err := r.muteAlice(t.Context())
			require.NoError(t, err)
			require.Equal(t, Receipt{Attempts: 1}, rec)
			r.hangUp()
			synctest.Wait()
		}
		require.Equal(t, 5, r.calls())
	})
}
