package commands

import "modbot/internal/chat"

// Specs lists the verbs in the order in which help shows them. A new verb is
// one file in this package plus its line here: parsing, help, registration on
// the platforms, policy and the docs read nothing else.
func Specs() []chat.Spec {
	return []chat.Spec{
		muteSpec(),
		unmuteSpec(),
		statusSpec(),
		mutesSpec(),
		historySpec(),
		caseSpec(),
		confirmSpec(),
		helpSpec(),
		whoamiSpec(),
		healthSpec(),
	}
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
