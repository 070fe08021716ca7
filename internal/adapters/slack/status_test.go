package slack

import (
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters"
)

// A process that waits for another's connection works; one that has none of its
// own does not.
func TestStatus_StandsBy(t *testing.T) {
	s := newStanding()
	s.set(topicSocket, "There is no connection to Slack: it broke")
	require.False(t, s.status(true, Socket).Up)
	s.standBy(true)
	require.Equal(t, adapters.Status{Up: true, Why: adapters.StandingBy}, s.status(true, Socket))
	s.set(topicToken, "Slack doesn't answer to the bot's token")
	require.False(t, s.status(true, Socket).Up, "it would not work when it is its turn")
	s.set(topicToken, "")
	s.standBy(false)
	require.Equal(t, adapters.Status{Why: "It is connecting."}, s.status(true, Socket))
}
