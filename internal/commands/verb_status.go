package commands

import "modbot/internal/chat"

func statusSpec() chat.Spec {
	return chat.Spec{
		Verb:     "status",
		Summary:  "Show whether an account is muted, where, until when and by whom",
		Options:  []chat.OptionSpec{accountOption()},
		Examples: []string{"status alice"},
	}
}
