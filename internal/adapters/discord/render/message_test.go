package render_test

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/discord/render"
	"modbot/internal/chat"
)

func TestReply_CutsSomebodysWordsFirst(t *testing.T) {
	for name, words := range map[string]string{
		"4,000 CJK characters":   strings.Repeat("消息", 2000),
		"4,000 emoji families":   strings.Repeat("👩\u200d👩\u200d👧", 4000),
		"nothing but markup":     strings.Repeat("*", 4000),
		"one very long word":     strings.Repeat("a", 100_000),
		"one character of marks": "e" + strings.Repeat("\u0301", 4000),
	} {
		t.Run(name, func(t *testing.T) {
			body := render.Reply(chat.Message{Lines: []chat.Line{
				{chat.Strong("Done"), chat.Plain(" · "), chat.Quote("alice"), chat.Plain(" · "), chat.Quote(words), chat.Plain(" · case 142 · #1204")},
				{chat.Plain("→ "), chat.Code("unmute alice")},
			}})
			m := requireMessage(t, body)
			shown := discordsim.Read(m.Content).Text
			require.True(t, strings.HasPrefix(shown, "Done · alice · "), "%.80q", shown)
			require.True(t, strings.HasSuffix(shown, "… · case 142 · #1204\n→ unmute alice"), "%q", shown[max(0, len(shown)-80):])
			require.Greater(t, length(m.Content), 800, "more was cut than needed")
		})
	}
}

func TestReply_CutsTheEndWhenOurOwnWordsAreTooMany(t *testing.T) {
	var lines []chat.Line
	for range 300 {
		lines = append(lines, chat.Line{chat.Plain("a line of our own words"), chat.Quote("x")})
	}
	m := requireMessage(t, render.Reply(chat.Message{Lines: lines}))
	require.True(t, strings.HasPrefix(m.Content, "a line of our own wordsx\n"))
	require.True(t, strings.HasSuffix(m.Content, "…"))
	require.Greater(t, length(m.Content), 1700)
}

func TestReply_AnyMessageIsWithinTheLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m chat.Message
		for range rapid.IntRange(0, 6).Draw(t, "lines") {
			var l chat.Line
			for range rapid.IntRange(0, 6).Draw(t, "spans") {
				text := strings.Repeat(words().Draw(t, "words"), rapid.SampledFrom([]int{1, 1, 1, 40, 900}).Draw(t, "times"))
				l = append(l, chat.Span{Kind: chat.SpanKind(rapid.IntRange(0, 6).Draw(t, "kind")), Text: text, At: at()})
			}
			m.Lines = append(m.Lines, l)
		}
		for range rapid.IntRange(0, 30).Draw(t, "buttons") {
			m.Buttons = append(m.Buttons, chat.Button{
				Label: words().Draw(t, "label"), Choice: rapid.StringMatching(`[a-z|é]{0,6}`).Draw(t, "choice"),
				Typed: words().Draw(t, "typed"), Case: rapid.Int64Range(-1, 5).Draw(t, "case"),
			})
		}
		requireMessage(t, render.Reply(m))
		const seq = 1 << 62
		seal := chat.Line{chat.Plain("size " + words().Draw(t, "seal"))}
		posts := []chat.Post{
			{FirstSeq: seq, LastSeq: seq, Message: m, Seal: seal, Alarm: rapid.Bool().Draw(t, "alarm")},
			{FirstSeq: seq + 1, LastSeq: seq + 1, Message: m, Seal: seal, Alarm: rapid.Bool().Draw(t, "alarm")},
		}
		taken, frozen, err := render.Posts(posts, []string{"role:1"})
		require.NoError(t, err)
		require.GreaterOrEqual(t, taken, 1)
		body, err := render.Decode(frozen)
		require.NoError(t, err)
		requireMessage(t, body)
		requireMessage(t, render.Marked(body, posts[0].FirstSeq, posts[taken-1].LastSeq))
	})
}

func TestReply_NoCharacterIsCut(t *testing.T) {
	clusters := []string{"消", "e\u0301", "👩\u200d👩\u200d👧", "🇩🇪"}
	whole := strings.Repeat(strings.Join(clusters, ""), 600)
	for shift := range 12 {
		body := render.Reply(chat.Message{Lines: []chat.Line{{chat.Quote(strings.Repeat("-", shift) + whole)}}})
		shown := strings.TrimSuffix(strings.TrimLeft(discordsim.Read(body.Content).Text, "-"), "…")
		for rest, state := shown, -1; rest != ""; {
			var cluster string
			cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
			require.Contains(t, clusters, cluster)
		}
	}
}

func TestAnswer_CarriesTheReferenceWhereSomethingMayBeWrong(t *testing.T) {
	lines := []chat.Line{{chat.Plain("first")}, {chat.Plain("second")}}
	for state, want := range map[chat.State]string{
		chat.StateError:      "first   ref `01JD`\nsecond",
		chat.StateNotDone:    "first   ref `01JD`\nsecond",
		chat.StateUnknown:    "first   ref `01JD`\nsecond",
		chat.StateDone:       "first\nsecond",
		chat.StateInfo:       "first\nsecond",
		chat.StateBusy:       "first\nsecond",
		chat.StatePartlyDone: "first\nsecond",
	} {
		reply := chat.Reply{State: state, Ref: "01JD", Message: chat.Message{Lines: lines}}
		require.Equal(t, want, render.Answer(reply).Content, "%s", state)
		require.Equal(t, "first", reply.Message.Lines[0].Plain(), "the reply itself was changed")
	}
	said := chat.Reply{State: chat.StateError, Ref: "01JD", Message: chat.Text("It is in the log under 01JD.")}
	require.Equal(t, "It is in the log under 01JD.", render.Answer(said).Content, "once is enough")
}
