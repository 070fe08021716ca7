package texts

import (
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// TermForms is what a length of time may look like, for errors and hints.
const TermForms = "2h, 90m, 1d12h, 2w or permanent"

// TermEmpty is a field for a term with nothing in it.
func TermEmpty() *Problem {
	return problem(CodeTermEmpty, ours("A length of time is missing. Try ", TermForms, "."))
}

// TermUnreadable is no term in any way that has its own answer.
func TermUnreadable(typed string) *Problem {
	return problem(CodeTermUnreadable, ours("I can't read "), echo(typed),
		ours(" as a length of time. Try ", TermForms, "."))
}

// TermNoUnit is a bare number.
func TermNoUnit(typed string, readings []string) *Problem {
	return problem(CodeTermNoUnit, echo(typed),
		ours(" has no unit. Say ", forms(readings), "."))
}

// TermPartNoUnit is a last part without a unit ("1h30").
func TermPartNoUnit(typed, number string) *Problem {
	return problem(CodeTermPartNoUnit, ours("In "), echo(typed),
		ours(" the number ", form(number), " has no unit. Every number needs one: 1h30m, not 1h30."))
}

// TermSpace is a number apart from its unit ("2 hours").
func TermSpace(typed, joined string) *Problem {
	return problem(CodeTermSpace, echo(typed),
		ours(" has a space between the number and its unit. Write ", form(joined), "."))
}

// TermZero is a length of nothing.
func TermZero(typed string) *Problem {
	return problem(CodeTermZero, echo(typed),
		ours(" is no time at all. A mute lasts at least one second; to lift one, use unmute."))
}

// TermSign is a length with a sign before it.
func TermSign(typed string) *Problem {
	return problem(CodeTermSign, echo(typed),
		ours(" has a sign. A length of time counts from now and has none."))
}

// TermRepeated is a unit that comes twice.
func TermRepeated(typed, unit string) *Problem {
	return problem(CodeTermRepeated, echo(typed), ours(" names ", unit, " twice. Each unit may come once."))
}

// TermOrder is parts that do not go from large to small.
func TermOrder(typed, sorted string) *Problem {
	return problem(CodeTermOrder, echo(typed),
		ours(" has its units out of order. The largest comes first: ", form(sorted), "."))
}

// TermDecimalComma is "1,5h" or "1,000s".
func TermDecimalComma(typed string) *Problem {
	return problem(CodeTermComma, echo(typed),
		ours(" has a comma inside a number. The decimal mark is a point, and thousands have none: 1.5h, 1000s."))
}

// TermDecimalForm is ".5h", "1.h" or "1.2.3h".
func TermDecimalForm(typed string) *Problem {
	return problem(CodeTermDecimalForm, ours("The number in "), echo(typed),
		ours(" is not one. A decimal point stands once, between digits: 0.5h."))
}

// TermTwoPoints is a decimal point in two parts.
func TermTwoPoints(typed string) *Problem {
	return problem(CodeTermTwoPoints, echo(typed),
		ours(" has two decimal points. One part of a length may have one."))
}

// TermFraction is a length that ends between two seconds.
func TermFraction(typed string) *Problem {
	return problem(CodeTermFraction, echo(typed), ours(" is not a whole number of seconds."))
}

// TermClock is a time of day, or hours and minutes with a colon.
func TermClock(typed string) *Problem {
	return problem(CodeTermClock, echo(typed),
		ours(" reads like a clock. Say how long the mute lasts, with units: 1h30m."))
}

// TermDate is a day of the calendar.
func TermDate(typed string) *Problem {
	return problem(CodeTermDate, echo(typed),
		ours(" reads like a date. Say how long the mute lasts from now, with units: 10d."))
}

// TermISO is "PT2H".
func TermISO(typed string) *Problem {
	return problem(CodeTermISO, echo(typed),
		ours(" is the ISO 8601 form. Say it with plain units: 1d12h."))
}

// TermWords is "a day".
func TermWords(typed, digits string) *Problem {
	return problem(CodeTermWords, echo(typed), ours(" is in words. Write it in digits: ", form(digits), "."))
}

// TermDigits is a length in digits of another script.
func TermDigits(typed string) *Problem {
	return problem(CodeTermDigits, echo(typed),
		ours(" has digits outside ASCII (", codePoints(typed, isForeignDigit), "). Use 0 to 9."))
}

// TermTooLong is more than the service can hold.
func TermTooLong(typed string) *Problem {
	longest, err := mute.Seconds(mute.MaxSeconds)
	if err != nil { // MaxSeconds is a term by definition
		return TermUnreadable(typed)
	}
	return problem(CodeTermTooLong, echo(typed), ours(" is longer than Tencent can hold. The longest is ",
		longest.String(), " (about 136 years); beyond that there is permanent."))
}

// TermLoneM is a capital M alone.
func TermLoneM(typed string, readings []string) *Problem {
	return problem(CodeTermLoneM, ours("The M in "), echo(typed),
		ours(" may mean minutes or months. Minutes are m, months are mo: ", forms(readings), "."))
}

// TermPermanent is permanent and a length at once.
func TermPermanent(typed string) *Problem {
	return problem(CodeTermPermanent, echo(typed),
		ours(" is permanent and a length of time at once. Say one of the two."))
}

// TermTail is a comma that announces a part which does not come.
func TermTail(typed, term string) *Problem {
	return problem(CodeTermTail, ours("The comma in "), echo(typed),
		ours(" announces a further part of the length of time, and none follows. For ", form(term), ", leave it out."))
}

// TermMissing is a command without its term.
func TermMissing(verb string) *Problem {
	return problem(CodeTermMissing, ours("How long? "), chat.Code(verb),
		ours(" needs a length of time right after the account: ", TermForms, "."))
}

// TermInList is a term that a comma made an account.
func TermInList(typed string) *Problem {
	return problem(CodeTermInList, ours("How long? The comma before "), echo(typed),
		ours(" makes it one more account, and then no length of time is left."))
}

// TermExpected is something else in the place of the term.
func TermExpected(typed string) *Problem {
	return problem(CodeTermExpected, ours("A length of time belongs where "), echo(typed),
		ours(" stands, right after the account. Try ", TermForms, "."))
}

// TermBehind is TermExpected where the term comes one word later: the word may
// belong to the accounts.
func TermBehind(typed string) *Problem {
	return problem(CodeTermExpected, ours("A length of time belongs where "), echo(typed),
		ours(" stands, right after the account. Several accounts need commas, one with a space needs quotation marks, and a reason comes last."))
}

// TermOrReason is a further part that may begin the reason as well.
func TermOrReason(first, further, joined string) *Problem {
	return problem(CodeTermOrReason, ours("After ", form(first), ", "), echo(further),
		ours(" may belong to the length of time or begin the reason. For the length, write ", form(joined),
			"; for the reason, put reason: before it."))
}

// TermTwice is a second term where the reason begins.
func TermTwice(first, second string) *Problem {
	return problem(CodeTermTwice, ours("The length of time is ", form(first), " already; then "), echo(second),
		ours(" is a second one. Say one, or put reason: before the second."))
}

// TermNotHere is a term for a verb that has none.
func TermNotHere(verb, typed string) *Problem {
	return problem(CodeTermNotHere, chat.Code(verb), ours(" takes effect at once and takes no length of time, so "),
		echo(typed), ours(" has no place in it."))
}
