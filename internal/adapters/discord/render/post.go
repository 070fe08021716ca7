package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// frozenVersion is the shape of frozen bodies. They lie in the store, and may
// be sent by a later version of modbot.
const frozenVersion = 1

// frozen is a body as it is stored before it is sent.
type frozen struct {
	Version int             `json:"v"`
	Message json.RawMessage `json:"message"`
}

// Posts makes one message out of as many posts as fit, beginning with the
// first, and freezes it: the bytes hold all that sending needs. A post that is
// alone keeps its buttons; several together have none, and the seal of the last
// below them. When one of them alarms, mention ("role:1", "user:2") is pinged
// once, at the end.
func Posts(posts []chat.Post, mention []string) (taken int, body []byte, err error) {
	if len(posts) == 0 {
		return 0, nil, errors.New("rendering posts: there are none")
	}
	call, err := parseMentions(mention)
	if err != nil {
		return 0, nil, fmt.Errorf("rendering posts: %w", err)
	}
	taken, b, alarm := several(posts, call)
	if taken == 1 {
		if b, err = lone(posts[0], call); err != nil {
			return 0, nil, fmt.Errorf("rendering posts: %w", err)
		}
		alarm = posts[0].Alarm
	}
	if alarm {
		b.Content += call.text()
		b.Roles, b.Users = call.roles, call.users
	}
	body, err = freeze(b)
	if err != nil {
		return 0, nil, fmt.Errorf("rendering posts: %w", err)
	}
	return taken, body, nil
}

// lone is a message about one post, cut where it is too long. Nothing is cut of
// a post about several entries.
func lone(p chat.Post, call call) (Body, error) {
	m := p.Alone()
	room := MaxContent - units(mark(p.FirstSeq, p.LastSeq)) - units(call.text())
	if p.FirstSeq != p.LastSeq && units(write(compose(m.Lines))) > room {
		return Body{}, adapters.ErrTooLong
	}
	b := Body{Content: post(p, m, room)}
	b.Components, _ = buttons(p.Message.Buttons)
	return b, nil
}

// several is a message about as many posts as fit, which may be the first alone.
// All that it may come to hold is counted: the seal, the mark of a repeat, and
// who is pinged.
func several(posts []chat.Post, call call) (taken int, b Body, alarm bool) {
	var lines strings.Builder
	length := 0
	for _, p := range posts {
		next := post(p, p.Message, 2*MaxContent) // what is longer than a message doesn't fit
		seal := below(p.Seal)
		length += units(next) + len("\n")
		room := MaxContent - units(mark(posts[0].FirstSeq, p.LastSeq)) - units(seal)
		if alarm || p.Alarm {
			room -= units(call.text())
		}
		if taken > 0 && length-len("\n") > room {
			break
		}
		if taken++; taken > 1 {
			lines.WriteByte('\n')
		}
		lines.WriteString(next)
		b.Content, alarm = seal, alarm || p.Alarm
	}
	b.Content = lines.String() + b.Content
	return taken, b, alarm
}

// below is a seal as a line of its own.
func below(seal chat.Line) string {
	text := fit(compose([]chat.Line{seal}), MaxContent)
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return "\n" + text
}

// post is the text of one post, never empty.
func post(p chat.Post, m chat.Message, room int) string {
	text := fit(compose(m.Lines), room)
	if strings.TrimSpace(text) == "" {
		return fmt.Sprintf("\\#%d", p.FirstSeq)
	}
	return text
}

func freeze(b Body) ([]byte, error) {
	if err := b.valid(); err != nil {
		return nil, err
	}
	message, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	return json.Marshal(frozen{Version: frozenVersion, Message: message})
}

// Decode reads what Posts froze, perhaps in another process. Anything else is
// an error: the body can't be sent, whatever is tried.
func Decode(body []byte) (Body, error) {
	var f frozen
	if err := strict(body, &f); err != nil {
		return Body{}, fmt.Errorf("reading a frozen post: %w", err)
	}
	if f.Version != frozenVersion {
		return Body{}, fmt.Errorf("reading a frozen post: version %d isn't known here", f.Version)
	}
	if len(f.Message) == 0 {
		return Body{}, errors.New("reading a frozen post: it holds no message")
	}
	var b Body
	if err := b.UnmarshalJSON(f.Message); err != nil {
		return Body{}, fmt.Errorf("reading a frozen post: %w", err)
	}
	return b, nil
}

// Marked is a body that may have arrived before: it says so, with the numbers
// of its entries, and pings nobody a second time.
func Marked(b Body, first, last int64) Body {
	b.Content = mark(first, last) + b.Content
	b.Roles, b.Users = nil, nil
	return b
}

// mark is the line that begins a possible repeat. There is room for it in every
// frozen body.
func mark(first, last int64) string {
	entries := fmt.Sprintf("#%d", first)
	if last != first {
		entries = fmt.Sprintf("#%d–#%d", first, last)
	}
	return "(possible repeat of " + entries + ")\n"
}

// call is whom an alarm pings.
type call struct{ roles, users []string }

// CheckMentions finds what Posts would refuse to mention.
func CheckMentions(mention []string) error {
	_, err := parseMentions(mention)
	return err
}

func parseMentions(mention []string) (call, error) {
	if len(mention) > maxMentions {
		return call{}, fmt.Errorf("%d mentions are configured; %d are the most", len(mention), maxMentions)
	}
	var c call
	for _, m := range mention {
		kind, id, _ := strings.Cut(m, ":")
		switch {
		case !snowflake(id):
			return call{}, fmt.Errorf("the mention %q has no id; write role:ID or user:ID", m)
		case kind == "role":
			c.roles = append(c.roles, id)
		case kind == "user":
			c.users = append(c.users, id)
		default:
			return call{}, fmt.Errorf("the mention %q is of no known kind; write role:ID or user:ID", m)
		}
	}
	return c, nil
}

// text is the line that pings.
func (c call) text() string {
	if len(c.roles)+len(c.users) == 0 {
		return ""
	}
	words := make([]string, 0, len(c.roles)+len(c.users))
	for _, id := range c.roles {
		words = append(words, "<@&"+id+">")
	}
	for _, id := range c.users {
		words = append(words, "<@"+id+">")
	}
	return "\n" + strings.Join(words, " ")
}
