package discordsim

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"time"
)

// channel is a channel of the guild, or direct messages.
type channel struct {
	id       string
	user     string // of direct messages
	closed   bool   // the bot has no access, or the member takes no messages
	messages []*Message
}

// nonce remembers a message by what its sender called it.
type nonce struct {
	message *Message
	until   time.Time
}

// AddChannel makes a channel, or brings one back, with access for the bot.
func (s *Server) AddChannel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[id]; c != nil {
		c.closed = false
		return
	}
	s.channels[id] = &channel{id: id}
}

// RemoveChannel deletes a channel: the bot gets 10003. Its messages are gone.
func (s *Server) RemoveChannel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.channels, id)
}

// LockChannel takes the bot's access to a channel: it gets 50001. AddChannel
// gives it back.
func (s *Server) LockChannel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[id]; c != nil {
		c.closed = true
	}
}

// Messages are the messages of a channel, oldest first.
func (s *Server) Messages(id string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return values(s.channels[id])
}

// DMs are the direct messages to a member, oldest first.
func (s *Server) DMs(user string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return values(s.channels[dmChannel(user)])
}

func values(c *channel) []Message {
	if c == nil {
		return nil
	}
	var out []Message
	for _, m := range c.messages {
		out = append(out, *m)
	}
	return out
}

// dmChannel is the id of a member's direct messages: a number of 19 digits, as
// ids are, and the same for the same member.
func dmChannel(user string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(user)) // never fails
	return fmt.Sprintf("7%018d", h.Sum64()%1e18)
}

func (s *Server) openDM(_ *http.Request, body []byte) reply {
	var in struct {
		Recipient string `json:"recipient_id"`
	}
	if r := decode(body, &in); r != nil {
		return *r
	}
	if in.Recipient == "" {
		return refused(http.StatusBadRequest, codeUnknownUser, "Unknown User")
	}
	id := dmChannel(in.Recipient)
	if s.channels[id] == nil {
		s.channels[id] = &channel{id: id, user: in.Recipient}
	}
	return ok(map[string]any{"id": id, "type": 1, "recipients": []any{map[string]any{"id": in.Recipient}}})
}

func (s *Server) createMessage(r *http.Request, body []byte) reply {
	c := s.channels[r.PathValue("channel")]
	switch {
	case c == nil:
		return refused(http.StatusNotFound, codeUnknownChannel, "Unknown Channel")
	case c.closed && c.user != "":
		return refused(http.StatusForbidden, 50007, "Cannot send messages to this user")
	case c.closed:
		return refused(http.StatusForbidden, codeMissingAccess, "Missing Access")
	}
	p, refusal := readPayload(body, false)
	if refusal != nil {
		return *refusal
	}
	name := ""
	if p.Nonce != nil {
		name = fmt.Sprint(p.Nonce)
	}
	if length(name) > maxNonce {
		return invalidForm("nonce", fmt.Sprintf("Must be %d or fewer in length.", maxNonce))
	}
	now := s.cfg.Now()
	key := c.id + " " + name
	if known, is := s.nonces[key]; is && p.EnforceNonce && name != "" && now.Before(known.until) {
		return ok(known.message.json(s.cfg.Application))
	}
	m := &Message{ID: s.newID(), Channel: c.id, Nonce: name, Flags: p.Flags & FlagSuppressEmbeds}
	p.apply(m, body, []string{"users", "roles", "everyone"})
	c.messages = append(c.messages, m)
	if name != "" {
		s.nonces[key] = nonce{message: m, until: now.Add(s.cfg.NonceMemory)}
	}
	what := Posted
	if c.user != "" {
		what = Messaged
	}
	s.note(Event{What: what, Channel: c.id, User: c.user, Message: m})
	return ok(m.json(s.cfg.Application))
}

// Delete removes a message from a channel, as a member may.
func (s *Server) Delete(channelID, messageID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[channelID]; c != nil {
		c.messages = slices.DeleteFunc(c.messages, func(m *Message) bool { return m.ID == messageID })
	}
}

// find looks for a message in all channels, and among what only one member
// sees. The server is locked.
func (s *Server) find(id string) *Message {
	for _, c := range s.channels {
		for _, m := range c.messages {
			if m.ID == id {
				return m
			}
		}
	}
	for _, in := range s.interactions {
		if in.original != nil && in.original.ID == id {
			return in.original
		}
		for _, m := range in.followUps {
			if m.ID == id {
				return m
			}
		}
	}
	return nil
}
