package slacksim

import (
	"fmt"
	"slices"
)

// block checks one block of a message or a modal.
func (c *checker) block(at string, b object, surface string) {
	c.unique(at+"/block_id", "block_id", b["block_id"])
	switch b["type"] {
	case "rich_text":
		c.richText(at, b)
	case "section":
		c.section(at, b)
	case "actions":
		elements := objects(b["elements"])
		c.want(len(elements) >= 1 && len(elements) <= 25, at+"/elements", "1 to 25 items allowed")
		for i, e := range elements {
			c.interactive(fmt.Sprintf("%s/elements/%d", at, i), e)
		}
	case "context":
		elements := objects(b["elements"])
		c.want(len(elements) >= 1 && len(elements) <= 10, at+"/elements", "1 to 10 items allowed")
		for i, e := range elements {
			c.text(fmt.Sprintf("%s/elements/%d", at, i), e, 3000, "plain_text", "mrkdwn")
		}
	case "header":
		c.text(at+"/text", b["text"], 150, "plain_text")
	case "markdown":
		c.length(at+"/text", b["text"], 1, 12_000)
		c.want(surface == "message", at, "markdown only in messages")
	case "input":
		c.want(surface == "modal", at, "input only in modals")
		c.input(at, b)
	case "divider":
	default:
		c.want(false, at, "unsupported type: %v", b["type"])
	}
}

func (c *checker) section(at string, b object) {
	fields := objects(b["fields"])
	c.want(b["text"] != nil || len(fields) > 0, at, "needs text or fields")
	if b["text"] != nil {
		c.text(at+"/text", b["text"], 3000, "plain_text", "mrkdwn")
	}
	c.want(len(fields) <= 10, at+"/fields", "no more than 10 items allowed")
	for i, f := range fields {
		c.text(fmt.Sprintf("%s/fields/%d", at, i), f, 2000, "plain_text", "mrkdwn")
	}
	if accessory, ok := b["accessory"].(object); ok {
		c.interactive(at+"/accessory", accessory)
	}
}

// interactive checks what can be pressed or chosen in a message.
func (c *checker) interactive(at string, e object) {
	c.unique(at+"/action_id", "action_id", e["action_id"])
	switch e["type"] {
	case "button":
		c.text(at+"/text", e["text"], 75, "plain_text")
		c.length(at+"/value", e["value"], 0, 2000)
		c.length(at+"/url", e["url"], 0, 3000)
		style, _ := e["style"].(string)
		c.want(slices.Contains([]string{"", "primary", "danger"}, style), at+"/style", "no such style")
	case "static_select":
		c.options(at, e)
	default:
		c.want(false, at, "unsupported type: %v", e["type"])
	}
}

// richText checks a rich_text block. Slack documents no length of its texts;
// what a section may hold is taken for it.
func (c *checker) richText(at string, b object) {
	parts := objects(b["elements"])
	c.want(len(parts) >= 1, at+"/elements", "no fewer than 1 item allowed")
	for i, part := range parts {
		where := fmt.Sprintf("%s/elements/%d", at, i)
		switch part["type"] {
		case "rich_text_section", "rich_text_quote", "rich_text_preformatted":
			c.richElements(where, objects(part["elements"]))
		case "rich_text_list":
			for j, item := range objects(part["elements"]) {
				c.richElements(fmt.Sprintf("%s/elements/%d", where, j), objects(item["elements"]))
			}
		default:
			c.want(false, where, "unsupported type: %v", part["type"])
		}
	}
}

func (c *checker) richElements(at string, elements []object) {
	total := 0
	for i, e := range elements {
		where := fmt.Sprintf("%s/elements/%d", at, i)
		switch e["type"] {
		case "text":
			c.length(where+"/text", e["text"], 1, 3000)
			text, _ := e["text"].(string)
			total += units(text)
		case "user":
			c.length(where+"/user_id", e["user_id"], 1, 255)
		case "usergroup":
			c.length(where+"/usergroup_id", e["usergroup_id"], 1, 255)
		case "channel":
			c.length(where+"/channel_id", e["channel_id"], 1, 255)
		case "link":
			c.length(where+"/url", e["url"], 1, 3000)
		case "broadcast":
			c.length(where+"/range", e["range"], 1, 255)
		case "emoji":
			c.length(where+"/name", e["name"], 1, 255)
		case "date":
			at, ok := e["timestamp"].(float64)
			c.want(ok && at > 0 && at == float64(int64(at)), where+"/timestamp", "must be a positive integer")
			c.length(where+"/format", e["format"], 1, 255)
			c.length(where+"/fallback", e["fallback"], 0, 255)
		default:
			c.want(false, where, "unsupported type: %v", e["type"])
		}
	}
	c.want(total <= 3000, at, "must be less than 3001 characters")
}

// input checks one input of a modal.
func (c *checker) input(at string, b object) {
	c.text(at+"/label", b["label"], 2000, "plain_text")
	if b["hint"] != nil {
		c.text(at+"/hint", b["hint"], 2000, "plain_text")
	}
	e, _ := b["element"].(object)
	c.length(at+"/element/action_id", e["action_id"], 0, 255)
	if e["placeholder"] != nil {
		c.text(at+"/element/placeholder", e["placeholder"], 150, "plain_text")
	}
	switch e["type"] {
	case "plain_text_input":
		most := 3000
		if given, ok := e["max_length"].(float64); ok {
			most = int(given)
			c.want(given >= 1 && given <= 3000, at+"/element/max_length", "1 to 3000 allowed")
		}
		c.length(at+"/element/initial_value", e["initial_value"], 0, most)
	case "static_select":
		c.options(at+"/element", e)
	default:
		c.want(false, at+"/element", "unsupported type: %v", e["type"])
	}
}

func (c *checker) options(at string, e object) {
	options := objects(e["options"])
	c.want(len(options) >= 1 && len(options) <= 100, at+"/options", "1 to 100 items allowed")
	values := map[string]bool{}
	for i, o := range options {
		where := fmt.Sprintf("%s/options/%d", at, i)
		c.text(where+"/text", o["text"], 75, "plain_text", "mrkdwn")
		c.length(where+"/value", o["value"], 1, 150)
		values[fmt.Sprint(o["value"])] = true
	}
	if initial, ok := e["initial_option"].(object); ok {
		c.want(values[fmt.Sprint(initial["value"])], at+"/initial_option", "must match an option")
	}
}
