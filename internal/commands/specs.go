package commands

import (
	"context"

	"modbot/internal/chat"
)

// verb is one thing that can be asked for: how it looks, and what answers it.
type verb struct {
	spec chat.Spec
	// run answers a command of the verb. What changes anything goes through
	// work; what only reads is wrapped by reads.
	run func(*Dispatcher, context.Context, *request) outcome
}

// verbs lists the verbs in the order in which help shows them. A new verb is
// one file in this package plus its line here: parsing, help, registration on
// the platforms, policy and the docs read nothing else.
func verbs() []verb {
	return []verb{
		muteVerb(),
		unmuteVerb(),
		statusVerb(),
		mutesVerb(),
		historyVerb(),
		caseVerb(),
		linkVerb(),
		unlinkVerb(),
		confirmVerb(),
		helpVerb(),
		whoamiVerb(),
		healthVerb(),
	}
}

// Specs lists what describes the verbs.
func Specs() []chat.Spec {
	var out []chat.Spec
	for _, v := range verbs() {
		out = append(out, v.spec)
	}
	return out
}

// accountsOption is the accounts that a command acts on.
func accountsOption() chat.OptionSpec {
	return chat.OptionSpec{
		Name: "account", Kind: chat.OptionAccounts, Required: true, Suggests: true,
		Summary: "The account, or several separated by commas, exactly as the app knows them",
	}
}

// accountOption is the one account that a command asks about.
func accountOption() chat.OptionSpec {
	return chat.OptionSpec{
		Name: "account", Kind: chat.OptionAccount, Required: true, Suggests: true,
		Summary: "The account, exactly as the app knows it",
	}
}

// scopeOption says where; the summary differs with what the verb does there.
func scopeOption(summary string) chat.OptionSpec {
	return chat.OptionSpec{Name: "scope", Kind: chat.OptionScope, Keyword: "scope:", Summary: summary}
}

// caseOption is the number of a case.
func caseOption(summary string) chat.OptionSpec {
	return chat.OptionSpec{Name: "case", Kind: chat.OptionCase, Required: true, Suggests: true, Summary: summary}
}
