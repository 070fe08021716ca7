package console

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// paneMark begins every line of the audit channel.
const paneMark = "  #audit │ "

// paneFloor is how narrow a terminal may be before posts are no longer wrapped.
const paneFloor = 40

// echoWidth is how many columns of a line are repeated where it is quoted.
const echoWidth = 400

// The colours (SGR parameters).
const (
	sgrBold   = "1"
	sgrDim    = "2"
	sgrRed    = "1;31"
	sgrGreen  = "1;32"
	sgrYellow = "1;33"
	sgrCyan   = "36"
)

// style is how things look; without color it is text alone.
type style struct{ color bool }

// paint colours text that has been made visible already.
func (s style) paint(sgr, text string) string {
	if !s.color || sgr == "" || text == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

func (s style) dim(text string) string    { return s.paint(sgrDim, text) }
func (s style) prompt(text string) string { return s.paint(sgrBold, text) }

// stateColor is the colour of the word that names a state.
func stateColor(state chat.State) string {
	switch state {
	case chat.StateDone:
		return sgrGreen
	case chat.StateNotDone, chat.StateError:
		return sgrRed
	case chat.StatePartlyDone, chat.StateUnknown, chat.StateNeedsConfirm, chat.StateNeedsApproval, chat.StateBusy:
		return sgrYellow
	case chat.StateInfo:
		return sgrBold
	}
	return sgrBold
}

// reply is an answer as text.
func (s style) reply(r chat.Reply) string { return s.message(r.WithRef(), stateColor(r.State)) }

// message is lines, then what can be typed next. strong is the colour of
// emphasis.
func (s style) message(m chat.Message, strong string) string {
	lines := make([]string, 0, len(m.Lines)+len(m.Buttons))
	for _, l := range m.Lines {
		var b strings.Builder
		for _, span := range l {
			b.WriteString(s.span(span, strong))
		}
		lines = append(lines, b.String())
	}
	return strings.Join(append(lines, s.buttons(m.Buttons)...), "\n")
}

func (s style) span(span chat.Span, strong string) string {
	text := chat.Visible(span.Plain())
	switch span.Kind {
	case chat.SpanStrong:
		return s.paint(strong, text)
	case chat.SpanCode:
		return s.paint(sgrCyan, text)
	case chat.SpanPlain, chat.SpanQuote, chat.SpanTime, chat.SpanUntil, chat.SpanLeft:
		return text
	}
	return text
}

// buttons are the commands that do the same, with what each would do. A button
// that cannot be typed is of no use here.
func (s style) buttons(buttons []chat.Button) []string {
	width := 0
	for _, b := range buttons {
		width = max(width, uniseg.StringWidth(chat.Visible(b.Typed)))
	}
	var lines []string
	for _, b := range buttons {
		if b.Typed == "" {
			continue
		}
		typed := chat.Visible(b.Typed)
		gap := strings.Repeat(" ", width-uniseg.StringWidth(typed)+3)
		lines = append(lines, "→ "+s.paint(sgrCyan, typed)+gap+"("+chat.Visible(b.Label)+")")
	}
	return lines
}

// pane is a post in the audit channel's own column. width is the terminal's,
// and 0 where lines need no wrapping.
func (s style) pane(text, outcome string, width int) string {
	bar := s.dim(paneMark)
	if outcome == "failed" || outcome == "partial" || outcome == "unverified" {
		bar = s.paint(sgrRed, paneMark)
	}
	var b strings.Builder
	for l := range strings.SplitSeq(text, "\n") {
		for _, part := range wrap(l, width-uniseg.StringWidth(paneMark)) {
			b.WriteString(bar)
			b.WriteString(part)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// wrap breaks a line where lines may break, so that no part is wider than
// width columns unless it holds nothing to break at.
func wrap(text string, width int) []string {
	if width < paneFloor || uniseg.StringWidth(text) <= width {
		return []string{text}
	}
	var parts []string
	var part strings.Builder
	columns := 0
	for rest, state := text, -1; rest != ""; {
		var segment string
		segment, rest, _, state = uniseg.FirstLineSegmentInString(rest, state)
		if w := uniseg.StringWidth(strings.TrimRight(segment, " ")); columns > 0 && columns+w > width {
			parts = append(parts, strings.TrimRight(part.String(), " "))
			part.Reset()
			columns = 0
		}
		part.WriteString(segment)
		columns += uniseg.StringWidth(segment)
	}
	return append(parts, part.String())
}

// verified is the last line for people.
func (s style) verified(ok bool, entries int64, problem string) string {
	if !ok {
		return s.paint(sgrRed, "audit log NOT verified") + ": " + chat.Visible(problem)
	}
	noun := "entries"
	if entries == 1 {
		noun = "entry"
	}
	return s.paint(sgrGreen, "audit log verified") + fmt.Sprintf(": %d %s", entries, noun)
}

// shortened is a line for quoting.
func shortened(text string) string {
	return adapters.Cut(strings.ToValidUTF8(text, string(utf8.RuneError)), echoWidth, uniseg.StringWidth)
}
