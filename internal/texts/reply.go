package texts

import (
	"fmt"
	"strings"
	"time"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// Subject is what a reply about one case speaks of.
type Subject struct {
	Verb    string // mute or unmute
	Account mute.Account
	Scope   mute.Scope
	Effect  mute.Scope // the part of Scope that is as asked, when only a part is
	Term    mute.Term
	End     time.Time // zero for permanent and for an unmute
	Case    int64
	Reason  string
	Code    int    // Tencent's, 0 when none
	Meaning string // what the code means, for people
	Why     string // a sentence for a failure that has no code
	Now     time.Time
}

// Where names a scope as people say it.
func Where(s mute.Scope) string {
	switch s {
	case mute.ScopeGroup:
		return "groups"
	case mute.ScopeC2C:
		return "one-to-one"
	case mute.ScopeAll:
		return "groups and one-to-one"
	default:
		return "nothing"
	}
}

// in is the scope after a verb: "in groups", "in one-to-one", "everywhere".
func in(s mute.Scope) string {
	if s == mute.ScopeAll {
		return "everywhere (groups and one-to-one)"
	}
	return "in " + Where(s)
}

func unmute(verb string) bool { return verb == "unmute" }

// doing is the act as a noun: "muting alice in groups".
func (s Subject) doing() []chat.Span {
	word := "muting "
	if unmute(s.Verb) {
		word = "unmuting "
	}
	return []chat.Span{chat.Plain(word), chat.Quote(string(s.Account)), chat.Plain(" " + in(s.Scope))}
}

// ends is the term with its end: " for 2h, until 2026-11-22 02:17 UTC (in 2 h)".
func (s Subject) ends() []chat.Span {
	if s.Term.IsPermanent() {
		return []chat.Span{chat.Plain(" permanently")}
	}
	if s.End.IsZero() {
		return []chat.Span{chat.Plain(" for " + s.Term.String())}
	}
	out := []chat.Span{chat.Plain(" for " + s.Term.String() + ", until "), chat.Until(s.End)}
	if left := s.End.Sub(s.Now); left > 0 {
		out = append(out, chat.Left(" ("+Relative(left)+")"))
	}
	return out
}

func (s Subject) state(word string, spans ...chat.Span) chat.Line {
	line := chat.Line{chat.Strong(word), chat.Plain(": ")}
	line = append(line, spans...)
	if s.Case != 0 {
		line = append(line, chat.Plain(fmt.Sprintf(" Case %d.", s.Case)))
	}
	return line
}

// tail adds the reason.
func (s Subject) tail(lines ...chat.Line) []chat.Line {
	if s.Reason != "" {
		lines = append(lines, append(chat.Line{chat.Plain("Reason: ")}, quoted(s.Reason, ReasonShown)...))
	}
	return lines
}

// ReasonShown is how much of a reason a message shows, in characters as people
// see them; the ledger keeps all of it.
const ReasonShown = 300

// quoted puts somebody's words in quotation marks, cut. The adapter that
// renders them makes them harmless, and may cut them further: the marks are
// ours, and stay.
func quoted(s string, n int) chat.Line {
	return chat.Line{chat.Plain("“"), chat.Quote(Cut(s, n)), chat.Plain("”")}
}

// Done says that Tencent confirmed, or that the read-back shows it.
func Done(s Subject) []chat.Line {
	account := chat.Quote(string(s.Account))
	if unmute(s.Verb) {
		return s.tail(s.state("Done", account, chat.Plain(" is unmuted "+in(s.Scope)+".")))
	}
	spans := append([]chat.Span{account, chat.Plain(" is muted " + in(s.Scope))}, s.ends()...)
	return s.tail(s.state("Done", append(spans, chat.Plain("."))...))
}

// PartlyDone says that one of two fields is as asked.
func PartlyDone(s Subject) []chat.Line {
	word := " is muted "
	if unmute(s.Verb) {
		word = " is unmuted "
	}
	spans := []chat.Span{chat.Quote(string(s.Account)), chat.Plain(word + in(s.Effect))}
	if !unmute(s.Verb) {
		spans = append(spans, s.ends()...)
	}
	spans = append(spans, chat.Plain(", but not "+in(s.Scope&^s.Effect)+": Tencent was read and says so."))
	return s.tail(s.state("Partly done", spans...))
}

// Failed says that Tencent said no, that nothing was sent (Why says what came
// in between), or that nothing was in effect when it was read back.
func Failed(s Subject) []chat.Line {
	var spans []chat.Span
	switch {
	case s.Code != 0 && s.Meaning != "":
		spans = append(spans, chat.Plain(fmt.Sprintf("Tencent refused with code %d (%s) when ", s.Code, s.Meaning)))
	case s.Code != 0:
		spans = append(spans, chat.Plain(fmt.Sprintf("Tencent refused with code %d when ", s.Code)))
	case s.Why != "":
		spans = append(spans, chat.Plain(s.Why+" It was about "))
	default:
		spans = append(spans, chat.Plain("Tencent was read back, and nothing came of "))
	}
	spans = append(spans, s.doing()...)
	spans = append(spans, chat.Plain(". What was in effect before still is."))
	return s.tail(s.state("Not done", spans...))
}

// Unknown says that there is no clear answer yet.
func Unknown(s Subject) []chat.Line {
	spans := append([]chat.Span{chat.Plain("Tencent gave no clear answer when ")}, s.doing()...)
	spans = append(spans, chat.Plain(". It will be read back as soon as the request can no longer be on its way; the next message says which it was."))
	return s.tail(s.state("Unknown, checking", spans...))
}

// Unverified says that the end had passed before anything could be read.
func Unverified(s Subject) []chat.Line {
	spans := append([]chat.Span{chat.Plain("nobody can say any more what came of ")}, s.doing()...)
	spans = append(spans, chat.Plain(": its end had passed before Tencent could be read. It is not in effect now."))
	return s.tail(s.state("Unknown", spans...))
}

// Unrecorded says that the outcome could not be written down.
func Unrecorded(s Subject) []chat.Line {
	spans := append([]chat.Span{chat.Plain("the outcome could not be written to the audit log when ")}, s.doing()...)
	spans = append(spans, chat.Plain(". It will be read back when the log can be written again."))
	return s.tail(s.state("Unknown, checking", spans...))
}

// Try is the last line of an answer: a command that can be pasted.
func Try(p Place, command string) chat.Line {
	return chat.Line{chat.Plain("→ "), chat.Code(p.Prefix + command)}
}

// Tally heads the answer to a command about several accounts.
func Tally(done, total int, asked, unknown bool) chat.Line {
	word := "Not done"
	switch {
	case unknown:
		word = "Unknown, checking"
	case done == total:
		word = "Done"
	case done > 0:
		word = "Partly done"
	case asked:
		word = "Waiting"
	}
	return chat.Line{chat.Strong(word), chat.Plain(fmt.Sprintf(": %d of %d accounts.", done, total))}
}

// Busy says who is acting on the account.
func Busy(account mute.Account, who string, caseNumber int64) []chat.Line {
	spans := []chat.Span{
		chat.Strong("Not done"), chat.Plain(": "), chat.Quote(who), chat.Plain(" is acting on "),
		chat.Quote(string(account)),
	}
	return []chat.Line{append(spans, chat.Plain(fmt.Sprintf(" right now (case %d). Nothing was sent for you; try again in a moment.", caseNumber)))}
}

// NotMuted answers an unmute that has nothing to lift.
func NotMuted(account mute.Account, s mute.Scope) []chat.Line {
	return []chat.Line{{
		chat.Strong("Not done"), chat.Plain(": "), chat.Quote(string(account)),
		chat.Plain(" is not muted" + nowhere(s) + ". Nothing was sent."),
	}}
}

// nowhere is the scope after "not muted".
func nowhere(s mute.Scope) string {
	if s == mute.ScopeAll {
		return ", neither in groups nor one-to-one"
	}
	return " " + in(s)
}

// Unreachable says that Tencent could not be asked, so nothing was begun.
func Unreachable(why string) []chat.Line {
	return []chat.Line{{
		chat.Strong("Not done"), chat.Plain(": " + why + " Nothing was sent and nothing changed."),
	}}
}

// NoRecord says that the audit log cannot be written, so nothing was done.
func NoRecord(why string) []chat.Line {
	return []chat.Line{{
		chat.Strong("Not done"), chat.Plain(": the audit log cannot be written (" + why + "), and without a record nothing is done. Nothing was sent to Tencent."),
	}}
}

// Undecided says that nobody knows whether something is on record, because the
// audit log did not answer. followed says that another message will tell.
func Undecided(account mute.Account, why string, followed bool) []chat.Line {
	line := chat.Line{chat.Strong("Unknown")}
	if followed {
		line = chat.Line{chat.Strong("Unknown, checking")}
	}
	line = append(line, chat.Plain(": the audit log did not say in time whether this is on record ("+why+")"))
	if account != "" {
		line = append(line, chat.Plain(", about "), chat.Quote(string(account)))
	}
	line = append(line, chat.Plain(". Nothing was sent to Tencent"))
	if !followed {
		return []chat.Line{append(line, chat.Plain("; look again in a moment."))}
	}
	return []chat.Line{append(line, chat.Plain(", and nothing will be for this command; the next message says what is on record."))}
}

// NotBegun says what became of a command that nobody knew to be on record.
func NotBegun(account mute.Account) []chat.Line {
	return []chat.Line{{
		chat.Strong("Not done"), chat.Plain(": the audit log answers again, and nothing about "), chat.Quote(string(account)),
		chat.Plain(" was recorded for this command. Nothing was sent to Tencent."),
	}}
}

// Raced says that the account kept changing while the command was planned.
func Raced(account mute.Account) []chat.Line {
	return []chat.Line{{
		chat.Strong("Not done"), chat.Plain(": "), chat.Quote(string(account)),
		chat.Plain(" changed again each time this was planned. Nothing was sent; look at its status and try again."),
	}}
}

// Internal is what people are told of an error that is not made for them.
func Internal(ref string) []chat.Line {
	return []chat.Line{{
		chat.Strong("Not done"), chat.Plain(": something inside modbot went wrong; it is in the log under "), chat.Code(ref), chat.Plain("."),
	}}
}

// Again shows once more what was said when a case was opened.
func Again(shown string, caseNumber int64) []chat.Line {
	var lines []chat.Line
	for i, l := range strings.Split(shown, "\n") {
		line := chat.Line{chat.Quote(l)}
		if i == 0 {
			line = append(line, chat.Plain(fmt.Sprintf(" Case %d.", caseNumber)))
		}
		lines = append(lines, line)
	}
	return lines
}

// Repeated says that a case answers a command because the same one opened it.
func Repeated() chat.Line {
	return chat.Line{chat.Plain("The same command opened this case a moment ago; nothing was sent again.")}
}

// StillInFlight says that Tencent is not read while a request may be inside.
func StillInFlight(caseNumber int64) chat.Line {
	return chat.Line{chat.Plain(fmt.Sprintf("Case %d is in flight, so Tencent is not asked right now; this is what the audit log knows:", caseNumber))}
}
