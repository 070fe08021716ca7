package slack

import (
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

func TestTell_IsADirectMessage(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.Tell(t.Context(), "U1", chat.Text("Done after all: <!channel>.")))
	require.Equal(t, "U1", b.slack.of(methodDirect)[0].args.Get("users"))
	posts := b.slack.of(methodPost)
	require.Len(t, posts, 1)
	require.Equal(t, "D1", posts[0].args.Get("channel"))
	require.NotContains(t, posts[0].text(), "<!channel>")

	b.slack.on(methodDirect, refusing("user_disabled"))
	err := b.Tell(t.Context(), "U1", chat.Text("Done after all."))
	require.ErrorContains(t, err, "user_disabled")
	require.NotContains(t, err.Error(), testBotToken)
	require.Len(t, b.slack.of(methodPost), 1)
}
