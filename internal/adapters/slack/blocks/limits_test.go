package blocks_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

// The limits are spelled out here a second time, from the documents: a test that
// shares the constants with what it tests would share their mistakes.

// object is any JSON object.
type object = map[string]any

// problems walks a message's JSON and says what Slack would refuse of it.
func problems(body blocks.Body) []string {
	raw, err := json.Marshal(body.Blocks)
	if err != nil {
		return []string{err.Error()}
	}
	var c checker
	var all []object
	if err := json.Unmarshal(raw, &all); err != nil {
		return []string{err.Error()}
	}
	c.length("text", body.Text, 1, 4000)
	c.markup(body.Text)
	c.wantf(len(all) >= 1 && len(all) <= 50, "%d blocks", len(all))
	// What Slack counts beside the JSON of a block: issue 2509 of slackapi/bolt-js.
	c.wantf(len(raw)+107*len(all) <= 13_172, "%d bytes of %d blocks", len(raw), len(all))
	for i, b := range all {
		c.block(fmt.Sprintf("blocks[%d]", i), b)
	}
	c.wantf(strings.TrimSpace(c.seen.String()) != "", "nothing to see")
	return c.problems
}

// checker collects what is wrong, and the text that is seen.
type checker struct {
	problems []string
	ids      map[string]bool
	seen     strings.Builder
	live     []string
}

func (c *checker) wantf(ok bool, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
}

// hidden checks what only programs read.
func (c *checker) hidden(what string, value any, least, most int) {
	text, ok := value.(string)
	n := len(utf16.Encode([]rune(text)))
	c.wantf(ok && n >= least && n <= most, "%s has %d characters of %d to %d", what, n, least, most)
}

// length checks text that is seen: it is visible, too.
func (c *checker) length(what string, value any, least, most int) {
	c.hidden(what, value, least, most)
	text, _ := value.(string)
	for _, r := range text {
		// Marks are counted within a span, and spans are joined here.
		c.wantf(r == '\n' || chat.Visible(string(r)) == string(r), "%s hides %U", what, r)
	}
}

// markup expects no live markup in a fallback but mentions after our words.
func (c *checker) markup(text string) {
	for rest := text; ; {
		i := strings.IndexAny(rest, "<>")
		if i < 0 {
			return
		}
		end := strings.IndexByte(rest[i:], '>')
		live := end > 0 && (strings.HasPrefix(rest[i:], "<@U") || strings.HasPrefix(rest[i:], "<@W") || strings.HasPrefix(rest[i:], "<!subteam^S"))
		c.wantf(live, "markup in the text: %q", text)
		if !live {
			return
		}
		c.live = append(c.live, rest[i:i+end+1])
		rest = rest[i+end+1:]
	}
}

func (c *checker) id(what string, value any) {
	if value == nil {
		return
	}
	c.hidden(what, value, 1, 255)
	id := fmt.Sprint(value)
	if c.ids == nil {
		c.ids = map[string]bool{}
	}
	c.wantf(!c.ids[id], "%s %q is there twice", what, id)
	c.ids[id] = true
}

func (c *checker) block(at string, b object) {
	c.id(at+".block_id", b["block_id"])
	switch b["type"] {
	case "rich_text":
		c.richText(at, b)
	case "actions":
		elements := list(b["elements"])
		c.wantf(len(elements) >= 1 && len(elements) <= 25, "%s has %d buttons", at, len(elements))
		for i, e := range elements {
			c.button(fmt.Sprintf("%s.elements[%d]", at, i), e)
		}
	default:
		c.wantf(false, "%s is a %v", at, b["type"])
	}
}

func (c *checker) richText(at string, b object) {
	sections := list(b["elements"])
	c.wantf(len(sections) == 1, "%s has %d sections", at, len(sections))
	for _, s := range sections {
		c.wantf(s["type"] == "rich_text_section", "%s holds a %v", at, s["type"])
		elements := list(s["elements"])
		c.wantf(len(elements) >= 1, "%s is empty", at)
		before := c.seen.Len()
		for i, e := range elements {
			c.element(fmt.Sprintf("%s.elements[%d]", at, i), e)
		}
		text := c.seen.String()[before:]
		c.wantf(len(utf16.Encode([]rune(text))) <= 3000, "%s has %d characters", at, len(text))
		c.seen.WriteByte('\n')
	}
}

func (c *checker) element(at string, e object) {
	switch e["type"] {
	case "text":
		c.length(at, e["text"], 1, 3000)
		fmt.Fprint(&c.seen, e["text"])
	case "date":
		at, ok := e["timestamp"].(float64)
		c.wantf(ok && at > 0, "%v is a date", e["timestamp"])
		c.length("format", e["format"], 1, 100)
		c.length("fallback", e["fallback"], 1, 100)
		fmt.Fprint(&c.seen, e["fallback"])
	case "user":
		c.live = append(c.live, fmt.Sprint(e["user_id"]))
	case "usergroup":
		c.live = append(c.live, fmt.Sprint(e["usergroup_id"]))
	default:
		c.wantf(false, "%s is a %v", at, e["type"])
	}
}

func (c *checker) button(at string, e object) {
	c.wantf(e["type"] == "button", "%s is a %v", at, e["type"])
	c.id(at+".action_id", e["action_id"])
	c.hidden(at+".value", e["value"], 1, 2000)
	c.plain(at+".text", e["text"], 75)
}

func (c *checker) plain(at string, value any, most int) {
	text, _ := value.(object)
	c.wantf(text["type"] == "plain_text" && text["emoji"] == false, "%s is %v", at, value)
	c.length(at, text["text"], 1, most)
	c.wantf(strings.TrimSpace(fmt.Sprint(text["text"])) != "", "%s shows nothing", at)
}

// formProblems does the same for a modal.
func formProblems(view slack.ModalViewRequest) []string {
	var c checker
	raw, err := json.Marshal(view)
	if err != nil {
		return []string{err.Error()}
	}
	var v object
	if err := json.Unmarshal(raw, &v); err != nil {
		return []string{err.Error()}
	}
	c.wantf(v["type"] == "modal", "it is a %v", v["type"])
	for _, name := range []string{"title", "submit", "close"} {
		c.plain(name, v[name], 24)
	}
	c.hidden("callback_id", v["callback_id"], 1, 255)
	if v["private_metadata"] != nil {
		c.hidden("private_metadata", v["private_metadata"], 0, 3000)
	}
	all := list(v["blocks"])
	c.wantf(len(all) >= 1 && len(all) <= 100, "%d blocks", len(all))
	for _, b := range all {
		c.input(b)
	}
	return c.problems
}

func (c *checker) input(b object) {
	at := fmt.Sprint(b["block_id"])
	c.wantf(b["type"] == "input", "%s is a %v", at, b["type"])
	c.id("block_id", b["block_id"])
	c.plain(at+".label", b["label"], 2000)
	if b["hint"] != nil {
		c.plain(at+".hint", b["hint"], 2000)
	}
	e, _ := b["element"].(object)
	c.hidden(at+".action_id", e["action_id"], 1, 255)
	switch e["type"] {
	case "plain_text_input":
		most, _ := e["max_length"].(float64)
		c.wantf(most >= 1 && most <= 3000, "%s takes %v characters", at, most)
		if e["initial_value"] != nil {
			c.length(at+".initial_value", e["initial_value"], 1, int(most))
		}
	case "static_select":
		c.options(at, e)
	default:
		c.wantf(false, "%s holds a %v", at, e["type"])
	}
}

func (c *checker) options(at string, e object) {
	options := list(e["options"])
	c.wantf(len(options) >= 1 && len(options) <= 100, "%s has %d options", at, len(options))
	values := map[string]bool{}
	for _, o := range options {
		c.plain(at, o["text"], 75)
		c.hidden(at, o["value"], 1, 75)
		values[fmt.Sprint(o["value"])] = true
	}
	c.wantf(len(values) == len(options), "%s has options twice", at)
	if initial, ok := e["initial_option"].(object); ok {
		c.wantf(values[fmt.Sprint(initial["value"])], "%s begins with no option of its own", at)
	}
}

func list(value any) []object {
	all, _ := value.([]any)
	out := make([]object, 0, len(all))
	for _, one := range all {
		o, _ := one.(object)
		out = append(out, o)
	}
	return out
}

// shown is what a reader sees of a message, without its buttons.
func shown(t require.TestingT, b blocks.Body) (text string, live []string) {
	raw, err := json.Marshal(b.Blocks)
	require.NoError(t, err)
	var all []object
	require.NoError(t, json.Unmarshal(raw, &all))
	var c checker
	for _, b := range all {
		if b["type"] == "rich_text" {
			c.richText("", b)
		}
	}
	return c.seen.String(), c.live
}
