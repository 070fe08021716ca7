//go:build unix

package acceptance

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/proctest"
)

// served is a world that people reach through Slack and Discord: one `modbot
// serve` between the scripted platforms and the simulated app.
type served struct {
	*world
	slack   *slackSide
	discord *discordSide

	serve         *process
	public, admin string // its addresses
	client        *http.Client
}

// Secrets of the platforms, in files beside the configuration.
const (
	slackSecret  = "8f742231b10e8888abcd99yyyzzz85a5"
	slackToken   = "xoxb-of-the-acceptance-tests"
	discordToken = discordsim.DefaultToken
)

// The roles of the people in rolesOf.
var (
	juniorMembers    = "slack: { users: [" + jun.slack + "] }\n    discord: { roles: [" + quote(juniorRole) + "] }"
	moderatorMembers = "slack: { users: [" + mia.slack + ", " + mo.slack + "] }\n    discord: { roles: [" + quote(moderatorRole) + "] }"
	adminMembers     = "slack: { users: [" + ada.slack + "] }\n    discord: { roles: [" + quote(adminRole) + "] }"
)

func quote(text string) string { return `"` + text + `"` }

// platforms are the two scripted ones before modbot knows them.
type platforms struct {
	slack   slacksim.Config
	discord discordsim.Config
	people  string // the roles; those of rolesOf when empty
	sim     *simulator
	on      dialect // of the ledger; SQLite when empty
}

// newServed makes a world and serves it.
func newServed(t *testing.T, more ...string) *served {
	t.Helper()
	return servedOf(t, platforms{}, more...)
}

// servedOf is newServed with more to say about the platforms.
func servedOf(t *testing.T, p platforms, more ...string) *served {
	t.Helper()
	w := worldBetween(t, p, more...)
	w.start()
	return w
}

// worldBetween is a world with both platforms, and modbot not started.
func worldBetween(t *testing.T, p platforms, more ...string) *served {
	t.Helper()
	if p.sim == nil {
		p.sim = startSim(t)
	}
	if p.on == "" {
		p.on = onSQLite
	}
	w := &served{world: worldOf(t, p.on, p.sim), client: &http.Client{Timeout: soon}}
	t.Cleanup(w.client.CloseIdleConnections)
	w.slack, w.discord = newSlackSide(w, p.slack), newDiscordSide(w, p.discord)
	w.write("slack-signing.key", slackSecret+"\n")
	w.write("slack-bot.token", slackToken+"\n")
	w.write("discord-bot.token", discordToken+"\n")
	if w.roles = p.people; w.roles == "" {
		w.roles = rolesOf(juniorMembers, moderatorMembers, adminMembers)
	}
	w.more = w.settings() + strings.Join(more, "")
	w.configure()
	return w
}

// settings are the platforms' part of modbot.yaml.
func (w *served) settings() string {
	return `listen: 127.0.0.1:0
admin_listen: localhost:0
public_url: https://mod.example.org
slack:
  mode: http
  signing_secret_file: slack-signing.key
  bot_token_file: slack-bot.token
  workspaces: [` + slackTeam + `]
  audit_channel: ` + slackAudit + `
  api_url: ` + w.slack.sim.APIURL() + `
discord:
  mode: http
  application_id: "` + discordsim.DefaultApplication + `"
  public_key: ` + w.discord.sim.PublicKey() + `
  bot_token_file: discord-bot.token
  guilds: ["` + discordsim.DefaultGuild + `"]
  audit_channel: "` + discordAudit + `"
  api_url: ` + w.discord.sim.APIURL() + `
`
}

// sides are both platforms, for what holds on either.
func (w *served) sides() []side { return []side{w.slack, w.discord} }

// start starts modbot and waits until both platforms reach it.
func (w *served) start() {
	w.t.Helper()
	w.serve = start(w.t, proctest.Launch{Dir: w.dir, Args: []string{"serve", "--json", "-c", "modbot.yaml"}})
	var ready struct{ Listen, Admin string }
	w.serve.Ready(&ready)
	require.NotEmpty(w.t, ready.Admin, "%s", w.serve.Printed())
	w.public, w.admin = ready.Listen, ready.Admin
	eventually(w.t, soon, "Discord takes the endpoint", func() bool {
		return w.discord.sim.SetEndpoint(w.t.Context(), w.public+"/discord/interactions") == nil || !w.serve.Alive()
	})
	eventuallyEvery(w.t, lookEvery, soon, "Slack is served", func() bool { return w.readiness().of("platform", "slack").Up || !w.serve.Alive() })
	require.True(w.t, w.serve.Alive(), "%s", w.serve.Logged())
}

// restart ends modbot as an operator would, and starts it again.
func (w *served) restart() {
	w.t.Helper()
	w.stop()
	w.start()
}

// stop ends modbot as an operator would.
func (w *served) stop() {
	w.t.Helper()
	w.serve.Terminate()
	require.Equal(w.t, exitOK, w.serve.wait(), "%s", w.serve.Logged())
}

// crash ends modbot as a power cut would, and starts it again.
func (w *served) crash() {
	w.t.Helper()
	w.serve.Kill()
	w.start()
}

// readiness is what /readyz says.
type readiness struct {
	Ready  bool
	Checks []check
}

type check struct {
	Kind, Name string
	Up         bool
	Why        string
}

// of is one check; down when there is none.
func (r readiness) of(kind, name string) check {
	for _, c := range r.Checks {
		if c.Kind == kind && c.Name == name {
			return c
		}
	}
	return check{Why: "not listed"}
}

func (w *served) readiness() readiness {
	w.t.Helper()
	var out readiness
	_, text := w.get("/readyz")
	require.NoError(w.t, json.Unmarshal([]byte(text), &out), "%s", text)
	return out
}

// get reads a page of the admin listener.
func (w *served) get(path string) (status int, text string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.admin+path, nil)
	require.NoError(w.t, err)
	req.Header.Set("Accept", "application/json")
	resp, err := w.client.Do(req)
	require.NoError(w.t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	require.NoError(w.t, resp.Body.Close())
	return resp.StatusCode, string(body)
}

// gauge is one value of /metrics, as text: series is its name with its labels.
func (w *served) gauge(series string) string {
	w.t.Helper()
	_, text := w.get("/metrics")
	for line := range strings.SplitSeq(text, "\n") {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return value
		}
	}
	return "no " + series
}

// logged reports whether modbot's log has a line with all of these.
func (w *served) logged(parts ...string) bool {
	for line := range strings.SplitSeq(w.serve.Logged(), "\n") {
		all := line != ""
		for _, part := range parts {
			all = all && strings.Contains(line, part)
		}
		if all {
			return true
		}
	}
	return false
}
