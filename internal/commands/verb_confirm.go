package commands

import "modbot/internal/chat"

func confirmVerb() verb {
	return verb{run: (*Dispatcher).confirm, spec: chat.Spec{
		Verb:    "confirm",
		Summary: "Answer the question of a case that waits for you",
		Options: []chat.OptionSpec{
			caseOption("The number of the case that waits"),
			{
				Name: "choice", Kind: chat.OptionChoice,
				Summary: "Which of the offered choices; the question names them",
			},
		},
		Examples: []string{"confirm 142", "confirm 142 extend"},
		Access:   chat.AccessImplied,
	}}
}
