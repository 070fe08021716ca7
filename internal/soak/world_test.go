//go:build unix

package soak

import (
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

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/im/imsim"
	"modbot/internal/proctest"
)

// The places and people of both platforms. Everybody is a moderator but max.
const (
	slackTeam     = "T0SOAK"
	slackMods     = "C0MODS"
	slackAudit    = "C0AUDIT"
	slackStranger = "U0MAX"

	discordMods     = "1300000000000000001"
	discordAudit    = "1300000000000000009"
	discordRole     = "2000000000000000002"
	discordStranger = "30000000000000099"
)

// moderators is how many there are on each platform.
const moderators = 8

func slackModerator(n int) string   { return fmt.Sprintf("U0MOD%d", n%moderators) }
func discordModerator(n int) string { return fmt.Sprintf("3000000000000000%d", n%moderators) }

// accountsMost is how many accounts the simulated app has. Each gets a command
// every few seconds, so that few meet on one account.
const accountsMost = 600

func account(n int) string { return proctest.Player(n % accountsMost) }

// Credentials of the simulated app and platforms.
const (
	appID     = "1400000042"
	appKey    = "0f5c1d2b7a9e4e63b8d0c1f2a3b4c5d6"
	adminID   = "administrator"
	botToken  = "xoxb-of-the-soak"
	appToken  = "xapp-of-the-soak"
	postRoute = "POST /channels/{channel}/messages"
)

// world is everything that runs.
type world struct {
	t            *testing.T
	program, dir string
	tencent      string // address of the simulator
	admin        string // of modbot
	serve        *proctest.Process
	slack        *slacksim.Server
	discord      *discordsim.Server
	people       *proctest.People
}

func newWorld(t *testing.T) *world {
	t.Helper()
	// As it is shipped: the race detector would change the heap that is measured.
	program, err := proctest.Build(t.TempDir(), false)
	require.NoError(t, err)
	w := &world{t: t, program: program, dir: t.TempDir(), people: proctest.NewPeople(slackAudit, discordAudit, nil)}
	var ready struct{ Address string }
	names := []string{adminID}
	for n := range accountsMost {
		names = append(names, account(n))
	}
	w.start(&ready, "sim", "--listen", "127.0.0.1:0", "--sdk-app-id", appID, "--key", appKey,
		"--admin", adminID, "--rate", "0", "--accounts", strings.Join(names, ","))
	w.tencent = ready.Address
	w.startSlack()
	w.startDiscord()
	w.configure()
	var listens struct{ Admin string }
	w.serve = w.start(&listens, "serve", "--json", "--log-level", "warn", "-c", "modbot.yaml")
	w.admin = listens.Admin
	require.NotEmpty(t, w.admin, "modbot serve did not start")
	ctx, cancel := context.WithTimeout(t.Context(), proctest.ReadyWithin)
	defer cancel()
	require.NoError(t, w.slack.AwaitSockets(ctx, 2))
	require.NoError(t, w.discord.WaitReady(ctx))
	return w
}

// start starts a command of modbot's that prints one line when it is ready.
func (w *world) start(ready any, args ...string) *proctest.Process {
	w.t.Helper()
	return proctest.Start(w.t, proctest.Launch{Program: w.program, Dir: w.dir, Args: args}, ready)
}

func (w *world) startSlack() {
	w.t.Helper()
	sim, err := slacksim.New(slacksim.Config{
		BotToken: botToken, AppToken: appToken, TeamID: slackTeam, PostInterval: 900 * time.Millisecond,
	})
	require.NoError(w.t, err)
	w.slack = sim
	for n := range moderators {
		sim.AddUser(slacksim.User{ID: slackModerator(n), Name: fmt.Sprintf("mod%d", n)})
	}
	sim.AddUser(slacksim.User{ID: slackStranger, Name: "max"})
	sim.SetChannel(slacksim.Channel{ID: slackMods, Name: "mods", Member: true})
	w.openSlackAudit()
	stop := w.people.FollowSlack(w.t.Context(), sim)
	w.t.Cleanup(func() { stop(); sim.Close() })
}

func (w *world) startDiscord() {
	w.t.Helper()
	limits := discordsim.DefaultLimits()
	// Discord's own limit, about one message a second for a channel, holds some
	// eight entries a second, and four times as many are offered here. What is
	// under test is order and completeness, so the scripted one takes more.
	limits[postRoute] = discordsim.Limit{Calls: 50, Per: 5 * time.Second}
	w.discord = discordsim.New(discordsim.Config{
		Channels: []string{discordMods, discordAudit}, Limits: limits, Observe: w.people.OnDiscord,
	})
	w.t.Cleanup(w.discord.Close)
}

// The audit channels, gone and back. What was posted stays.
func (w *world) openSlackAudit() {
	w.slack.SetChannel(slacksim.Channel{ID: slackAudit, Name: "audit", Member: true})
}
func (w *world) closeSlackAudit()   { w.slack.RemoveChannel(slackAudit) }
func (w *world) openDiscordAudit()  { w.discord.AddChannel(discordAudit) }
func (w *world) closeDiscordAudit() { w.discord.LockChannel(discordAudit) }

func (w *world) configure() {
	w.t.Helper()
	var people []string
	for n := range moderators {
		people = append(people, slackModerator(n))
	}
	for name, text := range map[string]string{
		"tencent.key": appKey, "slack-bot.token": botToken, "slack-app.token": appToken, "discord-bot.token": discordsim.DefaultToken,
		"modbot.yaml": `tencent:
  host: ` + w.tencent + `
  sdk_app_id: ` + appID + `
  identifier: ` + adminID + `
  secret_key_file: tencent.key
  rate_per_second: 190
store:
  url: sqlite:modbot.db
ledger:
  origin: soak.example/modbot
  signing_key_file: ledger.key
listen: 127.0.0.1:0
admin_listen: localhost:0
slack:
  mode: socket
  bot_token_file: slack-bot.token
  app_token_file: slack-app.token
  workspaces: [` + slackTeam + `]
  audit_channel: ` + slackAudit + `
  api_url: ` + w.slack.APIURL() + `
discord:
  mode: gateway
  application_id: "` + discordsim.DefaultApplication + `"
  bot_token_file: discord-bot.token
  guilds: ["` + discordsim.DefaultGuild + `"]
  audit_channel: "` + discordAudit + `"
  api_url: ` + w.discord.APIURL() + `
roles:
  moderator:
    slack: { users: [` + strings.Join(people, ", ") + `] }
    discord: { roles: ["` + discordRole + `"] }
    verbs: [mute, unmute, status, mutes, history, case]
    scopes: [group, c2c, all]
    max_term: 7d
`,
	} {
		require.NoError(w.t, os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
	}
}

// tencentHas is the simulator's state.
func (w *world) tencentHas() (out imsim.Snapshot) {
	w.t.Helper()
	require.NoError(w.t, json.Unmarshal([]byte(proctest.Call(w.t, http.MethodGet, w.tencent+"/sim/state", "")), &out))
	return out
}
