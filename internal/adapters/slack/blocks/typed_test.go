package blocks_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/adapters/slack/blocks"
)

func TestTyped(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                      {"", ""},
		"plain words":                  {"mute alice 2h spam", "mute alice 2h spam"},
		"a host":                       {"mute <http://bob.io|bob.io> 2h", "mute bob.io 2h"},
		"a host with https":            {"mute <https://bob.io|bob.io> 2h", "mute bob.io 2h"},
		"an address":                   {"mute <mailto:a@b.c|a@b.c> 2h", "mute a@b.c 2h"},
		"an address without its face":  {"mute <mailto:a@b.c> 2h", "mute a@b.c 2h"},
		"a telephone number":           {"<tel:+4930123|+49 30 123>", "+49 30 123"},
		"a whole link":                 {"spam <https://x.y/z?a=1&amp;b=2>", "spam https://x.y/z?a=1&b=2"},
		"an empty face":                {"<http://bob.io|>", "http://bob.io"},
		"a face with entities":         {"<http://x.y/?a=1&amp;b=2|x.y/?a=1&amp;b=2>", "x.y/?a=1&b=2"},
		"a face with bars":             {"<http://x.y|a|b>", "a|b"},
		"a member":                     {"mute <@U123|bob> 2h", "mute <@U123|bob> 2h"},
		"a member without a name":      {"mute <@W123> 2h", "mute <@W123> 2h"},
		"a member with entities":       {"<@U1|a&amp;b>", "<@U1|a&amp;b>"},
		"a channel":                    {"<#C123|general>", "<#C123|general>"},
		"a user group":                 {"<!subteam^S1|@mods>", "<!subteam^S1|@mods>"},
		"a broadcast":                  {"<!channel>", "<!channel>"},
		"entities":                     {"a &lt; b &gt; c &amp; d", "a < b > c & d"},
		"entities are decoded once":    {"&amp;lt;!channel&amp;gt; &amp;amp;", "&lt;!channel&gt; &amp;"},
		"typed brackets are text":      {"&lt;https://a.b|c&gt; &lt;@U1&gt;", "<https://a.b|c> <@U1>"},
		"other entities are text":      {"&quot;&#60;", "&quot;&#60;"},
		"an open bracket":              {"a < b", "a < b"},
		"an open link":                 {"<http://bob.io", "<http://bob.io"},
		"a link in an open bracket":    {"< <http://bob.io|bob.io>", "< bob.io"},
		"empty brackets":               {"<> <|>", "<> <|>"},
		"no scheme":                    {"<bob.io|x>", "<bob.io|x>"},
		"a scheme of digits":           {"<12:30|x>", "<12:30|x>"},
		"two links and a tail":         {"<http://a.b|a.b><http://c.d|c.d> &amp;", "a.bc.d &"},
		"an account with a suffix":     {"mute <http://bob.io|bob.io>-2 2h", "mute bob.io-2 2h"},
		"an account list":              {"<http://a.b|a.b>,<http://c.d|c.d>", "a.b,c.d"},
		"not UTF-8 is left to others":  {"\xff&lt;", "\xff<"},
		"a colon alone is no scheme":   {"<:a>", "<:a>"},
		"a scheme with another letter": {"<ht tp://x>", "<ht tp://x>"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, blocks.Typed(c.text))
		})
	}
}

func TestTyped_UndoesEscaping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkTyped(t, rapid.String().Draw(t, "text")) })
}

func FuzzTyped(f *testing.F) {
	f.Add("mute <http://bob.io|bob.io> &lt;")
	f.Add("<<a:b|c>>&amp;amp;<@U1|x>")
	f.Fuzz(func(t *testing.T, text string) { checkTyped(t, text) })
}

func checkTyped(t require.TestingT, text string) {
	require.LessOrEqual(t, len(blocks.Typed(text)), len(text), "undoing never adds")
	require.Equal(t, text, blocks.Typed(blocks.Escape(text)), "what was typed comes back")
}
