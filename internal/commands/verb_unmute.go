package commands

import "modbot/internal/chat"

func unmuteVerb() verb {
	return verb{run: (*Dispatcher).change, spec: chat.Spec{
		Verb:    "unmute",
		Summary: "Let muted accounts send again",
		Options: []chat.OptionSpec{
			accountsOption(),
			scopeOption("Where: group, c2c (one-to-one) or all; all when left out"),
			{
				Name: "reason", Kind: chat.OptionText, Keyword: "reason:",
				Summary: "Why; the audit channel shows it",
			},
		},
		Examples: []string{
			"unmute alice",
			"unmute alice, bob group",
			"unmute alice reason: the appeal was right",
		},
	}}
}
