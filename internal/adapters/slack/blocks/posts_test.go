package blocks_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

// post is an entry as the audit channel shows it.
func post(seq int64, reason string) chat.Post {
	return chat.Post{
		FirstSeq: seq, LastSeq: seq, Kind: "outcome", Outcome: "done", Cases: []int64{seq}, Time: noon,
		Message: message(
			chat.Strong("Done"), chat.Plain(" · mute · alice · groups · 2h, until "), chat.At(noon), chat.Plain(" · by "), chat.Quote("carol"),
			chat.Plain(" (U1) as moderator · “"), chat.Quote(reason), chat.Plain(fmt.Sprintf("” · case %d · #%d", seq, seq)),
		),
		Seal: chat.Line{chat.Plain(fmt.Sprintf("size %d root", seq))},
	}
}

func thawed(t require.TestingT, body []byte) blocks.Body {
	b, err := blocks.Thaw(body)
	require.NoError(t, err)
	require.Empty(t, problems(b))
	return b
}

// Slack takes no message that shows nothing, whatever it is made of.
func TestPosts_OfNothing(t *testing.T) {
	for name, m := range map[string]chat.Message{"no lines": {}, "a blank line": message(chat.Plain(" "))} {
		taken, body, err := blocks.Posts([]chat.Post{{FirstSeq: 1, LastSeq: 1, Message: m}, {FirstSeq: 2, LastSeq: 2, Message: m}}, nil)
		require.NoError(t, err, name)
		require.Equal(t, 2, taken, name)
		require.Equal(t, "(nothing to show)", thawed(t, body).Text, name)
	}
}

func TestPosts_CoalescesInOrder(t *testing.T) {
	var posts []chat.Post
	for i := range int64(100) {
		posts = append(posts, post(1+i, strings.Repeat("spam ", int(i%7)*20)))
	}
	all, messages := "", 0
	for rest := posts; len(rest) > 0; messages++ {
		taken, body, err := blocks.Posts(rest, nil)
		require.NoError(t, err)
		require.GreaterOrEqual(t, taken, 1)
		seen, _ := shown(t, thawed(t, body))
		all += strings.ReplaceAll(seen, " · size", "\nsize") // of one that is alone
		rest = rest[taken:]
	}
	require.Less(t, messages, 30)
	at := 0
	for _, p := range posts {
		mark := fmt.Sprintf("#%d\n", p.FirstSeq)
		require.Equal(t, 1, strings.Count(all, mark))
		i := strings.Index(all[at:], mark)
		require.GreaterOrEqual(t, i, 0, "out of order")
		at += i
	}
}

// A message a second to a channel is what Slack allows; 500 accounts muted in a
// minute have to fit.
func TestPosts_KeepsUpWithABurst(t *testing.T) {
	var burst []chat.Post
	for i := range int64(500) {
		burst = append(burst, post(1000+i, "spamming links in the group chat"))
	}
	messages := 0
	for rest := burst; len(rest) > 0; messages++ {
		taken, _, err := blocks.Posts(rest, nil)
		require.NoError(t, err)
		rest = rest[taken:]
	}
	require.LessOrEqual(t, messages, 40)
}

func TestPosts_MentionsOnlyForAlarmsAndOnlyWhomItMay(t *testing.T) {
	mention := []string{"U1", "S9", "U1", "W2", "C1", "!channel", "U1> <!channel", ""}
	quiet, loud := post(1, "<@U7> <!channel>"), post(2, "<!here>")
	loud.Alarm = true
	for name, c := range map[string]struct {
		posts   []chat.Post
		mention []string
		live    []string
		text    string
	}{
		"no alarm":               {[]chat.Post{quiet}, mention, nil, "Done"},
		"nobody to mention":      {[]chat.Post{loud}, nil, nil, "Done"},
		"only what is no id":     {[]chat.Post{loud}, []string{"C1", "u1"}, nil, "Done"},
		"an alarm":               {[]chat.Post{loud}, mention, []string{"U1", "S9", "W2"}, "Please look: <@U1> <!subteam^S9> <@W2>\nDone"},
		"an alarm among others":  {[]chat.Post{quiet, loud, quiet}, mention, []string{"U1", "S9", "W2"}, "Please look: <@U1> <!subteam^S9> <@W2>\nDone"},
		"two alarms, once":       {[]chat.Post{loud, loud}, mention, []string{"U1", "S9", "W2"}, "Please look: <@U1> <!subteam^S9> <@W2>\nDone"},
		"more than one can read": {[]chat.Post{loud}, many("U", 50), many("U", 10), "Please look: <@U0>"},
	} {
		t.Run(name, func(t *testing.T) {
			taken, body, err := blocks.Posts(c.posts, c.mention)
			require.NoError(t, err)
			require.Len(t, c.posts, taken)
			b := thawed(t, body)
			_, live := shown(t, b)
			require.Equal(t, c.live, live)
			require.True(t, strings.HasPrefix(b.Text, c.text), b.Text)
		})
	}
}

func many(prefix string, n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprint(prefix, i))
	}
	return out
}

func TestPosts_AnAlarmIsReadFirst(t *testing.T) {
	loud := post(2, "later")
	loud.Alarm = true
	_, body, err := blocks.Posts([]chat.Post{post(1, "first"), loud}, nil)
	require.NoError(t, err)
	b := thawed(t, body)
	require.Less(t, strings.Index(b.Text, "#2"), strings.Index(b.Text, "#1"))
	seen, _ := shown(t, b)
	require.Less(t, strings.Index(seen, "#1"), strings.Index(seen, "#2"), "the channel stays in order")
}

func TestPosts_ButtonsOnlyOnASinglePost(t *testing.T) {
	with := post(1, "spam")
	with.Message.Buttons = []chat.Button{{Label: "History", Choice: "history", Origin: "o", Entry: "e", Case: 1}}
	for n, want := range map[int]bool{1: true, 2: false} {
		_, body, err := blocks.Posts(slices.Repeat([]chat.Post{with}, n), nil)
		require.NoError(t, err)
		require.Equal(t, want, strings.Contains(string(body), `"actions"`), "%d posts", n)
		thawed(t, body)
	}
}

func TestPosts_None(t *testing.T) {
	taken, _, err := blocks.Posts(nil, nil)
	require.Error(t, err)
	require.Zero(t, taken)
}

func TestMarked(t *testing.T) {
	_, body, err := blocks.Posts([]chat.Post{post(4, "spam")}, nil)
	require.NoError(t, err)
	plain := thawed(t, body)
	for name, c := range map[string]struct {
		first, last int64
		want        string
	}{
		"one entry":       {4, 4, "Possible repeat of #4: an earlier attempt may have arrived."},
		"several entries": {4, 9, "Possible repeat of #4–#9: an earlier attempt may have arrived."},
	} {
		t.Run(name, func(t *testing.T) {
			marked, err := blocks.Marked(body, c.first, c.last)
			require.NoError(t, err)
			require.Empty(t, problems(marked))
			require.Equal(t, c.want+"\n"+plain.Text, marked.Text)
			require.Equal(t, plain.Blocks, marked.Blocks[1:])
			seen, _ := shown(t, marked)
			require.Contains(t, seen, c.want)
		})
	}
}

func TestThaw_RefusesWhatIsNotOurs(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":         "",
		"not JSON":        "x",
		"another layout":  `{"v":2,"text":"a","blocks":[{"type":"rich_text","elements":[]}]}`,
		"no text":         `{"v":1,"text":"","blocks":[{"type":"rich_text","elements":[]}]}`,
		"no blocks":       `{"v":1,"text":"a","blocks":[]}`,
		"foreign blocks":  `{"v":1,"text":"a","blocks":[{"type":"section"}]}`,
		"too many blocks": `{"v":1,"text":"a","blocks":[` + strings.Repeat(`{"type":"rich_text","elements":[]},`, 50) + `{"type":"rich_text","elements":[]}]}`,
		"the console's":   `{"type":"post","first_seq":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := blocks.Thaw([]byte(body))
			require.Error(t, err)
			_, err = blocks.Marked([]byte(body), 1, 1)
			require.Error(t, err)
		})
	}
}

func TestThaw_LosesNothing(t *testing.T) {
	loud := post(1, hostile[0])
	loud.Alarm = true
	loud.Message.Buttons = []chat.Button{{Label: "History", Choice: "history", Danger: true}}
	_, body, err := blocks.Posts([]chat.Post{loud}, []string{"U1", "S1"})
	require.NoError(t, err)
	b := thawed(t, body)
	again, err := json.Marshal(map[string]any{"v": 1, "text": b.Text, "blocks": b.Blocks})
	require.NoError(t, err)
	require.JSONEq(t, string(body), string(again))
}

func TestPosts_TheSealOfTheLastIsShownOnce(t *testing.T) {
	_, alone, err := blocks.Posts([]chat.Post{post(4, "spam")}, nil)
	require.NoError(t, err)
	b := thawed(t, alone)
	seen, _ := shown(t, b)
	require.True(t, strings.HasSuffix(seen, " · #4 · size 4 root\n"), seen)
	require.True(t, strings.HasSuffix(b.Text, " · #4 · size 4 root"), b.Text)

	_, both, err := blocks.Posts([]chat.Post{post(4, "spam"), post(5, "spam")}, nil)
	require.NoError(t, err)
	b = thawed(t, both)
	seen, _ = shown(t, b)
	require.True(t, strings.HasSuffix(seen, " · #5\nsize 5 root\n"), seen)
	require.Equal(t, 1, strings.Count(seen, "root"))
	require.Equal(t, 1, strings.Count(b.Text, "root"))
}
