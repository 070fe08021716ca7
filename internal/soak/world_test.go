//go:build unix

package soak

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/im/imsim"
	"modbot/internal/proctest"
	"modbot/internal/proctest/stage"
)

// accountsMost is how many accounts the simulated app has. Each gets a command
// every few seconds, so that few meet on one account.
const accountsMost = 600

func account(n int) string { return proctest.Player(n % accountsMost) }

// postRoute is where Discord takes posts.
const postRoute = "POST /channels/{channel}/messages"

// world is everything that runs.
type world struct {
	*stage.Stage
	t       *testing.T
	tencent string // address of the simulator
	serve   stage.Serving
}

func newWorld(t *testing.T) *world {
	t.Helper()
	// As it is shipped: the race detector would change the heap that is measured.
	program, err := proctest.Build(t.TempDir(), false)
	require.NoError(t, err)
	var sim struct{ Address string }
	proctest.Start(t, proctest.Launch{Program: program, Dir: t.TempDir(), Args: stage.SimArgs(accountsMost)}, &sim)
	limits := discordsim.DefaultLimits()
	// Discord's own limit, about one message a second for a channel, holds some
	// eight entries a second, and four times as many are offered here. What is
	// under test is order and completeness, so the scripted one takes more.
	limits[postRoute] = discordsim.Limit{Calls: 50, Per: 5 * time.Second}
	w := &world{t: t, tencent: sim.Address, Stage: stage.New(t, stage.Config{
		Program: program, Tencent: sim.Address, Store: "sqlite:modbot.db", Sockets: true,
		Slack: slacksim.Config{PostInterval: 900 * time.Millisecond}, Discord: discordsim.Config{Limits: limits},
	})}
	w.serve = w.Serve()
	w.AwaitConnected()
	return w
}

// The audit channels, gone and back. What was posted stays.
func (w *world) openSlackAudit() {
	w.Slack.SetChannel(slacksim.Channel{ID: stage.SlackAudit, Name: "audit", Member: true})
}
func (w *world) closeSlackAudit()   { w.Slack.RemoveChannel(stage.SlackAudit) }
func (w *world) openDiscordAudit()  { w.Discord.AddChannel(stage.DiscordAudit) }
func (w *world) closeDiscordAudit() { w.Discord.LockChannel(stage.DiscordAudit) }

// tencentHas is the simulator's state.
func (w *world) tencentHas() (out imsim.Snapshot) {
	w.t.Helper()
	require.NoError(w.t, json.Unmarshal([]byte(proctest.Call(w.t, http.MethodGet, w.tencent+"/sim/state", "")), &out))
	return out
}
