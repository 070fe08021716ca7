package texts

import "modbot/internal/chat"

// memberForms is what a member may look like, for errors.
const memberForms = "a mention of the person, or the platform and the id: slack:T0123/U0123, discord:GUILD/USER"

// MemberMissing is a command without its member.
func MemberMissing(verb string) *Problem {
	return problem(CodeMemberMissing, ours("Who? "), chat.Code(verb), ours(" needs a member right after it: ", memberForms, "."))
}

// NotAMember is neither a mention nor an id of a known form.
func NotAMember(typed string) *Problem {
	return problem(CodeNotAMember, echo(typed), ours(" is no member that I can tell from others. Write ", memberForms, "."))
}

// NotLinked is a mention of somebody who stands for no account. mention is how
// to name the member to whoever links.
func NotLinked(name, mention string) *Problem {
	return problem(CodeAccountNotLinked, echo(name),
		ours(" is not linked to an account of the app. Type the account itself, or let somebody who may link put it in the place of ACCOUNT:")).
		Suggest("link " + mention + " ACCOUNT")
}
