package render

import (
	"slices"
	"strings"
	"time"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

const (
	ellipsis = "…"
	// quoteFloor is how much of somebody's words is kept at least, before our
	// own are cut.
	quoteFloor = 24
	// spanRoom is the most that a time, or the markup around a piece, takes.
	spanRoom = 56
	// lineRoom is the most that a line takes beside its pieces: the break, and
	// the backslash before what would begin a list.
	lineRoom = 3
)

// piece is a span whose text is visible and not yet escaped.
type piece struct {
	kind chat.SpanKind
	text string
	at   time.Time
}

// room is the most that the piece takes.
func (p piece) room() int {
	switch p.kind {
	case chat.SpanTime, chat.SpanUntil:
		return spanRoom
	case chat.SpanStrong, chat.SpanCode:
		return bound(p.text) + len("****")
	case chat.SpanPlain, chat.SpanQuote, chat.SpanLeft:
		return bound(p.text)
	}
	return bound(p.text)
}

type line []piece

func (l line) room() int {
	n := lineRoom
	for _, p := range l {
		n += p.room()
	}
	return n
}

// Reply is a message as its reader sees it, privately. It is never empty.
func Reply(m chat.Message) Body {
	rows, rest := buttons(m.Buttons)
	content := fit(append(compose(m.Lines), rest...), MaxContent)
	if strings.TrimSpace(content) == "" {
		content = ellipsis // Discord takes no empty message
	}
	return Body{Content: content, Components: rows}
}

// Answer is a reply with its reference, where it carries one.
func Answer(r chat.Reply) Body { return Reply(r.WithRef()) }

// compose makes the text of lines visible, and joins neighbours of one kind:
// "**a****b**" would not be two strong words.
func compose(lines []chat.Line) []line {
	out := make([]line, 0, len(lines))
	for _, l := range lines {
		var row line
		for _, s := range l {
			p := piece{kind: s.Kind, text: chat.Visible(s.Text), at: s.At}
			timed := s.Kind == chat.SpanTime || s.Kind == chat.SpanUntil
			switch n := len(row); {
			case !timed && p.text == "", p.kind == chat.SpanLeft: // Discord's own words for it stay true
			case !timed && n > 0 && row[n-1].kind == p.kind && !jump(p.text) && !jump(row[n-1].text):
				row[n-1].text += p.text
			default:
				row = append(row, p)
			}
		}
		out = append(out, row)
	}
	return out
}

// write renders lines whatever their length.
func write(lines []line) string {
	rendered := make([]string, 0, len(lines))
	for _, l := range lines {
		var w lineWriter
		for _, p := range l {
			w.piece(p)
		}
		rendered = append(rendered, w.b.String())
	}
	return strings.Join(rendered, "\n")
}

// fit renders lines in at most limit units. Somebody's words are cut first, the
// longest of them most; what our own words still need too much is cut at the
// end.
func fit(lines []line, limit int) string {
	if whole := write(lines); units(whole) <= limit {
		return whole
	}
	lines = shorten(lines, limit)
	if cut := write(lines); units(cut) <= limit {
		return cut
	}
	return write(truncate(lines, limit))
}

// shorten cuts quotes to a common length, the longest that makes the lines fit.
func shorten(lines []line, limit int) []line {
	fixed := 0
	var quotes []int
	for _, l := range lines {
		fixed += l.room()
		for _, p := range l {
			if p.kind == chat.SpanQuote {
				quotes = append(quotes, p.room())
				fixed -= p.room()
			}
		}
	}
	level := level(quotes, limit-fixed)
	out := make([]line, 0, len(lines))
	for _, l := range lines {
		l = slices.Clone(l)
		for i := range l {
			if l[i].kind == chat.SpanQuote {
				l[i].text = adapters.Cut(l[i].text, level, bound)
			}
		}
		out = append(out, l)
	}
	return out
}

// level is the longest length to which all sizes may be cut so that their sum
// is at most room, but at least quoteFloor.
func level(sizes []int, room int) int {
	slices.Sort(sizes)
	for i, size := range sizes {
		share := room / (len(sizes) - i)
		if size > share {
			return max(share, quoteFloor)
		}
		room -= size
	}
	return MaxContent
}

// truncate keeps the beginning.
func truncate(lines []line, limit int) []line {
	left := limit - lineRoom - len(ellipsis)
	var out []line
	for _, l := range lines {
		if room := l.room(); room <= left {
			left -= room
			out = append(out, l)
			continue
		}
		var row line
		left -= lineRoom
		for _, p := range l {
			if room := p.room(); room <= left {
				left -= room
				row = append(row, p)
				continue
			}
			if cut := adapters.Cut(p.text, left-spanRoom, bound); cut != "" && p.text != "" {
				row = append(row, piece{kind: p.kind, text: cut})
				return append(out, row)
			}
			break
		}
		return append(out, append(row, piece{text: ellipsis}))
	}
	return out
}
