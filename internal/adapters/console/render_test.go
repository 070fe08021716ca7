package console

import (
	"strings"
	"testing"
	"unicode"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/chat"
)

func TestReply_ShowsItsReferenceOnceAndOnlyWhereSomethingMayBeWrong(t *testing.T) {
	const ref = "01JD0000000000000000000001"
	two := chat.Message{Lines: []chat.Line{{chat.Plain("first")}, {chat.Plain("→ "), chat.Code("mutes")}}}
	for state, want := range map[chat.State]string{
		chat.StateDone:          "first\n→ mutes",
		chat.StatePartlyDone:    "first\n→ mutes",
		chat.StateNotDone:       "first   ref " + ref + "\n→ mutes",
		chat.StateUnknown:       "first   ref " + ref + "\n→ mutes",
		chat.StateNeedsConfirm:  "first\n→ mutes",
		chat.StateNeedsApproval: "first\n→ mutes",
		chat.StateBusy:          "first\n→ mutes",
		chat.StateInfo:          "first\n→ mutes",
		chat.StateError:         "first   ref " + ref + "\n→ mutes",
	} {
		t.Run(string(state), func(t *testing.T) {
			require.Equal(t, want, style{}.reply(chat.Reply{State: state, Ref: ref, Message: two}))
		})
	}
	t.Run("said already", func(t *testing.T) {
		said := chat.Text("Not done.   ref " + ref)
		require.Equal(t, "Not done.   ref "+ref, style{}.reply(chat.Reply{State: chat.StateNotDone, Ref: ref, Message: said}))
	})
	t.Run("one line", func(t *testing.T) {
		require.Equal(t, "No.   ref "+ref, style{}.reply(chat.Reply{State: chat.StateError, Ref: ref, Message: chat.Text("No.")}))
	})
	t.Run("none", func(t *testing.T) {
		require.Equal(t, "No.", style{}.reply(chat.Reply{State: chat.StateError, Message: chat.Text("No.")}))
	})
}

func TestWrap(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		width int
		want  []string
	}{
		"fits":              {"a b c", 40, []string{"a b c"}},
		"no width":          {strings.Repeat("a b ", 50), 0, []string{strings.Repeat("a b ", 50)}},
		"too narrow to try": {strings.Repeat("a b ", 50), 20, []string{strings.Repeat("a b ", 50)}},
		"at spaces": {
			"Done · mute · alice · groups · 2h, until 2026-11-22", 40,
			[]string{"Done · mute · alice · groups · 2h, until", "2026-11-22"},
		},
		"Chinese is two columns wide": {strings.Repeat("消", 30), 40, []string{strings.Repeat("消", 20), strings.Repeat("消", 10)}},
		"nothing to break at":         {strings.Repeat("x", 50), 40, []string{strings.Repeat("x", 50)}},
		"nothing":                     {"", 40, []string{""}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, wrap(c.text, c.width)) })
	}
}

func TestWrap_LosesNothingButSpaces(t *testing.T) {
	squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{
			"spam", "消息", " ", "-", "é", "👩\u200d👩\u200d👧", "a longer one", ",", "2026-11-22",
		})).Draw(t, "parts"), "")
		width := rapid.IntRange(paneFloor, 80).Draw(t, "width")
		parts := wrap(text, width)
		require.Equal(t, squeeze(text), squeeze(strings.Join(parts, "")))
		for _, p := range parts {
			if uniseg.StringWidth(strings.TrimRight(p, " ")) > width {
				_, rest, _, _ := uniseg.FirstLineSegmentInString(p, -1)
				require.Empty(t, strings.Trim(rest, " "), "%q could have been broken", p)
			}
		}
	})
}

// Whatever a message is made of, only lines of ours begin lines, and nothing
// acts on the terminal but our own colours.
func TestMessage_NobodysWordsActOnTheTerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) chat.Span {
			return chat.Span{Kind: rapid.SampledFrom([]chat.SpanKind{chat.SpanPlain, chat.SpanStrong, chat.SpanQuote, chat.SpanCode}).Draw(t, "kind"), Text: rapid.String().Draw(t, "text")}
		}), 1, 5).Draw(t, "spans")
		button := chat.Button{Label: rapid.String().Draw(t, "label"), Typed: rapid.StringN(1, 10, -1).Draw(t, "typed")}
		m := chat.Message{Lines: []chat.Line{spans, spans}, Buttons: []chat.Button{button}}
		plain := style{}.message(m, sgrBold)
		require.Equal(t, 2, strings.Count(plain, "\n"), "%q", plain)
		for _, r := range plain {
			require.False(t, r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r), "%q", plain)
		}
		colored := style{color: true}.message(m, sgrRed)
		for _, sgr := range []string{"0", sgrRed, sgrCyan} {
			colored = strings.ReplaceAll(colored, "\x1b["+sgr+"m", "")
		}
		require.Equal(t, plain, colored, "colour is all that colour adds")
	})
}
