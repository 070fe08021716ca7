package grammar

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"modbot/internal/texts"
)

// ascii is the ASCII form of punctuation that input methods and autocorrection
// put in the place of ASCII; other characters are themselves.
func ascii(r rune) rune {
	switch r {
	case '，', '、':
		return ','
	case '：':
		return ':'
	case '「', '」', '“', '”', '„', '‟':
		return '"'
	case '‘', '’', '‚', '‛':
		return '\''
	}
	return r
}

// normal is a text as the grammar reads it outside a reason: invisible
// characters dropped, punctuation in its ASCII form, spaces as spaces.
func normal(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case texts.Ignorable(r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return ascii(r)
	}, s)
}

// field is the content of a dedicated field: normal, without surrounding space
// and code marks.
func field(s string) string {
	return strings.TrimSpace(strings.Trim(strings.TrimSpace(normal(s)), "`"))
}

// fold makes verbs and keywords comparable. They are ASCII.
func fold(s string) string { return strings.ToLower(s) }

// unwrap drops space around a line, and the code marks of a line that was
// pasted as code: back-ticks at the start whose pair is the end.
func unwrap(line string) string {
	line = strings.TrimSpace(line)
	marks := len(line) - len(strings.TrimLeft(line, "`"))
	if marks == 0 {
		return line
	}
	inner := line[marks:]
	for i := 0; i < len(inner); {
		if inner[i] != '`' {
			i++
			continue
		}
		run := len(inner[i:]) - len(strings.TrimLeft(inner[i:], "`"))
		if run == marks {
			if i+run == len(inner) {
				return strings.TrimSpace(inner[:i])
			}
			return line // a code span that ends in the middle: not around the line
		}
		i += run
	}
	return line
}

// cleanText is a reason or a note as it is kept: as typed, without surrounding
// space. Line breaks and tabs become spaces, because it is one paragraph
// wherever it is shown; other control characters and broken bytes become
// U+FFFD, because not every store takes them.
func cleanText(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	for _, r := range s {
		switch {
		case texts.LineBreak(r), r == '\t':
			b.WriteByte(' ')
		case unicode.IsControl(r):
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

// pasteable is what is left of a line, fit to stand in a suggestion: cleaned,
// cut, and without characters that turn the direction of writing.
func pasteable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, cleanText(s))
	return texts.Cut(strings.TrimSpace(s), suggestedText)
}

// guessed is the longest word that is compared with known ones.
const guessed = 32

// guessable reports whether a word can be one slip away from a known one: those
// are ASCII and short.
func guessable(s string) bool {
	return len(s) <= guessed && strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}
