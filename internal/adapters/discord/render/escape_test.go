package render_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/discord/render"
	"modbot/internal/chat"
)

func TestReply_SomebodysWordsAreText(t *testing.T) {
	for name, c := range map[string]struct{ words, want string }{
		"plain words stay plain":      {"spamming links, 3 times (at least)", "spamming links, 3 times (at least)"},
		"ping of everyone":            {"@everyone", `\@everyone`},
		"ping of a member":            {"<@123456789012345678>", `\<\@123456789012345678>`},
		"ping of a role":              {"<@&42>", `\<\@&42>`},
		"link to a channel":           {"<#42>", `\<#42>`},
		"custom emoji":                {"<:a:1>", `\<\:a\:1>`},
		"emoji by name":               {":wave:", `\:wave\:`},
		"time code":                   {"<t:0:R>", `\<t\:0\:R>`},
		"masked link":                 {"[example.com](https://example.org)", `\[example.com\](https\://example.org)`},
		"address":                     {"https://example.org/a", `https\://example.org/a`},
		"invitation without a scheme": {"discord.gg/abc", `discord.gg\/abc`},
		"invitation by another name":  {"DISCORD.COM/invite/abc", `DISCORD.COM\/invite/abc`},
		"a root of the ledger":        {"mGm4/dW0+v/b", "mGm4/dW0+v/b"},
		"code":                        {"`code` ```block```", "\\`code\\` \\`\\`\\`block\\`\\`\\`"},
		"emphasis":                    {"*a* _b_ ~~c~~ **d** __e__ ||f||", `\*a\* \_b\_ \~\~c\~\~ \*\*d\*\* \_\_e\_\_ \|\|f\|\|`},
		"backslashes":                 {`\*a\*`, `\\\*a\\\*`},
		"heading":                     {"# a", `\# a`},
		"subtext":                     {"-# a", `\-# a`},
		"quote":                       {"> a", `\> a`},
		"quote of all that follows":   {">>> a", `\>>> a`},
		"list":                        {"- a", `\- a`},
		"numbered list":               {"12. a", `12\. a`},
		"indented heading":            {"  # a", `  \# a`},
		"a dash inside":               {"one - two", "one - two"},
		"a colon before a space":      {"note: this", "note: this"},
		"a slash that begins a word":  {"or /mute", "or /mute"},
		"right-to-left override":      {"abc\u202egpj.exe", "abc⟨U+202E⟩gpj.exe"},
		"a line of our own":           {"spam\n# Done", "spam⏎# Done"},
	} {
		t.Run(name, func(t *testing.T) {
			got := render.Reply(chat.Message{Lines: []chat.Line{{chat.Quote(c.words)}}}).Content
			require.Equal(t, c.want, got)
			view := discordsim.Read(got)
			require.Empty(t, view.Live)
			require.Equal(t, chat.Visible(c.words), view.Text)
			plain := render.Reply(chat.Message{Lines: []chat.Line{{chat.Plain(c.words)}}}).Content
			require.Equal(t, got, plain, "our own sentences repeat somebody's words")
		})
	}
}

func TestReply_OurOwnMarks(t *testing.T) {
	for name, c := range map[string]struct {
		spans []chat.Span
		want  string
	}{
		"strong":                        {[]chat.Span{chat.Strong("Done")}, "**Done**"},
		"neighbours are one":            {[]chat.Span{chat.Strong("Do"), chat.Strong("ne"), chat.Code("a"), chat.Code("b")}, "**Done**`ab`"},
		"strong words of somebody":      {[]chat.Span{chat.Strong("**a")}, `**\*\*a**`},
		"code as it stands":             {[]chat.Span{chat.Code("mute a_b 2h *")}, "`mute a_b 2h *`"},
		"code with a back-tick":         {[]chat.Span{chat.Code("a`b")}, "a\\`b"},
		"empty spans are nothing":       {[]chat.Span{chat.Strong(""), chat.Code(""), chat.Plain("a")}, "a"},
		"a time":                        {[]chat.Span{chat.At(at())}, "<t:1795313820:f>"},
		"a time ahead":                  {[]chat.Span{chat.Until(at())}, "<t:1795313820:f> (<t:1795313820:R>)"},
		"a message's address":           {[]chat.Span{chat.Plain("https://discord.com/channels/1/2/3")}, "https://discord.com/channels/1/2/3"},
		"an address that only looks so": {[]chat.Span{chat.Plain("https://discord.com/channels/1/2/3?x")}, `https\://discord.com\/channels/1/2/3?x`},
		"somebody's address of one":     {[]chat.Span{chat.Quote("https://discord.com/channels/1/2/3")}, `https\://discord.com\/channels/1/2/3`},
		"a list over two spans":         {[]chat.Span{chat.Plain("1"), chat.Quote(". x")}, `1\. x`},
		"an emoji over two spans":       {[]chat.Span{chat.Plain("Reason:"), chat.Quote("wave:")}, `Reason\:wave\:`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, render.Reply(chat.Message{Lines: []chat.Line{c.spans}}).Content)
		})
	}
}

// words are texts that are likely to be markup.
func words() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{
			"*", "**", "_", "__", "~~", "||", "`", "```", "\\", "<@1>", "<@&2>", "<#3>", "<:a:1>", "<t:0:R>", "@everyone", "@here",
			"[a](https://b)", "https://a.b/c", "discord.gg/x", ":wave:", "# ", "-# ", "> ", ">>> ", "- ", "1. ", "1", ".", " ", "a", "消", "\n", "\u202e", "👩\u200d👧", "e\u0301",
		}), 0, 12), func(parts []string) string { return strings.Join(parts, "") }),
	)
}

func TestReply_NothingInAnyWordsActs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var spans []chat.Span
		want := ""
		for range rapid.IntRange(0, 5).Draw(t, "spans") {
			text := words().Draw(t, "words")
			kind := rapid.SampledFrom([]chat.SpanKind{chat.SpanPlain, chat.SpanQuote, chat.SpanStrong}).Draw(t, "kind")
			spans = append(spans, chat.Span{Kind: kind, Text: text})
			want += chat.Visible(text)
		}
		body := render.Reply(chat.Message{Lines: []chat.Line{spans}})
		m := requireMessage(t, body)
		view := discordsim.Read(m.Content)
		require.Empty(t, view.Live, "%q", m.Content)
		if strings.TrimSpace(want) != "" && length(m.Content) < 1900 {
			require.Equal(t, want, view.Text)
		}
	})
}
