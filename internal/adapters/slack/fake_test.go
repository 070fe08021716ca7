package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// These tests run in bubbles of virtual time, where there is no network: Slack
// is a RoundTripper in memory. slacksim, over real connections, is for the
// conformance tests.

const (
	testSecret   = "signing-secret"
	testBotToken = "xoxb-not-a-real-one"
	testAppToken = "xapp-not-a-real-one"
	answerURL    = "https://hooks.slack.com/commands/1/2/very-secret"
)

// called is one call of the adapter's.
type called struct {
	at     time.Time
	method string // response_url, or the API's
	args   url.Values
	body   object // of JSON
}

// text is what a call says.
func (c called) text() string {
	if text, ok := c.body["text"].(string); ok {
		return text
	}
	return c.args.Get("text")
}

// replied is what Slack answers.
type replied struct {
	status int
	header http.Header
	body   string
	err    error
}

// fakeSlack answers the adapter's calls.
type fakeSlack struct {
	mu     sync.Mutex
	calls  []called
	script map[string]func(called) replied
}

func (f *fakeSlack) on(method string, answer func(called) replied) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.script == nil {
		f.script = make(map[string]func(called) replied)
	}
	f.script[method] = answer
}

// of is the calls of one method.
func (f *fakeSlack) of(method string) []called {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []called
	for _, c := range f.calls {
		if c.method == method {
			out = append(out, c)
		}
	}
	return out
}

func (f *fakeSlack) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var raw []byte
	if r.Body != nil {
		var err error
		if raw, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	c := called{at: time.Now(), method: path.Base(r.URL.Path)}
	if r.URL.Host == "hooks.slack.com" {
		c.method = methodAnswerURL
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		_ = json.Unmarshal(raw, &c.body)
	} else {
		c.args, _ = url.ParseQuery(string(raw))
	}
	f.mu.Lock()
	f.calls = append(f.calls, c)
	answer := f.script[c.method]
	f.mu.Unlock()
	if answer == nil {
		answer = usual
	}
	a := answer(c)
	if a.err != nil {
		return nil, a.err
	}
	if a.header == nil {
		a.header = http.Header{}
	}
	return &http.Response{
		StatusCode: a.status, Status: fmt.Sprint(a.status), Header: a.header, Body: io.NopCloser(strings.NewReader(a.body)), Request: r,
	}, nil
}

// usual is what Slack answers when nothing is wrong.
func usual(c called) replied {
	body := map[string]string{
		methodAuth:      `{"ok":true,"team_id":"T1","user_id":"UBOT"}`,
		methodPerson:    `{"ok":true,"user":{"id":"` + c.args.Get("user") + `","team_id":"T1"}}`,
		methodPost:      `{"ok":true,"channel":"C1","ts":"1.2"}`,
		methodDirect:    `{"ok":true,"channel":{"id":"D1"}}`,
		methodLink:      `{"ok":true,"permalink":"https://example.slack.com/archives/C1/p12"}`,
		methodView:      `{"ok":true,"view":{"id":"V1"}}`,
		methodMembers:   `{"ok":true,"users":["U1"]}`,
		methodAnswerURL: "ok",
	}[c.method]
	return replied{status: http.StatusOK, body: body}
}

// refusing answers with an error of Slack's.
func refusing(code string) func(called) replied {
	return func(called) replied {
		return replied{status: http.StatusOK, body: `{"ok":false,"error":"` + code + `"}`}
	}
}

// fakeCore is a Core by two functions.
type fakeCore struct {
	handle func(ctx context.Context, inv chat.Invocation, respond func(context.Context, chat.Reply))
	open   func(ctx context.Context, inv chat.Invocation) (chat.Form, *chat.Reply)
}

func (c fakeCore) Handle(ctx context.Context, inv chat.Invocation, respond func(context.Context, chat.Reply)) {
	c.handle(ctx, inv, respond)
}

func (c fakeCore) Open(ctx context.Context, inv chat.Invocation) (chat.Form, *chat.Reply) {
	return c.open(ctx, inv)
}

func (fakeCore) Suggest(context.Context, chat.Invocation, string, string) []chat.Suggestion {
	return nil
}

func said(text string) chat.Reply { return chat.Reply{State: chat.StateDone, Message: chat.Text(text)} }

// after answers once some time has passed.
func after(d time.Duration, text string) fakeCore {
	return fakeCore{handle: func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
		time.Sleep(d)
		respond(ctx, said(text))
	}}
}

// counter is a Meter that remembers.
type counter struct {
	mu        sync.Mutex
	delivered map[string]int
	called    map[string]int
}

func (c *counter) Delivered(_ chat.Platform, kind, result string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.delivered[kind+" "+result]++
}

func (c *counter) Called(_ chat.Platform, method, result string, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.called[method+" "+result]++
}

func (c *counter) count(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.delivered[what]
}

// bench is one adapter with all that is around it.
type bench struct {
	*Slack
	slack  *fakeSlack
	meter  *counter
	logs   *observer.ObservedLogs
	cancel context.CancelFunc
	ended  chan error
	sent   int
}

func newBench(tb testing.TB, change ...func(*Config)) *bench {
	tb.Helper()
	core, logs := observer.New(zap.DebugLevel)
	b := &bench{slack: &fakeSlack{}, meter: &counter{delivered: map[string]int{}, called: map[string]int{}}, logs: logs}
	cfg := Config{
		Mode: HTTP, SigningSecret: testSecret, BotToken: testBotToken, Workspaces: []string{"T1"},
		AuditChannel: "C9", ShortForms: map[string]string{"modmute": "mute"}, Transport: b.slack, Meter: b.meter,
	}
	for _, c := range change {
		c(&cfg)
	}
	s, err := New(zap.New(core), cfg)
	require.NoError(tb, err)
	b.Slack = s
	return b
}

// start runs the adapter until stop.
func (b *bench) start(core adapters.Core) {
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel, b.ended = cancel, make(chan error, 1)
	go func() { b.ended <- b.Run(ctx, core) }()
	synctest.Wait()
}

func (b *bench) stop(tb testing.TB) {
	tb.Helper()
	b.cancel()
	require.NoError(tb, <-b.ended)
}

// request is a signed request.
func request(path, body string) *http.Request {
	stamp := fmt.Sprint(time.Now().Unix())
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", formType)
	r.Header.Set(headerTimestamp, stamp)
	r.Header.Set(headerSignature, sign(testSecret, stamp, body))
	return r
}

// serve hands a request to the adapter and says what came back, and when.
func (b *bench) serve(r *http.Request) (answer *httptest.ResponseRecorder, took time.Duration) {
	began := time.Now()
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, r)
	return w, time.Since(began)
}

// command delivers a slash command of its own.
func (b *bench) command(change ...string) (*httptest.ResponseRecorder, time.Duration) {
	b.sent++
	fields := commandFields(append([]string{"trigger_id", fmt.Sprintf("trigger.%d", b.sent), "response_url", answerURL}, change...)...)
	return b.serve(request("/slack/commands", fields.Encode()))
}

// interaction delivers a click, a shortcut or a form.
func (b *bench) interaction(tb testing.TB, payload object) (*httptest.ResponseRecorder, time.Duration) {
	tb.Helper()
	form := url.Values{"payload": {string(encode(tb, payload))}}
	return b.serve(request("/slack/interactions", form.Encode()))
}
