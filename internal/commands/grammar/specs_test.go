package grammar

import "modbot/internal/chat"

// specs are the verbs of the text form. The table is the test's own, so
// that what it proves does not change with the texts of package commands.
func specs() []chat.Spec {
	accounts := chat.OptionSpec{Name: "account", Kind: chat.OptionAccounts, Required: true}
	account := chat.OptionSpec{Name: "account", Kind: chat.OptionAccount, Required: true}
	scope := chat.OptionSpec{Name: "scope", Kind: chat.OptionScope, Keyword: "scope:"}
	number := chat.OptionSpec{Name: "case", Kind: chat.OptionCase, Required: true}
	return []chat.Spec{
		{Verb: "mute", Options: []chat.OptionSpec{
			accounts,
			{Name: "term", Kind: chat.OptionTerm, Required: true},
			scope,
			{Name: "reason", Kind: chat.OptionText, Keyword: "reason:", Rest: true},
		}},
		{Verb: "unmute", Options: []chat.OptionSpec{
			accounts, scope, {Name: "reason", Kind: chat.OptionText, Keyword: "reason:"},
		}},
		{Verb: "status", Options: []chat.OptionSpec{account}},
		{Verb: "mutes", Options: []chat.OptionSpec{
			{Name: "by", Kind: chat.OptionActor, Keyword: "by"}, scope,
		}},
		{Verb: "history", Options: []chat.OptionSpec{account}},
		{Verb: "case", Options: []chat.OptionSpec{
			number, {Name: "note", Kind: chat.OptionText, Keyword: "note"},
		}},
		{Verb: "confirm", Options: []chat.OptionSpec{number, {Name: "choice", Kind: chat.OptionChoice}}},
		{Verb: "link", Options: []chat.OptionSpec{{Name: "member", Kind: chat.OptionMember, Required: true}, account}},
		{Verb: "unlink", Options: []chat.OptionSpec{{Name: "member", Kind: chat.OptionMember, Required: true}}},
		{Verb: "help", Options: []chat.OptionSpec{{Name: "verb", Kind: chat.OptionVerb}}},
		{Verb: "whoami"},
		{Verb: "health", Aliases: map[string][]string{"en": {"doctor"}, "zh": {"健康"}}},
	}
}
