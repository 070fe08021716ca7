package render_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/render"
	"modbot/internal/chat"
)

// numbered makes n posts that can be told apart, of about size characters.
func numbered(n, size int) []chat.Post {
	var out []chat.Post
	for i := range n {
		seq := int64(i + 1)
		out = append(out, chat.Post{FirstSeq: seq, LastSeq: seq, Kind: "outcome", Message: message(line(
			chat.Strong("Done"), chat.Plain(fmt.Sprintf(" · post %d. ", seq)), chat.Quote(strings.Repeat("x", size)),
		))})
	}
	return out
}

func TestPosts_AsFewMessagesAsFit(t *testing.T) {
	for name, c := range map[string]struct{ posts, size, messages int }{
		"one":                  {1, 100, 1},
		"a handful":            {8, 100, 1},
		"a backlog":            {100, 100, 7}, // about 125 units a post in 1,960
		"each fills a message": {3, 5000, 3},
	} {
		t.Run(name, func(t *testing.T) {
			rest, messages, all := numbered(c.posts, c.size), 0, ""
			for len(rest) > 0 {
				taken, frozen, err := render.Posts(rest, nil)
				require.NoError(t, err)
				body, err := render.Decode(frozen)
				require.NoError(t, err)
				all += requireMessage(t, body).Content + "\n"
				rest = rest[taken:]
				messages++
			}
			require.Equal(t, c.messages, messages)
			at := 0
			for i := range c.posts {
				mark := fmt.Sprintf("post %d. ", i+1)
				require.Equal(t, 1, strings.Count(all, mark))
				next := strings.Index(all, mark)
				require.GreaterOrEqual(t, next, at, "out of order")
				at = next
			}
		})
	}
}

func TestPosts_MentionForAlarmsAlone(t *testing.T) {
	decode := func(posts []chat.Post) render.Body {
		_, frozen, err := render.Posts(posts, []string{"role:3", "user:4"})
		require.NoError(t, err)
		body, err := render.Decode(frozen)
		require.NoError(t, err)
		requireMessage(t, body)
		return body
	}
	quiet := numbered(3, 10)
	body := decode(quiet)
	require.Empty(t, body.Roles)
	require.Empty(t, body.Users)
	require.NotContains(t, body.Content, "<@")

	loud := numbered(3, 10)
	loud[1].Alarm, loud[2].Alarm = true, true
	body = decode(loud)
	require.Equal(t, []string{"3"}, body.Roles)
	require.Equal(t, []string{"4"}, body.Users)
	require.Equal(t, 1, strings.Count(body.Content, "<@&3>"), "several alarms ping once")
	require.True(t, strings.HasSuffix(body.Content, "\n<@&3> <@4>"))

	repeat := render.Marked(body, 1, 3)
	require.True(t, strings.HasPrefix(repeat.Content, "(possible repeat of #1–#3)\n"))
	require.Empty(t, repeat.Roles, "a repeat pings nobody again")
	require.Empty(t, repeat.Users)
	require.Equal(t, "(possible repeat of #2)\n"+body.Content, render.Marked(body, 2, 2).Content)
}

func TestPosts_ButtonsOfOneAlone(t *testing.T) {
	posts := numbered(2, 10)
	for i := range posts {
		posts[i].Message.Buttons = []chat.Button{{Label: "History", Opens: "history", Case: int64(i)}}
	}
	_, alone, err := render.Posts(posts[:1], nil)
	require.NoError(t, err)
	body, err := render.Decode(alone)
	require.NoError(t, err)
	require.Len(t, requireMessage(t, body).Components, 1)
	_, both, err := render.Posts(posts, nil)
	require.NoError(t, err)
	body, err = render.Decode(both)
	require.NoError(t, err)
	require.Empty(t, requireMessage(t, body).Components)
}

func TestPosts_Refuses(t *testing.T) {
	_, _, err := render.Posts(nil, nil)
	require.Error(t, err)
	for _, mention := range []string{"", "3", "role:", "role:x", "everyone", "role:<@1>", "channel:3", "role:999999999999999999999"} {
		require.Error(t, render.CheckMentions([]string{mention}), "%q", mention)
		_, _, err := render.Posts(numbered(1, 1), []string{mention})
		require.Error(t, err, "%q", mention)
	}
	require.NoError(t, render.CheckMentions([]string{"role:3", "user:4"}))
}

func TestPosts_AnEmptyOneNamesItsEntry(t *testing.T) {
	_, frozen, err := render.Posts([]chat.Post{{FirstSeq: 7, LastSeq: 7}}, nil)
	require.NoError(t, err)
	body, err := render.Decode(frozen)
	require.NoError(t, err)
	require.Equal(t, `\#7`, body.Content)
}

func TestDecode_RefusesWhatWeDidNotFreeze(t *testing.T) {
	_, frozen, err := render.Posts(posts()[:1], nil)
	require.NoError(t, err)
	for name, change := range map[string]func(string) string{
		"nothing":              func(string) string { return "" },
		"no JSON":              func(string) string { return "x" },
		"something behind it":  func(s string) string { return s + "{}" },
		"another version":      func(s string) string { return strings.Replace(s, `"v":1`, `"v":2`, 1) },
		"another field":        func(s string) string { return strings.Replace(s, `"v":1`, `"v":1,"tts":true`, 1) },
		"no message":           func(string) string { return `{"v":1}` },
		"pings by its content": func(s string) string { return strings.Replace(s, `"parse":[]`, `"parse":["everyone"]`, 1) },
		"pings by silence":     func(s string) string { return strings.Replace(s, `"parse":[]`, `"parse":null`, 1) },
		"a mention of no id":   func(s string) string { return strings.Replace(s, `"parse":[]`, `"parse":[],"roles":["x"]`, 1) },
		"another component":    func(s string) string { return strings.Replace(s, `"type":2`, `"type":3`, 1) },
		"too long":             func(s string) string { return strings.Replace(s, `Done`, strings.Repeat("a", 2000), 1) },
	} {
		changed := change(string(frozen))
		require.NotEqual(t, string(frozen), changed, name)
		_, err := render.Decode([]byte(changed))
		require.Error(t, err, name)
	}
}

func FuzzDecode(f *testing.F) {
	for _, p := range posts() {
		_, frozen, err := render.Posts([]chat.Post{p}, []string{"role:3"})
		require.NoError(f, err)
		f.Add(frozen)
	}
	f.Add([]byte(`{"v":1,"message":{"content":"a","components":[{"type":1,"components":[]}],"allowed_mentions":{"parse":[]}}}`))
	f.Add([]byte(`{"v":1,"message":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		body, err := render.Decode(bytes.Clone(data))
		if err != nil {
			return
		}
		encoded, err := body.MarshalJSON()
		require.NoError(t, err)
		var again render.Body
		require.NoError(t, again.UnmarshalJSON(encoded))
		require.Equal(t, body, again)
	})
}

func TestPosts_TheSealOfTheLastIsShownOnce(t *testing.T) {
	posts := numbered(2, 10)
	for i := range posts {
		posts[i].Seal = line(chat.Plain(fmt.Sprintf("size %d root", i+1)))
	}
	content := func(posts []chat.Post) string {
		_, frozen, err := render.Posts(posts, nil)
		require.NoError(t, err)
		body, err := render.Decode(frozen)
		require.NoError(t, err)
		return requireMessage(t, body).Content
	}
	require.Equal(t, "**Done** · post 1. xxxxxxxxxx · size 1 root", content(posts[:1]))
	require.Equal(t, "**Done** · post 1. xxxxxxxxxx\n**Done** · post 2. xxxxxxxxxx\nsize 2 root", content(posts))
}
