package slack_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"modbot/internal/adapters"
	"modbot/internal/adapters/slack"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/chat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counting answers every command, and counts.
type counting struct {
	handled atomic.Int64
	text    string
	hold    chan struct{} // when set, answers wait for it
}

func (c *counting) Handle(ctx context.Context, inv chat.Invocation, respond func(context.Context, chat.Reply)) {
	c.handled.Add(1)
	if c.hold != nil {
		<-c.hold
	}
	respond(ctx, chat.Reply{State: chat.StateDone, Message: chat.Text(first(c.text, "Done: "+inv.Line))})
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func (*counting) Open(context.Context, chat.Invocation) (chat.Form, *chat.Reply) {
	return chat.Form{}, nil
}

func (*counting) Suggest(context.Context, chat.Invocation, string, string) []chat.Suggestion {
	return nil
}

// run runs the adapter until the function that it returns, which says how it
// ended.
func (w *world) run(core adapters.Core) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	var err error
	running.Go(func() { err = w.s.Run(ctx, core) })
	return func() error {
		cancel()
		running.Wait()
		return err
	}
}

// sockets waits until so many are open.
func (w *world) sockets(tb testing.TB, n int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(tb, w.sim.AwaitSockets(ctx, n))
}

// A connection that Slack is going to close is read to its end, and another one
// takes its place before.
func TestSocket_NothingIsLostInARefresh(t *testing.T) {
	w := newWorld(t, slack.Socket)
	defer w.close()
	core := &counting{}
	stop := w.run(core)
	w.sockets(t, 2)
	for i, reason := range []string{slacksim.Warning, slacksim.RefreshRequested} {
		old := w.sim.Sockets()[i]
		w.sim.Disconnect(old, reason)
		id := fmt.Sprintf("late.%d", i)
		got, err := w.command(id, mia, "status "+id, slacksim.Wire{Conn: old})
		require.NoError(t, err)
		require.Contains(t, string(got.Body), "Done: status "+id)
		w.sockets(t, 3+i) // the old one lingers
	}
	require.NoError(t, stop())
	require.EqualValues(t, 2, core.handled.Load())
	w.sockets(t, 0)
}

// The same envelope may come on both connections, and more than once.
func TestSocket_OneCommandOnBothConnections(t *testing.T) {
	w := newWorld(t, slack.Socket)
	defer w.close()
	core := &counting{}
	stop := w.run(core)
	w.sockets(t, 2)
	for _, conn := range w.sim.Sockets() {
		for range 2 {
			_, err := w.command("same", mia, "status alice", slacksim.Wire{Conn: conn, Attempt: 1, Reason: "timeout"})
			require.NoError(t, err)
		}
	}
	require.NoError(t, stop())
	require.EqualValues(t, 1, core.handled.Load())
}

func TestSocket_SurvivesItsConnections(t *testing.T) {
	w := newWorld(t, slack.Socket)
	defer w.close()
	core := &counting{}
	stop := w.run(core)
	w.sockets(t, 2)
	for _, frame := range []string{
		"{", "null", "[]", `"text"`, `{"type":"telepathy"}`, `{"type":"telepathy","envelope_id":"e1"}`, `{"type":"slash_commands"}`,
		`{"type":"slash_commands","envelope_id":"e2","payload":"x"}`, `{"type":"interactive","envelope_id":"e3","payload":{}}`,
		`{"type":"events_api","envelope_id":"e4","payload":{"event":{}}}`, `{"type":"slash_commands","envelope_id":"e5","payload":null}`,
		`{"type":"interactive","envelope_id":"` + strings.Repeat("e", 1000) + `","payload":{}}`,
	} {
		w.sim.Frame(slacksim.All, []byte(frame))
	}
	_, err := w.command("after.garbage", mia, "status alice", slacksim.Wire{})
	require.NoError(t, err)
	w.sim.Drop(w.sim.Sockets()[0])
	w.sockets(t, 1)
	got, err := w.command("on.one", mia, "status alice", slacksim.Wire{})
	require.NoError(t, err)
	require.Contains(t, string(got.Body), "Done: status alice")
	w.sockets(t, 2)
	require.NoError(t, stop())
	require.EqualValues(t, 2, core.handled.Load())
}

// An answer that would be dropped with the acknowledgement comes after it.
func TestSocket_LongAnswers(t *testing.T) {
	w := newWorld(t, slack.Socket)
	defer w.close()
	stop := w.run(&counting{text: strings.Repeat("消", 9000)})
	w.ready(t)
	got, err := w.command("long", mia, "status alice", slacksim.Wire{})
	require.NoError(t, err)
	require.Less(t, len(got.Body), 20_000)
	w.await(t, func(r slacksim.Record) bool { return r.Kind == slacksim.KindMessage && r.Delivery == "long" })
	require.NoError(t, stop())
	require.Len(t, w.sim.Seen(mia), 1)
}

// Being switched off, or refused, is the end, and says so.
func TestSocket_TheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(w *world)
		says string
	}{
		"switched off while connected": {
			func(w *world) { w.sim.Disconnect(slacksim.All, slacksim.LinkDisabled) }, "Socket Mode is switched off",
		},
		"revoked while connected": {
			func(w *world) {
				w.sim.Fail("apps.connections.open", slacksim.Fault{Error: "token_revoked", Times: slacksim.Forever})
				w.sim.Drop(slacksim.All)
			}, "the token was revoked",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, slack.Socket)
			defer w.close()
			ended := make(chan error, 1)
			go func() { ended <- w.s.Run(t.Context(), &counting{}) }()
			w.sockets(t, 2)
			c.end(w)
			select {
			case err := <-ended:
				require.ErrorIs(t, err, adapters.ErrSettings)
				require.ErrorContains(t, err, c.says)
			case <-time.After(patience):
				require.Fail(t, "it goes on")
			}
			require.False(t, w.s.Status().Up)
			require.Contains(t, w.s.Status().Why, c.says)
		})
	}
}

func TestSocket_WrongTokens(t *testing.T) {
	for name, token := range map[string]string{"a bot's": "xoxb-test", "unknown": "xapp-other"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, slack.Socket, func(c *slack.Config) { c.AppToken = token })
			defer w.close()
			err := w.s.Run(t.Context(), &counting{})
			require.ErrorIs(t, err, adapters.ErrSettings)
			require.NotContains(t, err.Error(), token)
		})
	}
}

// What can't be reached for a while is tried again.
func TestSocket_ComesBack(t *testing.T) {
	w := newWorld(t, slack.Socket)
	defer w.close()
	w.sim.Fail("apps.connections.open", slacksim.Fault{Status: 503})
	w.sim.Fail(slacksim.WebSocket, slacksim.Fault{Drop: true})
	stop := w.run(&counting{})
	w.sockets(t, 2)
	w.ready(t)
	require.NoError(t, stop())
}

// What is being answered when the end comes is acknowledged first, and answered
// nevertheless.
func TestSocket_EndsInOrder(t *testing.T) {
	w := newWorld(t, slack.Socket)
	defer w.close()
	core := &counting{hold: make(chan struct{})}
	stop := w.run(core)
	w.ready(t)
	var asking sync.WaitGroup
	var err error
	asking.Go(func() { _, err = w.command("late", mia, "status alice", slacksim.Wire{}) })
	require.Eventually(t, func() bool { return core.handled.Load() == 1 }, patience, time.Millisecond)
	var stopping sync.WaitGroup
	stopping.Go(func() { _ = stop() })
	asking.Wait()
	require.NoError(t, err, "it was not acknowledged")
	close(core.hold)
	stopping.Wait()
	require.Len(t, w.sim.Seen(mia), 1)
}
