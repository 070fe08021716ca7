package discordsim

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// queued is how many frames wait for a client before it is dropped.
	queued    = 4096
	writeTime = 5 * time.Second
)

// conn is one connection of a client. Its fields are guarded by the server's
// lock, but for the socket, which only its own goroutines and drop use.
type conn struct {
	ws      *websocket.Conn
	out     chan frame    // never closed; over when gone is
	beat    chan struct{} // a heartbeat came
	gone    chan struct{}
	once    sync.Once
	session *session
	hung    bool // the server ended it

	minute time.Time // of the frames counted
	frames int
}

// closing is a frame that ends the connection.
const closing = -1

// send queues a frame; a client that reads nothing is dropped.
func (c *conn) send(f frame) {
	select {
	case c.out <- f:
	default:
		c.drop()
	}
}

// drop breaks the connection.
func (c *conn) drop() {
	c.once.Do(func() {
		close(c.gone)
		_ = c.ws.Close() // it ends the reader
	})
}

// hang ends a connection with a code. The server is locked.
func (s *Server) hang(c *conn, code int) {
	if c.hung {
		return
	}
	c.hung = true
	if c.session != nil && endsSession(code) {
		c.session.dead = true
	}
	s.note(Event{What: Hung, Code: code})
	c.send(frame{Op: closing, Data: code})
}

func (s *Server) serveGateway(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	c := &conn{ws: ws, out: make(chan frame, queued), beat: make(chan struct{}, 1), gone: make(chan struct{})}
	s.mu.Lock()
	if s.gateway.closed {
		s.mu.Unlock()
		c.drop()
		return
	}
	s.gateway.conns = append(s.gateway.conns, c)
	s.gateway.readers.Add(2)
	s.note(Event{What: Connected, Text: r.URL.Path})
	version := r.URL.Query().Get("v")
	switch {
	case version != "10" && version != "9":
		s.hang(c, CloseBadVersion)
	case r.URL.Query().Get("encoding") != "json":
		s.hang(c, CloseDecode)
	default:
		c.send(frame{Op: opHello, Data: map[string]any{"heartbeat_interval": s.cfg.Heartbeat.Milliseconds()}})
	}
	s.mu.Unlock()
	go func() {
		defer s.gateway.readers.Done()
		s.write(c)
	}()
	defer s.gateway.readers.Done()
	s.read(c)
}

// missedBeats is how many heartbeats a client may miss.
const missedBeats = 2

// write sends what is queued until the connection is over, and ends it when the
// client's heart doesn't beat.
func (s *Server) write(c *conn) {
	defer c.drop()
	alive := time.NewTimer(missedBeats * s.cfg.Heartbeat)
	defer alive.Stop()
	for {
		select {
		case <-c.beat:
			alive.Reset(missedBeats * s.cfg.Heartbeat)
		case <-alive.C:
			s.mu.Lock()
			s.hang(c, CloseSessionTimeout)
			s.mu.Unlock()
		case f := <-c.out:
			_ = c.ws.SetWriteDeadline(time.Now().Add(writeTime))
			if f.Op == closing {
				code, _ := f.Data.(int)
				_ = c.ws.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""))
				c.linger()
				return
			}
			if c.ws.WriteJSON(f) != nil {
				return
			}
		case <-c.gone:
			return
		}
	}
}

// linger lets the client read the close frame before the connection breaks:
// the reader ends when the client answers or goes.
func (c *conn) linger() {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-c.gone:
	case <-timer.C:
	}
}

// read takes a client's frames until the connection is over.
func (s *Server) read(c *conn) {
	var err error
	for err == nil {
		var data []byte
		if _, data, err = c.ws.ReadMessage(); err == nil {
			s.mu.Lock()
			s.receive(c, data)
			s.mu.Unlock()
		}
	}
	c.drop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateway.conns = slices.DeleteFunc(s.gateway.conns, func(o *conn) bool { return o == c })
	code := 0
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		code = closed.Code
	}
	if !c.hung {
		s.note(Event{What: Left, Code: code})
	}
	if c.session == nil {
		return
	}
	if c.session.conn == c {
		c.session.conn = nil
	}
	if !c.hung && (code == closeNormal || code == closeAway) {
		c.session.dead = true
	}
}

// receive takes one frame of a client. The server is locked.
func (s *Server) receive(c *conn, data []byte) {
	if c.hung {
		return
	}
	now := s.cfg.Now()
	if now.Sub(c.minute) >= time.Minute {
		c.minute, c.frames = now, 0
	}
	if c.frames++; c.frames > clientFrames {
		s.hang(c, CloseRateLimited)
		return
	}
	var f struct {
		Op   *int            `json:"op"`
		Data json.RawMessage `json:"d"`
	}
	if len(data) > clientFrame || json.Unmarshal(data, &f) != nil || f.Op == nil {
		s.hang(c, CloseDecode)
		return
	}
	switch *f.Op {
	case opHeartbeat:
		s.note(Event{What: Beaten})
		select {
		case c.beat <- struct{}{}:
		default: // one that is not looked at yet says as much
		}
		if !s.gateway.holdAcks {
			c.send(frame{Op: opHeartbeatAck})
		}
	case opIdentify:
		s.identify(c, f.Data)
	case opResume:
		s.resume(c, f.Data)
	case opPresence, opVoice, opMembers:
		if c.session == nil {
			s.hang(c, CloseNotIdentified)
		}
	default:
		s.hang(c, CloseUnknownOp)
	}
}
