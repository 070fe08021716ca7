package slack

import (
	"strings"

	"modbot/internal/chat"
)

// What the adapter itself has to say. Everything else is said by the Core.

func working() chat.Message { return chat.Text("Working…") }

func nothingCame() chat.Message {
	return chat.Text("Nothing answered that. Look at its outcome before you ask again.")
}

func notServed() chat.Message {
	return chat.Text("This workspace isn't served by this modbot. Nothing was done.")
}

func tooBusy() chat.Message {
	return chat.Text("modbot has too much to do right now. Nothing was done; try again in a minute.")
}

func writtenByApp() chat.Message {
	return chat.Text("That message was written by an app, not by a person. Nothing was done.")
}

func formNotShown(command, verb string) chat.Message {
	return chat.Message{Lines: []chat.Line{
		{chat.Plain("The form could not be shown in time. Nothing was done; try again, or type it.")},
		{chat.Plain("→ "), chat.Code(command + " " + verb + " help")},
	}}
}

// withRef is a reply's message. Those that something may be wrong with carry
// their reference, at the end of the first line: the lines below may be pasted.
func withRef(r chat.Reply) chat.Message {
	m := r.Message
	switch r.State {
	case chat.StateError, chat.StateNotDone, chat.StateUnknown:
	default:
		return m
	}
	if r.Ref == "" || len(m.Lines) == 0 || strings.Contains(m.Plain(), r.Ref) {
		return m
	}
	lines := append([]chat.Line(nil), m.Lines...)
	lines[0] = append(append(chat.Line(nil), lines[0]...), chat.Plain("   ref "+r.Ref))
	m.Lines = lines
	return m
}
