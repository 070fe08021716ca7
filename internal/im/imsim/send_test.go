package imsim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

func (a *app) send(tb testing.TB, from mute.Account, kind mute.Field, to string) imwire.Envelope {
	tb.Helper()
	got, err := a.Send(tb.Context(), imsim.Message{From: from, Kind: kind, To: to})
	require.NoError(tb, err)
	require.Equal(tb, got.ErrorCode == 0, got.OK())
	return got
}

func TestMutedSendersAreToldSo(t *testing.T) {
	a := newApp(t, nil)
	check := func(c2c, group imwire.Code) {
		t.Helper()
		require.Equal(t, c2c, a.send(t, "alice", mute.C2C, "bob").ErrorCode)
		require.Equal(t, group, a.send(t, "alice", mute.Group, "@TGS#1").ErrorCode)
		require.Zero(t, a.send(t, "bob", mute.C2C, "alice").ErrorCode, "being muted does not stop receiving")
	}
	check(0, 0)
	a.set(t, 0, `{"Set_Account":"alice","C2CmsgNospeakingTime":60}`)
	check(20012, 0)
	a.set(t, 0, `{"Set_Account":"alice","C2CmsgNospeakingTime":0,"GroupmsgNospeakingTime":4294967295}`)
	check(0, 10017)
	a.set(t, 0, `{"Set_Account":"alice","C2CmsgNospeakingTime":30}`)
	check(20012, 10017)
	require.NoError(t, a.Advance(30*time.Second))
	check(0, 10017)
	a.set(t, 0, `{"Set_Account":"alice","GroupmsgNospeakingTime":0}`)
	check(0, 0)
}

func TestMessagesThatGoNowhere(t *testing.T) {
	a := newApp(t, nil)
	require.EqualValues(t, 20003, a.send(t, "alice", mute.C2C, "nobody").ErrorCode)
	require.Zero(t, a.send(t, "alice", mute.Group, "nobody").ErrorCode, "groups are not modelled")
	for _, m := range []imsim.Message{
		{From: "nobody", Kind: mute.C2C, To: "bob"},
		{From: "alice", Kind: mute.C2C},
		{From: "alice", To: "bob"},
	} {
		var input *imsim.InputError
		_, err := a.Send(t.Context(), m)
		require.ErrorAs(t, err, &input)
	}
}

// hook is the app's own server, which records what it hears.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	answer http.HandlerFunc
	heard  []heard
}

type heard struct {
	query url.Values
	body  map[string]any
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{answer: says(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		var body map[string]any
		if err != nil || json.Unmarshal(text, &body) != nil || r.Method != http.MethodPost {
			body = map[string]any{"bad request": string(text)}
		}
		h.mu.Lock()
		h.heard = append(h.heard, heard{r.URL.Query(), body})
		answer := h.answer
		h.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) answers(f http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = f
}

func (h *hook) take() []heard {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.heard
	h.heard = nil
	return all
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func TestWebhookHearsEverybodyButTheMuted(t *testing.T) {
	h := newHook(t)
	a := newApp(t, func(cfg *imsim.Config) { cfg.Webhook = h.URL + "/hook?keep=this" })

	require.Zero(t, a.send(t, "alice", mute.C2C, "bob").ErrorCode)
	all := h.take()
	require.Len(t, all, 1)
	require.Equal(t, url.Values{
		"keep": {"this"}, "SdkAppid": {"1400000000"}, "CallbackCommand": {"C2C.CallbackBeforeSendMsg"},
		"contenttype": {"json"}, "ClientIP": {"127.0.0.1"}, "OptPlatform": {"Web"},
	}, all[0].query)
	require.Equal(t, "alice", all[0].body["From_Account"])
	require.Equal(t, "bob", all[0].body["To_Account"])
	require.Equal(t, "C2C.CallbackBeforeSendMsg", all[0].body["CallbackCommand"])
	for _, name := range []string{"MsgSeq", "MsgRandom", "MsgTime", "MsgKey", "OnlineOnlyFlag", "MsgBody", "CloudCustomData"} {
		require.Contains(t, all[0].body, name)
	}

	require.Zero(t, a.send(t, "alice", mute.Group, "@TGS#2C5SZEAEF").ErrorCode)
	all = h.take()
	require.Len(t, all, 1)
	require.Equal(t, "Group.CallbackBeforeSendMsg", all[0].query.Get("CallbackCommand"))
	require.Equal(t, "@TGS#2C5SZEAEF", all[0].body["GroupId"])
	for _, name := range []string{"Type", "From_Account", "Operator_Account", "Random", "OnlineOnlyFlag", "MsgBody", "CloudCustomData", "EventTime"} {
		require.Contains(t, all[0].body, name)
	}

	a.set(t, 0, `{"Set_Account":"alice","C2CmsgNospeakingTime":60,"GroupmsgNospeakingTime":60}`)
	require.EqualValues(t, 20012, a.send(t, "alice", mute.C2C, "bob").ErrorCode)
	require.EqualValues(t, 10017, a.send(t, "alice", mute.Group, "@TGS#1").ErrorCode)
	require.Empty(t, h.take(), "nothing is heard of the muted")
	a.send(t, "bob", mute.Group, "@TGS#1")
	require.Len(t, h.take(), 1)
}

func TestWhatTheWebhookMayAnswer(t *testing.T) {
	h := newHook(t)
	a := newApp(t, func(cfg *imsim.Config) { cfg.Webhook = h.URL })
	code := func(n int) string { return fmt.Sprintf(`{"ErrorCode":%d,"ErrorInfo":"not here"}`, n) }
	for name, tc := range map[string]struct {
		answer     http.HandlerFunc
		c2c, group imwire.Code
	}{
		"allow":              {says(code(0)), 0, 0},
		"forbid":             {says(code(1)), 20006, 10016},
		"drop":               {says(code(2)), 0, 0},
		"own code for c2c":   {says(code(120001)), 120001, 0},
		"own code for group": {says(code(10100)), 0, 10100},
		"a code of no range": {says(code(99)), 0, 0},
		"not JSON":           {says("no"), 0, 0},
		"an empty body":      {says(""), 0, 0},
		"an error page":      {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, code(1), http.StatusInternalServerError) }, 0, 0},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, 0, 0},
		"a closed connection": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, 0},
		"more than is read":   {says(`{"ErrorCode":1,"ErrorInfo":"` + strings.Repeat("x", 100_000) + `"}`), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h.answers(tc.answer)
			c2c := a.send(t, "alice", mute.C2C, "bob")
			require.Equal(t, tc.c2c, c2c.ErrorCode)
			require.Equal(t, tc.group, a.send(t, "alice", mute.Group, "@TGS#1").ErrorCode)
			if tc.c2c >= 120001 {
				require.Equal(t, "not here", c2c.ErrorInfo, "the sender reads the webhook's words")
			}
		})
	}
}

// A webhook that never answers holds a message for two seconds and no longer.
func TestSilentWebhookIsWaitedForTwoSeconds(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	release := make(chan struct{})
	defer close(release)
	h.answers(func(http.ResponseWriter, *http.Request) { <-release })
	a := newApp(t, func(cfg *imsim.Config) { cfg.Webhook = h.URL })
	began := time.Now()
	require.Zero(t, a.send(t, "alice", mute.C2C, "bob").ErrorCode)
	require.GreaterOrEqual(t, time.Since(began), 2*time.Second)
}

func TestWebhookThatIsDown(t *testing.T) {
	h := newHook(t)
	h.Close()
	a := newApp(t, func(cfg *imsim.Config) { cfg.Webhook = h.URL })
	require.Zero(t, a.send(t, "alice", mute.Group, "@TGS#1").ErrorCode)
}
