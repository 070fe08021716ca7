package adapters

import "modbot/internal/chat"

// What adapters say themselves, about deliveries that never reach the Core, the
// same on every platform.

// SayBusy answers a delivery that there is no room for.
func SayBusy() chat.Message {
	return chat.Text("Too much is asked at once. Nothing was done; ask again in a minute.")
}

// SayNothing answers where the Core did not.
func SayNothing() chat.Message {
	return chat.Text("Nothing answered that. Look at its outcome before you ask again.")
}

// SayNotServed answers a workspace that is not on the list; place is what the
// platform calls one.
func SayNotServed(place string) chat.Message {
	return chat.Text("This " + place + " isn't served by this modbot. Nothing was done. Its operator finds the id in modbot's log.")
}

// SayFormTooSlow answers where a form could not be shown while it still counted;
// typed is a command that leads on.
func SayFormTooSlow(typed string) chat.Message {
	return chat.Message{Lines: []chat.Line{
		{chat.Plain("The form could not be shown in time. Nothing was done; try again, or type it.")},
		{chat.Plain("→ "), chat.Code(typed)},
	}}
}
