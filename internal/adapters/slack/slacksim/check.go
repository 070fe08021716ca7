package slacksim

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
)

// Slack's limits of messages and modals, as docs.slack.dev states them. The sum
// of a message's blocks is not documented: one of 13,200 characters is refused,
// and further ones cost about 107 each beside what they hold (slackapi/bolt-js
// issue 2509, where a divider took 125 of them).
const (
	maxText        = 40_000
	maxBlocks      = 50
	maxBlocksTotal = 13_200
	blockCost      = 107
	maxViewBlocks  = 100
	maxViewSize    = 250_000
)

// checkMessage refuses what Slack refuses of a message.
func checkMessage(text string, blocks json.RawMessage) error {
	switch {
	case units(text) > maxText:
		return refuse("msg_too_long")
	case strings.TrimSpace(text) == "" && len(blocks) == 0:
		return refuse("no_text")
	case len(blocks) == 0:
		return nil
	}
	var c checker
	all := c.decode(blocks)
	if units(string(blocks))+blockCost*max(len(all)-1, 0) > maxBlocksTotal {
		return refuse("msg_blocks_too_long")
	}
	if len(all) == 0 && len(c.problems) == 0 && strings.TrimSpace(text) == "" {
		return refuse("no_text")
	}
	c.want(len(all) <= maxBlocks, "/blocks", "no more than %d items allowed", maxBlocks)
	for i, b := range all {
		c.block(fmt.Sprintf("/blocks/%d", i), b, "message")
	}
	return c.result("invalid_blocks")
}

// checkView refuses what Slack refuses of a modal.
func checkView(raw json.RawMessage) error {
	if len(raw) > maxViewSize {
		return refuse("view_too_large")
	}
	var c checker
	var v object
	if err := json.Unmarshal(raw, &v); err != nil || v == nil {
		return refuse("invalid_arguments", "[ERROR] no view [json-pointer:/view]")
	}
	c.want(v["type"] == "modal", "/view/type", "must be modal")
	for name, required := range map[string]bool{"title": true, "submit": false, "close": false} {
		if required || v[name] != nil {
			c.text("/view/"+name, v[name], 24, "plain_text")
		}
	}
	c.length("/view/private_metadata", v["private_metadata"], 0, 3000)
	c.length("/view/callback_id", v["callback_id"], 0, 255)
	all := objects(v["blocks"])
	c.want(len(all) >= 1 && len(all) <= maxViewBlocks, "/view/blocks", "1 to %d items allowed", maxViewBlocks)
	inputs := false
	for i, b := range all {
		inputs = inputs || b["type"] == "input"
		c.block(fmt.Sprintf("/view/blocks/%d", i), b, "modal")
	}
	c.want(!inputs || v["submit"] != nil, "/view/submit", "required with input blocks")
	return c.result("invalid_arguments")
}

// checker collects what is wrong, with where it is.
type checker struct {
	problems []string
	ids      map[string]bool
}

func (c *checker) result(code string) error {
	if len(c.problems) == 0 {
		return nil
	}
	return refuse(code, c.problems...)
}

func (c *checker) want(ok bool, at, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, fmt.Sprintf("[ERROR] "+format, args...)+" [json-pointer:"+at+"]")
	}
}

func (c *checker) decode(raw json.RawMessage) []object {
	var all []object
	err := json.Unmarshal(raw, &all)
	c.want(err == nil, "/blocks", "no list of blocks")
	return all
}

// length checks a text that may be missing, where nothing is allowed.
func (c *checker) length(at string, value any, least, most int) {
	text, ok := value.(string)
	c.want(ok || value == nil && least == 0, at, "must be a string")
	c.want(units(text) >= least, at, "must be more than %d characters", least-1)
	c.want(units(text) <= most, at, "must be less than %d characters", most+1)
}

// text checks a text object.
func (c *checker) text(at string, value any, most int, kinds ...string) {
	o, _ := value.(object)
	kind, _ := o["type"].(string)
	known := false
	for _, k := range kinds {
		known = known || k == kind
	}
	c.want(known, at, "must be %s", strings.Join(kinds, " or "))
	c.length(at+"/text", o["text"], 1, most)
	_, emoji := o["emoji"]
	c.want(!emoji || kind == "plain_text", at, "emoji needs plain_text")
}

func (c *checker) unique(at, name string, value any) {
	if value == nil {
		return
	}
	c.length(at, value, 1, 255)
	id := fmt.Sprint(name, " ", value)
	if c.ids == nil {
		c.ids = map[string]bool{}
	}
	c.want(!c.ids[id], at, "%s is there twice", id)
	c.ids[id] = true
}

// units is the length of a text in UTF-16, the longest reading of characters.
func units(text string) int { return len(utf16.Encode([]rune(text))) }

// objects are the objects of a JSON list.
func objects(value any) []object {
	all, _ := value.([]any)
	out := make([]object, 0, len(all))
	for _, one := range all {
		o, _ := one.(object)
		out = append(out, o)
	}
	return out
}
