package grammar

import (
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"

	"modbot/internal/mute"
	"modbot/internal/texts"
)

// scopeOf is the scope that a word means. sure tells the words that mean one
// wherever a scope may stand from those that are ordinary English as well and
// mean one only as the last word, before a keyword, or behind scope:.
func scopeOf(word string) (s mute.Scope, sure bool) {
	switch fold(word) {
	case "group", "groups":
		return mute.ScopeGroup, true
	case "c2c":
		return mute.ScopeC2C, true
	case "dm", "dms", "pm", "direct", "private", "one-to-one":
		return mute.ScopeC2C, false
	case "all", "both":
		return mute.ScopeAll, false
	}
	return 0, false
}

// nearScope is the scope word that a word is one edit away from.
func nearScope(word string) (meant string, ok bool) {
	word = fold(word)
	if s, _ := scopeOf(word); s != 0 || !guessable(word) {
		return "", false
	}
	for _, meant := range []string{"group", "groups", "direct", "private"} {
		if levenshtein.ComputeDistance(word, meant) == 1 {
			return meant, true
		}
	}
	return "", false
}

// ParseScope reads a scope that stands in a field of its own.
func ParseScope(s string) (mute.Scope, *texts.Problem) {
	scope, f := readScope(field(s))
	if f != nil {
		return 0, f.problem.SuggestValue(f.fixes...)
	}
	return scope, nil
}

// readScope reads the value behind scope:, or of a field.
func readScope(s string) (mute.Scope, *fault) {
	scopes := []string{mute.ScopeGroup.String(), mute.ScopeC2C.String(), mute.ScopeAll.String()}
	if s == "" {
		return 0, &fault{problem: texts.ScopeEmpty(), fixes: scopes}
	}
	if scope, _ := scopeOf(s); scope != 0 {
		return scope, nil
	}
	if meant, ok := nearScope(s); ok {
		near, _ := scopeOf(meant)
		return 0, &fault{problem: texts.ScopeUnknown(s), fixes: []string{near.String()}}
	}
	return 0, &fault{problem: texts.ScopeUnknown(s), fixes: scopes}
}

// scopeHint is the scope that a text speaks of; zero when of none, or of
// everything. Words that are ordinary English (all, both, direct, private, and
// the pm of a clock) are no hint: "private info leaked" speaks of a leak.
func scopeHint(text string) mute.Scope {
	var hint mute.Scope
	for w := range strings.FieldsFuncSeq(fold(normal(text)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r)
	}) {
		switch w {
		case "group", "groups", "c2c", "dm", "dms":
			s, _ := scopeOf(w)
			hint |= s
		}
	}
	if hint == mute.ScopeAll {
		return 0
	}
	return hint
}
