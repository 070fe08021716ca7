package commands

import "modbot/internal/chat"

func historySpec() chat.Spec {
	return chat.Spec{
		Verb:     "history",
		Summary:  "List everything that was done about an account",
		Options:  []chat.OptionSpec{accountOption()},
		Examples: []string{"history alice"},
	}
}
