package render

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"modbot/internal/chat"
)

// always are the characters that begin or end markup wherever they stand:
// emphasis, spoilers, code, links with another face, mentions, custom emoji and
// time codes. Discord shows any of them as itself after a backslash.
const always = "\\*_~`|[]<@"

// atStart are those that act at the beginning of a line only: headings and
// subtext, quotes, lists.
const atStart = "#>-+"

// place is where in a line the writer stands.
type place uint8

const (
	lineStart  place = iota // nothing but spaces so far
	lineDigits              // spaces and digits: a stop would make it a list
	lineInside
)

// lineWriter writes one line of Discord's Markdown.
type lineWriter struct {
	b  strings.Builder
	at place
}

// text writes words that must show as they are. A colon acts in front of
// anything but a space (":wave:", "https://"), a slash after what may be the
// address of invitations.
func (w *lineWriter) text(s string) {
	for i, r := range s {
		after, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		switch {
		case strings.ContainsRune(always, r),
			w.at == lineStart && strings.ContainsRune(atStart, r),
			w.at == lineDigits && (r == '.' || r == ')'),
			r == ':' && !unicode.IsSpace(after),
			r == '/' && invites(w.b.String()):
			w.b.WriteByte('\\')
		}
		w.b.WriteRune(r)
		w.move(r)
	}
}

// invites reports whether a slash behind text might make an invitation of it:
// "discord.gg/x" is one without any scheme.
func invites(text string) bool {
	for _, end := range []string{".gg", ".com"} {
		if n := len(text) - len(end); n >= 0 && strings.EqualFold(text[n:], end) {
			return true
		}
	}
	return false
}

// move follows where in the line the writer is.
func (w *lineWriter) move(r rune) {
	switch {
	case w.at == lineStart && unicode.IsSpace(r):
	case w.at != lineInside && r >= '0' && r <= '9':
		w.at = lineDigits
	default:
		w.at = lineInside
	}
}

// raw writes markup.
func (w *lineWriter) raw(s string) {
	w.b.WriteString(s)
	w.at = lineInside
}

// piece writes one piece.
func (w *lineWriter) piece(p piece) {
	switch p.kind {
	case chat.SpanStrong:
		w.raw("**")
		w.text(p.text)
		w.raw("**")
	case chat.SpanCode:
		// Nothing is escaped inside of code, so a back-tick can't be shown there
		// for certain, and neither can a space at an edge.
		if strings.Contains(p.text, "`") || strings.TrimSpace(p.text) != p.text {
			w.text(p.text)
			return
		}
		w.raw("`" + p.text + "`")
	case chat.SpanTime:
		w.raw(stamp(p.at, 'f'))
	case chat.SpanUntil:
		w.raw(stamp(p.at, 'f') + " (" + stamp(p.at, 'R') + ")")
	case chat.SpanPlain:
		if jump(p.text) {
			w.raw(p.text)
			return
		}
		w.text(p.text)
	case chat.SpanQuote, chat.SpanLeft:
		w.text(p.text)
	default:
		w.text(p.text)
	}
}

// stamp is a time that each reader sees in their own zone and words.
func stamp(at time.Time, style rune) string { return fmt.Sprintf("<t:%d:%c>", at.Unix(), style) }

// jumpPrefix begins links to messages.
const jumpPrefix = "https://discord.com/channels/"

// Link is the address of a message in a guild, which a plain span that holds
// nothing else shows as a link.
func Link(guild, channel, message string) string {
	return jumpPrefix + guild + "/" + channel + "/" + message
}

// jump reports whether text is a link to a message of Discord and nothing else:
// the one address that leads nowhere but where the reader is already.
func jump(text string) bool {
	rest, is := strings.CutPrefix(text, jumpPrefix)
	if !is {
		return false
	}
	ids := strings.Split(rest, "/")
	return len(ids) == 3 && snowflake(ids[0]) && snowflake(ids[1]) && snowflake(ids[2])
}

// bound is the most that text takes once it is escaped, whatever stands around
// it, in UTF-16 units. It is the same for a text as for the sum of its parts.
func bound(text string) int {
	n := 0
	for _, r := range text {
		n += utf16.RuneLen(r)
		if strings.ContainsRune(always, r) || r == ':' || r == '/' {
			n++
		}
	}
	return n
}
