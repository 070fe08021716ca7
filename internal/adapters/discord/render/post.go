package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"modbot/internal/chat"
)

// frozenVersion is the shape of frozen bodies. They lie in the store, and may
// be sent by a later version of modbot.
const frozenVersion = 1

// markRoom is kept free in every frozen body for the mark of a repeat.
const markRoom = 96

// frozen is a body as it is stored before it is sent.
type frozen struct {
	Version int             `json:"v"`
	Message json.RawMessage `json:"message"`
}

// Posts makes one message out of as many posts as fit, beginning with the
// first, and freezes it: the bytes hold all that sending needs. A post that is
// alone keeps its buttons; several together have none. When one of them alarms,
// mention ("role:1", "user:2") is pinged once, below them.
func Posts(posts []chat.Post, mention []string) (taken int, body []byte, err error) {
	if len(posts) == 0 {
		return 0, nil, errors.New("rendering posts: there are none")
	}
	call, err := parseMentions(mention)
	if err != nil {
		return 0, nil, fmt.Errorf("rendering posts: %w", err)
	}
	room := MaxContent - markRoom - units(call.text())
	b := Body{Content: post(posts[0], room)}
	alarm := posts[0].Alarm
	for taken = 1; taken < len(posts); taken++ {
		next := post(posts[taken], room)
		if units(b.Content)+1+units(next) > room {
			break
		}
		b.Content += "\n" + next
		alarm = alarm || posts[taken].Alarm
	}
	if taken == 1 {
		b.Components, _ = buttons(posts[0].Message.Buttons)
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

// post is the text of one post, never empty.
func post(p chat.Post, room int) string {
	text := fit(compose(p.Message.Lines), room)
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
	entries := fmt.Sprintf("#%d", first)
	if last != first {
		entries = fmt.Sprintf("#%d–#%d", first, last)
	}
	b.Content = "(possible repeat of " + entries + ")\n" + b.Content
	b.Roles, b.Users = nil, nil
	return b
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
