package commands

import "modbot/internal/chat"

func whoamiSpec() chat.Spec {
	return chat.Spec{
		Verb:     "whoami",
		Summary:  "Show who you are here, with ids to paste into the configuration",
		Examples: []string{"whoami"},
		Access:   chat.AccessAnyone,
	}
}
