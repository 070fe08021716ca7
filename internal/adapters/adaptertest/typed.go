package adaptertest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

// typedChecks are about what platforms offer beside typing a line.
func typedChecks() []check {
	return []check{
		{name: "a pressed button says what it belongs to", of: Buttons, do: pressed},
		{name: "values are offered while typing", of: Suggestions, do: offered},
		{name: "nothing is offered where the core offers nothing", of: Suggestions, do: notOffered},
		{name: "a form opens with its fields", of: Forms, do: formOpened},
		{name: "a refused form opens nothing", of: Forms, do: formRefused},
	}
}

func pressed(tb testing.TB, s *stage) {
	tb.Helper()
	s.start()
	d := s.delivery("")
	button := chat.Button{
		Label: "Extend by 2h", Choice: "extend", Case: s.ids.Load(), Typed: "confirm 1 extend",
		Origin: "example.org/modbot", Entry: "2jmj7l5rSw0yVb_vlWAYkK_YBwk",
	}
	s.trace.add(Event{What: Delivered, ID: d.ID, Shown: Shown{Text: button.Label}})
	s.Press(tb, d.ID, d.Actor, button)
	inv := s.invocation(tb, d.ID)
	require.NotNil(tb, inv.Click)
	require.Equal(tb, button.Click(), *inv.Click)
	require.Equal(tb, d.Actor, inv.Actor.ID, "the click is somebody else's")
	require.Empty(tb, inv.Line)
	require.Empty(tb, inv.Verb)
	s.trace.Await(tb, ShownTo, d.ID, 1)
}

func offered(tb testing.TB, s *stage) {
	tb.Helper()
	actor := s.Actors[1]
	asked := make(chan chat.Invocation, crowd)
	s.core.Offer = func(inv chat.Invocation, option, _ string) []chat.Suggestion {
		asked <- inv
		if option != "account" {
			return nil
		}
		return []chat.Suggestion{{Value: "alice", Label: "alice"}, {Value: "alina", Label: "alina"}, {Value: "bob", Label: "bob"}}
	}
	s.start()
	require.Equal(tb, []string{"alice", "alina"}, s.Complete(tb, actor, "account", "al"))
	require.Equal(tb, actor, (<-asked).Actor.ID)
}

func notOffered(tb testing.TB, s *stage) {
	tb.Helper()
	s.start()
	require.Empty(tb, s.Complete(tb, s.Actors[0], "account", "al"))
}

func formOpened(tb testing.TB, s *stage) {
	tb.Helper()
	s.core.Form = func(chat.Invocation) (chat.Form, *chat.Reply) {
		return chat.Form{Verb: verb, Title: "Mute", Submit: "Mute", Fields: []chat.FormField{
			{Name: "account", Label: "Account", Value: account, Required: true},
			{Name: "term", Label: "For how long", Required: true},
		}}, nil
	}
	s.start()
	require.Equal(tb, []string{"Account", "For how long"}, s.OpenForm(tb, s.Actors[0], verb))
}

func formRefused(tb testing.TB, s *stage) {
	tb.Helper()
	s.core.Form = func(chat.Invocation) (chat.Form, *chat.Reply) {
		return chat.Form{}, &chat.Reply{State: chat.StateError, Code: "no_role", Message: chat.Text("You have no role here.")}
	}
	s.start()
	require.Empty(tb, s.OpenForm(tb, s.Actors[0], verb))
}
