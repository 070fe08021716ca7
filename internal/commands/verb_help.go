package commands

import "modbot/internal/chat"

func helpSpec() chat.Spec {
	return chat.Spec{
		Verb:    "help",
		Summary: "Show what you can do here, or how one command works",
		Options: []chat.OptionSpec{
			{
				Name: "verb", Kind: chat.OptionVerb, Suggests: true,
				Summary: "The command to explain",
			},
		},
		Examples: []string{"help", "help mute"},
		Access:   chat.AccessAnyone,
	}
}
