package blocks_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

// TestGolden compares a message of every kind with what Slack is to get, and
// holds it to Slack's limits. MODBOT_UPDATE_GOLDEN=1 writes the files anew.
func TestGolden(t *testing.T) {
	for name, m := range replies() {
		t.Run(name, func(t *testing.T) {
			body := blocks.Reply(m)
			require.Empty(t, problems(body))
			golden(t, name, body)
		})
	}
	for name, c := range channels() {
		t.Run(name, func(t *testing.T) {
			taken, frozen, err := blocks.Posts(c.posts, c.mention)
			require.NoError(t, err)
			require.Len(t, c.posts, taken)
			body := thawed(t, frozen)
			if c.repeat {
				body, err = blocks.Marked(frozen, c.posts[0].FirstSeq, c.posts[taken-1].LastSeq)
				require.NoError(t, err)
				require.Empty(t, problems(body))
			}
			golden(t, name, body)
		})
	}
	t.Run("form", func(t *testing.T) {
		view, err := blocks.Form(muteForm(), "mute", `{"channel":"C1"}`)
		require.NoError(t, err)
		require.Empty(t, formProblems(view))
		golden(t, "form", view)
	})
}

func golden(t *testing.T, name string, value any) {
	t.Helper()
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetEscapeHTML(false) // what people see is easier to read
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(value))
	file := filepath.Join("testdata", "golden", name+".json")
	if os.Getenv("MODBOT_UPDATE_GOLDEN") != "" {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o750))
		require.NoError(t, os.WriteFile(file, got.Bytes(), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}

func lines(all ...chat.Line) chat.Message { return chat.Message{Lines: all} }

func replies() map[string]chat.Message {
	question := lines(
		chat.Line{chat.Strong("Waiting"), chat.Plain(" for your confirmation, case 42: alice is muted already.")},
		chat.Line{chat.Plain("groups: muted until "), chat.Until(noon.Add(3 * time.Hour)), chat.Plain(" (in 3 h) by "), chat.Quote("bob"), chat.Plain(", case 41, “"), chat.Quote("spam"), chat.Plain("”")},
		chat.Line{chat.Plain("one-to-one: not muted")},
	)
	question.Buttons = []chat.Button{
		{Label: "Extend by 2h", Choice: "extend", Case: 42, Typed: "confirm 42 extend", Origin: "q83v", Entry: "zk1p"},
		{Label: "Replace: 2h from now", Choice: "replace", Case: 42, Danger: true, Typed: "confirm 42 replace", Origin: "q83v", Entry: "zk1p"},
		{Label: "Keep", Choice: "keep", Case: 42, Typed: "confirm 42 keep", Origin: "q83v", Entry: "zk1p"},
		{Label: "Keep " + strings.Repeat("and keep ", 10), Choice: "keep", Case: 42, Typed: "confirm 42 keep", Origin: "q83v", Entry: "zk1p"},
		{Label: "Add a note", Opens: "note", Case: 42, Typed: "case 42 note …", Origin: "q83v", Entry: "zk1p"},
	}
	list := lines(chat.Line{chat.Strong("10 of 38 mutes"), chat.Plain(" by carol:")})
	for i := range 10 {
		list.Lines = append(list.Lines, chat.Line{
			chat.Plain(fmt.Sprintf("%d. ", i+1)), chat.Quote(fmt.Sprintf("account-%d", i)), chat.Plain(" · groups · until "), chat.Until(noon.Add(time.Duration(i) * time.Hour)),
		})
	}
	list.Lines = append(list.Lines, nil, chat.Line{chat.Plain("→ "), chat.Code("/mod mutes by carol page 2")})
	return map[string]chat.Message{
		"reply-done": lines(
			chat.Line{chat.Strong("Done"), chat.Plain(" · alice is muted in groups for 2h, until "), chat.Until(noon.Add(2 * time.Hour)), chat.Plain(" (in 2 h). Case 41.")},
		),
		"reply-error": lines(
			chat.Line{chat.Plain("I can't read “"), chat.Quote("2hrss"), chat.Plain("” as a length of time. Try 2h, 90m, 1d12h, 2w or permanent.")},
			chat.Line{chat.Plain("→ "), chat.Code("/mod mute alice 2h group spamming")},
			chat.Line{chat.Plain("ref 01JD0000000000000000000000")},
		),
		"reply-question": question,
		"reply-list":     list,
		"reply-hostile":  lines(chat.Line{chat.Strong("Done"), chat.Plain(" · alice · “"), chat.Quote(strings.Join(hostile, " ")), chat.Plain("” · case 7")}),
		"reply-cut":      lines(chat.Line{chat.Strong("Done"), chat.Plain(" · alice · “"), chat.Quote(strings.Repeat("消息", 2000)), chat.Plain("” · case 7")}),
	}
}

type audit struct {
	posts   []chat.Post
	mention []string
	repeat  bool
}

func channels() map[string]audit {
	single, failed := post(4, "spamming links"), post(6, "spam")
	single.Message.Buttons = []chat.Button{
		{Label: "History", Choice: "history", Case: 4, Origin: "q83v", Entry: "zk1p"},
		{Label: "Add note", Opens: "note", Case: 4, Origin: "q83v", Entry: "zk1p"},
	}
	failed.Alarm, failed.Outcome = true, "failed"
	failed.Message.Lines[0][0] = chat.Strong("NOT DONE")
	return map[string]audit{
		"post-single":  {posts: []chat.Post{single}, mention: []string{"U1"}},
		"post-several": {posts: []chat.Post{post(4, "spam"), post(5, "spam again"), post(6, hostile[0])}},
		"post-alarm":   {posts: []chat.Post{post(4, "spam"), failed}, mention: []string{"S9", "U1"}},
		"post-repeat":  {posts: []chat.Post{post(4, "spam"), post(5, "spam")}, repeat: true},
	}
}

func muteForm() chat.Form {
	return chat.Form{Verb: "mute", Title: "Mute an account", Submit: "Mute", Fields: []chat.FormField{
		{Name: "account", Label: "account", Hint: "one account or several, with commas", Value: "alice", Required: true},
		{Name: "term", Label: "term", Hint: "15m, 2h, 1d, 7d", Required: true},
		{Name: "scope", Label: "scope", Value: "all", Choices: []chat.Suggestion{
			{Value: "all", Label: "everywhere"}, {Value: "group", Label: "groups"}, {Value: "c2c", Label: "one-to-one"},
		}},
		{Name: "reason", Label: "reason", Long: true, MaxRunes: 400},
	}}
}
