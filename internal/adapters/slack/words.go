package slack

import "modbot/internal/chat"

// What the adapter itself has to say. Everything else is said by the Core.

func working() chat.Message { return chat.Text("Working…") }

func writtenByApp() chat.Message {
	return chat.Text("That message was written by an app, not by a person. Nothing was done.")
}
