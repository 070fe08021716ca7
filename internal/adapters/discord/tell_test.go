package discord

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

func TestTell_IsADirectMessageWithoutButtons(t *testing.T) {
	b := newBench(t, nil)
	m := chat.Text("Done after all @everyone.")
	m.Buttons = []chat.Button{{Label: "Lift it", Case: 1, Choice: "yes"}}
	require.NoError(t, b.d.Tell(t.Context(), testMember, m))
	asked := b.asked()
	require.Len(t, asked, 2)
	require.Equal(t, testMember, asked[0].body["recipient_id"])
	require.Contains(t, asked[1].body["content"], "Done after all")
	require.Equal(t, []any{}, asked[1].body["allowed_mentions"].(object)["parse"])
	require.Empty(t, asked[1].body["components"])

	b.api = func(route string) (int, string) {
		require.Contains(t, route, "/users/@me/channels")
		return http.StatusForbidden, `{"code":50007,"message":"Cannot send messages to this user"}`
	}
	err := b.d.Tell(t.Context(), testMember, m)
	require.ErrorContains(t, err, "Cannot send messages to this user")
	require.NotContains(t, err.Error(), testToken)
}
