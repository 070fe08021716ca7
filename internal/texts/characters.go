package texts

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// ellipsis ends what was cut.
const ellipsis = "…"

// clusterBytes is the mean size of a character up to which Cut lets n of them
// through. A family emoji has 25 bytes, but text of nothing else is rare, and a
// letter with a thousand accents may not smuggle a page into a line.
const clusterBytes = 16

// Cut shortens s to at most n characters as people see them (grapheme
// clusters). What was cut ends in "…", which counts.
func Cut(s string, n int) string {
	if n <= 0 {
		return ""
	}
	rest, state := s, -1
	var kept int // bytes of the first n-1 characters
	for i := range n {
		if rest == "" {
			break
		}
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if i < n-1 {
			kept += len(cluster)
		}
	}
	if rest == "" && len(s) <= n*clusterBytes {
		return s
	}
	return s[:runeStart(s, min(kept, n*clusterBytes))] + ellipsis
}

// runeStart is the last start of a rune in s at or before i.
func runeStart(s string, i int) int {
	if i >= len(s) {
		return len(s)
	}
	for i > 0 && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}

// Visible makes somebody's text safe to stand in a line of ours: line breaks
// and tabs become spaces; other control characters, everything that turns the
// direction of writing, invisible characters and broken bytes are shown as
// their code points. Joiners and variation selectors stay where scripts and
// emoji need them.
func Visible(s string) string {
	var b strings.Builder
	var before rune
	for i, r := range s {
		after, _ := utf8.DecodeRuneInString(s[i+runeLen(s[i:]):])
		switch {
		case LineBreak(r) || r == '\t':
			b.WriteByte(' ')
		case r == utf8.RuneError && runeLen(s[i:]) == 1:
			fmt.Fprintf(&b, "[0x%02X]", s[i])
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			fmt.Fprintf(&b, "[U+%04X]", r)
		case Ignorable(r) && !joins(before, r, after):
			fmt.Fprintf(&b, "[U+%04X]", r)
		default:
			b.WriteRune(r)
		}
		before = r
	}
	return b.String()
}

func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// LineBreak reports whether a character begins a new line somewhere.
func LineBreak(r rune) bool {
	switch r {
	case '\n', '\v', '\f', '\r', 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}

// joins reports whether an invisible character does what it is for: it joins
// or varies a character outside ASCII, or makes a keycap.
func joins(before, r, after rune) bool {
	const zwnj, zwj, keycap = 0x200c, 0x200d, 0x20e3
	switch {
	case r == zwnj, r == zwj, unicode.Is(unicode.Variation_Selector, r), r >= 0xe0020 && r <= 0xe007f:
		return before > unicode.MaxASCII && unicode.IsGraphic(before) && !unicode.IsSpace(before) ||
			Ignorable(before) && before != 0 || after == keycap
	}
	return false
}

// Ignorable reports whether a character has the Unicode property
// Default_Ignorable_Code_Point: nothing is shown for it. The derivation is the
// one of DerivedCoreProperties.txt.
func Ignorable(r rune) bool {
	switch {
	case r <= unicode.MaxASCII:
		return false
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	case r >= 0xfff9 && r <= 0xfffb, r >= 0x13430 && r <= 0x1343f: // annotation anchors, hieroglyph joiners
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}
