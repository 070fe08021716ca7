package discord

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHandler_TurnsAwayWhatDiscordDidNotSendJustNow(t *testing.T) {
	for name, c := range map[string]struct {
		change func(b *bench, body []byte) *http.Request
		status int
		metric string
	}{
		"another method": {func(b *bench, body []byte) *http.Request {
			r := b.signed(body, time.Now())
			r.Method = http.MethodGet
			return r
		}, 405, "unknown method"},
		"another content type": {func(b *bench, body []byte) *http.Request {
			r := b.signed(body, time.Now())
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return r
		}, 415, "unknown content_type"},
		"no signature": {func(b *bench, body []byte) *http.Request {
			r := b.signed(body, time.Now())
			r.Header.Del(signatureHeader)
			return r
		}, 401, "unknown signature"},
		"no timestamp": {func(b *bench, body []byte) *http.Request {
			r := b.signed(body, time.Now())
			r.Header.Del(timestampHeader)
			return r
		}, 401, "unknown signature"},
		"a signature that is too short": {func(b *bench, body []byte) *http.Request {
			r := b.signed(body, time.Now())
			r.Header.Set(signatureHeader, "00ff")
			return r
		}, 401, "unknown signature"},
		"a signature that isn't hexadecimal": {func(b *bench, body []byte) *http.Request {
			r := b.signed(body, time.Now())
			r.Header.Set(signatureHeader, strings.Repeat("z", 128))
			return r
		}, 401, "unknown signature"},
		"somebody else's signature": {func(b *bench, body []byte) *http.Request {
			other := newBench(b.t, nil)
			return other.signed(body, time.Now())
		}, 401, "unknown signature"},
		"a changed body": {func(b *bench, body []byte) *http.Request {
			r := b.signed(body, time.Now())
			changed := httptest.NewRequestWithContext(b.t.Context(), http.MethodPost, Path, bytes.NewReader(append(body, ' ')))
			changed.Header = r.Header
			return changed
		}, 401, "unknown signature"},
		"a changed timestamp": {func(b *bench, body []byte) *http.Request {
			r := b.signed(body, time.Now())
			r.Header.Set(timestampHeader, fmt.Sprint(time.Now().Unix()+1))
			return r
		}, 401, "unknown signature"},
		"a stale timestamp": {func(b *bench, body []byte) *http.Request {
			return b.signed(body, time.Now().Add(-freshness-time.Second))
		}, 401, "unknown stale"},
		"a timestamp of the future": {func(b *bench, body []byte) *http.Request {
			return b.signed(body, time.Now().Add(freshness+time.Second))
		}, 401, "unknown stale"},
		"a timestamp that overflows": {func(b *bench, body []byte) *http.Request {
			return b.signed(body, time.Unix(1<<62, 0))
		}, 401, "unknown stale"},
		"a body that is too long": {func(b *bench, _ []byte) *http.Request {
			return b.signed(bytes.Repeat([]byte(" "), maxBody+1), time.Now())
		}, 413, "unknown oversize"},
		"a body that doesn't say how long it is": {func(b *bench, _ []byte) *http.Request {
			r := b.signed(bytes.Repeat([]byte(" "), maxBody+1), time.Now())
			r.ContentLength = -1
			return r
		}, 413, "unknown oversize"},
		"something that isn't JSON": {func(b *bench, _ []byte) *http.Request {
			return b.signed([]byte("mute alice"), time.Now())
		}, 400, "unknown malformed"},
		"a kind of interaction nobody knows": {func(b *bench, _ []byte) *http.Request {
			return b.signed([]byte(`{"type":77}`), time.Now())
		}, 400, "unknown malformed"},
		"another application's": {func(b *bench, body []byte) *http.Request {
			return b.signed(bytes.ReplaceAll(body, []byte(`"`+testApp+`"`), []byte(`"1"`)), time.Now())
		}, 400, "command malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, nil)
				b.run()
				synctest.Wait()
				body, err := json.Marshal(b.muting())
				require.NoError(t, err)
				w := httptest.NewRecorder()
				b.d.Handler().ServeHTTP(w, c.change(b, body))
				require.Equal(t, c.status, w.Code)
				require.Empty(t, w.Body.String(), "nobody is told why")
				require.Equal(t, map[string]int{c.metric: 1}, b.meter.counts())
				require.Empty(t, b.core.invocations())
				require.NoError(t, b.end())
			})
		})
	}
}

func TestHandler_AnswersPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.run()
		synctest.Wait()
		w := httptest.NewRecorder()
		b.d.Handler().ServeHTTP(w, b.signed([]byte(`{"type":1,"id":"1","application_id":"1100"}`), time.Now()))
		require.Equal(t, http.StatusOK, w.Code)
		require.JSONEq(t, `{"type":1}`, w.Body.String())
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		require.Equal(t, map[string]int{"ping ok": 1}, b.meter.counts())
	})
}

func TestHandler_AcceptsBothEndsOfTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.run()
		synctest.Wait()
		for _, off := range []time.Duration{-freshness, freshness} {
			w := httptest.NewRecorder()
			b.d.Handler().ServeHTTP(w, b.signed([]byte(`{"type":1}`), time.Now().Add(off)))
			require.Equal(t, http.StatusOK, w.Code)
		}
	})
}

func TestHandler_ServesOnlyWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		require.Equal(t, http.StatusServiceUnavailable, b.deliver(b.muting()).Code)
		b.run()
		synctest.Wait()
		require.Equal(t, http.StatusOK, b.deliver(b.muting()).Code)
		require.NoError(t, b.end())
		require.Equal(t, http.StatusServiceUnavailable, b.deliver(b.muting()).Code)
		require.Len(t, b.core.invocations(), 1)
	})
}

func TestHandler_HandlesAReplayOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.run()
		synctest.Wait()
		o := b.muting()
		require.Equal(t, http.StatusOK, b.deliver(o).Code)
		for range 3 {
			again := b.deliver(o)
			require.Equal(t, http.StatusConflict, again.Code)
			require.Empty(t, again.Body.String())
			time.Sleep(freshness / 2)
		}
		require.Len(t, b.core.invocations(), 1)
		require.Equal(t, 3, b.meter.counts()["command duplicate"])
	})
}

func TestHandler_RefusesOtherPlacesPrivately(t *testing.T) {
	for name, c := range map[string]struct {
		change object
		metric string
		text   string
	}{
		"a guild that isn't on the list": {object{"guild_id": "6600"}, "command workspace", "This server isn't served"},
		"a direct message":               {object{"guild_id": "", "member": nil, "user": object{"id": testMember, "username": "mia"}}, "command direct", "not in direct messages"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, nil)
				b.run()
				synctest.Wait()
				for range 2 {
					o := b.muting()
					maps.Copy(o, c.change)
					kind, data := answered(t, b.deliver(o))
					require.Equal(t, 4, kind)
					require.Contains(t, data["content"], c.text)
					require.InDelta(t, 64, data["flags"], 0)
				}
				require.Empty(t, b.core.invocations())
				require.Equal(t, map[string]int{c.metric: 2}, b.meter.counts())
				lines := b.logs.FilterField(zapString("guild", "6600")).All()
				if c.change["guild_id"] == "" {
					require.Empty(t, lines)
					return
				}
				require.Len(t, lines, 1, "the guild is named once")
				require.Equal(t, `guilds: ["1200", "6600"]`, lines[0].ContextMap()["line"])
			})
		})
	}
	t.Run("suggestions", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, nil)
			b.run()
			synctest.Wait()
			o := b.typing("al")
			o["guild_id"] = "6600"
			w := b.deliver(o)
			require.JSONEq(t, `{"type":8,"data":{"choices":[]}}`, w.Body.String())
		})
	})
}
