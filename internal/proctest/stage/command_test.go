//go:build unix

package stage

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/proctest"
)

// A command is the same one, in whatever way it is typed.
func TestCommand(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		command Command
		line    string
		options []discordsim.Option
		term    time.Duration
	}{
		"a mute": {
			Mute(7), "mute player00007 6h reason: command 00007",
			[]discordsim.Option{{Name: "account", Value: "player00007"}, {Name: "term", Value: "6h"}, {Name: "reason", Value: "command 00007"}},
			Term,
		},
		"an unmute of a scope": {
			Command{Verb: "unmute", Account: "player00007", Scope: "group", Reason: "appeal"},
			"unmute player00007 group reason: appeal",
			[]discordsim.Option{{Name: "account", Value: "player00007"}, {Name: "scope", Value: "group"}, {Name: "reason", Value: "appeal"}},
			0,
		},
		"a read": {
			Command{Verb: "status", Account: "player00007"},
			"status player00007",
			[]discordsim.Option{{Name: "account", Value: "player00007"}},
			0,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.line, tt.command.OnSlack().Text)
			require.Equal(t, tt.command.Verb, tt.command.OnDiscord().Name)
			require.Equal(t, tt.options, tt.command.OnDiscord().Options)
			require.Equal(t, proctest.Command{Account: "player00007", Reason: tt.command.Reason, Term: tt.term, Acknowledged: true}, tt.command.Typed(true))
		})
	}
}

// On Discord the role makes a moderator; on Slack the configuration names them.
func TestCommand_OfSomebodyWhoMayNothing(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, Command{By: Moderator(Moderators + 1)}.OnDiscord().Roles)
	require.Equal(t, Moderator(1), Moderator(Moderators+1))
	require.Empty(t, Command{By: Stranger()}.OnDiscord().Roles)
	for n := range Moderators {
		require.NotEqual(t, Moderator(n).slack, Stranger().slack)
	}
}
