package texts

// The codes of problems with what was typed. They are part of the interface:
// scripts rely on them, and docs/reference/codes.md lists each.
const (
	// The length of time.
	CodeTermEmpty       = "term_empty"
	CodeTermUnreadable  = "term_unreadable"
	CodeTermNoUnit      = "term_no_unit"
	CodeTermPartNoUnit  = "term_part_without_unit"
	CodeTermSpace       = "term_space"
	CodeTermZero        = "term_zero"
	CodeTermSign        = "term_sign"
	CodeTermRepeated    = "term_repeated_unit"
	CodeTermOrder       = "term_unit_order"
	CodeTermComma       = "term_decimal_comma"
	CodeTermDecimalForm = "term_decimal_form"
	CodeTermTwoPoints   = "term_two_decimals"
	CodeTermFraction    = "term_fraction"
	CodeTermClock       = "term_clock"
	CodeTermDate        = "term_date"
	CodeTermISO         = "term_iso8601"
	CodeTermWords       = "term_words"
	CodeTermDigits      = "term_digits"
	CodeTermTooLong     = "term_too_long"
	CodeTermLoneM       = "term_lone_m"
	CodeTermPermanent   = "term_permanent_mixed"
	CodeTermTail        = "term_trailing_comma"
	CodeTermMissing     = "term_missing"
	CodeTermInList      = "term_in_account_list"
	CodeTermExpected    = "term_expected"
	CodeTermOrReason    = "term_or_reason"
	CodeTermTwice       = "term_twice"
	CodeTermNotHere     = "term_not_here"

	// The account.
	CodeAccountMissing    = "account_missing"
	CodeAccountEmpty      = "account_empty"
	CodeAccountTooLong    = "account_too_long"
	CodeAccountCharacters = "account_characters"
	CodeAccountQuotes     = "account_needs_quotes"
	CodeAccountGroup      = "account_is_group"
	CodeAccountAt         = "account_at_sign"
	CodeAccountMention    = "account_bad_mention"
	CodeAccountNotPerson  = "account_not_a_person"
	CodeAccountOpenQuote  = "account_open_quote"
	CodeAccountQuoteTail  = "account_after_quote"
	CodeAccountSpace      = "account_space"
	CodeAccountTooMany    = "account_too_many"
	CodeAccountOne        = "account_only_one"

	// The member.
	CodeMemberMissing = "member_missing"
	CodeNotAMember    = "not_a_member"

	// The scope.
	CodeScopeEmpty   = "scope_empty"
	CodeScopeUnknown = "scope_unknown"
	CodeScopeNear    = "scope_near_miss"
	CodeScopePlace   = "scope_word_place"
	CodeScopeTwice   = "scope_twice"

	// Everything else of a command.
	CodeLineTooLong   = "line_too_long"
	CodeVerbMisspelt  = "verb_misspelt"
	CodeVerbUnknown   = "verb_unknown"
	CodeReasonKeyword = "reason_needs_keyword"
	CodeReasonTooLong = "reason_too_long"
	CodeCaseMissing   = "case_missing"
	CodeCaseNumber    = "case_number"
	CodeNoteMissing   = "note_missing"
	CodeNoteKeyword   = "note_needs_keyword"
	CodeNoteTooLong   = "note_too_long"
	CodeActorMissing  = "actor_missing"
	CodeActorKeyword  = "actor_needs_keyword"
	CodeChoice        = "choice_unreadable"
	CodeTakesNothing  = "takes_nothing"
	CodeTooMuch       = "too_much"
	CodeOptionMissing = "option_missing"
	CodeOptionUnknown = "option_unknown"
	CodeOptionTwice   = "option_twice"
)

// CodeMeaning is a code with what it means, for the reference.
type CodeMeaning struct{ Code, Meaning string }

// TypedCodes lists the codes of problems with what was typed, in the order of
// the reference.
func TypedCodes() []CodeMeaning {
	return []CodeMeaning{
		{CodeTermEmpty, "a field for a length of time is empty"},
		{CodeTermUnreadable, "not a length of time, or a unit that does not exist"},
		{CodeTermNoUnit, "a number without a unit"},
		{CodeTermPartNoUnit, "a part of a length without its unit, as in `1h30`"},
		{CodeTermSpace, "a space between a number and its unit"},
		{CodeTermZero, "a length of zero, which would lift a mute"},
		{CodeTermSign, "a length with a sign"},
		{CodeTermRepeated, "the same unit twice"},
		{CodeTermOrder, "units that are not in the order from largest to smallest"},
		{CodeTermComma, "a comma as the decimal mark, or between thousands"},
		{CodeTermDecimalForm, "a decimal point without digits on both sides, or two in one number"},
		{CodeTermTwoPoints, "a decimal point in more than one part"},
		{CodeTermFraction, "a length that is not a whole number of seconds"},
		{CodeTermClock, "a clock time instead of a length"},
		{CodeTermDate, "a date instead of a length"},
		{CodeTermISO, "the ISO 8601 form of a length"},
		{CodeTermWords, "a number in words"},
		{CodeTermDigits, "digits outside ASCII"},
		{CodeTermTooLong, "longer than 4294967294 seconds"},
		{CodeTermLoneM, "a capital `M` alone, which may be minutes or months"},
		{CodeTermPermanent, "permanent and a length at once"},
		{CodeTermTail, "a comma after a length with no further part behind it"},
		{CodeTermMissing, "the length of time is missing"},
		{CodeTermInList, "the length of time was taken for an account, because of a comma"},
		{CodeTermExpected, "something else stands where the length of time belongs"},
		{CodeTermOrReason, "a further part may belong to the length or begin the reason"},
		{CodeTermTwice, "two lengths of time"},
		{CodeTermNotHere, "a length of time for a verb that takes none"},
		{CodeAccountMissing, "the account is missing"},
		{CodeAccountEmpty, "an account of no characters"},
		{CodeAccountTooLong, "an account over 32 bytes"},
		{CodeAccountCharacters, "an account with a character outside printable ASCII"},
		{CodeAccountQuotes, "an account that has to be quoted, because it reads as something else"},
		{CodeAccountGroup, "a group where an account is due"},
		{CodeAccountAt, "an account with `@` before it"},
		{CodeAccountMention, "a mention that cannot be read"},
		{CodeAccountNotPerson, "a mention of a channel, a role or everybody"},
		{CodeAccountOpenQuote, "a quotation mark that is never closed"},
		{CodeAccountQuoteTail, "text that touches a closing quotation mark"},
		{CodeAccountSpace, "a field for accounts with a space between two words"},
		{CodeAccountTooMany, "more than 20 accounts"},
		{CodeAccountOne, "several accounts for a verb that takes one"},
		{CodeMemberMissing, "the member of the platform is missing"},
		{CodeNotAMember, "neither a mention nor a member's id with its platform"},
		{CodeScopeEmpty, "a scope that is announced but missing"},
		{CodeScopeUnknown, "not a scope"},
		{CodeScopeNear, "one edit away from a scope: the scope or the reason"},
		{CodeScopePlace, "a scope word where it is none"},
		{CodeScopeTwice, "two scopes"},
		{CodeLineTooLong, "a command over 32768 bytes"},
		{CodeVerbMisspelt, "an unknown verb that is close to a known one"},
		{CodeVerbUnknown, "an unknown verb"},
		{CodeReasonKeyword, "a reason that needs `reason:` before it"},
		{CodeReasonTooLong, "a reason over 6000 characters"},
		{CodeCaseMissing, "the number of the case is missing"},
		{CodeCaseNumber, "not the number of a case"},
		{CodeNoteMissing, "a note without text"},
		{CodeNoteKeyword, "a note that needs `note` before it"},
		{CodeNoteTooLong, "a note over 6000 characters"},
		{CodeActorMissing, "a person is announced but missing"},
		{CodeActorKeyword, "a person who needs `by` before the name"},
		{CodeChoice, "not a choice: one word is due"},
		{CodeTakesNothing, "anything after a verb that takes nothing"},
		{CodeTooMuch, "more than the verb takes"},
		{CodeOptionMissing, "a required option is missing"},
		{CodeOptionUnknown, "an option that the verb does not have"},
		{CodeOptionTwice, "the same option twice"},
	}
}
