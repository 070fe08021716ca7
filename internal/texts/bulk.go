package texts

import (
	"fmt"
	"slices"

	"modbot/internal/chat"
)

// Unasked is a question that nobody is there to answer, as what it comes to: a
// file is worked off without asking.
func Unasked(question []chat.Line, caseNumber int64) []chat.Line {
	out := make([]chat.Line, 0, len(question)+1)
	for i, l := range question {
		if i == 0 && len(l) > 0 {
			l = append(chat.Line{chat.Strong("Not done")}, l[1:]...)
		}
		out = append(out, l)
	}
	return InCase(append(out, chat.Line{chat.Plain("This needs an answer, and a file is worked off without asking.")}), caseNumber)
}

// InCase names the case behind the last sentence.
func InCase(lines []chat.Line, caseNumber int64) []chat.Line {
	if caseNumber == 0 || len(lines) == 0 {
		return lines
	}
	last := len(lines) - 1
	lines[last] = append(slices.Clip(lines[last]), chat.Plain(fmt.Sprintf(" Case %d.", caseNumber)))
	return lines
}

// RowNotBegun is a row that a run did not come to.
func RowNotBegun() string { return "Not begun. The same command again goes on with it." }

// NothingBegun ends the refusal of a whole file.
func NothingBegun() chat.Line { return chat.Line{chat.Plain("Nothing was begun.")} }

// NoneExists refuses a file none of whose accounts exists.
func NoneExists() string { return "None of the accounts exists in the app, so nothing was begun." }

// SomeAbsent refuses a file that names accounts which do not exist.
func SomeAbsent(absent, rows int) string {
	return fmt.Sprintf("%d of %d accounts not found in the app, so nothing was begun. Correct them, or leave them out with --skip-invalid.", absent, rows)
}

// BatchErased says that a batch cannot be gone on with.
func BatchErased(batch int64) string {
	return fmt.Sprintf("Batch %d was of this file, and its list was erased: nobody knows any more which rows are done. Begin another with --batch NAME.", batch)
}

// BatchDiffers says that a name stands for another file.
func BatchDiffers(batch int64, rows int) string {
	return fmt.Sprintf("Batch %d was begun under this name, with another file of %d rows. Give that file, or another name.", batch, rows)
}

// TooManyRows refuses a file that has more rows than the role may begin.
func TooManyRows(r Refusal, left, begun int) []chat.Line {
	return r.refuse(chat.Plain(fmt.Sprintf(
		"%d accounts are left to do, and your role begins %d an hour (%s; begun within the last: %d).", left, r.PerHour, r.youAre(), begun)))
}
