package slack

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Every way in which a request can be wrong: its status, what is counted, and
// that nothing is done and nothing said.
func TestHTTP_Refuses(t *testing.T) {
	good := commandFields("response_url", answerURL).Encode()
	signed := func(change func(*http.Request)) *http.Request {
		r := request("/slack/commands", good)
		change(r)
		return r
	}
	for name, c := range map[string]struct {
		request func() *http.Request
		status  int
		counted string
	}{
		"no signature": {
			func() *http.Request { return signed(func(r *http.Request) { r.Header.Del(headerSignature) }) },
			http.StatusUnauthorized, "command signature",
		},
		"a bad signature": {
			func() *http.Request {
				return signed(func(r *http.Request) { r.Header.Set(headerSignature, "v0="+strings.Repeat("0", 64)) })
			},
			http.StatusUnauthorized, "command signature",
		},
		"a stale one": {
			func() *http.Request {
				stamp := fmt.Sprint(time.Now().Add(-window - time.Second).Unix())
				return signed(func(r *http.Request) {
					r.Header.Set(headerTimestamp, stamp)
					r.Header.Set(headerSignature, sign(testSecret, stamp, good))
				})
			},
			http.StatusUnauthorized, "command stale",
		},
		"one of the future": {
			func() *http.Request {
				stamp := fmt.Sprint(time.Now().Add(window + time.Second).Unix())
				return signed(func(r *http.Request) {
					r.Header.Set(headerTimestamp, stamp)
					r.Header.Set(headerSignature, sign(testSecret, stamp, good))
				})
			},
			http.StatusUnauthorized, "command stale",
		},
		"too long": {
			func() *http.Request {
				return request("/slack/commands", good+"&x="+strings.Repeat("x", maxCommandBody))
			},
			http.StatusRequestEntityTooLarge, "command oversize",
		},
		"JSON": {
			func() *http.Request {
				return signed(func(r *http.Request) { r.Header.Set("Content-Type", "application/json") })
			},
			http.StatusUnsupportedMediaType, "command type",
		},
		"no type": {
			func() *http.Request { return signed(func(r *http.Request) { r.Header.Del("Content-Type") }) },
			http.StatusUnsupportedMediaType, "command type",
		},
		"malformed": {
			func() *http.Request { return request("/slack/commands", "user_id=U1") },
			http.StatusBadRequest, "command malformed",
		},
		"a malformed click": {
			func() *http.Request { return request("/slack/interactions", "payload={") },
			http.StatusBadRequest, "unknown malformed",
		},
		"no payload": {
			func() *http.Request { return request("/slack/interactions", "x=1") },
			http.StatusBadRequest, "unknown malformed",
		},
		"another workspace": {
			func() *http.Request { return request("/slack/commands", commandFields("team_id", "T2").Encode()) },
			http.StatusForbidden, "command workspace",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.start(fakeCore{}) // any call panics
				w, took := b.serve(c.request())
				time.Sleep(time.Minute)
				b.stop(t)
				require.Equal(t, c.status, w.Code)
				require.Empty(t, w.Body.String(), "a detail was told")
				require.Zero(t, took)
				require.Equal(t, 1, b.meter.count(c.counted), "%v", b.meter.delivered)
			})
		})
	}
}

func TestHTTP_OtherPathsAndMethods(t *testing.T) {
	b := newBench(t)
	for path, status := range map[string]int{
		"/slack/commands": http.StatusMethodNotAllowed, "/slack/interactions": http.StatusMethodNotAllowed, "/slack": http.StatusNotFound,
		"/": http.StatusNotFound,
	} {
		w := httptest.NewRecorder()
		b.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, status, w.Code, path)
	}
}

func TestHTTP_ClosedOutsideOfRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		w, _ := b.command()
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		b.start(after(0, "Done and well."))
		w, _ = b.command()
		require.Equal(t, http.StatusOK, w.Code)
		b.stop(t)
		w, _ = b.command()
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, 2, b.meter.count("command closed"))
	})
}

func TestHTTP_ReplayIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(after(0, "Done and well."))
		body := commandFields("trigger_id", "", "response_url", answerURL).Encode() // nothing else tells it
		first, _ := b.serve(request("/slack/commands", body))
		require.Equal(t, http.StatusOK, first.Code)
		second, _ := b.serve(request("/slack/commands", body))
		require.Equal(t, http.StatusUnauthorized, second.Code)
		b.stop(t)
		require.Equal(t, 1, b.meter.count("command replay"))
	})
}

func TestHTTP_Ping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(fakeCore{})
		w, _ := b.serve(request("/slack/commands", "ssl_check=1&token=x"))
		require.Equal(t, http.StatusOK, w.Code)
		b.stop(t)
		require.Equal(t, 1, b.meter.count("ping ok"))
	})
}

// Somebody in a workspace that is not served is told so, and the log names it.
func TestHTTP_AnotherWorkspace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(fakeCore{})
		w, _ := b.command("team_id", "T2", "enterprise_id", "E2")
		require.Equal(t, http.StatusForbidden, w.Code)
		time.Sleep(time.Second)
		b.stop(t)
		told := b.slack.of(methodAnswerURL)
		require.Len(t, told, 1)
		require.Contains(t, told[0].text(), "This workspace isn't served")
		require.Empty(t, b.slack.of(methodPost))
		logged := b.logs.FilterField(zapString("workspace", "T2")).All()
		require.Len(t, logged, 1)
		require.Contains(t, logged[0].Message, "slack.workspaces")
	})
}

func TestHTTP_UnknownInteractionIsAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(fakeCore{})
		for _, p := range []object{
			clickPayload(t, "another app's", true),
			{"type": "view_closed", "team": object{"id": "T1"}, "user": object{"id": "U1"}},
			{"type": "shortcut", "callback_id": "telepathy", "team": object{"id": "T1"}, "user": object{"id": "U1"}},
			{"type": "view_submission", "team": object{"id": "T1"}, "user": object{"id": "U1"}, "view": object{"callback_id": "other"}},
		} {
			w, _ := b.interaction(t, p)
			require.Equal(t, http.StatusOK, w.Code)
			require.Empty(t, w.Body.String())
		}
		b.stop(t)
		require.Equal(t, 2, b.meter.count("unknown ignored"))
		require.Equal(t, 1, b.meter.count("shortcut ignored"))
		require.Equal(t, 1, b.meter.count("form ignored"))
	})
}

// Nothing that a request can hold may do harm before it is verified, or after.
func FuzzHandler(f *testing.F) {
	f.Add("/slack/commands", formType, []byte(vectorBody), true)
	f.Add("/slack/interactions", formType, []byte(url.Values{"payload": {`{"type":"shortcut"}`}}.Encode()), true)
	f.Add("/slack/interactions", "text/plain", []byte("x"), false)
	f.Fuzz(func(t *testing.T, path, contentType string, body []byte, signed bool) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t)
			b.start(after(0, "Done and well."))
			r := request("/slack/commands", string(body))
			r.URL.Path = path
			r.Header.Set("Content-Type", contentType)
			if !signed {
				r.Header.Del(headerSignature)
			}
			w, _ := b.serve(r)
			b.stop(t)
			if !signed {
				require.NotEqual(t, http.StatusOK, w.Code)
			}
		})
	})
}
