//go:build unix

package acceptance

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/slack/slacksim"
)

// pasted finds what a newcomer copies out of an answer.
func pasted(t *testing.T, from message, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(from.text)
	require.Len(t, m, 2, "%s in\n%s", pattern, from.text)
	return m[1]
}

// The first connection: nobody has a role, and whoami says what to put where.
// That much was typed, and the first mute works.
func TestShow_7_FromWhoamiToTheFirstMute(t *testing.T) {
	t.Parallel()
	w := servedOf(t, platforms{people: "roles: {}\n"})
	for _, s := range w.sides() {
		said := say(s, mia, mute("alice", "2h", "group", ""))
		require.Equal(t, "Not done", said.state(), "%s: %s", s.name(), said.text)
		require.Contains(t, said.text, "you have none here")
	}
	onSlack, onDiscord := say(w.slack, mia, bare("whoami")), say(w.discord, mia, bare("whoami"))
	user, role := pasted(t, onSlack, `\bid (U[A-Z0-9]+)`), pasted(t, onDiscord, `role (\d+)`)
	require.Equal(t, mia.slack, user)
	require.Equal(t, moderatorRole, role)
	require.Equal(t, mia.discord, pasted(t, onDiscord, `\bid (\d+)`))
	require.Equal(t, slackTeam, pasted(t, onSlack, `Workspace: (T[A-Z0-9]+)`))

	w.roles = "roles:\n  moderator:\n    slack: { users: [" + user + "] }\n    discord: { roles: [" + quote(role) + `] }
    verbs: [mute, unmute, status]
    scopes: [group, c2c, all]
    max_term: 7d
`
	w.configure()
	exit, lines, stderr := w.modbot("", "check-config", "-c", "modbot.yaml")
	require.Equal(t, exitOK, exit, "%s%s", strings.Join(lines, "\n"), stderr)
	w.restart()
	for i, s := range w.sides() {
		must(t, s, mia, mute([]string{"alice", "bob"}[i], "2h", "group", "spamming links"))
		require.Equal(t, "Not done", say(s, bystander, mute("carol", "2h", "group", "")).state())
	}
	w.delivered(w.sides()...)
	for _, s := range w.sides() {
		all := ""
		for _, m := range s.posts() {
			all += m.text + "\n"
		}
		require.Contains(t, all, "spamming links", s.name())
	}
	w.sound()
}

// A workspace or a guild that is not on the list is refused, and the log has its
// id with where to put it.
func TestShow_7_AnUnlistedWorkspace(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	const team, guild = "T0OTHER", "1200000000000000777"
	w.slack.sim.AddUser(slacksim.User{ID: "U0EVE", Name: "eve", Team: team})
	from := w.slack.from(person{name: "eve", slack: "U0EVE"})
	from.Team = team
	for _, c := range []command{bare("whoami"), mute("alice", "2h", "group", "")} {
		said := w.slack.hear(w.slack.sendFrom(mia, from, c))
		require.Contains(t, said.text, "isn't served", "%s", c.line)
		require.NotContains(t, said.text, slackTeam)

		there := w.discord.from(mia) // with the very role that would do
		there.Guild = guild
		said = w.discord.hear(w.discord.sendFrom(mia, there, c))
		require.NotContains(t, said.text, moderatorRole, "%s", c.line)
		require.NotEqual(t, "Done", said.state())
	}
	require.True(t, w.logged("slack", "workspaces", team), "%s", w.serve.Logged())
	require.True(t, w.logged("discord", "guilds", guild), "%s", w.serve.Logged())
	require.Empty(t, w.entries(), "nothing of them is in the ledger")
	require.Zero(t, w.proxy.total(setCall))
	require.Equal(t, "2", w.gauge(`modbot_deliveries_total{kind="command",platform="slack",result="workspace"}`))
	require.Equal(t, "2", w.gauge(`modbot_deliveries_total{kind="command",platform="discord",result="workspace"}`))
	w.sound()
}
