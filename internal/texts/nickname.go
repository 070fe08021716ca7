package texts

import (
	"strings"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// nickShown is how much of a nickname a message shows, in characters as people
// see them.
const nickShown = 32

// WithNicknames puts behind each account, where the lines first name it, what
// it calls itself: alice (Alice W.). The name is its owner's words, which may
// say anything, so it stands in a span of its own.
func WithNicknames(lines []chat.Line, names map[mute.Account]string) []chat.Line {
	if len(names) == 0 {
		return lines
	}
	shown := map[mute.Account]bool{}
	out := make([]chat.Line, 0, len(lines))
	for _, line := range lines {
		var with chat.Line
		for _, span := range line {
			with = append(with, span)
			account := mute.Account(span.Text)
			name := strings.TrimSpace(Cut(strings.TrimSpace(names[account]), nickShown))
			if span.Kind != chat.SpanQuote || shown[account] || name == "" || name == span.Text {
				continue
			}
			shown[account] = true
			with = append(with, chat.Plain(" ("), chat.Quote(name), chat.Plain(")"))
		}
		out = append(out, with)
	}
	return out
}
