package slacksim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Slack's limits of Socket Mode.
const (
	socketPath  = "/link/"
	ticketTime  = 30 * time.Second
	maxSockets  = 10
	maxAckBytes = 20_000 // larger ones are dropped without a word
	writeTime   = 5 * time.Second
)

// All stands for every open socket.
const All = 0

// Reasons of Disconnect.
const (
	Warning           = "warning"
	RefreshRequested  = "refresh_requested"
	LinkDisabled      = "link_disabled"
	TooManyWebSockets = "too_many_websockets"
)

// ErrNoSocket says that no socket is open.
var ErrNoSocket = errors.New("no socket is open")

// envelope is a delivery over a socket.
type envelope struct {
	EnvelopeID   string `json:"envelope_id"`
	Type         string `json:"type"`
	Payload      object `json:"payload"`
	Accepts      bool   `json:"accepts_response_payload"`
	RetryAttempt int    `json:"retry_attempt,omitempty"`
	RetryReason  string `json:"retry_reason,omitempty"`
}

// ack is what an adapter says to an envelope.
type ack struct {
	EnvelopeID string          `json:"envelope_id"`
	Payload    json.RawMessage `json:"payload"`
	conn       int
}

// sockets are the open connections.
type sockets struct {
	wait sync.WaitGroup

	mu      sync.Mutex
	open    map[int]*socket
	count   int
	turn    int
	route   func(open []int) int
	waiting map[string]chan ack // by envelope
	quiet   bool                // no pings
	closed  bool                // no more sockets
}

// socket is one connection.
type socket struct {
	id   int
	conn *websocket.Conn
	mu   sync.Mutex // one writer at a time
}

func (c *socket) write(v any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writeLocked(v)
}

// writeLocked is write for who holds the lock already.
func (c *socket) writeLocked(v any) error {
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	return c.conn.WriteJSON(v)
}

// openConnection makes the URL of a socket. It is good for one connection.
func (s *Server) openConnection(call) (object, error) {
	ticket := fmt.Sprintf("ticket-%d", s.world.number())
	s.world.tickets[ticket] = s.cfg.Now().Add(ticketTime)
	return object{"url": "ws" + s.URL()[len("http"):] + socketPath + ticket}, nil
}

// redeem uses a ticket up.
func (s *Server) redeem(ticket string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.world.tickets[ticket]
	delete(s.world.tickets, ticket)
	return ok && s.cfg.Now().Before(until)
}

// accept serves a socket until it ends.
func (s *Server) accept(w http.ResponseWriter, r *http.Request) {
	if f, faulty := s.faults.next(WebSocket, nil); faulty {
		s.wait(r, f.Delay)
		if f.answers() {
			f.write(w)
			return
		}
	}
	if !s.redeem(r.PathValue("ticket")) {
		http.NotFound(w, r)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }} // clients say api.slack.com
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // answered already
	}
	defer func() { _ = conn.Close() }()
	c, many := s.sockets.add(conn)
	if c == nil {
		_ = (&socket{conn: conn}).write(s.disconnect(TooManyWebSockets))
		return
	}
	defer s.sockets.wait.Done()
	defer s.forget(c)
	err = c.writeLocked(s.hello(many))
	c.mu.Unlock()
	if err != nil {
		return
	}
	s.log.add(Record{Kind: KindConnected, Conn: c.id})
	ended := make(chan struct{})
	defer close(ended)
	s.sockets.wait.Go(func() { s.ping(c, ended) })
	s.read(c)
}

// add registers a connection, unless there are too many. It is locked, so that
// nothing can be written before the hello.
func (k *sockets) add(conn *websocket.Conn) (c *socket, many int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || len(k.open) >= maxSockets {
		return nil, len(k.open)
	}
	if k.open == nil {
		k.open = map[int]*socket{}
	}
	k.count++
	c = &socket{id: k.count, conn: conn}
	c.mu.Lock()
	k.open[c.id] = c
	k.wait.Add(1)
	return c, len(k.open)
}

func (s *Server) forget(c *socket) {
	s.sockets.mu.Lock()
	delete(s.sockets.open, c.id)
	s.sockets.mu.Unlock()
	s.log.add(Record{Kind: KindGone, Conn: c.id})
}

// read takes acknowledgements until the socket ends.
func (s *Server) read(c *socket) {
	c.conn.SetReadLimit(maxBody)
	for {
		_, raw, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		var a ack
		if len(raw) >= maxAckBytes || json.Unmarshal(raw, &a) != nil || a.EnvelopeID == "" {
			s.log.add(Record{Kind: KindFailed, Conn: c.id, Result: "an acknowledgement was dropped"})
			continue
		}
		a.conn = c.id
		s.sockets.mu.Lock()
		waiting, ok := s.sockets.waiting[a.EnvelopeID]
		delete(s.sockets.waiting, a.EnvelopeID)
		s.sockets.mu.Unlock()
		if !ok {
			s.log.add(Record{Kind: KindFailed, Conn: c.id, Result: "an acknowledgement of nothing, or too late: " + a.EnvelopeID})
			continue
		}
		waiting <- a
	}
}

// ping keeps a socket alive.
func (s *Server) ping(c *socket, ended <-chan struct{}) {
	if s.cfg.PingEvery < 0 {
		return
	}
	t := time.NewTicker(s.cfg.PingEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ended:
			return
		}
		s.sockets.mu.Lock()
		quiet := s.sockets.quiet
		s.sockets.mu.Unlock()
		if !quiet {
			_ = c.conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(writeTime))
		}
	}
}

// overSocket delivers a parcel over one of the open sockets.
func (s *Server) overSocket(ctx context.Context, p parcel) (Delivered, error) {
	s.mu.Lock()
	id := fmt.Sprintf("envelope-%d", s.world.number())
	s.mu.Unlock()
	return s.send(ctx, p, envelope{
		EnvelopeID: id, Type: p.kind, Payload: p.payload, Accepts: p.answers || p.view != nil,
		RetryAttempt: p.from.Wire.Attempt, RetryReason: p.from.Wire.Reason,
	})
}

// send puts an envelope on a socket and waits for its acknowledgement, wherever
// that comes in.
func (s *Server) send(ctx context.Context, p parcel, e envelope) (Delivered, error) {
	d := Delivered{ID: p.id, EnvelopeID: e.EnvelopeID, ResponseURL: p.responseURL, again: again{envelope: e, parcel: p}}
	c, err := s.pick(ctx, p.from.Wire.Conn)
	if err != nil {
		return d, s.unanswered(ctx, d, err)
	}
	d.Conn = c.id
	acks := make(chan ack, 1)
	s.sockets.mu.Lock()
	if s.sockets.waiting == nil {
		s.sockets.waiting = map[string]chan ack{}
	}
	s.sockets.waiting[e.EnvelopeID] = acks
	s.sockets.mu.Unlock()
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.AnswerTime, ErrUnanswered)
	defer cancel()
	sent := time.Now()
	if err := c.write(e); err != nil {
		return d, s.unanswered(ctx, d, err)
	}
	select {
	case a := <-acks:
		d.Took, d.Body = time.Since(sent), a.Payload
		s.log.add(Record{Kind: KindAnswered, Delivery: d.ID, Conn: a.conn, Payload: string(a.Payload), Took: d.Took})
		s.answer(p, &d)
		return d, nil
	case <-ctx.Done():
		d.Took = time.Since(sent)
		s.sockets.mu.Lock()
		delete(s.sockets.waiting, e.EnvelopeID)
		s.sockets.mu.Unlock()
		return d, s.unanswered(ctx, d, context.Cause(ctx))
	}
}

// pick chooses the socket of a delivery, and waits for one to be open.
func (s *Server) pick(ctx context.Context, want int) (*socket, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.AnswerTime, ErrNoSocket)
	defer cancel()
	for {
		changed := s.log.watch()
		s.sockets.mu.Lock()
		open := slices.Sorted(maps.Keys(s.sockets.open))
		var c *socket
		if len(open) > 0 {
			id := want
			if id == 0 && s.sockets.route != nil {
				id = s.sockets.route(open)
			} else if id == 0 {
				id = open[s.sockets.turn%len(open)]
				s.sockets.turn++
			}
			c = s.sockets.open[id]
		}
		s.sockets.mu.Unlock()
		if c != nil {
			return c, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
