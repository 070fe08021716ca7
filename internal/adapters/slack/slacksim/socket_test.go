package slacksim_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/slack/slacksim"
)

// listen runs the library's client against the server, with a function that
// answers what comes in.
func listen(t *testing.T, h *house, answer func(*socketmode.Client, socketmode.Event)) {
	t.Helper()
	client := socketmode.New(h.api)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = client.RunContext(ctx) })
	running.Go(func() {
		for {
			select {
			case e := <-client.Events:
				if e.Request != nil && answer != nil {
					answer(client, e)
				}
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
}

func acknowledge(c *socketmode.Client, e socketmode.Event) {
	switch e.Type {
	case socketmode.EventTypeSlashCommand, socketmode.EventTypeInteractive:
		_ = c.Ack(*e.Request)
	default:
	}
}

func TestSocket_RealClient(t *testing.T) {
	h := newHouse(t, nil)
	listen(t, h, func(c *socketmode.Client, e socketmode.Event) {
		switch e.Type {
		case socketmode.EventTypeSlashCommand:
			cmd, _ := e.Data.(slack.SlashCommand)
			_ = c.Ack(*e.Request, map[string]any{"text": "got " + cmd.Text})
		case socketmode.EventTypeInteractive:
			cb, _ := e.Data.(slack.InteractionCallback)
			if cb.Type == slack.InteractionTypeViewSubmission {
				_ = c.Ack(*e.Request, map[string]any{"response_action": "errors", "errors": map[string]string{"account": "no"}})
				return
			}
			_ = c.Ack(*e.Request)
		default:
		}
	})
	ctx := waiting(t)
	d, err := h.Command(ctx, slacksim.Socket, slacksim.Command{From: mia(), Command: "/mod", Text: "whoami"})
	require.NoError(t, err)
	require.NotZero(t, d.Conn)
	require.Equal(t, []string{"got whoami"}, texts(h.Seen("U1")))

	g, err := h.Global(ctx, slacksim.Socket, slacksim.Global{From: mia(), CallbackID: "mute"})
	require.NoError(t, err)
	_, err = h.api.OpenViewContext(ctx, g.ID, modal())
	require.NoError(t, err)
	s, err := h.Submit(ctx, slacksim.Socket, slacksim.Submit{From: mia(), View: h.Views("U1")[0]})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"account": "no"}, s.Errors)
	_, err = h.Shortcut(ctx, slacksim.Socket, slacksim.Shortcut{From: mia(), CallbackID: "mute_author", Message: h.Write("C1", "U7", "spam")})
	require.NoError(t, err)
	_, err = h.Click(ctx, slacksim.Socket, slacksim.Click{From: mia(), Message: h.Seen("U1")[0], Button: slacksim.Button{ActionID: "x", Value: "y", Label: "z"}})
	require.NoError(t, err)
}

func TestSocket_TheClientComesBack(t *testing.T) {
	for name, end := range map[string]func(*house){
		"asked to refresh": func(h *house) { h.Disconnect(slacksim.All, slacksim.RefreshRequested) },
		"warned":           func(h *house) { h.Disconnect(slacksim.All, slacksim.Warning) },
		"dropped":          func(h *house) { h.Drop(slacksim.All) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			listen(t, h, acknowledge)
			require.NoError(t, h.AwaitSockets(waiting(t), 1))
			end(h)
			_, err := h.Wait(waiting(t), func(r slacksim.Record) bool { return r.Kind == slacksim.KindConnected && r.Conn == 2 })
			require.NoError(t, err)
			from := mia()
			from.Wire.Conn = 2
			d, err := h.Command(waiting(t), slacksim.Socket, slacksim.Command{From: from, Command: "/mod"})
			require.NoError(t, err)
			require.Equal(t, 2, d.Conn)
		})
	}
}

// peer is a client of our own, for what the library doesn't let a test see.
type peer struct {
	conn *websocket.Conn
}

func dial(t *testing.T, h *house) *peer {
	t.Helper()
	_, target, err := h.api.StartSocketModeContext(t.Context())
	require.NoError(t, err)
	return dialURL(t, target)
}

func dialURL(t *testing.T, target string) *peer {
	t.Helper()
	conn, resp, err := websocket.DefaultDialer.DialContext(t.Context(), target, nil)
	require.NoError(t, err)
	_ = resp.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	return &peer{conn}
}

func (p *peer) frame(t *testing.T) map[string]any {
	t.Helper()
	require.NoError(t, p.conn.SetReadDeadline(time.Now().Add(patience)))
	_, raw, err := p.conn.ReadMessage()
	require.NoError(t, err)
	var frame map[string]any
	require.NoError(t, json.Unmarshal(raw, &frame))
	return frame
}

func TestSocket_Frames(t *testing.T) {
	h := newHouse(t, nil)
	first := dial(t, h)
	hello := first.frame(t)
	require.Equal(t, "hello", hello["type"])
	require.EqualValues(t, 1, hello["num_connections"])
	require.Equal(t, map[string]any{"app_id": "A1"}, hello["connection_info"])
	second := dial(t, h)
	require.EqualValues(t, 2, second.frame(t)["num_connections"])
	require.Equal(t, []int{1, 2}, h.Sockets())
	for _, reason := range []string{slacksim.Warning, slacksim.RefreshRequested, slacksim.LinkDisabled, slacksim.TooManyWebSockets} {
		h.Disconnect(1, reason)
		frame := first.frame(t)
		require.Equal(t, "disconnect", frame["type"])
		require.Equal(t, reason, frame["reason"])
	}
	h.Frame(2, []byte(`{"type":"from the future"}`))
	require.Equal(t, "from the future", second.frame(t)["type"])
	h.Drop(1)
	_, _, err := first.conn.ReadMessage()
	require.Error(t, err)
	require.NoError(t, h.AwaitSockets(waiting(t), 1))
}

func TestSocket_Envelopes(t *testing.T) {
	h := newHouse(t, nil)
	p := dial(t, h)
	p.frame(t)
	type result struct {
		d   slacksim.Delivered
		err error
	}
	results := make(chan result, 1)
	go func() {
		d, err := h.Command(context.Background(), slacksim.Socket, slacksim.Command{From: mia(), Command: "/mod", Text: "help"})
		results <- result{d, err}
	}()
	e := p.frame(t)
	require.Equal(t, "slash_commands", e["type"])
	require.Equal(t, true, e["accepts_response_payload"])
	payload, _ := e["payload"].(map[string]any)
	require.Equal(t, "help", payload["text"])
	require.NotContains(t, payload, "is_enterprise_install")
	require.NotContains(t, e, "retry_attempt")
	require.NoError(t, p.conn.WriteJSON(map[string]any{"envelope_id": "another"}))
	require.NoError(t, p.conn.WriteJSON(map[string]any{"envelope_id": e["envelope_id"], "payload": map[string]any{"text": "hi"}}))
	got := <-results
	require.NoError(t, got.err)
	require.JSONEq(t, `{"text":"hi"}`, string(got.d.Body))

	go func() {
		d, err := h.Redeliver(context.Background(), slacksim.Socket, got.d)
		results <- result{d, err}
	}()
	again := p.frame(t)
	require.Equal(t, e["envelope_id"], again["envelope_id"])
	require.Equal(t, e["payload"], again["payload"])
	require.EqualValues(t, 1, again["retry_attempt"])
	require.Equal(t, "timeout", again["retry_reason"])
	require.NoError(t, p.conn.WriteJSON(map[string]any{"envelope_id": again["envelope_id"]}))
	require.NoError(t, (<-results).err)
	_, err := h.Wait(waiting(t), func(r slacksim.Record) bool { return r.Kind == slacksim.KindFailed && r.Conn == 1 })
	require.NoError(t, err, "the acknowledgement of nothing is in the record")
}

func TestSocket_Unanswered(t *testing.T) {
	h := newHouse(t, func(c *slacksim.Config) { c.AnswerTime = 50 * time.Millisecond })
	_, err := h.Command(t.Context(), slacksim.Socket, slacksim.Command{From: mia(), Command: "/mod"})
	require.ErrorIs(t, err, slacksim.ErrNoSocket)
	p := dial(t, h)
	p.frame(t)
	_, err = h.Command(t.Context(), slacksim.Socket, slacksim.Command{From: mia(), Command: "/mod"})
	require.ErrorIs(t, err, slacksim.ErrUnanswered)
	late := p.frame(t)
	require.NoError(t, p.conn.WriteJSON(map[string]any{"envelope_id": late["envelope_id"]}))
	r, err := h.Wait(waiting(t), func(r slacksim.Record) bool { return r.Kind == slacksim.KindFailed && r.Conn == 1 })
	require.NoError(t, err)
	require.Contains(t, r.Result, "too late")
}

func TestSocket_Routes(t *testing.T) {
	h := newHouse(t, nil)
	for range 3 {
		listen(t, h, acknowledge)
	}
	require.NoError(t, h.AwaitSockets(waiting(t), 3))
	used := func(n int) (out []int) {
		for range n {
			d, err := h.Command(waiting(t), slacksim.Socket, slacksim.Command{From: mia(), Command: "/mod"})
			require.NoError(t, err)
			out = append(out, d.Conn)
		}
		return out
	}
	require.Equal(t, []int{1, 2, 3, 1}, used(4), "any of them, by turns")
	h.Route(func(open []int) int { return open[len(open)-1] })
	require.Equal(t, []int{3, 3}, used(2))
}

func TestSocket_Refuses(t *testing.T) {
	h := newHouse(t, nil)
	_, target, err := h.api.StartSocketModeContext(t.Context())
	require.NoError(t, err)
	dialURL(t, target)
	_, resp, err := websocket.DefaultDialer.DialContext(t.Context(), target, nil)
	require.Error(t, err, "a URL is good for one socket")
	require.Equal(t, 404, resp.StatusCode)
	_ = resp.Body.Close()

	_, target, err = h.api.StartSocketModeContext(t.Context())
	require.NoError(t, err)
	h.clock.Advance(time.Minute)
	_, resp, err = websocket.DefaultDialer.DialContext(t.Context(), target, nil)
	require.Error(t, err, "and not for long")
	_ = resp.Body.Close()

	for range 9 {
		dial(t, h).frame(t)
	}
	eleventh := dial(t, h).frame(t)
	require.Equal(t, "disconnect", eleventh["type"])
	require.Equal(t, slacksim.TooManyWebSockets, eleventh["reason"])
	require.Len(t, h.Sockets(), 10)

	h.Fail(slacksim.WebSocket, slacksim.Fault{Status: 503})
	_, target, err = h.api.StartSocketModeContext(t.Context())
	require.NoError(t, err)
	_, resp, err = websocket.DefaultDialer.DialContext(t.Context(), target, nil)
	require.Error(t, err)
	require.Equal(t, 503, resp.StatusCode)
	_ = resp.Body.Close()
}

func TestSocket_Pings(t *testing.T) {
	h := newHouse(t, func(c *slacksim.Config) { c.PingEvery = 5 * time.Millisecond })
	p := dial(t, h)
	pinged := make(chan struct{}, 100)
	p.conn.SetPingHandler(func(string) error {
		select {
		case pinged <- struct{}{}:
		default:
		}
		return nil
	})
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			if _, _, err := p.conn.ReadMessage(); err != nil {
				return
			}
		}
	})
	for range 3 {
		select {
		case <-pinged:
		case <-waiting(t).Done():
			t.Fatal("no ping")
		}
	}
	h.Drop(slacksim.All)
	reading.Wait()
}

func TestSocket_LargeAcksAreDropped(t *testing.T) {
	h := newHouse(t, func(c *slacksim.Config) { c.AnswerTime = 300 * time.Millisecond })
	p := dial(t, h)
	p.frame(t)
	errs := make(chan error, 1)
	go func() {
		_, err := h.Command(context.Background(), slacksim.Socket, slacksim.Command{From: mia(), Command: "/mod"})
		errs <- err
	}()
	e := p.frame(t)
	require.NoError(t, p.conn.WriteJSON(map[string]any{"envelope_id": e["envelope_id"], "payload": map[string]any{"text": string(make([]byte, 20_000))}}))
	require.ErrorIs(t, <-errs, slacksim.ErrUnanswered)
}
