package grammar

import (
	"strconv"
	"strings"
	"unicode"

	"modbot/internal/mute"
	"modbot/internal/texts"
)

// String is the command as it can be typed, without a platform's prefix.
// Parsing it gives the same command again, apart from the names of mentioned
// people and the quotation marks around accounts.
func (c Command) String() string {
	words := c.words(c.Reason != "")
	if c.Reason != "" {
		words = append(words, c.reason())
	}
	if c.Note != "" {
		words = append(words, c.note())
	}
	return strings.Join(words, " ")
}

// words is the command without its free texts. When more follows, a scope that
// is one only at the end is marked.
func (c Command) words(more bool) []string {
	words := []string{c.Verb}
	if !c.Member.IsZero() {
		words = append(words, c.Member.String())
	}
	if len(c.Accounts) > 0 {
		words = append(words, formatAccounts(c.Accounts))
	}
	if c.Case > 0 {
		words = append(words, strconv.FormatInt(c.Case, 10))
	}
	if !c.Term.IsZero() {
		words = append(words, c.Term.String())
	}
	if c.By != "" {
		words = append(words, "by", c.person())
	}
	if c.ScopeGiven {
		words = append(words, formatScope(c.Scope, more))
	}
	for _, w := range []string{c.Choice, c.Topic} {
		if w != "" {
			words = append(words, w)
		}
	}
	return words
}

// formatScope is a scope as it has to be typed, before more words or as the
// last.
func formatScope(s mute.Scope, more bool) string {
	if _, sure := scopeOf(s.String()); more && !sure {
		return "scope:" + s.String()
	}
	return s.String()
}

// ordinary reports whether a text begins with a word that can mean nothing in
// the place of a scope or a term.
func ordinary(text string) bool {
	first, _, _ := strings.Cut(normal(text), " ")
	_, near := nearScope(first)
	scope, _ := scopeOf(first)
	plain := first != "" && strings.IndexFunc(first, func(r rune) bool {
		return !unicode.IsLetter(r) && r != '-' && r != '\''
	}) < 0 && unicode.IsLetter([]rune(first)[0])
	return plain && !near && scope == 0 && !permanent(first) && fold(first) != "and"
}

// reason is the reason with its keyword, unless it follows a term and begins
// with an ordinary word.
func (c Command) reason() string {
	if c.Term.IsZero() || !ordinary(c.Reason) {
		return "reason: " + c.Reason
	}
	return c.Reason
}

// note is the note with its keyword, marked where its own text may be taken for
// the mark.
func (c Command) note() string {
	if ordinary(c.Note) {
		return noteOption + " " + c.Note
	}
	return noteOption + ": " + c.Note
}

// person is By as it has to be typed.
func (c Command) person() string {
	if c.ByMention {
		return "<@" + c.By + ">"
	}
	simple := strings.IndexFunc(c.By, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '-' && r != '_' && r != '.' || texts.Ignorable(r)
	}) < 0
	if simple {
		return c.By
	}
	return `"` + strings.ReplaceAll(c.By, `"`, `""`) + `"`
}
