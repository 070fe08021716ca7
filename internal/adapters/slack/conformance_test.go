package slack_test

import (
	"context"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/adaptertest"
	"modbot/internal/adapters/slack"
	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/chat"
)

func TestConformance(t *testing.T) {
	t.Run("http", func(t *testing.T) { adaptertest.Run(t, newHarness(slack.HTTP)) })
	t.Run("socket", func(t *testing.T) { adaptertest.Run(t, newHarness(slack.Socket)) })
}

// The scripted workspace.
const (
	mia   = "U1"
	ada   = "W2"
	mods  = "C1"
	audit = "C9"
	leads = "S1"
)

// world is an adapter and a scripted Slack.
type world struct {
	sim    *slacksim.Server
	s      *slack.Slack
	server *httptest.Server // where Slack delivers
	to     string           // the server's address, or slacksim.Socket
}

// newWorld makes both. Nothing runs yet.
func newWorld(tb testing.TB, mode slack.Mode, change ...func(*slack.Config)) *world {
	tb.Helper()
	return newWorldOf(tb, slacksim.Config{}, mode, change...)
}

func newWorldOf(tb testing.TB, of slacksim.Config, mode slack.Mode, change ...func(*slack.Config)) *world {
	tb.Helper()
	sim, err := slacksim.New(of)
	require.NoError(tb, err)
	sim.AddUser(slacksim.User{ID: mia, Name: "mia"}, slacksim.User{ID: ada, Name: "ada"})
	sim.SetChannel(slacksim.Channel{ID: audit, Name: "audit", Member: true}, slacksim.Channel{ID: mods, Name: "mods"})
	sim.SetUsergroup(slacksim.Usergroup{ID: leads, Handle: "leads", Members: []string{ada}})
	cfg := slack.Config{
		Mode: mode, SigningSecret: sim.Config().SigningSecret, BotToken: sim.Config().BotToken, AppToken: sim.Config().AppToken,
		Workspaces: []string{sim.Config().TeamID}, AuditChannel: audit, UserGroups: []string{leads}, APIURL: sim.APIURL(),
	}
	for _, c := range change {
		c(&cfg)
	}
	s, err := slack.New(zap.NewNop(), cfg)
	require.NoError(tb, err)
	w := &world{sim: sim, s: s, server: httptest.NewServer(s.Handler()), to: slacksim.Socket}
	if mode == slack.HTTP {
		w.to = w.server.URL
	}
	return w
}

func (w *world) close() {
	w.server.Close()
	w.sim.Close()
}

// patience bounds every wait; only a test that fails waits for so long.
const patience = 20 * time.Second

// ready waits until deliveries are taken.
func (w *world) ready(tb testing.TB) {
	tb.Helper()
	require.Eventually(tb, func() bool { return w.s.Status().Up }, patience, time.Millisecond, "%v", w.s.Status())
}

// await waits for something to happen at Slack.
func (w *world) await(tb testing.TB, is func(slacksim.Record) bool) slacksim.Record {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := w.sim.Wait(ctx, is)
	require.NoError(tb, err)
	return r
}

func from(actor, trigger string) slacksim.From {
	return slacksim.From{User: actor, Channel: mods, ChannelName: "mods", Trigger: trigger}
}

// command delivers a command.
func (w *world) command(id, actor, line string, wire slacksim.Wire) (slacksim.Delivered, error) {
	f := from(actor, id)
	f.Wire = wire
	return w.sim.Command(context.Background(), w.to, slacksim.Command{From: f, Command: "/mod", Text: slacksim.Typed(line)})
}

// deliver hands a command over, once the adapter takes it.
func (w *world) deliver(tb testing.TB, d adaptertest.Delivery) {
	tb.Helper()
	w.ready(tb)
	if _, err := w.command(d.ID, d.Actor, d.Line(), slacksim.Wire{}); err != nil {
		tb.Errorf("delivering %s: %v", d.ID, err)
	}
}

// watcher puts what people see into a trace.
type watcher struct {
	sim   *slacksim.Server
	trace *adaptertest.Trace

	mu      sync.Mutex
	seq     int           // of the last record that is in the trace
	changed chan struct{} // closed and replaced with every one
}

// watch goes on until the context ends.
func (w *watcher) watch(ctx context.Context) {
	for seq := 0; ; {
		r, err := w.sim.WaitAfter(ctx, seq, func(slacksim.Record) bool { return true })
		if err != nil {
			return
		}
		w.add(r)
		seq = r.Seq
		w.mu.Lock()
		w.seq = seq
		close(w.changed)
		w.changed = make(chan struct{})
		w.mu.Unlock()
	}
}

// catchUp waits until all that has happened is in the trace.
func (w *watcher) catchUp() {
	records := w.sim.Records()
	if len(records) == 0 {
		return
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		w.mu.Lock()
		seq, changed := w.seq, w.changed
		w.mu.Unlock()
		if seq >= records[len(records)-1].Seq {
			return
		}
		select {
		case <-changed:
		case <-timeout.C:
			return // whoever looks at the trace finds out
		}
	}
}

// add puts one record into the trace.
func (w *watcher) add(r slacksim.Record) {
	switch {
	case r.Kind == slacksim.KindAnswered && r.Status < 300:
		w.trace.Ack(r.Delivery)
	case r.Kind != slacksim.KindMessage && r.Kind != slacksim.KindEdited:
	case r.Message.Channel == audit:
		w.trace.Post(shown(r.Message))
	case r.Delivery != "":
		w.trace.Show(r.Delivery, shown(r.Message))
	}
}

// watched is an audit channel whose posts are in the trace when Send returns.
type watched struct {
	adapters.Channel
	watcher *watcher
}

func (c watched) Send(ctx context.Context, body []byte, d chat.Delivery) (chat.MessageRef, error) {
	ref, err := c.Channel.Send(ctx, body, d)
	c.watcher.catchUp()
	return ref, err
}

func shown(m *slacksim.Message) adaptertest.Shown {
	s := m.Shown()
	return adaptertest.Shown{Text: s.Text, Live: s.Live}
}

func newHarness(mode slack.Mode) adaptertest.Factory {
	return func(tb testing.TB, trace *adaptertest.Trace) adaptertest.Harness {
		tb.Helper()
		w := newWorld(tb, mode)
		ctx, cancel := context.WithCancel(context.Background())
		var watching sync.WaitGroup
		eyes := &watcher{sim: w.sim, trace: trace, changed: make(chan struct{})}
		watching.Go(func() { eyes.watch(ctx) })
		h := adaptertest.Harness{
			Adapter: w.s, Channel: watched{w.s.Audit(), eyes}, Actors: []string{mia, ada},
			Deliver: w.deliver, Redeliver: w.deliver, Press: w.press, OpenForm: w.openForm,
			BreakRoles: func(testing.TB) {
				for _, method := range []string{"users.info", "usergroups.users.list"} {
					w.sim.Fail(method, slacksim.Fault{Status: 502, Times: slacksim.Forever})
				}
			},
			Throttle: func(_ testing.TB, wait time.Duration) {
				w.sim.Fail("chat.postMessage", slacksim.Throttled(int(wait.Seconds())))
			},
			Refuse: func(testing.TB) { w.sim.Fail("chat.postMessage", slacksim.Fault{Error: "invalid_blocks"}) },
			Close: func() {
				w.close()
				cancel()
				watching.Wait()
			},
			Lacks: map[adaptertest.Trait]string{
				adaptertest.Suggestions: "Slack completes nothing behind a slash command",
				adaptertest.Ending:      "Slack never ends in good order: switching Socket Mode off is an error, with a test of its own",
			},
		}
		if mode == slack.HTTP {
			h.Forge = w.forge
		} else {
			h.Lacks[adaptertest.Signature] = "the connection is to Slack's own host, over TLS; single envelopes are not signed"
		}
		return h
	}
}

// forge delivers a command with a signature of somebody who lacks the secret.
func (w *world) forge(tb testing.TB, d adaptertest.Delivery) {
	tb.Helper()
	w.ready(tb)
	got, err := w.command(d.ID, d.Actor, d.Line(), slacksim.Wire{Secret: "guessed"})
	if err != nil || got.Status != 401 || len(got.Body) > 0 {
		tb.Errorf("forging %s: status %d, %q, %v", d.ID, got.Status, got.Body, err)
	}
}

// press presses a button on a private answer.
func (w *world) press(tb testing.TB, id, actor string, b chat.Button) {
	tb.Helper()
	w.ready(tb)
	value, ok := blocks.EncodeClick(b)
	require.True(tb, ok)
	_, err := w.sim.Click(context.Background(), w.to, slacksim.Click{
		From: from(actor, id), Message: slacksim.Message{Channel: mods, TS: "1.1", User: actor},
		Button: slacksim.Button{ActionID: "modbot_click_0", Label: b.Label, Value: value},
	})
	require.NoError(tb, err)
}

// openForm uses the global shortcut, and says what is seen of it: the labels of
// a form, or none where there is a message instead.
func (w *world) openForm(tb testing.TB, actor, verb string) []string {
	tb.Helper()
	w.ready(tb)
	_, err := w.sim.Global(context.Background(), w.to, slacksim.Global{From: slacksim.From{User: actor}, CallbackID: verb})
	require.NoError(tb, err)
	seen := w.await(tb, func(r slacksim.Record) bool {
		return r.Kind == slacksim.KindView || r.Kind == slacksim.KindMessage && r.Message.Channel == slacksim.DirectChannel(actor)
	})
	if seen.View == nil {
		return nil
	}
	var labels []string
	for _, f := range seen.View.Fields {
		labels = append(labels, f.Label)
	}
	return labels
}
