package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"
)

// script plays Discord on one connection; n counts connections from 1.
type script func(p *peer, n int)

// world is a scripted gateway behind pipes, with a client that has run against
// it; all inside a bubble.
type world struct {
	t      *testing.T
	conns  chan net.Conn
	script script
	limits func(ctx context.Context) (Limits, error)

	mu         sync.Mutex
	dialled    []string // addresses
	identified []time.Time
	resumed    []map[string]any
	codes      []int // with which the client closed
	heard      []string
	standing   []bool
	whys       []string
}

// peer is the scripted end of one connection.
type peer struct {
	w    *world
	ws   *websocket.Conn
	path string
	mute bool // heartbeats are not answered
}

func newWorld(t *testing.T, s script) *world {
	t.Helper()
	w := &world{t: t, conns: make(chan net.Conn), script: s}
	w.limits = func(context.Context) (Limits, error) {
		return Limits{URL: "ws://gateway.test/first", Remaining: 1000, Shards: 1}, nil
	}
	return w
}

// Interaction and Standing make a world a Receiver.
func (w *world) Interaction(data json.RawMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = append(w.heard, string(data))
}

func (w *world) Standing(up bool, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.standing, w.whys = append(w.standing, up), append(w.whys, why)
}

// Accept, Close and Addr make a world a listener.
func (w *world) Accept() (net.Conn, error) {
	c, ok := <-w.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (w *world) Close() error { return nil }

func (w *world) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// run runs a client for a while, and says how it ended.
func (w *world) run(d time.Duration) error {
	var connections sync.WaitGroup
	n := 0
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		ws, err := (&websocket.Upgrader{}).Upgrade(rw, r, nil)
		if err != nil {
			w.t.Errorf("upgrading: %v", err)
			return
		}
		connections.Add(1)
		defer connections.Done()
		w.mu.Lock()
		n++
		turn := n
		w.dialled = append(w.dialled, r.URL.String())
		w.mu.Unlock()
		defer func() { _ = ws.Close() }()
		w.script(&peer{w: w, ws: ws, path: r.URL.Path}, turn)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(w) }()

	ctx, cancel := context.WithTimeout(w.t.Context(), d)
	defer cancel()
	client := New(zap.NewNop(), Config{
		Token: token, Limits: func(ctx context.Context) (Limits, error) { return w.limits(ctx) },
		Dialer: &websocket.Dialer{NetDialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			near, far := net.Pipe()
			select {
			case w.conns <- far:
				return near, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}},
	})
	err := client.Run(ctx, w)
	close(w.conns)
	<-done
	connections.Wait()
	return err
}

// send sends a frame.
func (p *peer) send(op int, data any, seq int64, event string) {
	f := map[string]any{"op": op, "d": data}
	if event != "" {
		f["s"], f["t"] = seq, event
	}
	_ = p.ws.WriteJSON(f)
}

func (p *peer) hello() { p.send(opHello, map[string]any{"heartbeat_interval": 45000}, 0, "") }

// until reads frames, and answers heartbeats, until one with this op.
func (p *peer) until(op int) (map[string]any, bool) {
	for {
		var f struct {
			Op int
			D  json.RawMessage
		}
		if err := p.ws.ReadJSON(&f); err != nil {
			if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
				p.w.mu.Lock()
				p.w.codes = append(p.w.codes, closed.Code)
				p.w.mu.Unlock()
			}
			return nil, false
		}
		var d map[string]any
		_ = json.Unmarshal(f.D, &d)
		p.w.note(f.Op, d)
		if f.Op == op {
			return d, true
		}
		if f.Op == opHeartbeat && !p.mute {
			p.send(opHeartbeatACK, nil, 0, "")
		}
	}
}

func (w *world) note(op int, d map[string]any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch op {
	case opIdentify:
		w.identified = append(w.identified, time.Now())
	case opResume:
		w.resumed = append(w.resumed, d)
	}
}

// ready takes an identify and says READY with a session named after n.
func (p *peer) ready(n int) bool {
	p.hello()
	if _, ok := p.until(opIdentify); !ok {
		return false
	}
	p.send(opDispatch, map[string]any{
		"session_id": fmt.Sprintf("session-%d", n), "resume_gateway_url": "ws://resume.test/again",
	}, 1, "READY")
	return true
}

// stay answers heartbeats until the client leaves.
func (p *peer) stay() { p.until(-1) }

// closes closes with a code.
func (p *peer) closes(code int) {
	_ = p.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
}

// endsIn answers heartbeats for a while, and says then that the session is lost.
func (p *peer) endsIn(d time.Duration) {
	end := time.AfterFunc(d, func() { p.closes(4009) })
	defer end.Stop()
	p.stay()
}
