package commands

import "modbot/internal/chat"

func mutesSpec() chat.Spec {
	return chat.Spec{
		Verb:    "mutes",
		Summary: "List the mutes in effect",
		Options: []chat.OptionSpec{
			{
				Name: "by", Kind: chat.OptionActor, Keyword: "by",
				Summary: "Only those that this person set",
			},
			scopeOption("Only those in this scope: group, c2c (one-to-one) or all"),
		},
		Examples: []string{"mutes", "mutes by mia", "mutes group"},
	}
}
