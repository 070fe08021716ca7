package texts

import "fmt"

// NoSuchCase is a case number that the ledger does not have.
func NoSuchCase(n int64) *Problem {
	return problem(CodeCaseUnknown, ours(fmt.Sprintf("There is no case %d.", n))).Suggest("mutes")
}

// NoSuchChoice is an answer that a question does not offer.
func NoSuchChoice(caseNumber int64, typed string, choices []string) *Problem {
	var commands []string
	for _, c := range choices {
		commands = append(commands, fmt.Sprintf("confirm %d %s", caseNumber, c))
	}
	if typed == "" {
		return problem(CodeChoiceMissing, ours(fmt.Sprintf("Case %d offers several answers; say which: ", caseNumber), Join(choices, "or"), ".")).Suggest(commands...)
	}
	return problem(CodeChoiceUnknown, ours(fmt.Sprintf("Case %d does not offer ", caseNumber)), echo(typed), ours("; its answers are ", Join(choices, "and"), ".")).Suggest(commands...)
}
