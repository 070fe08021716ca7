//go:build unix

package stage

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
)

// Credentials of the platforms.
const (
	slackTeam   = "T0STAGE"
	slackSecret = "8f742231b10e8888abcd99yyyzzz85a5"
	slackBot    = "xoxb-of-the-stage"
	slackApp    = "xapp-of-the-stage"
)

// Settings is the name of the configuration in the stage's folder.
const Settings = "modbot.yaml"

// configure writes the configuration, and the secrets that it names, into the
// stage's folder.
func (s *Stage) configure() {
	s.tb.Helper()
	for name, text := range map[string]string{
		"tencent.key": appKey, "slack-signing.key": slackSecret, "slack-bot.token": slackBot, "slack-app.token": slackApp,
		"discord-bot.token": discordsim.DefaultToken, Settings: s.settings(),
	} {
		require.NoError(s.tb, os.WriteFile(filepath.Join(s.Dir, name), []byte(text), 0o600))
	}
}

func (s *Stage) settings() string {
	onSlack, onDiscord := "http", "http"
	if s.cfg.Sockets {
		onSlack, onDiscord = "socket", "gateway"
	}
	var people []string
	for n := range Moderators {
		people = append(people, Moderator(n).slack)
	}
	return `tencent:
  host: ` + s.cfg.Tencent + `
  sdk_app_id: ` + strconv.Itoa(appID) + `
  identifier: ` + adminID + `
  secret_key_file: tencent.key
  rate_per_second: 190
store:
  url: ` + s.cfg.Store + `
ledger:
  origin: stage.example/modbot
  signing_key_file: ledger.key
listen: 127.0.0.1:0
admin_listen: localhost:0
public_url: https://mod.example.org
slack:
  mode: ` + onSlack + `
  signing_secret_file: slack-signing.key
  bot_token_file: slack-bot.token
  app_token_file: slack-app.token
  workspaces: [` + slackTeam + `]
  audit_channel: ` + SlackAudit + `
  api_url: ` + s.Slack.APIURL() + `
discord:
  mode: ` + onDiscord + `
  application_id: "` + discordsim.DefaultApplication + `"
  public_key: ` + s.Discord.PublicKey() + `
  bot_token_file: discord-bot.token
  guilds: ["` + discordsim.DefaultGuild + `"]
  audit_channel: "` + DiscordAudit + `"
  api_url: ` + s.Discord.APIURL() + `
roles:
  moderator:
    slack: { users: [` + strings.Join(people, ", ") + `] }
    discord: { roles: ["` + discordRole + `"] }
    verbs: [mute, unmute, status, mutes, history, case]
    scopes: [group, c2c, all]
    max_term: 7d
`
}
