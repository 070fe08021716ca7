//go:build unix

package replicas

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
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
	appID       = 1400000042
	appKey      = "0f5c1d2b7a9e4e63b8d0c1f2a3b4c5d6"
	adminID     = "administrator"
	slackTeam   = "T0MANY"
	slackMods   = "C0MODS"
	slackAudit  = "C0AUDIT"
	slackPerson = "U0MIA"
	slackSecret = "8f742231b10e8888abcd99yyyzzz85a5"
	slackBot    = "xoxb-of-the-replicas"
	slackApp    = "xapp-of-the-replicas"

	discordMods  = "1300000000000000001"
	discordAudit = "1300000000000000009"
	discordRole  = "2000000000000000002"
	discordHuman = "30000000000000001"
)

// replicas is how many processes serve the ledger.
const replicas = 3

// first is the one that is started first.
const first = 0

// answerTime is how long the scripted platforms wait for an answer: how fast
// modbot answers is measured elsewhere, on a machine that does nothing else.
const answerTime = giveUp

// tencentTime is how long the simulated Tencent thinks about a change.
const tencentTime = 200 * time.Millisecond

// world is one workspace on two platforms, and the modbots that serve it.
type world struct {
	t        *testing.T
	dir      string
	sockets  bool // the platforms are connected to; else they call
	sim      *imsim.Sim
	tencent  *httptest.Server
	slack    *slacksim.Server
	discord  *discordsim.Server
	people   *people
	balancer *balancer
	all      [replicas]*serving
}

// serving is one modbot, in one life after the other.
type serving struct {
	process *proctest.Process

	mu     sync.Mutex
	public string // empty while it is not there
	admin  string
}

func (s *serving) addresses() (public, admin string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.public, s.admin
}

func (s *serving) moved(public, admin string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.public, s.admin = public, admin
}

// newWorld makes a world whose app has so many accounts, and starts its modbots.
func newWorld(t *testing.T, store string, accounts int, sockets bool) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), sockets: sockets, people: newPeople()}
	names := []mute.Account{adminID}
	for n := range accounts {
		names = append(names, mute.Account(proctest.Player(n)))
	}
	var err error
	w.sim, err = imsim.New(imsim.Config{SDKAppID: appID, Key: imwire.NewSecretKey(appKey), Admin: adminID, Accounts: names, Trace: 100*accounts + 1000})
	require.NoError(t, err)
	// Long enough for a kill to meet calls under way.
	require.NoError(t, w.sim.AddFault(imsim.Fault{API: imwire.SetNoSpeaking, Kind: imsim.KindLatency, Delay: tencentTime, Times: imsim.Forever}))
	w.tencent = httptest.NewServer(w.sim)
	t.Cleanup(func() { w.sim.Close(); w.tencent.Close() })
	w.slack, err = slacksim.New(slacksim.Config{SigningSecret: slackSecret, BotToken: slackBot, AppToken: slackApp, TeamID: slackTeam, AnswerTime: answerTime})
	require.NoError(t, err)
	w.slack.AddUser(slacksim.User{ID: slackPerson, Name: "mia"})
	w.slack.SetChannel(slacksim.Channel{ID: slackMods, Name: "mods", Member: true}, slacksim.Channel{ID: slackAudit, Name: "audit", Member: true})
	// How fast the platforms take posts is not what is under test.
	w.discord = discordsim.New(discordsim.Config{
		Channels: []string{discordMods, discordAudit}, AnswerTime: answerTime, Unlimited: true, Observe: w.people.OnDiscord,
	})
	stop := w.people.FollowSlack(t.Context(), w.slack)
	t.Cleanup(func() { stop(); w.slack.Close(); w.discord.Close() })
	w.balancer = newBalancer(t, w)
	if !sockets {
		w.discord.UseEndpoint(w.balancer.url + "/discord/interactions")
	}
	w.configure(store)
	for i := range w.all {
		w.all[i] = &serving{}
	}
	w.start(first)
	w.connected() // the first has the connections
	for i := range w.all {
		if i != first {
			w.start(i)
		}
	}
	return w
}

// connected waits until deliveries arrive somewhere.
func (w *world) connected() {
	w.t.Helper()
	if !w.sockets {
		return
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), proctest.ReadyWithin)
	defer cancel()
	require.NoError(w.t, w.slack.AwaitSockets(ctx, 2))
	require.NoError(w.t, w.discord.WaitReady(ctx))
}

// startTries is how often a modbot is started that cannot reach the database at
// first: what runs services starts it again.
const startTries = 3

// exitUnavailable says that the ledger cannot be reached.
const exitUnavailable = 69

// start starts a modbot, and lets people reach it.
func (w *world) start(i int) {
	w.t.Helper()
	var listens struct{ Listen, Admin string }
	for tries := 0; listens.Admin == "" && tries < startTries; tries++ {
		w.all[i].process = proctest.Start(w.t, w.launch("serve", "--json", "--log-level", "warn", "-c", "modbot.yaml"), &listens)
		if listens.Admin == "" {
			require.Equal(w.t, exitUnavailable, w.all[i].process.Wait(proctest.EndWithin), "%s", w.all[i].process.Logged())
		}
	}
	require.NotEmpty(w.t, listens.Admin, "modbot serve did not start:\n%s", w.all[i].process.Logged())
	w.all[i].moved(listens.Listen, listens.Admin)
}

// kill ends a modbot as a crash would, and starts it again at once.
func (w *world) kill(i int) {
	w.t.Helper()
	w.all[i].process.Kill()
	w.all[i].moved("", "")
	w.start(i)
}

// stop ends all modbots as an operator would.
func (w *world) stop() {
	w.t.Helper()
	for _, s := range w.all {
		s.process.Terminate()
	}
	for _, s := range w.all {
		require.Zero(w.t, s.process.Wait(proctest.EndWithin), "%s", s.process.Logged())
	}
}

// settled waits until nothing is under way and every channel was told of
// everything.
func (w *world) settled(within time.Duration) {
	w.t.Helper()
	_, admin := w.all[0].addresses()
	proctest.Await(w.t, within, "everything to be settled and told", func() bool { return proctest.Unfinished(w.t, admin) == 0 })
}

// judge holds what is known of the world, when all modbots have ended, against
// each other.
func (w *world) judge(rules proctest.Rules) *proctest.Finding {
	w.t.Helper()
	f := proctest.Judge(proctest.Evidence{
		Rules: rules, Commands: w.people.commands(), Entries: proctest.Entries(w.t, program, w.dir, "-c", "modbot.yaml"),
		Calls: w.sim.Calls(), Has: w.sim.Snapshot(), Posts: w.people.Posts(), Told: w.people.Told(),
	})
	f.Verify(w.t, program, w.dir, "-c", "modbot.yaml")
	return f
}

// launch is how modbot is started in this world.
func (w *world) launch(args ...string) proctest.Launch {
	return proctest.Launch{Program: program, Dir: w.dir, Args: args}
}

// ready is what /readyz of one modbot says.
func (w *world) ready(i int) (status int, text string) {
	w.t.Helper()
	_, admin := w.all[i].addresses()
	return get(w.t, admin+"/readyz")
}

// asked is how often Tencent was asked anything that a command hangs on; what an
// account calls itself is only shown.
func (w *world) asked() (n int) {
	for _, c := range w.sim.Calls() {
		if c.API != imwire.PortraitGet {
			n++
		}
	}
	return n
}

func (w *world) configure(store string) {
	w.t.Helper()
	modes := strings.NewReplacer("SLACKMODE", "http", "DISCORDMODE", "http")
	if w.sockets {
		modes = strings.NewReplacer("SLACKMODE", "socket", "DISCORDMODE", "gateway")
	}
	text := strings.NewReplacer(
		"HOST", w.tencent.URL, "STORE", store, "SLACKAPI", w.slack.APIURL(), "DISCORDAPI", w.discord.APIURL(),
		"DISCORDKEY", w.discord.PublicKey(), "DISCORDAPP", discordsim.DefaultApplication, "GUILD", discordsim.DefaultGuild,
	).Replace(modes.Replace(settings))
	for name, text := range map[string]string{
		"tencent.key": appKey, "slack-signing.key": slackSecret, "slack-bot.token": slackBot, "slack-app.token": slackApp,
		"discord-bot.token": discordsim.DefaultToken, "modbot.yaml": text,
	} {
		require.NoError(w.t, os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
	}
}

const settings = `tencent:
  host: HOST
  sdk_app_id: 1400000042
  identifier: ` + adminID + `
  secret_key_file: tencent.key
store:
  url: STORE
ledger:
  origin: replicas.example/modbot
  signing_key_file: ledger.key
listen: 127.0.0.1:0
admin_listen: localhost:0
public_url: https://mod.example.org
slack:
  mode: SLACKMODE
  signing_secret_file: slack-signing.key
  bot_token_file: slack-bot.token
  app_token_file: slack-app.token
  workspaces: [` + slackTeam + `]
  audit_channel: ` + slackAudit + `
  api_url: SLACKAPI
discord:
  mode: DISCORDMODE
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

// get asks an admin listener, whatever it answers.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	return send(t, req)
}
