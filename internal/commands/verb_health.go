package commands

import "modbot/internal/chat"

func healthSpec() chat.Spec {
	return chat.Spec{
		Verb:     "health",
		Summary:  "Show whether Tencent, the ledger and the audit channels work",
		Examples: []string{"health"},
	}
}
