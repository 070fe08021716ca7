package slack

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"

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

// Whatever can't double a direct message is tried again, a few times.
func TestTell_TriesAgainWhereNothingCanComeTwice(t *testing.T) {
	down := func(status int) replied { return replied{status: status, body: "<html>"} }
	unreached := replied{err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}
	for name, c := range map[string]struct {
		method  string
		answers []replied // in order; then all is well
		calls   int       // of that method
		arrives bool
	}{
		"no conversation yet":           {methodDirect, []replied{down(502), down(500)}, 3, true},
		"no conversation at all":        {methodDirect, []replied{down(502), down(502), down(502), down(502)}, 3, false},
		"refused":                       {methodDirect, []replied{refusing("user_disabled")(called{})}, 1, false},
		"Slack is not reached":          {methodPost, []replied{unreached, unreached}, 3, true},
		"nobody to pass it on to":       {methodPost, []replied{down(503)}, 2, true},
		"it may have arrived":           {methodPost, []replied{down(500)}, 1, false},
		"the answer may have been lost": {methodPost, []replied{{err: &net.OpError{Op: "read", Err: errors.New("reset")}}}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				left := c.answers
				b.slack.on(c.method, func(asked called) replied {
					if len(left) == 0 {
						return usual(asked)
					}
					next := left[0]
					left = left[1:]
					return next
				})
				err := b.Tell(t.Context(), "U1", chat.Text("Done after all."))
				require.Equal(t, c.arrives, err == nil, "%v", err)
				require.Len(t, b.slack.of(c.method), c.calls)
			})
		})
	}
}
