package texts

import (
	"fmt"

	"modbot/internal/audit"
	"modbot/internal/chat"
)

// PostInput is what an audit post is composed of: the entry, and its case as
// the ledger has it now (nil where the entry is about none).
type PostInput struct {
	Entry      audit.Entry
	Case       *audit.CaseView
	Prior      int    // cases that began on the account before this one
	Checkpoint string // short form that covers the entry: "1204 …root…"
	// Message numbers the channel's message, and Before is the short checkpoint
	// of the one before, empty where there is none.
	Message int64
	Before  string
	// Full is a signed checkpoint, which the post is about in place of an entry.
	Full    string
	Meaning string // of Tencent's code, for people
	// Origin is the print of the ledger, for the buttons; without it there are
	// none.
	Origin string
	// Stub only names the entry: the platform refused the post for its content.
	Stub bool
}

// Posted reports whether entries of this kind are shown in the audit channel.
// Intents and batches are not: their outcomes are.
func Posted(k audit.Kind) bool { return k != audit.KindIntent && k != audit.KindBatch }

// postWord heads a post; alarm says that it has to stand out.
func postWord(e audit.Entry) (word string, alarm bool) {
	switch e.Kind {
	case audit.KindRefused:
		return "Refused", false
	case audit.KindQuestion:
		return "Waiting", false
	case audit.KindClosed:
		return "Closed (" + string(e.Outcome) + ")", false
	case audit.KindUnknown:
		return "Unknown, checking", true
	case audit.KindOutcome:
		switch e.Outcome {
		case audit.OutcomeDone:
			return "Done", false
		case audit.OutcomePartial:
			return "Partly done", true
		case audit.OutcomeUnverified:
			return "Unverified", true
		default:
			return "NOT DONE", true
		}
	case audit.KindLate:
		return "LATE ANSWER", true
	case audit.KindExpired:
		return "Expired", false
	case audit.KindDrift:
		return "CHANGED OUTSIDE MODBOT", true
	case audit.KindNote:
		return "Note", false
	case audit.KindLinked:
		return "Linked", false
	case audit.KindUnlinked:
		return "Unlinked", false
	case audit.KindRedacted:
		return "Personal fields erased", false
	case audit.KindIntent, audit.KindBatch:
		return string(e.Kind), false
	}
	return string(e.Kind), false
}

// Post is an entry as the audit channel shows it. Times are absolute, because
// relative ones freeze in a channel.
func Post(in PostInput) chat.Post {
	if in.Full != "" {
		return checkpointPost(in)
	}
	e := in.Entry
	word, alarm := postWord(e)
	line := chat.Line{chat.Strong(word)}
	if in.Stub {
		line = append(line, chat.Plain(" · (the platform refused to show this entry; read it with `modbot audit show`)"))
	} else if e.Kind == audit.KindNote {
		line = append(line, noteSpans(e)...)
	} else {
		line = append(line, actSpans(in)...)
	}
	if e.Case != 0 {
		line = append(line, chat.Plain(fmt.Sprintf(" · case %d", e.Case)))
	}
	line = append(line, chat.Plain(fmt.Sprintf(" · #%d", e.Seq)))
	post := chat.Post{
		FirstSeq: e.Seq, LastSeq: e.Seq, Kind: string(e.Kind), Outcome: string(e.Outcome),
		Time: e.Time, Alarm: alarm, Message: chat.Message{Lines: []chat.Line{line}},
	}
	if e.Case != 0 {
		post.Cases = []int64{e.Case}
	}
	post.Seal = seal(in)
	post.Message.Buttons = postButtons(in)
	return post
}

// The choices of a post's buttons. No question offers an answer of these names.
const (
	PressHistory = "history"
	PressNote    = "note"
)

// postButtons are what a reader of the channel may want next, under outcomes:
// what else there was about the account, and a note to the case. They can't be
// typed where a post is read, so places without buttons show none.
func postButtons(in PostInput) []chat.Button {
	e := &in.Entry
	if e.Kind != audit.KindOutcome || in.Case == nil || in.Origin == "" || in.Stub {
		return nil
	}
	b := chat.Button{Case: e.Case, Origin: in.Origin, Entry: e.Print()}
	history, note := b, b
	history.Label, history.Choice = "History", PressHistory
	note.Label, note.Choice, note.Opens = "Add note", PressNote, "case"
	return []chat.Button{history, note}
}

// actSpans: " · mute · alice · groups · 2h, until … · by carol (…) in #mods · “…”".
func actSpans(in PostInput) []chat.Span {
	e, c := in.Entry, in.Case
	if c == nil {
		return entryAct(e)
	}
	out := []chat.Span{chat.Plain(" · " + c.Verb)}
	if c.About() {
		out = append(append(out, chat.Plain(" · ")), accountOf(*c)...)
	}
	out = append(out, memberSpans(*c)...)
	if scope := scopeOf(in); scope != 0 {
		out = append(out, chat.Plain(" · "+Where(scope)))
	}
	if e.Outcome == audit.OutcomePartial {
		out = append(out, chat.Plain(" (in effect: "+Where(e.Effect)+" only)"))
	}
	switch {
	case c.Term.IsPermanent():
		out = append(out, chat.Plain(" · permanently"))
	case !c.Deadline.IsZero():
		out = append(out, chat.Plain(" · "+c.Term.String()+", until "), chat.At(c.Deadline))
	case !c.Term.IsZero():
		out = append(out, chat.Plain(" · "+c.Term.String()))
	}
	if observed(e.Kind) {
		out = append(out, tencentSpans(e)...)
	}
	out = append(out, bySpans(in)...)
	if c.Reason != "" {
		out = append(append(out, chat.Plain(" · ")), quoted(c.Reason, ReasonShown)...)
	}
	if e.Kind == audit.KindRefused {
		out = append(out, chat.Plain(" · rule "+e.Rule))
	}
	if e.Code != 0 {
		out = append(out, codeSpan(e.Code, in.Meaning))
	}
	if in.Prior > 0 {
		out = append(out, chat.Plain(fmt.Sprintf(" · earlier actions: %d", in.Prior)))
	}
	return out
}

func codeSpan(code int, meaning string) chat.Span {
	if meaning == "" {
		return chat.Plain(fmt.Sprintf(" · Tencent's code %d", code))
	}
	return chat.Plain(fmt.Sprintf(" · Tencent's code %d: %s", code, meaning))
}

// bySpans names the actor by name and id, with the role and the channel.
func bySpans(in PostInput) []chat.Span {
	c := in.Case
	out := []chat.Span{chat.Plain(" · by ")}
	out = append(out, personOf(c.ActorName, c.Actor, c.Erased)...)
	if c.Role != "" {
		out = append(out, chat.Plain(" as "+c.Role))
	}
	if name := c.Channel.Name; name != "" {
		out = append(out, chat.Plain(" in "), chat.Quote("#"+name))
	}
	return out
}

// entryAct is an entry that stands alone: the end of a mute, drift, erasure.
func entryAct(e audit.Entry) []chat.Span {
	var out []chat.Span
	if e.Personal != nil && e.Personal.Account != "" {
		out = append(out, chat.Plain(" · "), chat.Quote(string(e.Personal.Account)))
	}
	if e.Scope != 0 {
		out = append(out, chat.Plain(" · "+Where(e.Scope)))
	}
	if e.Kind == audit.KindRedacted && e.About != 0 {
		out = append(out, chat.Plain(fmt.Sprintf(" · of entry %d", e.About)))
		out = append(out, erasedBy(e.Personal)...)
	}
	return out
}

// erasedBy says who erased, and why.
func erasedBy(p *audit.Personal) []chat.Span {
	if p == nil {
		return nil
	}
	out := []chat.Span{chat.Plain(" · by ")}
	out = append(out, personOf(p.ActorName, p.Actor, false)...)
	if p.Reason != "" {
		out = append(append(out, chat.Plain(" · ")), quoted(p.Reason, ReasonShown)...)
	}
	return out
}

func noteSpans(e audit.Entry) []chat.Span {
	if e.Personal == nil {
		return []chat.Span{chat.Plain(" · (erased)")}
	}
	out := []chat.Span{chat.Plain(" · by ")}
	out = append(out, personOf(e.Personal.ActorName, e.Personal.Actor, false)...)
	return append(append(out, chat.Plain(" · ")), quoted(e.Personal.Note, ReasonShown)...)
}
