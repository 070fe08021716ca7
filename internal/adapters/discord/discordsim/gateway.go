package discordsim

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Gateway operations.
const (
	opDispatch       = 0
	opHeartbeat      = 1
	opIdentify       = 2
	opPresence       = 3
	opVoice          = 4
	opResume         = 6
	opReconnect      = 7
	opMembers        = 8
	opInvalidSession = 9
	opHello          = 10
	opHeartbeatAck   = 11
)

// The codes with which the gateway ends a connection.
const (
	CloseUnknownError      = 4000
	CloseUnknownOp         = 4001
	CloseDecode            = 4002
	CloseNotIdentified     = 4003
	CloseBadToken          = 4004
	CloseIdentifiedTwice   = 4005
	CloseBadSeq            = 4007
	CloseRateLimited       = 4008
	CloseSessionTimeout    = 4009
	CloseBadShard          = 4010
	CloseShardingNeeded    = 4011
	CloseBadVersion        = 4012
	CloseBadIntents        = 4013
	CloseForbiddenIntents  = 4014
	closeNormal, closeAway = 1000, 1001
)

// endsSession reports the codes after which a session can't be resumed.
func endsSession(code int) bool {
	switch code {
	case closeNormal, closeAway, CloseBadToken, CloseBadSeq, CloseSessionTimeout, CloseBadShard, CloseShardingNeeded,
		CloseBadVersion, CloseBadIntents, CloseForbiddenIntents:
		return true
	}
	return false
}

const (
	// keptEvents is how many events of a session can be replayed.
	keptEvents = 1000
	// clientFrames is how many frames a client may send in a minute, and
	// clientFrame how long one may be.
	clientFrames = 120
	clientFrame  = 4096
)

// gateway is the state of all connections. It is guarded by the server's lock.
type gateway struct {
	closed   bool
	conns    []*conn
	sessions map[string]*session
	readers  sync.WaitGroup // goroutines of connections
	changed  chan struct{}  // closed and replaced when a session becomes ready

	holdAcks bool
	refusals []int // codes for the next identifies

	day          time.Time // when the identify budget began
	starts       int
	lastIdentify time.Time
}

// session is what a client can resume.
type session struct {
	id     string
	seq    int64
	events []frame // the last ones, in order
	conn   *conn   // nil while the client is away
	dead   bool
}

// frame is one message of the gateway.
type frame struct {
	Op   int    `json:"op"`
	Data any    `json:"d"`
	Seq  *int64 `json:"s"`
	Type string `json:"t,omitempty"`
}

func (g *gateway) all() []*conn { return append([]*conn(nil), g.conns...) }

// renew begins a new day of the identify budget when the last is over.
func (g *gateway) renew(now time.Time) {
	if now.Sub(g.day) >= sessionDay {
		g.day, g.starts = now, 0
	}
}

// dispatch sends an event to every session; those that are away get it when
// they resume. The server is locked.
func (s *Server) dispatch(name string, data any) {
	for _, sess := range s.gateway.sessions {
		if sess.dead {
			continue
		}
		sess.seq++
		f := frame{Op: opDispatch, Data: data, Seq: new(sess.seq), Type: name}
		sess.events = append(sess.events, f)
		if len(sess.events) > keptEvents {
			sess.events = sess.events[1:]
		}
		if sess.conn != nil {
			sess.conn.send(f)
		}
	}
}

// Dispatch sends any event to all sessions.
func (s *Server) Dispatch(name string, data any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dispatch(name, data)
}

// WaitReady waits until a client has identified or resumed.
func (s *Server) WaitReady(ctx context.Context) error {
	for {
		s.mu.Lock()
		ready, changed := s.ready(), s.gateway.changed
		s.mu.Unlock()
		if ready {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for a gateway session: %w", context.Cause(ctx))
		}
	}
}

func (s *Server) ready() bool {
	for _, sess := range s.gateway.sessions {
		if !sess.dead && sess.conn != nil {
			return true
		}
	}
	return false
}

// Connections is how many gateway connections are open.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.gateway.conns)
}

// SessionStarts is how many identifies were used of the day's budget.
func (s *Server) SessionStarts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateway.renew(s.cfg.Now())
	return s.gateway.starts
}

// each does something to all connections, under the lock.
func (s *Server) each(do func(*conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.gateway.all() {
		do(c)
	}
}

// Reconnect asks all clients to reconnect and resume (operation 7).
func (s *Server) Reconnect() {
	s.each(func(c *conn) { c.send(frame{Op: opReconnect}) })
}

// InvalidateSession tells all clients that their session is invalid (operation
// 9); it can be resumed only when resumable.
func (s *Server) InvalidateSession(resumable bool) {
	s.each(func(c *conn) {
		if c.session != nil && !resumable {
			c.session.dead, c.session.conn = true, nil
			c.session = nil
		}
		c.send(frame{Op: opInvalidSession, Data: resumable})
	})
}

// CloseGateway ends all connections with a code.
func (s *Server) CloseGateway(code int) {
	s.each(func(c *conn) { s.hang(c, code) })
}

// DropGateway breaks all connections without a word.
func (s *Server) DropGateway() {
	s.each(func(c *conn) {
		c.hung = true
		s.note(Event{What: Hung, Text: "dropped"})
		c.drop()
	})
}

// AskBeat asks all clients for a heartbeat at once (operation 1).
func (s *Server) AskBeat() {
	s.each(func(c *conn) { c.send(frame{Op: opHeartbeat}) })
}

// HoldAcks keeps heartbeats from being acknowledged, or lets them again.
func (s *Server) HoldAcks(hold bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateway.holdAcks = hold
}

// RefuseIdentify ends the next connections that identify or resume, each with
// one of the codes.
func (s *Server) RefuseIdentify(codes ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateway.refusals = append(s.gateway.refusals, codes...)
}
