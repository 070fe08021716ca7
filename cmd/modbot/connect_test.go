package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
)

// bothSims is a workspace and a guild, each with an audit channel, and a
// configuration for them.
func bothSims(t *testing.T) (file string, slack *slacksim.Server, discord *discordsim.Server) {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t, goleak.IgnoreCurrent()) })
	_, tencentAddress, stop, err := serveSim(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stop()) })
	slack, err = slacksim.New(slacksim.Config{})
	require.NoError(t, err)
	t.Cleanup(slack.Close)
	slack.AddUser(slacksim.User{ID: "U1", Name: "mia"})
	slack.SetChannel(slacksim.Channel{ID: "C1", Name: "mods", Member: true}, slacksim.Channel{ID: "C2", Name: "audit", Member: true})
	discord = discordsim.New(discordsim.Config{})
	t.Cleanup(discord.Close)

	file = filepath.Join(t.TempDir(), "modbot.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
tencent: { host: %q, sdk_app_id: 1400000000, secret_key: "a key of the demo's own simulator" }
ledger: { origin: example.org/both }
listen: 127.0.0.1:0
admin_listen: localhost:0
public_url: https://mod.example.org
slack: { mode: http, signing_secret: %q, bot_token: %q, workspaces: [%s], audit_channel: C2, api_url: %q }
discord:
  { mode: http, application_id: %q, public_key: %q, bot_token: %q, guilds: [%q], audit_channel: %q, command_prefix: mod-, api_url: %q }
roles:
  moderator:
    slack: { users: [U1] }
    discord: { roles: ["3"] }
    verbs: [mute, unmute, status, mutes, history, case]
    scopes: [group, c2c, all]
    max_term: 7d
`, tencentAddress, slack.Config().SigningSecret, slack.Config().BotToken, slack.Config().TeamID, slack.APIURL(),
		discordsim.DefaultApplication, discord.PublicKey(), discordsim.DefaultToken, discordsim.DefaultGuild, discordsim.DefaultChannel, discord.APIURL()), 0o600))
	return file, slack, discord
}

// From a configuration to the first mute, with the platforms' own clients on
// our side and scripted servers on theirs.
func TestServe_ConnectsSlackAndDiscord(t *testing.T) {
	file, slack, discord := bothSims(t)
	s := &shop{t: t, file: file, with: connectPlatforms}
	s.open()
	public, admin := "http://"+s.serving.public.Address(), s.serving.admin.Address()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s.eventually("Slack works, and Discord says what is missing", func() bool {
		_, text := s.ask(http.MethodGet, admin, "/readyz", "")
		return strings.Contains(text, "up   platform slack\n") && strings.Contains(text, "down platform discord: ") &&
			strings.Contains(text, "no interactions endpoint URL")
	})
	require.NoError(t, discord.SetEndpoint(ctx, public+"/discord/interactions"), "Discord looks whether signatures are checked")

	_, err := slack.Command(ctx, public+"/slack/commands", slacksim.Command{
		From: slacksim.From{User: "U1", UserName: "mia", Channel: "C1", ChannelName: "mods"}, Command: "/mod", Text: "mute alice 2h group spam",
	})
	require.NoError(t, err)
	s.eventually("the moderator in Slack has an answer", func() bool {
		seen := slack.Seen("U1")
		return len(seen) > 0 && strings.Contains(seen[len(seen)-1].Text, "Done: alice is muted in groups for 2h")
	})
	// The other moderator sees it, in Discord.
	answered, err := discord.Command(ctx, discordsim.Interaction{
		User: "42", UserName: "max", Roles: []string{"3"}, Name: "mod-status", Options: []discordsim.Option{{Name: "account", Value: "alice"}},
	})
	require.NoError(t, err)
	s.eventually("the moderator in Discord has an answer", func() bool {
		seen := discord.Private(answered.ID)
		return len(seen) > 0 && strings.Contains(seen[0].Content, "alice") && strings.Contains(seen[0].Content, "spam")
	})
	s.eventually("both audit channels are told", func() bool {
		return len(slack.Messages("C2")) == 1 && len(discord.Messages(discordsim.DefaultChannel)) == 1
	})
	var text string
	s.eventually("both posts are noted as posted", func() bool {
		_, text = s.ask(http.MethodGet, admin, "/metrics", "")
		return strings.Contains(text, `modbot_outbox_depth{sink="slack:C2"} 0`) && strings.Contains(text, `modbot_outbox_depth{sink="discord:`+discordsim.DefaultChannel+`"} 0`)
	})
	for _, line := range []string{
		`modbot_deliveries_total{kind="command",platform="slack",result="ok"} 1`,
		`modbot_deliveries_total{kind="command",platform="discord",result="ok"} 1`,
		`modbot_command_duration_seconds_count{outcome="done",platform="slack",verb="mute"} 1`,
		`modbot_command_duration_seconds_count{outcome="info",platform="discord",verb="status"} 1`,
		`modbot_api_call_duration_seconds_count{method="chat.postMessage",platform="slack",result="ok"} 1`,
	} {
		require.Contains(t, text, line)
	}
	require.NotContains(t, text, `method="other"`)
	require.Equal(t, exitOK, s.close())
	require.NotContains(t, s.logged(), slack.Config().BotToken)
	require.NotContains(t, s.logged(), discordsim.DefaultToken)
}

// discordRegister runs `modbot discord register`.
func discordRegister(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := &environment{
		in: strings.NewReader(""), out: &stdout, err: &stderr, variables: []string{},
		lookupEnv: func(string) (string, bool) { return "", false },
	}
	code = execute(t.Context(), env, append([]string{"discord", "register"}, args...))
	require.NotContains(t, stdout.String()+stderr.String(), discordsim.DefaultToken)
	return code, stdout.String()
}

func TestDiscordRegister_ChangesWhatDiffersAndNothingElse(t *testing.T) {
	file, _, discord := bothSims(t)
	code, out := discordRegister(t, "-c", file, "--dry-run")
	require.Equal(t, exitOK, code)
	require.Contains(t, out, "these changes would be made")
	require.Contains(t, out, "mod-mute")
	require.Empty(t, discord.Commands(discordsim.DefaultGuild))

	code, out = discordRegister(t, "-c", file)
	require.Equal(t, exitOK, code)
	require.Contains(t, out, "these changes were made")
	created := discord.Creates(discordsim.DefaultGuild)
	require.NotZero(t, created)

	code, out = discordRegister(t, "-c", file, "--guild", discordsim.DefaultGuild, "--json")
	require.Equal(t, exitOK, code)
	require.JSONEq(t, fmt.Sprintf(`{"guild":%q,"dry_run":false,"changes":[],"removed":[]}`, discordsim.DefaultGuild), out)
	require.Equal(t, created, discord.Creates(discordsim.DefaultGuild), "a registration that differs in nothing creates nothing")

	discord.Fault(discordsim.Fault{Kind: discordsim.Refuse, Status: http.StatusUnauthorized, Times: -1})
	code, out = discordRegister(t, "-c", file, "--json")
	require.Equal(t, exitConfig, code)
	var refused map[string]commandError
	require.NoError(t, json.Unmarshal([]byte(out), &refused))
	require.Equal(t, "register", refused["error"].Code)
}
