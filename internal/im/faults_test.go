package im

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

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
