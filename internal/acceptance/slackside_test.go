//go:build unix

package acceptance

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/slack/slacksim"
)

// The places of the scripted Slack.
const (
	slackTeam  = "T0ACME"
	slackMods  = "C0MODS"
	slackAudit = "C0AUDIT"
)

// answerTime is how long the scripted platforms wait for an answer: how fast
// modbot answers is measured elsewhere, on a machine that does nothing else.
const answerTime = 20 * time.Second

// slackSide is the scripted Slack.
type slackSide struct {
	w   *served
	sim *slacksim.Server
}

var _ side = (*slackSide)(nil)

func newSlackSide(w *served, cfg slacksim.Config) *slackSide {
	w.t.Helper()
	cfg.SigningSecret, cfg.BotToken, cfg.TeamID, cfg.AnswerTime = slackSecret, slackToken, slackTeam, answerTime
	sim, err := slacksim.New(cfg)
	require.NoError(w.t, err)
	s := &slackSide{w: w, sim: sim}
	w.t.Cleanup(func() {
		if w.t.Failed() {
			w.t.Logf("Slack:\n%s", sim.Trace())
		}
		sim.Close()
	})
	for _, p := range []person{mia, mo, jun, ada, bystander} {
		sim.AddUser(slacksim.User{ID: p.slack, Name: p.name})
	}
	sim.SetChannel(slacksim.Channel{ID: slackMods, Name: "mods", Member: true})
	s.heal()
	return s
}

func (s *slackSide) name() string        { return "slack" }
func (s *slackSide) workspace() string   { return slackTeam }
func (s *slackSide) sink() string        { return "slack:" + slackAudit }
func (s *slackSide) id(of person) string { return of.slack }

// from is somebody in the channel of the moderators.
func (s *slackSide) from(as person) slacksim.From {
	return slacksim.From{User: as.slack, UserName: as.name, Channel: slackMods, ChannelName: "mods"}
}

// bounded bounds one thing that is done on a platform.
func bounded(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeoutCause(t.Context(), soon, errors.New("the platform waited too long"))
}

func (s *slackSide) send(as person, c command) delivery {
	s.w.t.Helper()
	return s.sendFrom(as, s.from(as), c)
}

func (s *slackSide) sendFrom(as person, from slacksim.From, c command) delivery {
	s.w.t.Helper()
	ctx, cancel := bounded(s.w.t)
	defer cancel()
	d := delivery{who: as, after: s.now()}
	var err error
	d.slack, err = s.sim.Command(ctx, s.w.public, slacksim.Command{From: from, Command: "/mod", Text: slacksim.Typed(c.line)})
	require.NoError(s.w.t, err)
	return d
}

// now is the number of the last record.
func (s *slackSide) now() int {
	records := s.sim.Records()
	if len(records) == 0 {
		return 0
	}
	return records[len(records)-1].Seq
}

func (s *slackSide) again(d delivery) delivery {
	s.w.t.Helper()
	ctx, cancel := bounded(s.w.t)
	defer cancel()
	again, err := s.sim.Redeliver(ctx, s.w.public, d.slack)
	require.NoError(s.w.t, err)
	d.slack = again
	return d
}

func (s *slackSide) click(as person, on message, label string) delivery {
	s.w.t.Helper()
	ctx, cancel := bounded(s.w.t)
	defer cancel()
	i := on.labelled(s.w.t, label)
	d := delivery{who: as, after: s.now(), clicked: true}
	var err error
	d.slack, err = s.sim.Click(ctx, s.w.public, slacksim.Click{From: s.from(as), Message: on.slack, Button: on.slack.Buttons()[i]})
	require.NoError(s.w.t, err)
	return d
}

func (s *slackSide) hear(d delivery) message {
	s.w.t.Helper()
	ctx, cancel := bounded(s.w.t)
	defer cancel()
	r, err := s.sim.WaitAfter(ctx, d.after, func(r slacksim.Record) bool { return answers(r, d) })
	require.NoError(s.w.t, err)
	return slackMessage(*r.Message)
}

// answers reports whether a record is an answer to a delivery: Slack shows one
// that takes a while as "Working…" first.
func answers(r slacksim.Record, d delivery) bool {
	if r.Message == nil || r.Delivery != d.slack.ID || r.Kind != slacksim.KindMessage && r.Kind != slacksim.KindEdited {
		return false
	}
	return !strings.HasPrefix(r.Message.Text, "Working")
}

func (s *slackSide) private(d delivery) []message {
	var out []message
	for _, r := range s.sim.Records() {
		if r.Seq > d.after && answers(r, d) {
			out = append(out, slackMessage(*r.Message))
		}
	}
	return out
}

func (s *slackSide) posts() []message {
	var out []message
	for _, r := range s.sim.Records() {
		if r.Kind == slacksim.KindMessage && r.Message.Channel == slackAudit && r.Message.User == "" {
			out = append(out, slackMessage(*r.Message))
		}
	}
	return out
}

func (s *slackSide) changed() (n int) {
	for _, r := range s.sim.Records() {
		if r.Kind == slacksim.KindEdited && r.Message.Channel == slackAudit {
			n++
		}
	}
	return n
}

func slackMessage(m slacksim.Message) message {
	shown := m.Shown()
	out := message{text: shown.Text, live: shown.Live, slack: m}
	for _, b := range m.Buttons() {
		out.buttons = append(out.buttons, b.Label)
	}
	out.pings = slices.DeleteFunc(slices.Clone(shown.Live), func(what string) bool {
		return !strings.HasPrefix(what, "<@") && !strings.HasPrefix(what, "<!")
	})
	return out
}

func (s *slackSide) spoil(how string) {
	const post = "chat.postMessage"
	fault := slacksim.Fault{Times: slacksim.Forever, Channel: slackAudit}
	switch how {
	case deleted:
		s.sim.RemoveChannel(slackAudit)
	case forbidden:
		s.sim.SetChannel(slacksim.Channel{ID: slackAudit, Name: "audit"})
	case throttled:
		fault.Status, fault.RetryAfter = 429, new(1)
		s.sim.Fail(post, fault)
	case failing:
		fault.Status = 500
		s.sim.Fail(post, fault)
	default:
		s.w.t.Fatalf("an audit channel can't be %q", how)
	}
}

func (s *slackSide) heal() {
	s.sim.Heal()
	s.sim.SetChannel(slacksim.Channel{ID: slackAudit, Name: "audit", Member: true})
}
