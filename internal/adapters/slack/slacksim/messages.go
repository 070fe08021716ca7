package slacksim

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Message is what people see in a channel.
type Message struct {
	Channel  string
	TS       string
	ThreadTS string
	User     string // who alone sees it; empty is everybody in the channel
	Text     string // as it was sent: with markup, and escaped
	Blocks   json.RawMessage
	Mrkdwn   bool // Text is read as markup
	// Via is how it came: chat.postMessage, chat.postEphemeral, response_url, or
	// answer for what came with the acknowledgement of a delivery.
	Via      string
	Delivery string // which it answers, where that is known
	Edits    int
	Author   string // who wrote it; empty is the app
}

// clone is a message for the record and for tests.
func (m *Message) clone() *Message {
	c := *m
	c.Blocks = slices.Clone(m.Blocks)
	return &c
}

// Messages is what is in a channel, in order, with what only some see.
func (s *Server) Messages(channel string) []Message {
	return s.find(func(m *Message) bool { return m.Channel == channel })
}

// Seen is what one user sees of what others don't: private answers and direct
// messages, in order.
func (s *Server) Seen(user string) []Message {
	return s.find(func(m *Message) bool { return m.User == user || m.Channel == DirectChannel(user) })
}

func (s *Server) find(is func(*Message) bool) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.world.messages {
		if is(m) {
			out = append(out, *m.clone())
		}
	}
	return out
}

// show adds a message. The caller holds the lock.
func (s *Server) show(m Message) *Message {
	m.TS = s.stamp()
	s.world.messages = append(s.world.messages, &m)
	s.log.add(Record{Kind: KindMessage, Delivery: m.Delivery, Message: m.clone()})
	return &m
}

// replace changes what a message says. The caller holds the lock.
func (s *Server) replace(m *Message, with Message) {
	m.Text, m.Blocks, m.Mrkdwn = with.Text, with.Blocks, with.Mrkdwn
	m.Edits++
	s.log.add(Record{Kind: KindEdited, Delivery: with.Delivery, Message: m.clone()})
}

// remove deletes a message. The caller holds the lock.
func (s *Server) remove(m *Message, delivery string) {
	s.world.messages = slices.DeleteFunc(s.world.messages, func(other *Message) bool { return other == m })
	s.log.add(Record{Kind: KindDeleted, Delivery: delivery, Message: m.clone()})
}

// at finds a message by its place.
func (w *world) at(channel, ts string) *Message {
	i := slices.IndexFunc(w.messages, func(m *Message) bool { return m.Channel == channel && m.TS == ts })
	if i < 0 {
		return nil
	}
	return w.messages[i]
}

// content reads and checks what a call wants to say.
func content(c call) (Message, error) {
	m := Message{
		Channel: c.args.Get("channel"), ThreadTS: c.args.Get("thread_ts"), Text: c.args.Get("text"),
		Mrkdwn: c.args.Get("mrkdwn") != "false", Via: c.method,
	}
	if raw := c.args.Get("blocks"); raw != "" {
		m.Blocks = json.RawMessage(raw)
	}
	return m, checkMessage(m.Text, m.Blocks)
}

// writable finds the channel that the app wants to write to.
func (s *Server) writable(id string) (Channel, error) {
	if _, ok := s.world.users[id]; ok {
		return s.direct(id)
	}
	ch, ok := s.world.channels[id]
	switch {
	case !ok || ch.Private && !ch.Member:
		return Channel{}, refuse("channel_not_found")
	case ch.Archived:
		return Channel{}, refuse("is_archived")
	case !ch.Member:
		return Channel{}, refuse("not_in_channel")
	}
	return ch, nil
}

func (s *Server) postMessage(c call) (object, error) {
	ch, err := s.writable(c.args.Get("channel"))
	if err != nil {
		return nil, err
	}
	now := s.cfg.Now()
	if last, ok := s.world.posted[ch.ID]; ok && now.Sub(last) < s.cfg.PostInterval {
		return nil, errThrottled
	}
	m, err := content(c)
	if err != nil {
		return nil, err
	}
	s.world.posted[ch.ID] = now
	m.Channel = ch.ID
	shown := s.show(m)
	return object{"channel": ch.ID, "ts": shown.TS, "message": s.messageObject(shown)}, nil
}

func (s *Server) postEphemeral(c call) (object, error) {
	ch, err := s.writable(c.args.Get("channel"))
	if err != nil {
		return nil, err
	}
	if _, ok := s.world.users[c.args.Get("user")]; !ok {
		return nil, refuse("user_not_in_channel")
	}
	m, err := content(c)
	if err != nil {
		return nil, err
	}
	m.Channel, m.User = ch.ID, c.args.Get("user")
	return object{"message_ts": s.show(m).TS}, nil
}

func (s *Server) update(c call) (object, error) {
	m := s.world.at(c.args.Get("channel"), c.args.Get("ts"))
	switch {
	case m == nil || m.User != "": // what only one sees can't be edited this way
		return nil, refuse("message_not_found")
	case m.Author != "":
		return nil, refuse("cant_update_message")
	}
	with, err := content(c)
	if err != nil {
		return nil, err
	}
	s.replace(m, with)
	return object{"channel": m.Channel, "ts": m.TS, "text": m.Text, "message": s.messageObject(m)}, nil
}

func (s *Server) permalink(c call) (object, error) {
	channel, ts := c.args.Get("channel"), c.args.Get("message_ts")
	m := s.world.at(channel, ts)
	if m == nil || m.User != "" {
		return nil, refuse("message_not_found")
	}
	link := "https://" + s.cfg.TeamDomain + ".slack.com/archives/" + channel + "/p" + strings.ReplaceAll(ts, ".", "")
	return object{"channel": channel, "permalink": link}, nil
}

// messageObject is a message as payloads and answers carry it.
func (s *Server) messageObject(m *Message) object {
	o := object{"type": "message", "ts": m.TS, "text": m.Text}
	if m.Author != "" {
		o["user"] = m.Author
	} else {
		o["user"], o["bot_id"], o["app_id"] = s.cfg.BotUserID, s.cfg.BotID, s.cfg.AppID
	}
	if m.Blocks != nil {
		o["blocks"] = m.Blocks
	}
	if m.ThreadTS != "" {
		o["thread_ts"] = m.ThreadTS
	}
	return o
}

// Write adds a message that somebody wrote: there has to be one before it can be
// acted upon.
func (s *Server) Write(channel, author, text string) Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.show(Message{Channel: channel, Author: author, Text: text, Mrkdwn: true, Via: "typed"}).clone()
}

// after reports whether a time limit since a moment has passed.
func (s *Server) after(since time.Time, limit time.Duration) bool {
	return s.cfg.Now().Sub(since) > limit
}

// named is a name, or the id where there is none.
func named(name, id string) string { return cmp.Or(name, strings.ToLower(id)) }
