package discordsim

import (
	"encoding/json"
	"slices"
	"strings"
)

// The intents that exist, and those that an application must be granted.
const (
	allIntents        = 1<<26 - 1
	privilegedIntents = 1<<1 | 1<<8 | 1<<15
)

// resumePath is where sessions are resumed: another address than where they
// begin, so that a client which doesn't use it is seen (Connected).
const resumePath = "/gateway/resume"

// admit looks at what identifying and resuming have in common.
func (s *Server) admit(c *conn, token string) bool {
	if len(s.gateway.refusals) > 0 {
		code := s.gateway.refusals[0]
		s.gateway.refusals = s.gateway.refusals[1:]
		s.hang(c, code)
		return false
	}
	if strings.TrimPrefix(token, "Bot ") != s.cfg.Token {
		s.hang(c, CloseBadToken)
		return false
	}
	return true
}

// identify begins a session. Every attempt counts for the budget of the day,
// and beyond it the token is reset: nothing is let in with it any more.
func (s *Server) identify(c *conn, data json.RawMessage) {
	var in struct {
		Token   string `json:"token"`
		Intents *int64 `json:"intents"`
		Shard   []int  `json:"shard"`
	}
	if json.Unmarshal(data, &in) != nil {
		s.hang(c, CloseDecode)
		return
	}
	if c.session != nil {
		s.hang(c, CloseIdentifiedTwice)
		return
	}
	now := s.cfg.Now()
	g := &s.gateway
	g.renew(now)
	g.starts++
	s.note(Event{What: Identified})
	early := s.cfg.IdentifyEvery > 0 && !g.lastIdentify.IsZero() && now.Sub(g.lastIdentify) < s.cfg.IdentifyEvery
	g.lastIdentify = now
	switch {
	case g.starts > s.cfg.SessionStarts:
		s.note(Event{What: Broken, Text: "more identifies than the day allows; the token is reset"})
		s.cfg.Token = "reset"
		s.hang(c, CloseBadToken)
		return
	case !s.admit(c, in.Token):
		return
	case early:
		s.note(Event{What: Broken, Text: "identified too soon after the last time"})
		c.send(frame{Op: opInvalidSession, Data: false})
		return
	case in.Intents == nil || *in.Intents < 0 || *in.Intents > allIntents:
		s.hang(c, CloseBadIntents)
		return
	case *in.Intents&privilegedIntents != 0:
		s.hang(c, CloseForbiddenIntents)
		return
	case len(in.Shard) != 0 && (len(in.Shard) != 2 || in.Shard[0] < 0 || in.Shard[0] >= in.Shard[1]):
		s.hang(c, CloseBadShard)
		return
	}
	sess := &session{id: "session-" + s.newID(), conn: c}
	g.sessions[sess.id] = sess
	c.session = sess
	sess.emit("READY", map[string]any{
		"v": 10, "session_id": sess.id, "resume_gateway_url": strings.TrimSuffix(s.GatewayURL(), "/gateway") + resumePath,
		"user":        map[string]any{"id": DefaultBot, "username": "modbot", "discriminator": "0", "bot": true, "avatar": nil},
		"guilds":      []any{map[string]any{"id": s.cfg.Guild, "unavailable": true}},
		"application": map[string]any{"id": s.cfg.Application, "flags": 0},
	})
	s.awake()
}

// emit sends an event to one session alone.
func (sess *session) emit(name string, data any) {
	sess.seq++
	f := frame{Op: opDispatch, Data: data, Seq: new(sess.seq), Type: name}
	sess.events = append(sess.events, f)
	sess.conn.send(f)
}

// resume goes on with a session: what the client missed is sent again.
func (s *Server) resume(c *conn, data json.RawMessage) {
	var in struct {
		Token   string `json:"token"`
		Session string `json:"session_id"`
		Seq     *int64 `json:"seq"`
	}
	if json.Unmarshal(data, &in) != nil || in.Seq == nil {
		s.hang(c, CloseDecode)
		return
	}
	if c.session != nil {
		s.hang(c, CloseIdentifiedTwice)
		return
	}
	if !s.admit(c, in.Token) {
		return
	}
	sess := s.gateway.sessions[in.Session]
	switch {
	case sess == nil || sess.dead:
		c.send(frame{Op: opInvalidSession, Data: false})
		return
	case *in.Seq > sess.seq:
		sess.dead = true
		s.hang(c, CloseBadSeq)
		return
	}
	if sess.conn != nil {
		sess.conn.session = nil // the old connection is a ghost now
	}
	sess.conn, c.session = c, sess
	missed := slices.DeleteFunc(slices.Clone(sess.events), func(f frame) bool { return *f.Seq <= *in.Seq })
	for _, f := range missed {
		c.send(f)
	}
	sess.emit("RESUMED", map[string]any{})
	s.note(Event{What: Resumed})
	s.awake()
}

// awake tells who waits for a session.
func (s *Server) awake() {
	close(s.gateway.changed)
	s.gateway.changed = make(chan struct{})
}
