//go:build unix

package crash

import (
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
	"modbot/internal/proctest"
)

// The simulated app, and the places of the scripted platforms.
const (
	appID     = 1400000042
	appKey    = "0f5c1d2b7a9e4e63b8d0c1f2a3b4c5d6"
	adminID   = "administrator"
	origin    = "crash.example/modbot"
	slackTeam = "T0CRASH"

	slackMods    = "C0MODS"
	slackAudit   = "C0AUDIT"
	slackPerson  = "U0MIA"
	slackSecret  = "8f742231b10e8888abcd99yyyzzz85a5"
	slackToken   = "xoxb-of-the-crash-tests"
	discordMods  = "1300000000000000001"
	discordAudit = "1300000000000000009"
	discordRole  = "2000000000000000002"
	discordHuman = "30000000000000001"
)

// answerTime is how long the scripted platforms wait for an answer: how fast
// modbot answers is measured elsewhere, on a machine that does nothing else.
const answerTime = 10 * time.Second

// callsOfAMute is more than any mute needs of the simulator's memory of calls,
// of which it keeps at least a half.
const callsOfAMute = 100

// world is one workspace on two platforms, and the modbot that serves it.
type world struct {
	t       *testing.T
	dir     string
	store   string // URL of the ledger
	sim     *imsim.Sim
	tencent *httptest.Server
	slack   *slacksim.Server
	discord *discordsim.Server
	people  *people
	serve   *proctest.Process
	admin   string
	typed   atomic.Int64 // commands that people typed

	mu   sync.Mutex
	life life
}

// life is one run of modbot: where it is called, and when it is over.
type life struct {
	public string
	over   chan struct{}
}

// newWorld makes a world whose app has so many accounts, and does not start
// modbot. The store is a URL, or a path in the folder of the world.
func newWorld(t *testing.T, accounts int, store string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), store: store, people: newPeople()}
	names := []mute.Account{adminID}
	for n := range accounts {
		names = append(names, mute.Account(proctest.Player(n)))
	}
	var err error
	w.sim, err = imsim.New(imsim.Config{SDKAppID: appID, Key: imwire.NewSecretKey(appKey), Admin: adminID, Accounts: names, Trace: callsOfAMute*accounts + 1000})
	require.NoError(t, err)
	w.tencent = httptest.NewServer(w.sim)
	t.Cleanup(func() { w.sim.Close(); w.tencent.Close() })
	w.slack, err = slacksim.New(slacksim.Config{SigningSecret: slackSecret, BotToken: slackToken, TeamID: slackTeam, AnswerTime: answerTime})
	require.NoError(t, err)
	w.slack.AddUser(slacksim.User{ID: slackPerson, Name: "mia"})
	w.slack.SetChannel(slacksim.Channel{ID: slackMods, Name: "mods", Member: true}, slacksim.Channel{ID: slackAudit, Name: "audit", Member: true})
	// How fast the platforms take posts is not what is under test.
	w.discord = discordsim.New(discordsim.Config{
		Channels: []string{discordMods, discordAudit}, AnswerTime: answerTime, Unlimited: true, Observe: w.people.OnDiscord,
	})
	w.discord.UseEndpoint("http://127.0.0.1:1/discord/interactions") // before modbot looks at it first
	stop := w.people.FollowSlack(t.Context(), w.slack)
	t.Cleanup(func() { stop(); w.slack.Close(); w.discord.Close() })
	w.configure()
	return w
}

func (w *world) configure() {
	w.t.Helper()
	for name, text := range map[string]string{
		"tencent.key": appKey, "slack-signing.key": slackSecret, "slack-bot.token": slackToken, "discord-bot.token": discordsim.DefaultToken,
		"modbot.yaml": strings.NewReplacer(
			"HOST", w.tencent.URL, "STORE", w.store, "SLACKAPI", w.slack.APIURL(), "DISCORDAPI", w.discord.APIURL(),
			"DISCORDKEY", w.discord.PublicKey(), "DISCORDAPP", discordsim.DefaultApplication, "GUILD", discordsim.DefaultGuild,
		).Replace(settings),
	} {
		require.NoError(w.t, os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
	}
}

const settings = `tencent:
  host: HOST
  sdk_app_id: 1400000042
  identifier: ` + adminID + `
  secret_key_file: tencent.key
  rate_per_second: 195
store:
  url: STORE
ledger:
  origin: ` + origin + `
  signing_key_file: ledger.key
listen: 127.0.0.1:0
admin_listen: localhost:0
public_url: https://mod.example.org
slack:
  mode: http
  signing_secret_file: slack-signing.key
  bot_token_file: slack-bot.token
  workspaces: [` + slackTeam + `]
  audit_channel: ` + slackAudit + `
  api_url: SLACKAPI
discord:
  mode: http
  application_id: "DISCORDAPP"
  public_key: DISCORDKEY
  bot_token_file: discord-bot.token
  guilds: ["GUILD"]
  audit_channel: "` + discordAudit + `"
  api_url: DISCORDAPI
roles:
  moderator:
    slack: { users: [` + slackPerson + `] }
    discord: { roles: ["` + discordRole + `"] }
    verbs: [mute, unmute, status, mutes, history, case]
    scopes: [group, c2c, all]
    max_term: 7d
`

// launch is how modbot is started in this world.
func (w *world) launch(args ...string) proctest.Launch {
	return proctest.Launch{Program: program, Dir: w.dir, Args: args}
}

// start starts modbot, and lets people reach it.
func (w *world) start() {
	w.t.Helper()
	var listens struct{ Listen, Admin string }
	w.serve = proctest.Start(w.t, w.launch("serve", "--json", "--log-level", "warn", "-c", "modbot.yaml"), &listens)
	require.NotEmpty(w.t, listens.Listen, "modbot serve did not start:\n%s", w.serve.Logged())
	w.admin = listens.Admin
	w.discord.UseEndpoint(listens.Listen + "/discord/interactions")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.life = life{public: listens.Listen, over: make(chan struct{})}
}

// now is the life that people call.
func (w *world) now() life {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.life
}

// ended tells those who wait for an answer that they will not get one from this
// life.
func (w *world) ended() { close(w.now().over) }

// kill ends modbot as a crash would, and starts it again at once.
func (w *world) kill() {
	w.t.Helper()
	w.serve.Kill()
	w.ended()
	w.start()
}

// evidence is what is known of the world when modbot has ended and everybody
// was told.
func (w *world) evidence(mutes int) proctest.Evidence {
	w.t.Helper()
	e := proctest.Evidence{
		Entries: w.entries(), Calls: w.sim.Calls(), Has: w.sim.Snapshot(), Posts: w.people.Posts(), Told: w.people.Told(),
	}
	for n := range mutes {
		e.Commands = append(e.Commands, proctest.Command{Account: proctest.Player(n), Reason: reason(n), Term: term, Acknowledged: true})
	}
	return e
}

// judge holds an evidence against itself and has modbot verify its ledger.
func (w *world) judge(e proctest.Evidence) *proctest.Finding {
	w.t.Helper()
	f := proctest.Judge(e)
	f.Verify(w.t, program, w.dir, "-c", "modbot.yaml")
	return f
}

// entries and verify look at the ledger with modbot's own commands.
func (w *world) entries() []proctest.Entry {
	w.t.Helper()
	return proctest.Entries(w.t, program, w.dir, "-c", "modbot.yaml")
}

func (w *world) verify() (int, proctest.Verdict) {
	w.t.Helper()
	return proctest.Verify(w.t, program, w.dir, "-c", "modbot.yaml")
}

// reachable reports whether anybody listens where people call.
func (w *world) reachable() bool {
	w.t.Helper()
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(w.t.Context(), "tcp", strings.TrimPrefix(w.now().public, "http://"))
	if err != nil {
		return false
	}
	require.NoError(w.t, conn.Close())
	return true
}
