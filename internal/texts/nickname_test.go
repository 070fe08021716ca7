package texts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

func TestWithNicknames(t *testing.T) {
	lines := []chat.Line{
		{chat.Strong("Done"), chat.Plain(": "), chat.Quote("alice"), chat.Plain(" is muted, not "), chat.Quote("bob")},
		{chat.Quote("alice"), chat.Plain(" again")},
		{chat.Plain("alice in our words")},
	}
	for name, c := range map[string]struct {
		names map[mute.Account]string
		want  string
	}{
		"where the account is named first": {map[mute.Account]string{"alice": "Alice W."}, "Done: alice (Alice W.) is muted, not bob\nalice again\nalice in our words"},
		"each account":                     {map[mute.Account]string{"alice": "A", "bob": "B"}, "Done: alice (A) is muted, not bob (B)\nalice again\nalice in our words"},
		"a nickname that is an account":    {map[mute.Account]string{"alice": "bob", "bob": "alice"}, "Done: alice (bob) is muted, not bob (alice)\nalice again\nalice in our words"},
		"nothing but space":                {map[mute.Account]string{"alice": " \n"}, "Done: alice is muted, not bob\nalice again\nalice in our words"},
		"the account again":                {map[mute.Account]string{"alice": "alice"}, "Done: alice is muted, not bob\nalice again\nalice in our words"},
		"nobody that is named":             {map[mute.Account]string{"carol": "C"}, "Done: alice is muted, not bob\nalice again\nalice in our words"},
		"a long one is cut":                {map[mute.Account]string{"bob": strings.Repeat("刷", 100)}, "Done: alice is muted, not bob (" + strings.Repeat("刷", 31) + "…)\nalice again\nalice in our words"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, chat.Message{Lines: WithNicknames(lines, c.names)}.Plain())
		})
	}
	require.Len(t, lines[0], 5, "what was given is left as it was")
	got := WithNicknames(lines, map[mute.Account]string{"alice": "<!channel>\x1b[2J"})
	require.Equal(t, chat.Quote("<!channel>\x1b[2J"), got[0][4], "somebody's words, raw, for the adapter to make harmless")
}
