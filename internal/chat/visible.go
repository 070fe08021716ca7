package chat

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks may follow one another. No written
// language stacks as many; a thousand of them paint over the lines around.
const maxMarks = 8

// lineBreak stands for a line break inside somebody's words.
const lineBreak = '⏎'

// Visible makes every character of text one that can be seen and that acts on
// nothing: control characters (terminal escapes among them), overrides of the
// writing direction, invisible characters and piles of combining marks become
// their code points, as in ⟨U+202E⟩, line breaks become ⏎, tabs a space, and
// bytes that are not UTF-8 U+FFFD. The joiners and variation selectors that
// emoji and several scripts are written with stay.
//
// Each adapter applies it to every span before its platform's own escaping, and
// texts to what it repeats inside a plain sentence; twice is once.
func Visible(text string) string {
	if shows(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + len(text)/4)
	marks := 0
	for i, r := range text {
		marks = countMark(marks, r)
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case r == '\r' && strings.HasPrefix(text[i:], "\r\n"):
			// The line feed after it says it all.
		case breaksLine(r):
			b.WriteRune(lineBreak)
		case hides(r) || marks > maxMarks:
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r) // a broken byte decodes as U+FFFD
		}
	}
	return b.String()
}

// shows reports whether Visible has nothing to change, which is the rule.
func shows(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	marks := 0
	for _, r := range text {
		marks = countMark(marks, r)
		if hides(r) || marks > maxMarks {
			return false
		}
	}
	return true
}

// countMark counts the marks in a row up to and with r.
func countMark(before int, r rune) int {
	if unicode.Is(unicode.M, r) || joins(r) {
		return before + 1
	}
	return 0
}

func breaksLine(r rune) bool {
	switch r {
	case '\n', '\v', '\f', '\r', 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}

// joins reports the two invisible characters that words and emoji need.
func joins(r rune) bool { return r == 0x200C || r == 0x200D }

// hides reports characters that do something other than show themselves.
func hides(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r < 0x20 || r == 0x7F
	case joins(r), unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point)
}
