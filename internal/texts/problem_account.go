package texts

import (
	"fmt"
	"strings"
	"unicode"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// codePointsShown is how many code points an error lists.
const codePointsShown = 8

// codePoints lists the characters of s that are in question, once each.
func codePoints(s string, in func(rune) bool) string {
	var out []rune
	for _, r := range s {
		if in(r) && !strings.ContainsRune(string(out), r) {
			if len(out) == codePointsShown {
				return mute.CodePoints(string(out)) + " " + ellipsis
			}
			out = append(out, r)
		}
	}
	return mute.CodePoints(string(out))
}

func isForeignDigit(r rune) bool { return r > unicode.MaxASCII && unicode.IsNumber(r) }

func isForeign(r rune) bool { return r < ' ' || r > '~' }

// AccountMissing is a command without an account.
func AccountMissing(verb string) *Problem {
	return problem(CodeAccountMissing, ours("Which account? "), chat.Code(verb),
		ours(" needs one right after it, exactly as the app knows it."))
}

// AccountEmpty is a pair of quotation marks with nothing in it.
func AccountEmpty() *Problem {
	return problem(CodeAccountEmpty, ours("There is no account between the quotation marks."))
}

// AccountTooLong is over Tencent's limit.
func AccountTooLong(typed string) *Problem {
	return problem(CodeAccountTooLong, ours("The account "), echo(typed),
		ours(fmt.Sprintf(" has %d bytes; Tencent's accounts have at most %d.", len(typed), mute.MaxAccountBytes)))
}

// AccountCharacters is an account with something that accounts cannot have. It
// names the code points, because many of them look like ASCII.
func AccountCharacters(typed string) *Problem {
	return problem(CodeAccountCharacters, ours("The account "), echo(typed), ours(" has characters that accounts cannot have: ",
		codePoints(typed, isForeign), ". Accounts are printable ASCII and are never converted."))
}

// AccountQuotes is an account that reads as something else.
func AccountQuotes(typed, as string) *Problem {
	return problem(CodeAccountQuotes, ours("An account belongs where "), echo(typed), ours(" stands, and it reads as ", as,
		". If it is the account's name, put it in quotation marks."))
}

// AccountGroup is a group's id.
func AccountGroup(typed string) *Problem {
	return problem(CodeAccountGroup, echo(typed),
		ours(" is a group, and an account is due here. Name the account; scope group means all groups."))
}

// AccountAt is an account with an @ that no platform made a mention.
func AccountAt(typed string) *Problem {
	return problem(CodeAccountAt, echo(typed),
		ours(" is no mention that the platform knows. For the account, leave out the @; if the name really begins with it, use quotation marks."))
}

// AccountMention is the beginning of a mention without its end.
func AccountMention(typed string) *Problem {
	return problem(CodeAccountMention, echo(typed), ours(" is no mention that I can read. Name the account instead."))
}

// AccountNotPerson is a mention of something that is nobody.
func AccountNotPerson(typed string) *Problem {
	return problem(CodeAccountNotPerson, echo(typed),
		ours(" mentions a channel, a role or everybody. Name one person or account instead."))
}

// AccountOpenQuote is a quotation mark without its pair.
func AccountOpenQuote(typed string) *Problem {
	return problem(CodeAccountOpenQuote, ours("The quotation mark before "), echo(typed), ours(" is never closed."))
}

// AccountQuoteTail is text that touches the closing quotation mark.
func AccountQuoteTail(typed, tail string) *Problem {
	return problem(CodeAccountQuoteTail, ours("After the quotation marks of "), echo(typed),
		ours(" a space or a comma is due, not "), echo(tail), ours("."))
}

// AccountSpace is a field of accounts with a space between two words.
func AccountSpace(typed string) *Problem {
	return problem(CodeAccountSpace, echo(typed),
		ours(" has a space in it. Several accounts need commas between them; one with a space needs quotation marks."))
}

// AccountTooMany is more accounts than one command takes.
func AccountTooMany(n, most int) *Problem {
	return problem(CodeAccountTooMany,
		ours(fmt.Sprintf("%d accounts are too many: one command takes at most %d. Send it in parts.", n, most)))
}

// AccountOne is a list for a verb about one account.
func AccountOne(verb string, n int) *Problem {
	return problem(CodeAccountOne, chat.Code(verb), ours(fmt.Sprintf(" is about one account, not %d.", n)))
}
