package texts

import (
	"fmt"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// ScopeForms is what a scope may look like, for errors and hints.
const ScopeForms = "group, c2c (one-to-one) or all"

// ScopeEmpty is "scope:" with nothing after it.
func ScopeEmpty() *Problem {
	return problem(CodeScopeEmpty, ours("Where? The scope is missing: ", ScopeForms, "."))
}

// ScopeUnknown is no scope.
func ScopeUnknown(typed string) *Problem {
	return problem(CodeScopeUnknown, echo(typed), ours(" is no scope. A scope is ", ScopeForms, "."))
}

// ScopeNear is one edit away from a scope.
func ScopeNear(typed string, meant mute.Scope, write string) *Problem {
	return problem(CodeScopeNear, echo(typed),
		ours(" is one edit away from a word for the scope ", meant.String(), ". If you mean that, write ", write, "."))
}

// ScopeNearOrReason is one edit away from a scope where a reason may begin.
func ScopeNearOrReason(typed string, meant mute.Scope, write string) *Problem {
	return problem(CodeScopeNear, echo(typed),
		ours(" is one edit away from a word for the scope ", meant.String(), ". If you mean that, write ", write,
			"; if the reason begins here, put reason: before it."))
}

// ScopePlace is a scope word in a place where it is too likely to be something
// else.
func ScopePlace(typed string) *Problem {
	return problem(CodeScopePlace, echo(typed), ours(" says where only as the last word, before reason:, or as scope:",
		form(typed), "."))
}

// ScopeTwice is a second scope where the reason begins.
func ScopeTwice(first mute.Scope, second string) *Problem {
	return problem(CodeScopeTwice, ours("The scope is ", first.String(), " already; then "), echo(second),
		ours(" is a second one. Say one (all is both), or put reason: before the second."))
}

// LineTooLong is more than a command can have.
func LineTooLong(n, most int) *Problem {
	return problem(CodeLineTooLong,
		ours(fmt.Sprintf("The command has %d bytes; at most %d are read. Nothing was done.", n, most)))
}

// VerbMisspelt is close to a verb.
func VerbMisspelt(typed, meant string) *Problem {
	return problem(CodeVerbMisspelt, ours("There is no command "), echo(typed), ours(". Did you mean "),
		chat.Code(meant), ours("?"))
}

// VerbUnknown is close to none.
func VerbUnknown(typed string, verbs []string) *Problem {
	return problem(CodeVerbUnknown, ours("There is no command "), echo(typed),
		ours(". There are ", Join(verbs, "and"), "."))
}

// ReasonKeyword is text after a verb whose reason has to be introduced.
func ReasonKeyword(verb, typed string) *Problem {
	return problem(CodeReasonKeyword, chat.Code(verb), ours(" needs reason: before a reason, and commas between accounts; I can't tell which "),
		echo(typed), ours(" is."))
}

// ReasonTooLong is over the limit of a reason.
func ReasonTooLong(n, most int) *Problem {
	return problem(CodeReasonTooLong, ours(fmt.Sprintf(
		"The reason has %d characters; at most %d are kept, and none are cut for you. Put the rest in a note to the case.", n, most)))
}

// CaseMissing is a command without its case.
func CaseMissing(verb string) *Problem {
	return problem(CodeCaseMissing, ours("Which case? "), chat.Code(verb),
		ours(" needs its number, as replies and the audit channel show it: 41 or #41."))
}

// CaseNumber is no number of a case.
func CaseNumber(typed string) *Problem {
	return problem(CodeCaseNumber, echo(typed), ours(" is no case number. Case numbers look like 41 or #41."))
}

// NoteMissing is "note" with nothing after it.
func NoteMissing(number int64) *Problem {
	return problem(CodeNoteMissing, ours(fmt.Sprintf("The note to case %d has no text.", number)))
}

// NoteKeyword is text after a case without "note" before it.
func NoteKeyword(typed string) *Problem {
	return problem(CodeNoteKeyword, ours("To append "), echo(typed), ours(" to the case, put note before it."))
}

// NoteTooLong is over the limit of a note.
func NoteTooLong(n, most int) *Problem {
	return problem(CodeNoteTooLong, ours(fmt.Sprintf(
		"The note has %d characters; at most %d are kept, and none are cut for you. Send it in parts.", n, most)))
}

// ActorMissing is "by" with nobody after it.
func ActorMissing() *Problem {
	return problem(CodeActorMissing, ours("By whom? A name is missing after by."))
}

// ActorKeyword is a name without "by" before it.
func ActorKeyword(verb, typed string) *Problem {
	return problem(CodeActorKeyword, chat.Code(verb), ours(" takes a scope ("+ScopeForms+"), and by before a person's name; "),
		echo(typed), ours(" is neither."))
}

// ChoiceUnreadable is a choice that is no single word.
func ChoiceUnreadable(typed string) *Problem {
	return problem(CodeChoice, echo(typed), ours(" is no choice. A choice is one of the words that the question offers, such as extend."))
}

// TakesNothing is text after a verb that stands alone.
func TakesNothing(verb, typed string) *Problem {
	return problem(CodeTakesNothing, chat.Code(verb), ours(" stands alone; "), echo(typed), ours(" has no place in it."))
}

// TooMuch is text after all that a verb takes.
func TooMuch(verb, typed string) *Problem {
	return problem(CodeTooMuch, echo(typed), ours(" is more than "), chat.Code(verb), ours(" takes."))
}

// OptionMissing is a required option that was not filled in.
func OptionMissing(verb, option string) *Problem {
	return problem(CodeOptionMissing, chat.Code(verb), ours(" needs its option ", option, "."))
}

// OptionUnknown is an option that the verb does not have.
func OptionUnknown(verb, option string) *Problem {
	return problem(CodeOptionUnknown, chat.Code(verb), ours(" has no option "), echo(option), ours("."))
}

// OptionTwice is an option that was filled in twice.
func OptionTwice(verb, option string) *Problem {
	return problem(CodeOptionTwice, chat.Code(verb), ours(" was given its option ", option, " twice."))
}
