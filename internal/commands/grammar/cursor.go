package grammar

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"modbot/internal/texts"
)

// cursor is a place in a line. It is a value: looking ahead is reading from a
// copy. The source is never changed, so that the reason can be taken from it as
// typed.
type cursor struct {
	src string
	pos int
}

// word is a run of characters between spaces.
type word struct {
	text  string // normal, without back-ticks at its edges
	start int    // in the source
}

// rune decodes the character at the cursor in its normal form; n is 0 at the
// end.
func (c cursor) rune() (r rune, n int) {
	r, n = utf8.DecodeRuneInString(c.src[c.pos:])
	if n == 0 {
		return 0, 0
	}
	return ascii(r), n
}

// skip moves over characters as long as in accepts them.
func (c cursor) skip(in func(rune) bool) cursor {
	for {
		r, n := c.rune()
		if n == 0 || !in(r) {
			return c
		}
		c.pos += n
	}
}

// spaces moves over spaces.
func (c cursor) spaces() cursor { return c.skip(unicode.IsSpace) }

// blank moves over what is nothing outside a reason: spaces, invisible
// characters and back-ticks.
func (c cursor) blank() cursor {
	return c.skip(func(r rune) bool { return unicode.IsSpace(r) || texts.Ignorable(r) || r == '`' })
}

// end reports whether nothing is left.
func (c cursor) end() bool { return c.blank().pos == len(c.src) }

// word reads the next word and returns the cursor behind it. Words that are
// nothing but invisible characters are none.
func (c cursor) word() (w word, rest cursor, ok bool) {
	c = c.blank()
	rest = c.skip(func(r rune) bool { return !unicode.IsSpace(r) })
	text := strings.Trim(normal(c.src[c.pos:rest.pos]), "`")
	return word{text: text, start: c.pos}, rest, rest.pos > c.pos
}

// keyword reports whether the line goes on with the keyword, and returns the
// cursor behind it. A keyword that ends in a colon needs the colon and nothing
// more; another stands as a word of its own, with or without one.
func (c cursor) keyword(k string) (rest cursor, ok bool) {
	c = c.blank()
	name, colon := strings.CutSuffix(k, ":")
	for _, want := range name {
		c = c.skip(texts.Ignorable)
		r, n := c.rune()
		if n == 0 || unicode.ToLower(r) != want {
			return cursor{}, false
		}
		c.pos += n
	}
	c = c.skip(texts.Ignorable)
	r, n := c.rune()
	switch {
	case r == ':':
		c.pos += n
		return c, true
	case colon:
		return cursor{}, false
	default:
		return c, n == 0 || unicode.IsSpace(r)
	}
}

// text is what is left, as typed.
func (c cursor) text() string { return c.src[c.pos:] }
