package commands

import "modbot/internal/chat"

func caseSpec() chat.Spec {
	return chat.Spec{
		Verb:    "case",
		Summary: "Show a case, or add a note to it",
		Options: []chat.OptionSpec{
			caseOption("The number of the case, as in replies and in the audit channel"),
			{
				Name: "note", Kind: chat.OptionText, Keyword: "note",
				Summary: "A note to append; what is already written stays",
			},
		},
		Examples: []string{"case 41", "case 41 note appealed by mail, links were his own"},
	}
}
