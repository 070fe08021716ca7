package discord

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"modbot/internal/chat"
)

const (
	testApp     = "1100"
	testGuild   = "1200"
	testChannel = "1300"
	testAudit   = "1400"
	testMember  = "7700"
	testToken   = "bot-token-of-nobody"
)

// testSpecs are verbs as the core describes them.
func testSpecs() []chat.Spec {
	return []chat.Spec{
		{Verb: "mute", Summary: "Mute accounts", Options: []chat.OptionSpec{
			{Name: "account", Kind: chat.OptionAccounts, Summary: "Whom", Required: true, Suggests: true},
			{Name: "term", Kind: chat.OptionTerm, Summary: "For how long", Required: true, Suggests: true},
			{Name: "scope", Kind: chat.OptionScope, Summary: "Where"},
			{Name: "reason", Kind: chat.OptionText, Summary: "Why", Rest: true},
		}},
		{Verb: "case", Summary: "Show a case", Options: []chat.OptionSpec{
			{Name: "case", Kind: chat.OptionCase, Summary: "Which", Required: true, Suggests: true},
			{Name: "note", Kind: chat.OptionText, Summary: "A note"},
		}},
		{Verb: "mutes", Summary: "List mutes", Options: []chat.OptionSpec{{Name: "by", Kind: chat.OptionActor, Summary: "By whom"}}},
	}
}

// testCore answers as its functions say; without one, it is done at once.
type testCore struct {
	handle  func(ctx context.Context, inv chat.Invocation, respond func(context.Context, chat.Reply))
	open    func(ctx context.Context, inv chat.Invocation) (chat.Form, *chat.Reply)
	suggest func(ctx context.Context, inv chat.Invocation, option, typed string) []chat.Suggestion

	mu      sync.Mutex
	handled []chat.Invocation
}

func (c *testCore) Handle(ctx context.Context, inv chat.Invocation, respond func(context.Context, chat.Reply)) {
	c.mu.Lock()
	c.handled = append(c.handled, inv)
	c.mu.Unlock()
	if c.handle == nil {
		respond(ctx, said("Done."))
		return
	}
	c.handle(ctx, inv, respond)
}

func (c *testCore) Open(ctx context.Context, inv chat.Invocation) (chat.Form, *chat.Reply) {
	return c.open(ctx, inv)
}

func (c *testCore) Suggest(ctx context.Context, inv chat.Invocation, option, typed string) []chat.Suggestion {
	return c.suggest(ctx, inv, option, typed)
}

func (c *testCore) invocations() []chat.Invocation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]chat.Invocation{}, c.handled...)
}

// said is a final reply.
func said(text string) chat.Reply {
	return chat.Reply{State: chat.StateDone, Code: "done", Ref: "ref-1", Message: chat.Text(text)}
}

// tally is a meter that keeps what was delivered.
type tally struct {
	mu        sync.Mutex
	delivered map[string]int // "kind result"
}

func (m *tally) Delivered(_ chat.Platform, kind, result string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.delivered[kind+" "+result]++
}

func (*tally) Called(chat.Platform, string, string, time.Duration) {}

func (m *tally) counts() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.delivered)
}

// request is what Discord's API was asked.
type request struct {
	at    time.Duration // since the bench was made
	route string        // "PATCH /webhooks/…", with the ids as they were
	body  map[string]any
}

// bench is an adapter with a scripted API, without a network.
type bench struct {
	t     testing.TB
	d     *Discord
	key   ed25519.PrivateKey
	core  *testCore
	meter *tally
	logs  *observer.ObservedLogs
	began time.Time
	next  int // interaction ids
	end   func() error

	mu       sync.Mutex
	requests []request
	// api answers a request: a status and a JSON body. Nil answers everything well.
	api func(route string) (int, string)
}

func newBench(tb testing.TB, change func(*Config)) *bench {
	tb.Helper()
	public, key, err := ed25519.GenerateKey(nil)
	require.NoError(tb, err)
	b := &bench{
		t: tb, key: key, core: &testCore{}, meter: &tally{delivered: make(map[string]int)}, began: time.Now(), next: 5000,
	}
	level, logs := observer.New(zapcore.DebugLevel)
	b.logs = logs
	cfg := Config{
		Mode: HTTP, ApplicationID: testApp, PublicKey: hex.EncodeToString(public), BotToken: testToken,
		Guilds: []string{testGuild}, AuditChannel: testAudit, Specs: testSpecs(), Meter: b.meter, Transport: b,
		APIURL: "http://discord.test/api/v10",
	}
	if change != nil {
		change(&cfg)
	}
	b.d, err = New(zap.New(level), cfg)
	require.NoError(tb, err)
	return b
}

// run runs the adapter until the end of the test.
func (b *bench) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.d.Run(ctx, b.core) }()
	b.end = sync.OnceValue(func() error { cancel(); return <-ended })
	b.t.Cleanup(func() { _ = b.end() })
}

// RoundTrip makes a bench the adapter's transport.
func (b *bench) RoundTrip(r *http.Request) (*http.Response, error) {
	route := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v10")
	var body map[string]any
	if r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		_ = r.Body.Close()
		_ = json.Unmarshal(raw, &body)
	}
	b.mu.Lock()
	b.requests = append(b.requests, request{at: time.Since(b.began), route: route, body: body})
	api := b.api
	b.mu.Unlock()
	status, answer := 200, ""
	if api != nil {
		status, answer = api(route)
	}
	if answer == "" {
		answer = map[string]string{
			"GET /applications/@me":    fmt.Sprintf(`{"id":%q,"interactions_endpoint_url":"https://mod.example.org"}`, testApp),
			"POST /users/@me/channels": `{"id":"8800"}`,
		}[route]
	}
	if answer == "" {
		answer = `{"id":"9900","channel_id":"1400"}`
	}
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
	return w.Result(), r.Context().Err()
}

// script decides about the API from now on.
func (b *bench) script(api func(route string) (int, string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.api = api
}

// asked is what the API was asked, but for the application's settings.
func (b *bench) asked() []request {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []request
	for _, r := range b.requests {
		if !strings.HasSuffix(r.route, "/applications/@me") {
			out = append(out, r)
		}
	}
	return out
}

// routes is what asked holds, without the rest.
func (b *bench) routes() []string {
	var out []string
	for _, r := range b.asked() {
		out = append(out, r.route)
	}
	return out
}

// object is a JSON object.
type object = map[string]any

// interaction is one as Discord sends it, with changes.
func (b *bench) interaction(kind int, data any, change object) object {
	b.next++
	o := object{
		"type": kind, "id": strconv.Itoa(b.next), "application_id": testApp, "token": "reply-" + strconv.Itoa(b.next),
		"guild_id": testGuild, "channel_id": testChannel, "channel": object{"id": testChannel, "name": "mods"},
		"member": object{"nick": nil, "roles": []string{"31", "32"}, "user": object{"id": testMember, "username": "mia", "global_name": "Mia"}},
		"data":   data,
	}
	maps.Copy(o, change)
	return o
}

// muting is a typed command.
func (b *bench) muting() object {
	return b.interaction(2, object{"id": "1", "name": "mute", "type": 1, "options": []object{
		{"type": 3, "name": "account", "value": "alice"}, {"type": 3, "name": "term", "value": "2h"},
	}}, nil)
}

// deliver signs an interaction and delivers it.
func (b *bench) deliver(o object) *httptest.ResponseRecorder {
	body, err := json.Marshal(o)
	require.NoError(b.t, err)
	w := httptest.NewRecorder()
	b.d.Handler().ServeHTTP(w, b.signed(body, time.Now()))
	return w
}

// signed is a request as Discord makes it.
func (b *bench) signed(body []byte, at time.Time) *http.Request {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodPost, Path, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(timestampHeader, timestamp)
	r.Header.Set(signatureHeader, hex.EncodeToString(ed25519.Sign(b.key, append([]byte(timestamp), body...))))
	return r
}

// answered is the JSON of a response.
func answered(tb testing.TB, w *httptest.ResponseRecorder) (kind int, data object) {
	tb.Helper()
	require.Equal(tb, http.StatusOK, w.Code, w.Body)
	require.Equal(tb, "application/json", w.Header().Get("Content-Type"))
	var out struct {
		Type int
		Data object
	}
	require.NoError(tb, json.Unmarshal(w.Body.Bytes(), &out))
	return out.Type, out.Data
}
