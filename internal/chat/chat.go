// Package chat holds the values that travel between a platform's adapter and
// the core: what was asked (Invocation), by whom (Actor), how a verb looks
// (Spec), and what is said back (Reply, Message, Form, Suggestion).
//
// The model: an adapter turns a platform's delivery into an Invocation and
// renders what comes back; it knows nothing of policy, Tencent or storage. The
// core composes Messages out of Spans and never writes markup: text stays raw
// until the adapter that renders it escapes it, once, for its own platform.
//
// The package has values only: no interfaces, no I/O, standard library alone.
package chat

import (
	"slices"
	"strings"
	"time"
)

// Platform names a kind of place where moderators type.
type Platform string

// The platforms.
const (
	Console Platform = "console" // modbot demo
	CLI     Platform = "cli"     // modbot run
	Slack   Platform = "slack"
	Discord Platform = "discord"
)

// Workspace is a Slack workspace or a Discord guild, by the platform's id.
type Workspace string

// Channel is where a command was typed, by the platform's id.
type Channel struct {
	ID   string
	Name string // without the leading '#'; may be empty
}

// Actor is the person who asks. ID is the platform's identity and the only
// part that decides anything; Name is for people to read and is never trusted.
type Actor struct {
	ID   string
	Name string
}

// Grant is something that a platform says an actor holds: a Discord role, a
// Slack user group, or simply being that member. The configuration maps grants
// to modbot roles.
type Grant struct {
	Kind GrantKind
	ID   string
}

// GrantKind tells the kinds of Grant apart.
type GrantKind string

// The kinds of grant that platforms give.
const (
	GrantMember    GrantKind = "user"      // the actor's own id
	GrantRole      GrantKind = "role"      // a Discord role
	GrantUsergroup GrantKind = "usergroup" // a Slack user group
)

// Role is the name of a modbot role, as the configuration defines it.
type Role string

// Invocation is one delivery of one command, click or form.
type Invocation struct {
	// Key is the platform's own id of the delivery. Two deliveries with one
	// key are one command (the platform sent it twice). Empty means that the
	// platform gives none, and every delivery counts.
	Key       string
	Platform  Platform
	Workspace Workspace
	Channel   Channel
	Actor     Actor
	Received  time.Time

	// Exactly one of Line, Options (with Verb) and Click says what is asked.
	Line    string   // text form, with or without the platform's prefix
	Verb    string   // typed form: the verb's canonical name
	Options []Option // typed form: the options as given
	Click   *Click

	// Client is what the CLI knows about its caller beyond the claimed actor
	// (the OS uid); empty elsewhere.
	Client string
}

// Option is one typed option of an invocation.
type Option struct {
	Name  string
	Value string
}

// Click is a pressed button or a submitted choice.
type Click struct {
	Origin string // the ledger that made the button
	Entry  string // hash of the entry that the button belongs to
	Case   int64
	Choice string
}

// State is the one word that a reply begins with.
type State string

// The states of a reply. Done, partly done, not done and unknown are only ever
// said from a recorded outcome.
const (
	StateDone          State = "done"
	StatePartlyDone    State = "partly_done"
	StateNotDone       State = "not_done"
	StateUnknown       State = "unknown"
	StateNeedsConfirm  State = "needs_confirm"
	StateNeedsApproval State = "needs_approval"
	StateBusy          State = "busy"
	StateInfo          State = "info"
	StateError         State = "error"
)

// Reply is the private answer to one invocation. Message says the state in
// words already; State is for machines and for colour.
type Reply struct {
	State   State
	Code    string // for machines; listed in docs/reference/codes.md
	Cases   []int64
	Message Message
	// Ref is also in the log, so that a person can quote it.
	Ref string
}

// WithRef is the message of a reply. Where something may be wrong, it has the
// reference at the end of its first line: the lines below may be pasted.
func (r Reply) WithRef() Message {
	switch r.State {
	case StateError, StateNotDone, StateUnknown:
	case StateDone, StatePartlyDone, StateNeedsConfirm, StateNeedsApproval, StateBusy, StateInfo:
		return r.Message
	}
	m := r.Message
	if r.Ref == "" || strings.Contains(m.Plain(), r.Ref) {
		return m
	}
	lines := slices.Clone(m.Lines)
	if len(lines) == 0 {
		lines = []Line{nil}
	}
	lines[0] = append(slices.Clone(lines[0]), Plain("   ref "), Code(r.Ref))
	m.Lines = lines
	return m
}

// Message is text that people read, ready to be rendered by any platform: lines
// of spans, and buttons. The first line is a full sentence and stands for the
// whole where there is room for no more (Summary).
type Message struct {
	Lines   []Line
	Buttons []Button
}

// Line is one line of a message.
type Line []Span

// Span is a run of text of one kind. Text is raw: the adapter escapes it.
type Span struct {
	Kind SpanKind
	Text string
	At   time.Time // SpanTime and SpanUntil only
}

// SpanKind says how a span is shown.
type SpanKind uint8

// The kinds of span.
const (
	SpanPlain  SpanKind = iota // our own words
	SpanStrong                 // our own words, emphasised
	SpanQuote                  // somebody's words: shown as text, pings nobody
	SpanCode                   // something to type or paste, verbatim
	SpanTime                   // At, absolute, in the reader's zone where the platform can
	SpanUntil                  // At, absolute, and relative where that stays true
	SpanLeft                   // how far the SpanUntil before it lies ahead, for platforms that don't show that
)

// Button is a verb with its object. Its ids carry the ledger's origin and the
// entry, so that a button of another ledger is refused. The buttons of a Post
// are about its one case: an adapter that puts several posts into one message
// leaves them out.
type Button struct {
	Label  string
	Choice string
	Case   int64
	Danger bool
	// Typed is the command that does the same, for places without buttons.
	Typed string
	// Opens is the verb whose form the press opens; empty where the press itself
	// is the answer. The adapter asks Core.Open for the form, with Verb and the
	// Click, which names the case that the form is filled in with.
	Opens string
	// Origin and Entry come back in the Click: which ledger made the button, and
	// which entry it belongs to. They are short prints of the two, so that a
	// button fits into MaxButton bytes on every platform. A Click that lacks
	// both was typed.
	Origin string
	Entry  string
}

// MaxButton bounds Choice, Opens, Origin, Entry and Case of a button together,
// in bytes, the case in decimal: Discord's ids of buttons hold 100.
const MaxButton = 80

// Click is what pressing the button delivers.
func (b Button) Click() Click {
	return Click{Origin: b.Origin, Entry: b.Entry, Case: b.Case, Choice: b.Choice}
}

// MessageRef is where a platform put a message.
type MessageRef struct {
	Channel string
	ID      string
	Link    string // may be empty
}

// Plain is the message as text alone, times in UTC. Adapters for people who
// read a terminal, golden files and logs use it.
func (m Message) Plain() string {
	var b strings.Builder
	for i, l := range m.Lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l.Plain())
	}
	return b.String()
}

// Summary is the first line as text, for notifications and screen readers.
// It is empty when the message is.
func (m Message) Summary() string {
	if len(m.Lines) == 0 {
		return ""
	}
	return m.Lines[0].Plain()
}

// Plain is the line as text.
func (l Line) Plain() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.Plain())
	}
	return b.String()
}

// TimeLayout is how absolute times read where the platform has no own way.
const TimeLayout = "2006-01-02 15:04 UTC"

// Plain is the span as text.
func (s Span) Plain() string {
	switch s.Kind {
	case SpanTime, SpanUntil:
		return s.At.UTC().Format(TimeLayout)
	case SpanPlain, SpanStrong, SpanQuote, SpanCode, SpanLeft:
		return s.Text
	}
	return s.Text
}
