package slacksim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Shown is a message as Slack's client shows it to a reader: Text without the
// markup, and Live with everything that the client or Slack acts upon instead
// (mentions, links, broadcasts, emphasis and code that were made of text).
type Shown struct {
	Text string
	Live []string
}

// Shown reads a message. With blocks they are what is shown; what is live in
// the text beside them counts all the same, because Slack notifies by it.
func (m Message) Shown() Shown {
	var r reader
	r.markup(m.Text, m.Mrkdwn && len(m.Blocks) == 0)
	if len(m.Blocks) == 0 {
		return r.shown()
	}
	r.text.Reset()
	var all []object
	if json.Unmarshal(m.Blocks, &all) == nil {
		for _, b := range all {
			r.block(b)
		}
	}
	return r.shown()
}

// Button is something to press in a message.
type Button struct {
	Label    string
	ActionID string
	BlockID  string
	Value    string
	Style    string
}

// Buttons are those of a message, in order.
func (m Message) Buttons() []Button {
	var all []object
	if json.Unmarshal(m.Blocks, &all) != nil {
		return nil
	}
	var out []Button
	for i, b := range all {
		if b["type"] != "actions" {
			continue
		}
		block, _ := b["block_id"].(string)
		if block == "" {
			block = fmt.Sprintf("made-up-%d", i) // Slack makes one up, too
		}
		for _, e := range objects(b["elements"]) {
			label, _ := e["text"].(object)
			out = append(out, Button{
				Label: str(label["text"]), ActionID: str(e["action_id"]), BlockID: block, Value: str(e["value"]), Style: str(e["style"]),
			})
		}
	}
	return out
}

func str(value any) string {
	text, _ := value.(string)
	return text
}

// reader collects what a reader sees.
type reader struct {
	text strings.Builder
	live []string
}

func (r *reader) shown() Shown {
	return Shown{Text: strings.TrimSuffix(r.text.String(), "\n"), Live: r.live}
}

func (r *reader) block(b object) {
	switch b["type"] {
	case "rich_text":
		for _, part := range objects(b["elements"]) {
			r.rich(part)
			r.text.WriteByte('\n')
		}
	case "section", "header":
		r.object(b["text"])
		for _, f := range objects(b["fields"]) {
			r.object(f)
		}
	case "context":
		for _, e := range objects(b["elements"]) {
			r.object(e)
		}
	case "markdown":
		r.live = append(r.live, "markdown")
		r.text.WriteString(str(b["text"]) + "\n")
	}
}

// object reads a text object.
func (r *reader) object(value any) {
	o, _ := value.(object)
	if o == nil {
		return
	}
	if o["type"] == "mrkdwn" {
		r.markup(str(o["text"]), true)
	} else {
		r.text.WriteString(str(o["text"]))
	}
	r.text.WriteByte('\n')
}

// rich reads a part of a rich_text block: nothing in its texts is parsed.
func (r *reader) rich(part object) {
	for _, e := range objects(part["elements"]) {
		switch e["type"] {
		case "text":
			r.text.WriteString(str(e["text"]))
		case "date":
			r.text.WriteString(str(e["fallback"]))
		case "rich_text_section":
			r.rich(e)
			r.text.WriteByte('\n')
		case "user":
			r.act("<@" + str(e["user_id"]) + ">")
		case "usergroup":
			r.act("<!subteam^" + str(e["usergroup_id"]) + ">")
		case "broadcast":
			r.act("<!" + str(e["range"]) + ">")
		default:
			r.act(fmt.Sprintf("<%v>", e["type"]))
		}
	}
}

// act is something live: it is seen as well.
func (r *reader) act(what string) {
	r.live = append(r.live, what)
	r.text.WriteString(what)
}

var (
	bracketed = regexp.MustCompile(`<[^<>]*>`)
	// emphasis is what mrkdwn makes of a pair of characters around words.
	emphasis = regexp.MustCompile("\\*[^*\\s][^*\n]*\\*|_[^_\\s][^_\n]*_|~[^~\\s][^~\n]*~|`[^`\n]+`|:[a-z0-9_+-]+:")
)

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// markup reads text that Slack parses: brackets always, emphasis where mrkdwn
// is on.
func (r *reader) markup(text string, mrkdwn bool) {
	for _, found := range bracketed.FindAllString(text, -1) {
		if !strings.HasPrefix(found, "<!date^") {
			r.live = append(r.live, found)
		}
	}
	if mrkdwn {
		r.live = append(r.live, emphasis.FindAllString(bracketed.ReplaceAllString(text, ""), -1)...)
	}
	r.text.WriteString(entities.Replace(dated.ReplaceAllString(text, "$1")))
}

// dated is a date of mrkdwn with its fallback.
var dated = regexp.MustCompile(`<!date\^[^|>]*\|([^>]*)>`)
