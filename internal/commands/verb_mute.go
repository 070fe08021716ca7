package commands

import "modbot/internal/chat"

func muteVerb() verb {
	return verb{run: (*Dispatcher).change, spec: chat.Spec{
		Verb:    "mute",
		Summary: "Stop accounts from sending, for a while or permanently",
		Options: []chat.OptionSpec{
			accountsOption(),
			{
				Name: "term", Kind: chat.OptionTerm, Required: true, Suggests: true,
				Summary: "How long: 2h, 90m, 1d12h, 2w or permanent",
			},
			scopeOption("Where: group, c2c (one-to-one) or all; all when left out"),
			{
				Name: "reason", Kind: chat.OptionText, Keyword: "reason:", Rest: true,
				Summary: "Why; the audit channel shows it",
			},
		},
		Examples: []string{
			"mute alice 2h spamming links",
			"mute alice, bob 1d12h group ban evasion",
			"mute trent permanent reason: sells accounts",
		},
	}}
}
