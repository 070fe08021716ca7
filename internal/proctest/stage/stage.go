//go:build unix

package stage

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/proctest"
)

// Config is what differs between stages.
type Config struct {
	Program string // as proctest.Build made it
	Tencent string // address of the simulated app
	Store   string // URL of the ledger; a path is one in the stage's folder
	Sockets bool   // modbot connects to the platforms; else they call it
	// Slack and Discord say how the platforms behave. What is on them, and by
	// which credentials it is reached, is the stage's.
	Slack    slacksim.Config
	Discord  discordsim.Config
	Listener proctest.Listener // hears what people hear; nobody when nil
}

// Stage is one workspace on two platforms.
type Stage struct {
	Dir     string // of the configuration; modbot works there
	Slack   *slacksim.Server
	Discord *discordsim.Server
	People  *proctest.People

	tb  testing.TB
	cfg Config
}

// New makes a stage, which goes with the test.
func New(tb testing.TB, cfg Config) *Stage {
	tb.Helper()
	s := &Stage{tb: tb, cfg: cfg, Dir: tb.TempDir(), People: proctest.NewPeople(SlackAudit, DiscordAudit, cfg.Listener)}

	cfg.Slack.SigningSecret, cfg.Slack.BotToken, cfg.Slack.AppToken, cfg.Slack.TeamID = slackSecret, slackBot, slackApp, slackTeam
	var err error
	s.Slack, err = slacksim.New(cfg.Slack)
	require.NoError(tb, err)
	for n := range Moderators {
		s.Slack.AddUser(slacksim.User{ID: Moderator(n).slack, Name: Moderator(n).Name})
	}
	s.Slack.AddUser(slacksim.User{ID: Stranger().slack, Name: Stranger().Name})
	s.Slack.SetChannel(slacksim.Channel{ID: slackMods, Name: mods, Member: true}, slacksim.Channel{ID: SlackAudit, Name: "audit", Member: true})

	cfg.Discord.Channels, cfg.Discord.Observe = []string{discordMods, DiscordAudit}, s.People.OnDiscord
	s.Discord = discordsim.New(cfg.Discord)

	stop := s.People.FollowSlack(tb.Context(), s.Slack)
	tb.Cleanup(func() { stop(); s.Slack.Close(); s.Discord.Close() })
	s.configure()
	return s
}

// Launch is how modbot is started on this stage.
func (s *Stage) Launch(args ...string) proctest.Launch {
	return proctest.Launch{Program: s.cfg.Program, Dir: s.Dir, Args: args}
}

// Serving is a modbot that serves.
type Serving struct {
	*proctest.Process
	Listen string // where platforms call it; empty where it connects to them
	Admin  string
}

// Over a network a modbot is started serveTries times when the database does not
// answer it in time, and ends with exitUnavailable: what runs services starts it
// again.
const (
	serveTries      = 3
	exitUnavailable = 69
)

// Serve starts a modbot, which has to serve.
func (s *Stage) Serve() Serving {
	s.tb.Helper()
	tries := 1
	if strings.HasPrefix(s.cfg.Store, "postgres") {
		tries = serveTries
	}
	for {
		var at struct{ Listen, Admin string }
		p := proctest.Start(s.tb, s.Launch("serve", "--json", "--log-level", "warn", "-c", Settings), &at)
		tries--
		if at.Admin == "" && tries > 0 {
			require.Equal(s.tb, exitUnavailable, p.Wait(proctest.EndWithin), "%s", p.Logged())
			continue
		}
		require.NotEmpty(s.tb, at.Admin, "modbot serve did not start:\n%s", p.Logged())
		return Serving{Process: p, Listen: at.Listen, Admin: at.Admin}
	}
}

// AwaitConnected waits until a modbot that connects to the platforms has.
func (s *Stage) AwaitConnected() {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(s.tb.Context(), proctest.ReadyWithin)
	defer cancel()
	require.NoError(s.tb, s.Slack.AwaitSockets(ctx, 2))
	require.NoError(s.tb, s.Discord.WaitReady(ctx))
}

// Entries reads the ledger with modbot's own command.
func (s *Stage) Entries() []proctest.Entry {
	s.tb.Helper()
	return proctest.Entries(s.tb, s.cfg.Program, s.Dir, "-c", Settings)
}

// Verify has modbot verify the ledger.
func (s *Stage) Verify() (exit int, v proctest.Verdict) {
	s.tb.Helper()
	return proctest.Verify(s.tb, s.cfg.Program, s.Dir, "-c", Settings)
}

// Evidence is what the stage knows when every modbot has ended: all but what was
// typed, and what Tencent was asked and has.
func (s *Stage) Evidence() proctest.Evidence {
	s.tb.Helper()
	return proctest.Evidence{Entries: s.Entries(), Posts: s.People.Posts(), Told: s.People.Told()}
}

// Judge holds an evidence against itself and has modbot verify the ledger.
func (s *Stage) Judge(e proctest.Evidence) *proctest.Finding {
	s.tb.Helper()
	f := proctest.Judge(e)
	f.Verify(s.tb, s.cfg.Program, s.Dir, "-c", Settings)
	return f
}
