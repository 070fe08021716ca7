package blocks_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

// words are texts that people and attackers write, short ones more often.
func words() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom(hostile), rapid.StringMatching(`[a-z ]{0,30}`)).Draw(t, "text")
		return strings.Repeat(text, rapid.SampledFrom([]int{1, 1, 1, 1, 1, 1, 3, 500}).Draw(t, "times"))
	})
}

func spans() *rapid.Generator[chat.Span] {
	return rapid.Custom(func(t *rapid.T) chat.Span {
		kind := chat.SpanKind(rapid.IntRange(0, 6).Draw(t, "kind"))
		if kind == chat.SpanTime || kind == chat.SpanUntil {
			return chat.Span{Kind: kind, At: time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "at"), 0)}
		}
		return chat.Span{Kind: kind, Text: words().Draw(t, "words")}
	})
}

func messages() *rapid.Generator[chat.Message] {
	return rapid.Custom(func(t *rapid.T) chat.Message {
		return chat.Message{
			Lines: rapid.SliceOfN(rapid.Map(rapid.SliceOfN(spans(), 0, 30), func(s []chat.Span) chat.Line { return s }), 0, 12).Draw(t, "lines"),
			Buttons: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) chat.Button {
				return chat.Button{
					Label: words().Draw(t, "label"), Choice: rapid.StringN(0, 30, 40).Draw(t, "choice"), Typed: words().Draw(t, "typed"),
					Origin: rapid.StringN(0, 8, 10).Draw(t, "origin"), Entry: rapid.StringN(0, 8, 10).Draw(t, "entry"),
					Case: rapid.Int64().Draw(t, "case"), Danger: rapid.Bool().Draw(t, "danger"), Opens: rapid.StringN(0, 8, 10).Draw(t, "opens"),
				}
			}), 0, 30).Draw(t, "buttons"),
		}
	})
}

func TestReply_AlwaysHoldsToTheLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := messages().Draw(t, "message")
		body := blocks.Reply(m)
		require.Empty(t, problems(body))
		seen, live := shown(t, body)
		require.Empty(t, live)
		if strings.Contains(seen, "…") || len(m.Buttons) > 0 {
			return
		}
		want := m
		for len(want.Lines) > 0 && strings.TrimSpace(want.Lines[0].Plain()) == "" {
			want.Lines = want.Lines[1:]
		}
		if len(want.Lines) == 0 {
			require.Equal(t, "(nothing to show)\n", seen)
			return
		}
		visible := make([]string, 0, len(want.Lines))
		for _, l := range want.Lines {
			line := ""
			for _, s := range l {
				line += chat.Visible(s.Plain())
			}
			visible = append(visible, line)
		}
		require.Equal(t, strings.Join(visible, "\n"), strings.TrimSuffix(seen, "\n"), "all is shown, as it is")
	})
}

func TestPosts_AlwaysHoldToTheLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		posts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) chat.Post {
			seq := rapid.Int64Range(1, 1<<40).Draw(t, "seq")
			return chat.Post{FirstSeq: seq, LastSeq: seq, Alarm: rapid.Bool().Draw(t, "alarm"), Message: messages().Draw(t, "message"), Seal: chat.Line{chat.Plain(words().Draw(t, "seal"))}}
		}), 1, 12).Draw(t, "posts")
		posts = slices.Repeat(posts, rapid.IntRange(1, 5).Draw(t, "times"))
		taken, body, err := blocks.Posts(posts, []string{"U1", "S2", "W3"})
		require.NoError(t, err)
		require.Positive(t, taken)
		require.LessOrEqual(t, taken, len(posts))
		thawed(t, body)
		marked, err := blocks.Marked(body, posts[0].FirstSeq, posts[taken-1].LastSeq)
		require.NoError(t, err)
		require.Empty(t, problems(marked))
	})
}

func TestForm_AlwaysHoldsToTheLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) chat.FormField {
			return chat.FormField{
				Name: rapid.StringMatching(`[a-z]{1,12}`).Draw(t, "name"), Label: words().Draw(t, "label"), Hint: words().Draw(t, "hint"),
				Value: words().Draw(t, "value"), Required: rapid.Bool().Draw(t, "required"), Long: rapid.Bool().Draw(t, "long"),
				MaxRunes: rapid.IntRange(0, 5000).Draw(t, "max"),
				Choices: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) chat.Suggestion {
					return chat.Suggestion{Value: rapid.StringMatching(`[a-z]{0,90}`).Draw(t, "value"), Label: words().Draw(t, "label")}
				}), 0, 5).Draw(t, "choices"),
			}
		}), 1, 12, func(f chat.FormField) string { return f.Name }).Draw(t, "fields")
		view, err := blocks.Form(chat.Form{Verb: "mute", Title: "Mute " + words().Draw(t, "title"), Submit: "Mute", Fields: fields}, "mute", "")
		require.NoError(t, err)
		require.Empty(t, formProblems(view))
	})
}
