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
	"modbot/internal/web"
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

func TestServe_BothPlatformsAreServedAndToldApart(t *testing.T) {
	s := newShop(t)
	s.open()
	public, admin := s.serving.public.Address(), s.serving.admin.Address()
	s.eventually("both platforms run", func() bool { return s.slack.starts() == 1 && s.discord.starts() == 1 })

	status, text := s.ask(http.MethodPost, public, "/slack/commands", "/mod mute alice 2h group spam")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "done: Done: alice is muted in groups for 2h")
	require.Contains(t, text, "/mod unmute alice group", "what can be typed has the platform's prefix")
	status, text = s.ask(http.MethodPost, public, "/discord/interactions", "mute alice 2h group")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "needs_confirm: ", "one ledger")
	_, text = s.ask(http.MethodPost, public, "/discord/interactions", "status bobb")
	require.Contains(t, text, "/mod-", "each platform has its own prefix")

	// Both channels are told of the same entries, each from its own place.
	s.eventually("both are told", func() bool { return len(s.slack.channel.seqs()) == 2 && len(s.discord.channel.seqs()) == 2 })
	require.Equal(t, s.slack.channel.seqs(), s.discord.channel.seqs())

	status, _ = s.ask(http.MethodGet, public, "/healthz", "")
	require.Equal(t, http.StatusNotFound, status, "what is for whoever runs modbot is not public")
	status, text = s.ask(http.MethodGet, admin, "/readyz", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "ready\nup   ledger\nup   platform slack\nup   platform discord\n")
	s.eventually("nothing waits", func() bool {
		_, text = s.ask(http.MethodGet, admin, "/metrics", "")
		return strings.Contains(text, `modbot_outbox_depth{sink="discord:2"} 0`) && strings.Contains(text, `modbot_outbox_depth{sink="slack:C1"} 0`)
	})
	for _, line := range []string{
		`modbot_command_duration_seconds_count{outcome="done",platform="slack",verb="mute"} 1`,
		`modbot_command_duration_seconds_count{outcome="needs_confirm",platform="discord",verb="mute"} 1`,
		`modbot_commands_in_flight{platform="slack"} 0`,
		`modbot_platform_up{platform="slack"} 1`, "modbot_ledger_up 1\n", "modbot_ledger_open_questions 1\n",
	} {
		require.Contains(t, text, line)
	}

	require.Equal(t, exitOK, s.close())
	require.JSONEq(t, fmt.Sprintf(`{"listen":"http://%s","admin":"http://%s"}`, public, admin), s.out.String())
	for _, said := range []string{"listening for what platforms call", "serving", "shutting down", `"platform":"slack"`, `"platform":"discord"`} {
		require.Contains(t, s.logged(), said)
	}
	require.NotContains(t, s.logged(), `"level":"error"`)
}

// What was handed over before the signal ends, is recorded, and is posted.
func TestServe_EndsWhatWasBegun(t *testing.T) {
	s := newShop(t)
	reply := make(chan chat.Reply, 1)
	ending, goOn := make(chan struct{}), make(chan struct{})
	s.slack.runs = func(ctx context.Context, core adapters.Core) error {
		<-ctx.Done()
		close(ending)
		<-goOn
		s.slack.say(context.WithoutCancel(ctx), core, "mute bob 1h", func(_ context.Context, r chat.Reply) { reply <- r })
		return nil
	}
	s.open()
	s.end()
	<-ending
	status, text := s.ask(http.MethodGet, s.serving.admin.Address(), "/readyz", "")
	require.Equal(t, http.StatusServiceUnavailable, status, "the admin listener is there to the end")
	require.Contains(t, text, "shutting down")
	close(goOn)
	require.Equal(t, exitOK, s.wait())
	require.Equal(t, chat.StateDone, (<-reply).State)
	require.Len(t, s.slack.channel.seqs(), 1)
	require.Len(t, s.discord.channel.seqs(), 1)
}

func TestServe_OnePlatformNeverStopsTheOther(t *testing.T) {
	refuses := fmt.Errorf("the token was revoked: %w", adapters.ErrSettings)
	for name, broken := range map[string]func(*shop){
		"it refuses its configuration": func(s *shop) {
			s.slack.runs = func(context.Context, adapters.Core) error { return refuses }
		},
		"it cannot be made": func(s *shop) { s.slackErr = refuses },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			broken(s)
			s.open()
			admin := s.serving.admin.Address()
			s.eventually("it is said", func() bool {
				_, text := s.ask(http.MethodGet, admin, "/readyz", "")
				return strings.Contains(text, "down platform slack: It cannot be served as it is configured, and is not tried again: the token was revoked")
			})
			status, text := s.ask(http.MethodGet, admin, "/readyz", "")
			require.Equal(t, http.StatusOK, status, text)
			s.eventually("the other runs", func() bool { return s.discord.starts() == 1 })
			_, text = s.ask(http.MethodPost, s.serving.public.Address(), "/discord/interactions", "mute carol 1h")
			require.Contains(t, text, "done: ")
			s.eventually("the other's channel is told", func() bool { return len(s.discord.channel.seqs()) == 1 })
			require.LessOrEqual(t, s.slack.starts(), 1, "what cannot help is not tried")
			require.Contains(t, s.logged(), "stays off until modbot is started again")
			require.Equal(t, exitOK, s.close())
		})
	}
}

func TestServe_EndsWhenNoPlatformCanBeServed(t *testing.T) {
	s := newShop(t)
	refuse := func(context.Context, adapters.Core) error { return adapters.ErrSettings }
	s.slack.runs, s.discord.runs = refuse, refuse
	s.start()
	require.Equal(t, exitConfig, s.wait())
}

// An audit channel that fails keeps its place, and shows.
func TestServe_AnAuditChannelThatFailsShows(t *testing.T) {
	s := newShop(t)
	s.slack.channel.fail = errors.New("channel_not_found")
	s.open()
	admin := s.serving.admin.Address()
	s.eventually("the platform runs", func() bool { return s.slack.starts() == 1 })
	s.ask(http.MethodPost, s.serving.public.Address(), "/slack/commands", "/mod mute alice 2h")
	s.eventually("it is said", func() bool {
		status, text := s.ask(http.MethodGet, admin, "/readyz", "")
		return status == http.StatusOK && strings.Contains(text, "down sink slack:C1: 1 entries wait, the first for ") && strings.Contains(text, "channel_not_found")
	})
	_, text := s.ask(http.MethodGet, admin, "/metrics", "")
	require.Contains(t, text, `modbot_outbox_depth{sink="slack:C1"} 1`)
	require.Contains(t, text, `modbot_outbox_failing{sink="slack:C1"} 1`)
	s.eventually("the other channel is told", func() bool { return len(s.discord.channel.seqs()) == 1 })
	require.Equal(t, exitOK, s.close())
}

// A channel that is new begins at the next entry; one that was there goes on.
func TestServe_ANewAuditChannelBeginsNow(t *testing.T) {
	s := newShop(t)
	s.open()
	s.eventually("the platform runs", func() bool { return s.slack.starts() == 1 })
	s.ask(http.MethodPost, s.serving.public.Address(), "/slack/commands", "/mod mute alice 2h")
	require.Equal(t, exitOK, s.close())
	first := s.slack.channel.seqs()
	require.Len(t, first, 1)

	s.slackSink, s.slack.channel = "slack:C2", &fakeChannel{}
	s.open()
	s.eventually("the platform runs", func() bool { return s.slack.starts() == 2 })
	s.ask(http.MethodPost, s.serving.public.Address(), "/slack/commands", "/mod unmute alice")
	require.Equal(t, exitOK, s.close())
	require.Len(t, s.slack.channel.seqs(), 1)
	require.Greater(t, s.slack.channel.seqs()[0], first[0])
	require.Equal(t, append(first, s.slack.channel.seqs()...), s.discord.channel.seqs())
}

// What was an audit channel once is behind for ever, and nobody is told.
func TestServe_AReplacedAuditChannelIsNoNews(t *testing.T) {
	s := newShop(t)
	s.slack.channel.fail = errors.New("channel_not_found")
	s.open()
	s.eventually("the platform runs", func() bool { return s.slack.starts() == 1 })
	s.ask(http.MethodPost, s.serving.public.Address(), "/slack/commands", "/mod mute alice 2h")
	require.Equal(t, exitOK, s.close())

	s.slackSink, s.slack.channel = "slack:C2", &fakeChannel{}
	s.open()
	admin := s.serving.admin.Address()
	for _, path := range []string{"/readyz", "/metrics"} {
		_, text := s.ask(http.MethodGet, admin, path, "")
		require.Contains(t, text, "slack:C2")
		require.NotContains(t, text, "slack:C1")
	}
	require.Equal(t, exitOK, s.close())
}

// Where modbot calls the platforms, nothing is listened for.
func TestServe_ListensOnlyWhereItIsCalled(t *testing.T) {
	s := newShop(t)
	text, err := os.ReadFile(s.file)
	require.NoError(t, err)
	text = bytes.Replace(text, []byte("mode: http, bot_token: xoxb-1, signing_secret: x"), []byte("mode: socket, bot_token: xoxb-1, app_token: xapp-1"), 1)
	require.NoError(t, os.WriteFile(s.file, text, 0o600))
	s.open()
	require.Nil(t, s.serving.public)
	admin := s.serving.admin.Address()
	s.eventually("both platforms run", func() bool { return s.slack.starts() == 1 && s.discord.starts() == 1 })
	require.Equal(t, exitOK, s.close())
	require.JSONEq(t, fmt.Sprintf(`{"listen":null,"admin":"http://%s"}`, admin), s.out.String())
}

func TestServe_ALedgerIsServedOnce(t *testing.T) {
	s := newShop(t)
	s.open()
	other := &shop{t: t, file: s.file, slack: s.slack, discord: s.discord, slackSink: s.slackSink}
	other.start()
	require.Equal(t, exitConfig, other.wait())
	require.Equal(t, exitOK, s.close())
}

func TestServe_ATakenAddressIsSaid(t *testing.T) {
	s := newShop(t)
	taken, err := web.Listen(t.Context(), zap.NewNop(), "other", "127.0.0.1:0", http.NotFoundHandler())
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	text, err := os.ReadFile(s.file)
	require.NoError(t, err)
	text = bytes.Replace(text, []byte("listen: 127.0.0.1:0"), []byte("listen: "+taken.Address()), 1)
	require.NoError(t, os.WriteFile(s.file, text, 0o600))
	s.start()
	require.Equal(t, exitFailed, s.wait())
	release, err := holdLedger("sqlite:"+filepath.Join(filepath.Dir(s.file), "modbot.db"), true)
	require.NoError(t, err, "everything that was opened is closed again")
	require.NoError(t, release())
}
