package blocks

import (
	"time"

	"github.com/slack-go/slack"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// How times read; the tokens are replaced by the reader's client, in the
// reader's zone. Neither is relative to now, which would freeze.
const (
	timeFormat  = "{date_num} {time}"
	untilFormat = "{date_short_pretty} {time}"
)

// What the JSON around an element weighs at most.
const (
	textOverhead = 80
	dateOverhead = 200
)

// latest is the last moment that date elements are made for: the year 9999.
var latest = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)

// piece is a span that was made visible.
type piece struct {
	kind chat.SpanKind
	text string
	at   time.Time // set where the client shows the time itself
}

// plain reports text without a style: neighbours of that kind become one
// element.
func (p piece) plain() bool {
	return p.at.IsZero() && p.kind != chat.SpanStrong && p.kind != chat.SpanCode
}

// measure is what a line takes at most, when text takes what of says.
func measure(line []piece, of func(text string) int) int {
	n := 0
	for i, p := range line {
		switch {
		case !p.at.IsZero():
			n += dateOverhead
		case i > 0 && p.plain() && line[i-1].plain():
			n += of(p.text)
		default:
			n += textOverhead + of(p.text)
		}
	}
	return n
}

// weightOf is what a line weighs.
func weightOf(line []piece) int { return measure(line, weight) }

// pieces makes every span of a line visible, and drops those that are empty.
func pieces(line chat.Line) []piece {
	out := make([]piece, 0, len(line))
	for _, s := range line {
		p := piece{kind: s.Kind, text: chat.Visible(s.Plain())}
		if (s.Kind == chat.SpanTime || s.Kind == chat.SpanUntil) && s.At.Unix() > 0 && s.At.Before(latest) {
			p.at = s.At
		}
		if p.text != "" {
			out = append(out, p)
		}
	}
	return out
}

// fit shortens a line to a weight. Somebody's words go first, the longest of
// them before others: what modbot itself says is what the line is about.
func fit(line []piece, limit int) []piece {
	over := weightOf(line) - limit
	for over > 0 {
		i := longest(line)
		if i < 0 {
			return head(line, limit)
		}
		before := weight(line[i].text)
		line[i].text = adapters.Cut(line[i].text, max(cutFloor, before-over), weight)
		over -= before - weight(line[i].text)
	}
	return line
}

// longest is the span to cut next, or -1 where all are short.
func longest(line []piece) int {
	found, most, quoted := -1, cutFloor, false
	for i, p := range line {
		if !p.at.IsZero() || weight(p.text) <= cutFloor {
			continue
		}
		quote := p.kind == chat.SpanQuote
		if quote && !quoted || quote == quoted && weight(p.text) > most {
			found, most, quoted = i, weight(p.text), quote
		}
	}
	return found
}

// head is as much of the beginning of a line as a weight allows.
func head(line []piece, limit int) []piece {
	left := limit - textOverhead - weight("…")
	for i := range line {
		if weightOf(line[:i+1]) > left {
			return append(line[:i:i], piece{text: "…"})
		}
	}
	return line
}

// elements appends a line to a paragraph. Unstyled neighbours become one
// element.
func elements(to []slack.RichTextSectionElement, line []piece) []slack.RichTextSectionElement {
	for _, p := range line {
		switch {
		case !p.at.IsZero():
			format := timeFormat
			if p.kind == chat.SpanUntil {
				format = untilFormat
			}
			to = append(to, slack.NewRichTextSectionDateElement(p.at.Unix(), format, nil, &p.text))
		case p.kind == chat.SpanStrong:
			to = append(to, slack.NewRichTextSectionTextElement(p.text, &slack.RichTextSectionTextStyle{Bold: true}))
		case p.kind == chat.SpanCode:
			to = append(to, slack.NewRichTextSectionTextElement(p.text, &slack.RichTextSectionTextStyle{Code: true}))
		default:
			to = plain(to, p.text)
		}
	}
	return to
}

// plain appends unstyled text.
func plain(to []slack.RichTextSectionElement, text string) []slack.RichTextSectionElement {
	if len(to) > 0 {
		if last, ok := to[len(to)-1].(*slack.RichTextSectionTextElement); ok && last.Style == nil {
			last.Text += text
			return to
		}
	}
	return append(to, slack.NewRichTextSectionTextElement(text, nil))
}

// textUnits is how long lines are as text.
func textUnits(line []piece) int {
	n := 0
	for _, p := range line {
		n += units(p.text)
	}
	return n
}
