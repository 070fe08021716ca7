package texts

import (
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

// LineBreak reports whether a character begins a new line somewhere.
func LineBreak(r rune) bool {
	switch r {
	case '\n', '\v', '\f', '\r', 0x85, 0x2028, 0x2029:
		return true
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
