package slacksim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// hello is the first frame on a socket.
func (s *Server) hello(many int) object {
	return object{
		"type": "hello", "num_connections": many, "connection_info": object{"app_id": s.cfg.AppID},
		"debug_info": object{"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060},
	}
}

func (s *Server) disconnect(reason string) object {
	return object{
		"type": "disconnect", "reason": reason, "num_connections": len(s.Sockets()),
		"connection_info": object{"app_id": s.cfg.AppID}, "debug_info": object{"host": "applink-1"},
	}
}

// Sockets are the numbers of those that are open, in the order of their opening.
func (s *Server) Sockets() []int {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	return slices.Sorted(maps.Keys(s.sockets.open))
}

// AwaitSockets waits until exactly so many are open.
func (s *Server) AwaitSockets(ctx context.Context, n int) error {
	for {
		changed := s.log.watch()
		if len(s.Sockets()) == n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d sockets, %d are open: %w", n, len(s.Sockets()), context.Cause(ctx))
		}
	}
}

// Route scripts which socket a delivery goes to; nil is by turns. open are the
// numbers of those that are open, at least one.
func (s *Server) Route(to func(open []int) int) {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	s.sockets.route = to
}

// Disconnect sends a disconnect frame to a socket, or to All. The socket stays
// open until the client, or Drop, ends it; Slack itself does after some ten
// seconds.
func (s *Server) Disconnect(socket int, reason string) {
	for _, c := range s.selected(socket) {
		_ = c.write(s.disconnect(reason))
	}
}

// Frame sends any frame to a socket, or to All: what is no JSON, too.
func (s *Server) Frame(socket int, raw []byte) {
	for _, c := range s.selected(socket) {
		c.mu.Lock()
		_ = c.conn.SetWriteDeadline(time.Now().Add(writeTime))
		_ = c.conn.WriteMessage(websocket.TextMessage, raw)
		c.mu.Unlock()
	}
}

// Drop cuts a socket, or All, without a word.
func (s *Server) Drop(socket int) {
	for _, c := range s.selected(socket) {
		_ = c.conn.UnderlyingConn().Close()
	}
}

// Hush stops the pings, or lets them go on.
func (s *Server) Hush(quiet bool) {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	s.sockets.quiet = quiet
}

func (s *Server) selected(id int) []*socket {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	var out []*socket
	for _, c := range s.sockets.open {
		if id == All || c.id == id {
			out = append(out, c)
		}
	}
	return out
}
