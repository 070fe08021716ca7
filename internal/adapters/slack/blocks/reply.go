package blocks

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// actionPrefix begins the action_id of every button that is made here. What
// follows only makes it unique in its message.
const actionPrefix = "modbot_click_"

// IsAction reports whether an action_id is that of a button of ours.
func IsAction(id string) bool { return strings.HasPrefix(id, actionPrefix) }

// Reply is a private answer with its buttons. A button that Slack can't show is
// a command to type instead, where there is one.
func Reply(m chat.Message) Body { return fill(m, messageBytes) }

// fill renders a message into so many bytes of JSON.
func fill(m chat.Message, room int) Body {
	actions, typed := buttons(m.Buttons)
	lines := slices.Concat(m.Lines, typed)
	body := Body{Text: text(lines), Blocks: layOut(lines, room-takes(actions))}
	if actions != nil {
		body.Blocks = append(body.Blocks, actions)
	}
	return body
}

// text is the fallback of lines.
func text(lines []chat.Line) string {
	shown := make([]string, 0, len(lines))
	for _, l := range lines {
		if plain := l.Plain(); len(shown) > 0 || !blank(plain) {
			shown = append(shown, plain)
		}
	}
	if len(shown) == 0 {
		return nothing
	}
	return fallback(shown)
}

// buttons are those that Slack can show, nil where there is none, and the lines
// that say what to type in place of the others.
func buttons(all []chat.Button) (slack.Block, []chat.Line) {
	var shown []slack.BlockElement
	var typed []chat.Line
	left := actionBytes
	for _, b := range all {
		value, ok := EncodeClick(b)
		ok = ok && len(shown) < maxButtons && cost(b, value) <= left
		fits := units(chat.Visible(b.Label)) <= maxButtonText
		switch {
		case ok && (fits || b.Typed == ""):
			shown = append(shown, button(b, len(shown), value))
			left -= cost(b, value)
		case b.Typed != "":
			typed = append(typed, chat.Line{chat.Plain("→ "), chat.Code(b.Typed), chat.Plain("   (" + label(b) + ")")})
		}
	}
	if shown == nil {
		return nil, typed
	}
	return slack.NewActionBlock("", shown...), typed
}

func button(b chat.Button, n int, value string) *slack.ButtonBlockElement {
	e := slack.NewButtonBlockElement(actionPrefix+strconv.Itoa(n), value, plainText(label(b), maxButtonText))
	if b.Danger {
		e.Style = slack.StyleDanger
	}
	return e
}

// cost is what a button takes in JSON at most. Its value is JSON inside JSON:
// quotes and backslashes of it are spelled with another backslash.
func cost(b chat.Button, value string) int {
	text := adapters.Cut(label(b), maxButtonText, units)
	return buttonOverhead + 2*len(value) + spelled(text)
}

// label is what is written on a button: never nothing.
func label(b chat.Button) string {
	for _, text := range []string{b.Label, b.Choice, b.Opens} {
		if !blank(text) {
			return chat.Visible(text)
		}
	}
	return "?"
}

// takes is how much of a message's room a block takes, and 0 for none.
func takes(b slack.Block) int {
	if b == nil {
		return 0
	}
	raw, err := json.Marshal(b)
	if err != nil { // impossible: a block of ours is made of strings
		return messageBytes
	}
	return len(raw) + len(",") + hiddenBytes
}
