package adaptertest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

// longText is how many characters the over-long texts have.
const longText = 4000

// hostile is what people write who want to be more than text.
func hostile() map[string]string {
	return map[string]string{
		"ping of everyone":          "@everyone",
		"ping of those present":     "@here",
		"ping of a channel":         "<!channel>",
		"ping of a user":            "<@U1>",
		"ping of a numbered user":   "<@123456789012345678>",
		"ping of a role":            "<@&42>",
		"ping of a user group":      "<!subteam^S1>",
		"link to a channel":         "<#C1>",
		"link with another face":    "<https://example.org|example.com>",
		"markdown link":             "[example.com](https://example.org)",
		"back-ticks":                "`code` ```block```",
		"emphasis":                  "*a* _b_ ~c~ **d** __e__ ||f||",
		"quote and heading":         "> # a",
		"entities":                  "&lt;!channel&gt; &amp;",
		"emoji and time codes":      ":wave: <t:0:R> <:a:1>",
		"right-to-left override":    "abc\u202egpj.exe",
		"right-to-left isolate":     "\u2067abc",
		"terminal colour and clear": "\x1b[31m\x1b[2J",
		"terminal title":            "\x1b]0;owned\a",
		"eight-bit escape":          "\u009b2J",
		"carriage return":           "spam\rDone",
		"a line of our own":         "spam\n  #audit │ Done · mute · bob",
		"line separators":           "a\u2028b\u2029c",
		"invisible characters":      "a\u200bb\u2060c",
		"backslashes":               `\*a\* \\n`,
	}
}

// textChecks are about somebody's words, in answers, posts and on the way in.
func textChecks() []check {
	all := []check{
		{name: "a long answer keeps whole characters", do: longAnswer},
		{name: "a long post keeps whole characters", do: longPost},
	}
	payloads := hostile()
	for _, name := range slices.Sorted(maps.Keys(payloads)) {
		all = append(all, check{name: "hostile text stays text: " + name, do: func(tb testing.TB, s *stage) {
			tb.Helper()
			hostileText(tb, s, payloads[name])
		}})
	}
	return all
}

// hostileText sends a payload every way that somebody's words can go.
func hostileText(tb testing.TB, s *stage, payload string) {
	tb.Helper()
	s.answer(chat.Plain(" and "), chat.Quote(payload), chat.Plain(" end"))
	s.start()
	words := ""
	if !strings.ContainsAny(payload, "\r\n") { // a line is all that many platforms deliver
		words = payload
	}
	d := s.deliver(tb, words)
	shown := s.trace.Await(tb, ShownTo, d.ID, 1)
	require.Equal(tb, d.Reason, said(s.invocation(tb, d.ID)), "the actor's words changed on the way in")
	requireText(tb, shown[0].Shown, payload)

	post := numberedPosts(1)[0]
	post.Message.Lines[0] = append(post.Message.Lines[0], chat.Quote(payload), chat.Plain(" end"))
	for _, err := range deliverAll(s.Channel, []chat.Post{post}) {
		require.NoError(tb, err)
	}
	requireText(tb, s.trace.Await(tb, Posted, "", 1)[0].Shown, payload)
	s.stop(tb)
	for _, e := range s.trace.Events() {
		require.Empty(tb, e.Live, "%s acts on %q", e.What, e.Text)
	}
}

// requireText expects a payload to be read, not obeyed.
func requireText(tb testing.TB, s Shown, payload string) {
	tb.Helper()
	require.Empty(tb, s.Live, "acted upon in %q", s.Text)
	require.Contains(tb, s.Text, chat.Visible(payload)+" end")
}

// clusters are characters as people see them; most are several runes.
func clusters() []string {
	return []string{"消", "息", "e\u0301", "👩\u200d👩\u200d👧", "語", "🇩🇪"}
}

// shifts is the number of runes in all clusters together: with as many texts,
// each longer by one rune at the front, a cut at a fixed length hits every
// place inside a character.
const shifts = 12

// long is text of n characters after a shift.
func long(n, shift int) string {
	parts := clusters()
	var b strings.Builder
	b.WriteString(strings.Repeat("-", shift))
	for i := range n {
		b.WriteString(parts[i%len(parts)])
	}
	return b.String()
}

func longAnswer(tb testing.TB, s *stage) {
	tb.Helper()
	s.start()
	for shift := range shifts {
		text := long(longText, shift)
		s.answer(chat.Plain(": "), chat.Quote(text))
		d := s.deliver(tb, "")
		requireWhole(tb, s, s.trace.Await(tb, ShownTo, d.ID, 1)[0].Text, text)
	}
}

func longPost(tb testing.TB, s *stage) {
	tb.Helper()
	for shift := range shifts {
		text := long(longText, shift)
		post := numberedPosts(shift + 1)[shift]
		post.Message.Lines[0] = append(post.Message.Lines[0], chat.Quote(text))
		for _, err := range deliverAll(s.Channel, []chat.Post{post}) {
			require.NoError(tb, err)
		}
		posted := s.trace.Await(tb, Posted, "", shift+1)
		requireWhole(tb, s, posted[shift].Text, text)
	}
}

// requireWhole expects all of a text, or its beginning with an ellipsis where
// the platform has a longest text; no character may have lost a part.
func requireWhole(tb testing.TB, s *stage, shown, text string) {
	tb.Helper()
	if _, unlimited := s.Lacks[TextLimit]; unlimited {
		require.Contains(tb, shown, text)
		return
	}
	require.Contains(tb, shown, "消息e\u0301", "nothing of the text is shown")
	require.Contains(tb, shown, "…", "nothing says that the text was cut")
	whole := strings.Join(clusters(), "")
	for rest, state := shown, -1; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if strings.ContainsAny(cluster, strings.ReplaceAll(whole, "e", "")) {
			require.Contains(tb, clusters(), cluster, "a character was cut")
		}
	}
}
