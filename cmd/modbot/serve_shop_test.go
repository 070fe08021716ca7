package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/chat"
	"modbot/internal/config"
)

// fakePlatform is a platform without a network: what is posted to its handler
// is a line that moderator U1 typed.
type fakePlatform struct {
	name    chat.Platform
	runs    func(ctx context.Context, core adapters.Core) error // nil: until the context ends
	channel *fakeChannel

	mu    sync.Mutex
	core  adapters.Core
	began int
	told  []string
}

// Tell is a direct message.
func (f *fakePlatform) Tell(_ context.Context, actor string, m chat.Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, actor+": "+m.Summary())
	return nil
}

func (f *fakePlatform) messages() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.told)
}

func (f *fakePlatform) Platform() chat.Platform { return f.name }

func (f *fakePlatform) Run(ctx context.Context, core adapters.Core) error {
	f.mu.Lock()
	f.core = core
	f.began++
	f.mu.Unlock()
	if f.runs != nil {
		return f.runs(ctx, core)
	}
	<-ctx.Done()
	return nil
}

func (f *fakePlatform) starts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.began
}

func (f *fakePlatform) Grants(context.Context, chat.Invocation) ([]chat.Grant, error) {
	return []chat.Grant{{Kind: chat.GrantMember, ID: "U1"}, {Kind: chat.GrantRole, ID: "3"}}, nil
}

func (f *fakePlatform) Status() adapters.Status { return adapters.Status{Up: true} }

func (f *fakePlatform) Audit() adapters.Channel {
	if f.channel == nil {
		return nil
	}
	return f.channel
}

func (f *fakePlatform) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		line, err := io.ReadAll(r.Body)
		f.mu.Lock()
		core := f.core
		f.mu.Unlock()
		if err != nil || core == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		f.say(r.Context(), core, string(line), func(_ context.Context, reply chat.Reply) {
			_, _ = io.WriteString(w, string(reply.State)+": "+reply.Message.Plain())
		})
	})
}

// say is a line that was typed.
func (f *fakePlatform) say(ctx context.Context, core adapters.Core, line string, respond func(context.Context, chat.Reply)) {
	core.Handle(ctx, chat.Invocation{
		Platform: f.name, Workspace: "T1", Channel: chat.Channel{ID: "C1"}, Actor: chat.Actor{ID: "U1", Name: "mia"}, Line: line,
	}, respond)
}

// fakeChannel keeps what it is sent, one entry a message.
type fakeChannel struct {
	mu   sync.Mutex
	sent []int64
	fail error
}

func (c *fakeChannel) Render(posts []chat.Post) (int, []byte, error) {
	if len(posts) == 0 {
		return 0, nil, errors.New("no posts")
	}
	body, err := json.Marshal(posts[0].FirstSeq)
	return 1, body, err
}

func (c *fakeChannel) Send(_ context.Context, body []byte, _ chat.Delivery) (chat.MessageRef, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return chat.MessageRef{}, c.fail
	}
	var seq int64
	if err := json.Unmarshal(body, &seq); err != nil {
		return chat.MessageRef{}, err
	}
	c.sent = append(c.sent, seq)
	return chat.MessageRef{ID: fmt.Sprint(seq)}, nil
}

func (c *fakeChannel) seqs() []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sent)
}

// shop is a modbot with fake platforms and a simulated Tencent.
type shop struct {
	t              *testing.T
	file           string
	slack, discord *fakePlatform
	slackSink      string
	slackErr       error     // why there is no Slack
	with           connector // the fakes when nil
	out, log       bytes.Buffer
	end            context.CancelFunc
	code           chan int
	serving        *serving
	lock           sync.Mutex // guards log while it runs
}

const serveConfig = `
tencent: { host: %s, sdk_app_id: 1400000000, secret_key: "a key of the demo's own simulator" }
store: { url: "sqlite:modbot.db" }
ledger: { origin: example.org/serve }
listen: 127.0.0.1:0
admin_listen: localhost:0
public_url: https://mod.example.org
slack: { mode: http, bot_token: xoxb-1, signing_secret: x, workspaces: [T1], audit_channel: C1 }
discord: { mode: gateway, application_id: "1", bot_token: x, guilds: ["1"], audit_channel: "2", command_prefix: mod- }
roles:
  moderator:
    slack: { users: [U1] }
    discord: { roles: ["3"] }
    verbs: [mute, unmute, status, mutes, history, case]
    scopes: [group, c2c, all]
    max_term: 7d
`

// newShop makes a shop; open starts it.
func newShop(t *testing.T) *shop {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t, goleak.IgnoreCurrent()) })
	_, address, stop, err := serveSim(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stop()) })
	s := &shop{
		t: t, file: filepath.Join(t.TempDir(), "modbot.yaml"), slackSink: "slack:C1",
		slack:   &fakePlatform{name: chat.Slack, channel: &fakeChannel{}},
		discord: &fakePlatform{name: chat.Discord, channel: &fakeChannel{}},
	}
	require.NoError(t, os.WriteFile(s.file, fmt.Appendf(nil, serveConfig, address), 0o600))
	return s
}

// Write takes the log.
func (s *shop) Write(b []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.log.Write(b)
}

func (s *shop) logged() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.log.String()
}

func (s *shop) connect(*zap.Logger, *config.Config, adapters.Meter) []attachment {
	slack := attachment{name: chat.Slack, err: s.slackErr, sink: s.slackSink}
	if s.slackErr == nil {
		slack.platform = s.slack
	}
	return []attachment{slack, {name: chat.Discord, platform: s.discord, sink: "discord:2"}}
}

// start serves in the background until close.
func (s *shop) start() (ready <-chan struct{}) {
	s.t.Helper()
	up := make(chan struct{})
	env := &environment{
		in: strings.NewReader(""), out: &s.out, err: s, json: true, variables: []string{},
		lookupEnv: func(string) (string, bool) { return "", false },
	}
	ctx, end := context.WithCancel(context.WithoutCancel(s.t.Context()))
	s.end, s.code = end, make(chan int, 1)
	if s.with == nil {
		s.with = s.connect
	}
	c := serveCommand{file: s.file, level: "info", connect: s.with, ready: func(r *serving) { s.serving = r; close(up) }}
	go func() { s.code <- report(io.Discard, true, c.run(ctx, env)) }()
	s.t.Cleanup(end)
	return up
}

// open serves, and waits until it listens.
func (s *shop) open() {
	s.t.Helper()
	up := s.start()
	select {
	case <-up:
	case code := <-s.code:
		s.t.Fatalf("it ended with %d: %s", code, s.logged())
	case <-time.After(30 * time.Second):
		s.t.Fatal("it never listened")
	}
}

// close tells it to end, and returns the exit code.
func (s *shop) close() int {
	s.t.Helper()
	s.end()
	return s.wait()
}

func (s *shop) wait() int {
	s.t.Helper()
	select {
	case code := <-s.code:
		return code
	case <-time.After(25 * time.Second):
		s.t.Fatalf("it did not end: %s", s.logged())
		return 0
	}
}

// ask asks one of the listeners.
func (s *shop) ask(method, address, path, body string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+address+path, strings.NewReader(body))
	require.NoError(s.t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	res, err := client.Do(req)
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, res.Body.Close()) }()
	text, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	return res.StatusCode, string(text)
}

// eventually waits for what others bring about. It asks from the test's own
// goroutine, so that asking may fail the test.
func (s *shop) eventually(what string, happened func() bool) {
	s.t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(20 * time.Second)
	for !happened() {
		select {
		case <-again.C:
		case <-deadline:
			s.t.Fatalf("not in time: %s\n%s", what, s.logged())
		}
	}
}
