package texts

// Codes of what depends on the ledger and on people, not on typing alone.
const (
	CodeCaseUnknown      = "no_such_case"
	CodeChoiceMissing    = "choice_missing"
	CodeChoiceUnknown    = "no_such_choice"
	CodeAccountNotLinked = "account_not_linked"
	CodeAlreadyLinked    = "already_linked"
)

// ReplyCodes lists the codes of replies besides TypedCodes, in the order of
// the reference.
func ReplyCodes() []CodeMeaning {
	return []CodeMeaning{
		{"muted", "a mute is in effect"},
		{"unmuted", "a mute was lifted"},
		{"partial", "one of two fields is as asked"},
		{"failed", "Tencent said no, the request did not reach it, or it was not in effect when read back"},
		{"unknown", "no clear answer yet; a later reply with the same id says which it was"},
		{"unverified", "the end had passed before anything could be read back"},
		{"unrecorded", "what was asked, or its outcome, may not be on record; a later reply says what is, once the audit log answers"},
		{"several", "a command about several accounts whose parts differ"},
		{"not_muted", "there is nothing to lift"},
		{"no_such_account", "Tencent does not know the account"},
		{CodeAccountNotLinked, "a mention of somebody who stands for no account"},
		{"linked", "a member stands for the account from now on"},
		{"unlinked", "a member stands for no account any more"},
		{CodeAlreadyLinked, "the member stands for that account already"},
		{"not_linked", "the member stands for no account, so there is no link to end"},
		{"relink", "a question: the member stands for another account"},
		{"already_muted", "a question: a field is muted already"},
		{"lifts_other", "a question: the unmute lifts what somebody else set"},
		{"scope_doubt", "a question: no scope was named and the reason speaks of one"},
		{"case_variant", "a question: there is an account that differs in case alone"},
		{"above_threshold", "a question: the policy asks before a mute this long"},
		{"declined", "the question was answered with leaving things as they are"},
		{"void", "the account, or the link, changed while the question was open"},
		{"lapsed", "nobody answered the question in time"},
		{"not_yours", "the question waits for somebody else"},
		{"foreign_button", "the button belongs to another ledger, or to a history from before a restored backup"},
		{CodeChoiceMissing, "the question offers several answers and none was named"},
		{CodeChoiceUnknown, "the question does not offer that answer"},
		{CodeCaseUnknown, "there is no case of that number"},
		{"busy", "somebody else is acting on the account"},
		{"changing", "the account changed each time the command was planned"},
		{"refused_no_role", "the actor has no role"},
		{"refused_verb", "the role does not list the verb"},
		{"refused_scope", "the role does not cover the scope"},
		{"refused_protected", "the account is protected"},
		{"refused_permanent", "the role may not mute permanently"},
		{"refused_max_term", "longer than the role's longest term, from the first mute of the chain on"},
		{"refused_authority", "the role could not have set what would be lifted, shortened or replaced"},
		{"refused_per_hour", "the actor began the role's number of actions this hour"},
		{"roles_unknown", "the actor's roles cannot be looked up"},
		{"tencent_unreachable", "Tencent cannot be reached; nothing was begun"},
		{"tencent_configuration", "Tencent refuses the app's configuration; nothing was begun"},
		{"tencent_refused", "Tencent refused a question; nothing was begun"},
		{"no_record", "the audit log cannot be written; nothing was done"},
		{"timeout", "it took too long; nothing was begun"},
		{"internal", "an error inside modbot; the log has it under the reply's reference"},
		{"noted", "a note was appended"},
		{"status", "the answer to status"},
		{"mutes", "the answer to mutes"},
		{"history", "the answer to history"},
		{"case", "the answer to case"},
		{"help", "the answer to help"},
		{"whoami", "the answer to whoami"},
		{"health", "the answer to health"},
	}
}
