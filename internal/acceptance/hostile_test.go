//go:build unix

package acceptance

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// What people write is shown as text, in the answer and in both audit channels:
// it pings nobody, and is no markup.
func TestAcceptance_14_HostileReasons(t *testing.T) {
	t.Parallel()
	hostile := []struct{ name, reason, shown string }{
		{"everybody", "@everyone @here @channel", ""},
		{"Slack's broadcasts", "<!channel> <!here> <!everyone|x>", ""},
		{"members", "<@U0ADA> <@" + ada.discord + "> <@!" + ada.discord + ">", ""},
		{"roles and groups", "<!subteam^S0MODS> <@&" + adminRole + ">", ""},
		{"back-ticks", "`code` ```block``` ``x", ""},
		{"emphasis", "*bold* _it_ ~gone~ ~~gone~~ ||spoiler|| __under__ **b**", ""},
		{"another face", "[click](https://evil.example) <https://evil.example|bank.example>", ""},
		{"an invitation", "join discord.gg/evil and :wave:", ""},
		{"a quotation", "> quoted", ""},
		{"a heading", "# heading - list 1. one", ""},
		{"an override of the direction", "abc\u202eevil\u2066x", "abc⟨U+202E⟩evil⟨U+2066⟩x"},
		{"an entity", "&lt;!channel&gt; &amp;", ""},
		{"our own words", "” · case 1 · #1", ""},
		{"marks in a pile", "z" + strings.Repeat("\u0301", 8), ""},
	}
	w := newServed(t)
	for _, s := range w.sides() {
		for i, tt := range hostile {
			shown := tt.shown
			if shown == "" {
				shown = tt.reason
			}
			account := strings.Split(crowd, ",")[i]
			said := say(s, mia, mute(account, "1h", scopeOf(s), tt.reason))
			require.Equal(t, "Done", said.state(), "%s on %s: %s", tt.name, s.name(), said.text)
			harmless(t, said, shown, tt.name+", answered on "+s.name())
			w.delivered(w.sides()...)
			for _, channel := range w.sides() {
				posts := channel.posts()
				harmless(t, posts[len(posts)-1], shown, tt.name+", posted on "+channel.name())
			}
			e := lastOf(w.entries(), "intent")
			require.Equal(t, tt.reason, e.Reason, "the ledger keeps what was written")
		}
	}
	w.sound()
}

// scopeOf keeps what is done on one side apart from the other.
func scopeOf(s side) string {
	if s.name() == "slack" {
		return "group"
	}
	return "c2c"
}

// harmless requires that a message shows a text, and that nothing in it is
// acted upon.
func harmless(t *testing.T, m message, shown, where string) {
	t.Helper()
	require.Contains(t, m.text, shown, "%s", where)
	require.Empty(t, m.live, "%s", where)
	require.Empty(t, m.pings, "%s", where)
}

// lastOf is the last entry of a kind.
func lastOf(entries []entry, kind string) entry {
	found := ofKind(entries, kind)
	return found[len(found)-1]
}

// cutReason is a reason that was cut, and that something follows.
var cutReason = regexp.MustCompile(`“([^…]+)…”(?: · .*#\d+|\n(?:→|Audit post: ))`)

// A long reason is cut on a character, and all of it is in the ledger.
func TestAcceptance_14_LongReasons(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	for name, character := range map[string]string{"characters of three bytes": "語", "a family of seven code points": "👩‍👩‍👧‍👦"} {
		reason := strings.Repeat(character, 4000/utf8.RuneCountInString(character))
		for _, s := range w.sides() {
			said := say(s, mo, mute("alice", "1h", scopeOf(s), reason))
			if said.state() == "Waiting" { // muted before, in this very test
				said = press(s, mo, said, "Replace")
			}
			require.Equal(t, "Done", said.state(), "%s on %s: %s", name, s.name(), said.text)
			w.delivered(w.sides()...)
			messages := []message{said}
			for _, channel := range w.sides() {
				posts := channel.posts()
				messages = append(messages, posts[len(posts)-1])
			}
			for _, m := range messages {
				require.True(t, utf8.ValidString(m.text), name)
				require.Empty(t, m.live, name)
				quoted := cutReason.FindStringSubmatch(m.text)
				require.Len(t, quoted, 2, "%s: what comes behind is there: %s", name, m.text)
				require.Empty(t, strings.ReplaceAll(quoted[1], character, ""), "%s: cut between characters", name)
				require.Greater(t, strings.Count(quoted[1], character), 20, name)
			}
			require.Equal(t, reason, lastOf(w.entries(), "intent").Reason)
		}
	}
	require.True(t, slices.IsSorted(toldOn(t, w.slack).first))
	w.sound()
}
