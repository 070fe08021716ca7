package texts

import (
	"slices"
	"strings"

	"modbot/internal/chat"
)

// Place is where a message will be read, as far as texts differ by it.
type Place struct {
	// Prefix comes before a verb there: "/mod " on Slack, "/" at the console,
	// nothing on the command line.
	Prefix string
}

// Problem is an error made for the person who typed: what is wrong, and what
// can be pasted instead. It is the only kind of error that a chat ever shows.
type Problem struct {
	Code    string // for machines; listed in docs/reference/codes.md
	Message string // whole sentences
	// Suggestion is a command, without the platform's prefix, derived from what
	// was typed. Where Value is set it is a value for the one field that was
	// read instead.
	Suggestion string
	Value      bool
	// Also holds the other readings, where what was typed has several.
	Also []string

	line chat.Line // Message as spans
}

// problem makes a Problem of a sentence.
func problem(code string, spans ...chat.Span) *Problem {
	line := chat.Line(spans)
	return &Problem{Code: code, Message: chat.Message{Lines: []chat.Line{line}}.Plain(), line: line}
}

// Error makes a Problem an error; it is the message without what to paste.
func (p *Problem) Error() string { return p.Message }

// Suggest is p with whole commands to paste, the likeliest first.
func (p *Problem) Suggest(commands ...string) *Problem {
	return p.with(false, commands)
}

// SuggestValue is p with values to paste into the field that was read.
func (p *Problem) SuggestValue(values ...string) *Problem {
	return p.with(true, values)
}

func (p *Problem) with(value bool, suggestions []string) *Problem {
	c := *p
	c.Value, c.Suggestion, c.Also = value, "", nil
	if len(suggestions) > 0 {
		c.Suggestion, c.Also = suggestions[0], slices.Clone(suggestions[1:])
	}
	return &c
}

// Suggestions lists Suggestion and Also.
func (p *Problem) Suggestions() []string {
	if p.Suggestion == "" {
		return nil
	}
	return append([]string{p.Suggestion}, p.Also...)
}

// In is the problem as a message: the sentences, then a line to paste for each
// reading.
func (p *Problem) In(place Place) chat.Message {
	line := p.line
	if line == nil {
		line = chat.Line{chat.Plain(p.Message)}
	}
	m := chat.Message{Lines: []chat.Line{line}}
	for _, s := range p.Suggestions() {
		if !p.Value {
			s = place.Prefix + s
		}
		m.Lines = append(m.Lines, chat.Line{chat.Plain("→ "), chat.Code(s)})
	}
	return m
}

// TypedShown is how much of what somebody typed a problem repeats, in
// characters as people see them.
const TypedShown = 60

// echo repeats what somebody typed, in quotation marks.
func echo(typed string) chat.Span {
	return chat.Quote(`"` + chat.Visible(Cut(strings.TrimSpace(typed), TypedShown)) + `"`)
}

// form is what somebody typed in the form that we would write, without
// quotation marks.
func form(typed string) string { return chat.Visible(Cut(typed, TypedShown)) }

// forms lists forms to choose from.
func forms(typed []string) string {
	short := make([]string, 0, len(typed))
	for _, s := range typed {
		short = append(short, form(s))
	}
	return Join(short, "or")
}

// ours joins our own words; most of a sentence is.
func ours(words ...string) chat.Span { return chat.Plain(strings.Join(words, "")) }
