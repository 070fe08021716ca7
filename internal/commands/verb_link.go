package commands

import "modbot/internal/chat"

func linkVerb() verb {
	return verb{run: (*Dispatcher).link, spec: chat.Spec{
		Verb:     "link",
		Summary:  "Say which account a member of the chat platform stands for when mentioned",
		Options:  []chat.OptionSpec{memberOption(), accountOption()},
		Examples: []string{"link <@U0123ABCD> alice", "link discord:112233445566778899/998877665544332211 alice"},
	}}
}

func unlinkVerb() verb {
	return verb{run: (*Dispatcher).unlink, spec: chat.Spec{
		Verb:     "unlink",
		Summary:  "Forget which account a member of the chat platform stands for",
		Options:  []chat.OptionSpec{memberOption()},
		Examples: []string{"unlink <@U0123ABCD>"},
	}}
}

// memberOption is the member that a command is about.
func memberOption() chat.OptionSpec {
	return chat.OptionSpec{
		Name: "member", Kind: chat.OptionMember, Required: true,
		Summary: "The member: a mention, or the platform with the id, as in slack:T0123/U0123",
	}
}
