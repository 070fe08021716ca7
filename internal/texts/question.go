package texts

import (
	"fmt"
	"time"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// HeldField is one field of an account as it stands, for "already muted".
type HeldField struct {
	Field     mute.Field
	Muted     bool
	Permanent bool
	Until     time.Time
	By        string // empty: set outside modbot
	Case      int64
	Reason    string
}

// FieldName names one field as people say it.
func FieldName(f mute.Field) string { return Where(mute.ScopeOf(f)) }

// Fields is one line per field: what is in effect, until when, by whom, why.
func Fields(account mute.Account, fields []HeldField, now time.Time) []chat.Line {
	lines := make([]chat.Line, 0, len(fields))
	for _, h := range fields {
		line := chat.Line{chat.Quote(string(account)), chat.Plain(" · " + FieldName(h.Field) + ": ")}
		lines = append(lines, append(line, h.spans(now)...))
	}
	return lines
}

func (h HeldField) spans(now time.Time) []chat.Span {
	if !h.Muted {
		return []chat.Span{chat.Plain("not muted")}
	}
	var out []chat.Span
	if h.Permanent {
		out = append(out, chat.Plain("muted permanently"))
	} else {
		out = append(out, chat.Plain("muted until "), chat.Until(h.Until), chat.Left(" ("+Relative(h.Until.Sub(now))+")"))
	}
	if h.Case == 0 {
		return append(out, chat.Plain(", set outside modbot"))
	}
	out = append(out, chat.Plain(" by "), chat.Quote(h.By), chat.Plain(fmt.Sprintf(", case %d", h.Case)))
	if h.Reason != "" {
		out = append(append(out, chat.Plain(", ")), quoted(h.Reason, ReasonShown)...)
	}
	return out
}

// Choice is one way to answer a question.
type Choice struct {
	Name   string // what is typed after the case number
	Label  string // a verb with its object
	Danger bool
}

// Mark is what a button belongs to: the prints of a ledger and of its entry.
type Mark struct{ Origin, Entry string }

// Buttons makes the choices of a case pressable and typeable.
func Buttons(p Place, m Mark, caseNumber int64, choices []Choice) []chat.Button {
	out := make([]chat.Button, 0, len(choices))
	for _, c := range choices {
		out = append(out, chat.Button{
			Label: c.Label, Choice: c.Name, Case: caseNumber, Danger: c.Danger,
			Typed:  fmt.Sprintf("%sconfirm %d %s", p.Prefix, caseNumber, c.Name),
			Origin: m.Origin, Entry: m.Entry,
		})
	}
	return out
}

// ask heads a question with its case and life.
func ask(caseNumber int64, life time.Duration, spans ...chat.Span) chat.Line {
	line := append(chat.Line{chat.Strong("Waiting"), chat.Plain(": ")}, spans...)
	if caseNumber != 0 {
		line = append(line, chat.Plain(fmt.Sprintf(" Case %d waits %s for your answer.", caseNumber, shortDuration(life))))
	}
	return line
}

func shortDuration(d time.Duration) string {
	if t, err := mute.Seconds(int64(d / time.Second)); err == nil {
		return t.String()
	}
	return d.String()
}

// AskHeld asks what to do about a field that is muted already.
func AskHeld(caseNumber int64, life time.Duration, account mute.Account, fields []HeldField, now time.Time) []chat.Line {
	head := ask(caseNumber, life, chat.Quote(string(account)), chat.Plain(" is muted already."))
	return append([]chat.Line{head}, Fields(account, fields, now)...)
}

// AskLift asks before somebody else's mute is lifted.
func AskLift(caseNumber int64, life time.Duration, account mute.Account, fields []HeldField, now time.Time) []chat.Line {
	head := ask(caseNumber, life, chat.Plain("this lifts what somebody else set on "), chat.Quote(string(account)), chat.Plain("."))
	return append([]chat.Line{head}, Fields(account, fields, now)...)
}

// AskScope asks whether a defaulted scope was meant, because the reason speaks
// of one.
func AskScope(caseNumber int64, life time.Duration, account mute.Account) []chat.Line {
	return []chat.Line{ask(caseNumber, life,
		chat.Plain("no scope was named, but the reason speaks of one. Where should "),
		chat.Quote(string(account)), chat.Plain(" be muted?"))}
}

// AskVariant asks which of two accounts is meant that differ in case only.
func AskVariant(caseNumber int64, life time.Duration, account mute.Account, others []mute.Account) []chat.Line {
	names := make([]string, 0, len(others))
	for _, o := range others {
		names = append(names, string(o))
	}
	return []chat.Line{ask(caseNumber, life,
		chat.Plain("account names are case-sensitive, and besides "), chat.Quote(string(account)),
		chat.Plain(" there is "), chat.Quote(Join(names, "and")), chat.Plain("."))}
}

// AskThreshold asks because the term is above what the policy lets pass
// without a second look.
func AskThreshold(caseNumber int64, life time.Duration, s Subject) []chat.Line {
	spans := append([]chat.Span{chat.Plain("this is ")}, s.doing()...)
	spans = append(spans, s.ends()...)
	return []chat.Line{ask(caseNumber, life, append(spans, chat.Plain("."))...)}
}

// The choices that several questions share.

// ChoiceKeep leaves everything as it is.
func ChoiceKeep() Choice { return Choice{Name: "keep", Label: "Leave as is"} }

// ChoiceMute goes on with the mute as typed.
func ChoiceMute(account mute.Account, scope mute.Scope, term mute.Term) Choice {
	label := "Mute " + string(account) + " " + in(scope)
	if term.IsPermanent() {
		return Choice{Name: "yes", Label: label + " permanently", Danger: true}
	}
	return Choice{Name: "yes", Label: label + " for " + term.String()}
}

// ChoiceLift goes on with the unmute as typed.
func ChoiceLift(account mute.Account, scope mute.Scope) Choice {
	return Choice{Name: "yes", Label: "Unmute " + string(account) + " " + in(scope)}
}

// ChoiceScope mutes where the choice says.
func ChoiceScope(account mute.Account, scope mute.Scope) Choice {
	name := "everywhere"
	if scope != mute.ScopeAll {
		name = scope.String()
	}
	return Choice{Name: name, Label: "Mute " + string(account) + " " + in(scope)}
}

// ChoiceExtend adds the term to what is in effect.
func ChoiceExtend(by mute.Term, scope mute.Scope, until time.Time) Choice {
	return Choice{Name: "extend", Label: "Extend by " + by.String() + ": " + Where(scope) + " until " + until.UTC().Format(chat.TimeLayout)}
}

// ChoiceReplace puts the asked term in the place of what is in effect.
func ChoiceReplace(scope mute.Scope, term mute.Term, until time.Time) Choice {
	if term.IsPermanent() {
		return Choice{Name: "replace", Label: "Replace: " + Where(scope) + " permanently", Danger: true}
	}
	return Choice{Name: "replace", Label: "Replace: " + Where(scope) + " until about " + until.UTC().Format(chat.TimeLayout)}
}

// Declined says that the question was answered with leaving things alone.
func Declined(account mute.Account, caseNumber int64) []chat.Line {
	return []chat.Line{{
		chat.Strong("Not done"), chat.Plain(": "), chat.Quote(string(account)),
		chat.Plain(fmt.Sprintf(" is left as it is. Case %d is closed as declined.", caseNumber)),
	}}
}

// Void says that the account changed while the question was open.
func Void(account mute.Account, caseNumber int64) chat.Line {
	return chat.Line{
		chat.Strong("Not done"), chat.Plain(": "), chat.Quote(string(account)),
		chat.Plain(fmt.Sprintf(" changed since case %d asked, so the question is void. Now it stands like this:", caseNumber)),
	}
}
