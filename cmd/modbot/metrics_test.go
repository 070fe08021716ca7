package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/web"
)

// scripted is a core that answers what it is told to.
type scripted struct{ states []chat.State }

func (s scripted) Handle(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
	for _, state := range s.states {
		respond(ctx, chat.Reply{State: state})
	}
}

func (scripted) Open(context.Context, chat.Invocation) (chat.Form, *chat.Reply) {
	return chat.Form{Verb: "mute"}, nil
}

func (scripted) Suggest(context.Context, chat.Invocation, string, string) []chat.Suggestion {
	return []chat.Suggestion{{Value: "alice"}}
}

func scraped(t *testing.T, m *web.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	web.Admin(web.NewHealth(ledgerStanding{}), m).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, w.Code)
	return w.Body.String()
}

func TestMeasured_CountsWhatTheCoreAnswers(t *testing.T) {
	m := web.NewMetrics(web.Build{})
	inv := chat.Invocation{Platform: chat.Slack, Line: "/mod mute alice 2h"}
	var got []chat.State
	ask := func(states ...chat.State) {
		newMeasured(scripted{states}, m, commands.Specs()).Handle(t.Context(), inv, func(_ context.Context, r chat.Reply) { got = append(got, r.State) })
	}
	ask(chat.StateDone)
	ask(chat.StateUnknown, chat.StateDone)
	ask() // a mistake of ours
	require.Equal(t, []chat.State{chat.StateDone, chat.StateUnknown, chat.StateDone}, got, "answers go through")
	c := newMeasured(scripted{}, m, commands.Specs())
	form, _ := c.Open(t.Context(), inv)
	require.Equal(t, "mute", form.Verb)
	require.Len(t, c.Suggest(t.Context(), inv, "account", "a"), 1)
	text := scraped(t, m)
	for _, line := range []string{
		`modbot_command_duration_seconds_count{outcome="done",platform="slack",verb="mute"} 1`,
		`modbot_command_duration_seconds_count{outcome="unknown",platform="slack",verb="mute"} 1`,
		`modbot_command_duration_seconds_count{outcome="missing",platform="slack",verb="mute"} 1`,
		`modbot_commands_settled_total{outcome="done",platform="slack",verb="mute"} 1`,
		`modbot_commands_in_flight{platform="slack"} 0`,
		`modbot_assist_duration_seconds_count{kind="form",platform="slack"} 1`,
		`modbot_assist_duration_seconds_count{kind="suggest",platform="slack"} 1`,
	} {
		require.Contains(t, text, line)
	}
}

func TestMeasured_KnowsTheVerb(t *testing.T) {
	m := newMeasured(scripted{}, web.NewMetrics(web.Build{}), commands.Specs())
	for line, want := range map[string]string{
		"mute alice 2h":            "mute",
		"/mod MUTE alice 2h":       "mute",
		"`mute alice 2hrs spam`":   "mute",
		"/unmute alice":            "unmute",
		"mod status alice":         "status",
		"":                         verbHelp,
		"  ":                       verbHelp,
		"/mod":                     verbOther,
		"please mute alice":        "mute",
		"who is alice mute":        verbOther,
		"\xff\xfe":                 verbOther,
		"DROP TABLE mutes; health": verbOther,
	} {
		require.Equal(t, want, m.verbOf(chat.Invocation{Line: line}), "%q", line)
	}
	require.Equal(t, "confirm", m.verbOf(chat.Invocation{Click: &chat.Click{Case: 1}}))
	require.Equal(t, "history", m.verbOf(chat.Invocation{Verb: "history"}))
	require.Equal(t, verbOther, m.verbOf(chat.Invocation{Verb: "x'; --"}))
}
