package blocks_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"
	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

var noon = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func message(spans ...chat.Span) chat.Message { return chat.Message{Lines: []chat.Line{spans}} }

// hostile is what people write who want to be more than text.
var hostile = []string{
	"@everyone @here <!channel> <!here> <@U1> <@W1|x> <#C1> <!subteam^S1>", "<https://example.org|example.com> [a](https://example.org)",
	"`code` ```block``` *a* _b_ ~c~ > # a", "&lt;!channel&gt; &amp;", ":wave: <t:0:R>", "abc\u202egpj.exe\u2067", "\x1b[31m\u009b2J\a",
	"a\rb\nc\u2028d", "a\u200bb\u2060c", `\*a\* "quoted" \u003c`, "消息e\u0301👩\u200d👩\u200d👧🇩🇪", "not UTF-8 \xff",
}

func TestReply_ShowsHostileTextAsText(t *testing.T) {
	for _, text := range hostile {
		t.Run(text, func(t *testing.T) {
			m := message(chat.Strong("Done"), chat.Plain(" · "), chat.Quote(text), chat.Code(text), chat.Plain(" end"))
			m.Buttons = []chat.Button{{Label: "Lift " + text, Choice: "lift", Typed: "unmute alice"}}
			body := blocks.Reply(m)
			require.Empty(t, problems(body))
			seen, live := shown(t, body)
			require.Equal(t, "Done · "+chat.Visible(text)+chat.Visible(text)+" end\n", strings.Split(seen, "→")[0])
			require.Empty(t, live)
			require.NotContains(t, body.Text, "<")
			require.Contains(t, body.Text, blocks.Escape(chat.Visible(text)))
		})
	}
}

func TestReply_CutsTheQuoteAndKeepsWhatTheLineIsAbout(t *testing.T) {
	for name, text := range map[string]string{
		"4000 CJK characters":   strings.Repeat("消息", 2000),
		"family emoji":          strings.Repeat("👩\u200d👩\u200d👧", 1000),
		"accents":               strings.Repeat("e\u0301", 4000),
		"what JSON spells out":  strings.Repeat("<&>", 4000),
		"quotes and backslash":  strings.Repeat(`"\`, 4000),
		"a word without spaces": strings.Repeat("a", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			body := blocks.Reply(message(chat.Strong("Done"), chat.Plain(" · alice · “"), chat.Quote(text), chat.Plain("” · case 142"), chat.Plain(" · "), chat.Until(noon)))
			require.Empty(t, problems(body))
			seen, _ := shown(t, body)
			require.Contains(t, seen, "…” · case 142 · 2026-11-22 12:00 UTC\n")
			whole, _, _ := strings.Cut(strings.TrimPrefix(seen, "Done · alice · “"), "…")
			require.Greater(t, uniseg.GraphemeClusterCount(whole), 100, "hardly anything is left")
			require.True(t, strings.HasPrefix(text, whole))
			rest := strings.TrimPrefix(text, whole)
			first, _, _, _ := uniseg.FirstGraphemeClusterInString(rest, -1)
			require.Equal(t, uniseg.GraphemeClusterCount(text), uniseg.GraphemeClusterCount(whole)+uniseg.GraphemeClusterCount(rest), "cut inside of %q", first)
		})
	}
}

func TestReply_LongListsSayWhatIsLeftOut(t *testing.T) {
	var m chat.Message
	for i := range 500 {
		m.Lines = append(m.Lines, chat.Line{chat.Strong(fmt.Sprintf("account-%03d", i)), chat.Plain(" · groups · until "), chat.At(noon)})
	}
	body := blocks.Reply(m)
	require.Empty(t, problems(body))
	seen, _ := shown(t, body)
	lines := strings.Split(strings.TrimSpace(seen), "\n")
	last := lines[len(lines)-1]
	require.Equal(t, fmt.Sprintf("… (%d more lines)", 500-len(lines)+1), last)
	for i, l := range lines[:len(lines)-1] {
		require.Equal(t, fmt.Sprintf("account-%03d · groups · until 2026-11-22 12:00 UTC", i), l)
	}
}

func TestReply_NeverEmpty(t *testing.T) {
	for name, m := range map[string]chat.Message{
		"no line": {}, "an empty line": {Lines: []chat.Line{nil}}, "empty spans": message(chat.Plain(""), chat.Quote("")),
		"spaces":             message(chat.Plain("  \u3000")),
		"a thousand breaks":  {Lines: make([]chat.Line, 1000)},
		"a button and no we": {Buttons: []chat.Button{{Choice: "keep"}}},
	} {
		t.Run(name, func(t *testing.T) {
			body := blocks.Reply(m)
			require.Empty(t, problems(body))
			require.Equal(t, "(nothing to show)", body.Text)
		})
	}
}

func TestReply_Buttons(t *testing.T) {
	long := strings.Repeat("x", 80)
	var many []chat.Button
	for i := range 30 {
		many = append(many, chat.Button{Label: fmt.Sprintf("Keep %d", i), Choice: "keep", Case: int64(i), Typed: fmt.Sprintf("confirm %d", i)})
	}
	for name, c := range map[string]struct {
		buttons []chat.Button
		labels  []string
		typed   []string
	}{
		"none": {},
		"two, one dangerous": {
			[]chat.Button{{Label: "Mute alice", Choice: "go", Danger: true}, {Label: "Leave", Choice: "no"}},
			[]string{"Mute alice", "Leave"},
			nil,
		},
		"too large to press":                    {[]chat.Button{{Label: "Keep", Choice: long + "x", Typed: "confirm 3 keep"}}, nil, []string{"confirm 3 keep"}},
		"just small enough":                     {[]chat.Button{{Label: "Keep", Choice: long[1:], Typed: "t"}}, []string{"Keep"}, nil}, // and case 0
		"a label that is too long":              {[]chat.Button{{Label: long, Choice: "a", Typed: "confirm 3"}}, nil, []string{"confirm 3"}},
		"a label that is too long, not typable": {[]chat.Button{{Label: long, Choice: "a"}}, []string{long[:74] + "…"}, nil},
		"neither pressed nor typed":             {[]chat.Button{{Label: "Keep", Choice: long + "x"}}, nil, nil},
		"no label":                              {[]chat.Button{{Choice: "keep"}}, []string{"keep"}, nil},
		"more than fit":                         {many, labels(many[:10]), typed(many[10:])},
	} {
		t.Run(name, func(t *testing.T) {
			m := message(chat.Plain("Waiting."))
			m.Buttons = c.buttons
			body := blocks.Reply(m)
			require.Empty(t, problems(body))
			var got []string
			if actions, ok := body.Blocks[len(body.Blocks)-1].(*slack.ActionBlock); ok {
				for i, e := range actions.Elements.ElementSet {
					b, ok := e.(*slack.ButtonBlockElement)
					require.True(t, ok)
					require.True(t, blocks.IsAction(b.ActionID))
					require.Equal(t, c.buttons[i].Danger, b.Style == slack.StyleDanger)
					click, _, err := blocks.DecodeClick(b.Value)
					require.NoError(t, err)
					require.Equal(t, c.buttons[i].Click(), click)
					got = append(got, b.Text.Text)
				}
			}
			require.Equal(t, c.labels, got)
			seen, _ := shown(t, body)
			want := "Waiting.\n"
			for _, line := range c.typed {
				want += "→ " + line + "   (" + labelOf(c.buttons, line) + ")\n"
			}
			require.Equal(t, want, seen)
		})
	}
}

func labels(all []chat.Button) (out []string) {
	for _, b := range all {
		out = append(out, b.Label)
	}
	return out
}

func typed(all []chat.Button) (out []string) {
	for _, b := range all {
		out = append(out, b.Typed)
	}
	return out
}

func labelOf(all []chat.Button, typed string) string {
	for _, b := range all {
		if b.Typed == typed {
			return b.Label
		}
	}
	return ""
}

func TestReply_TimesAreTheReaders(t *testing.T) {
	body := blocks.Reply(message(chat.Plain("until "), chat.Until(noon), chat.Plain(", since "), chat.At(noon.Add(-time.Hour)), chat.Plain(", never "), chat.At(time.Time{})))
	require.Empty(t, problems(body))
	require.Equal(t, "until 2026-11-22 12:00 UTC, since 2026-11-22 11:00 UTC, never 0001-01-01 00:00 UTC", body.Text)
	section := body.Blocks[0].(*slack.RichTextBlock).Elements[0].(*slack.RichTextSection).Elements
	require.Len(t, section, 5)
	until, ok := section[1].(*slack.RichTextSectionDateElement)
	require.True(t, ok)
	require.EqualValues(t, noon.Unix(), until.Timestamp)
	require.Equal(t, "{date_short_pretty} {time}", until.Format)
	require.Equal(t, "2026-11-22 12:00 UTC", *until.Fallback)
	require.IsType(t, &slack.RichTextSectionTextElement{}, section[4], "no client can show the year 1")
}
