package texts

import (
	"fmt"
	"time"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// Member is somebody on a platform: what the platform calls them, which may be
// empty, and the id that decides.
type Member struct {
	Name string
	ID   string // platform-qualified
}

func (m Member) spans() []chat.Span { return personOf(m.Name, m.ID, false) }

// about begins a line about a member.
func (m Member) about(state, before string) chat.Line {
	return append(chat.Line{chat.Strong(state), chat.Plain(before)}, m.spans()...)
}

// Linked says that a link was recorded.
func Linked(c audit.CaseView) []chat.Line {
	line := Member{ID: c.Member}.about("Done", ": from now on, a mention of ")
	return []chat.Line{append(line, chat.Plain(" means the account "), chat.Quote(string(c.Account)), caseSpan(c.Number))}
}

// Unlinked says that a link was ended.
func Unlinked(c audit.CaseView) []chat.Line {
	line := Member{ID: c.Member}.about("Done", ": ")
	return []chat.Line{append(line, chat.Plain(" does not stand for the account "), chat.Quote(string(c.Account)),
		chat.Plain(" any more"), caseSpan(c.Number))}
}

func caseSpan(n int64) chat.Span { return chat.Plain(fmt.Sprintf(". Case %d.", n)) }

// AlreadyLinked answers a link that there is.
func AlreadyLinked(m Member, account mute.Account, caseNumber int64) []chat.Line {
	line := append(chat.Line{}, m.spans()...)
	return []chat.Line{append(line, chat.Plain(" stands for the account "), chat.Quote(string(account)),
		chat.Plain(fmt.Sprintf(" already, since case %d; nothing was changed.", caseNumber)))}
}

// NobodyLinked answers an unlink that has nothing to end.
func NobodyLinked(m Member) []chat.Line {
	line := m.about("Not done", ": ")
	return []chat.Line{append(line, chat.Plain(" is not linked to an account. Nothing was changed."))}
}

// AskRelink asks before a member is linked to another account.
func AskRelink(caseNumber int64, life time.Duration, m Member, account, now mute.Account) []chat.Line {
	spans := append([]chat.Span{}, m.spans()...)
	spans = append(spans, chat.Plain(" stands for the account "), chat.Quote(string(now)),
		chat.Plain(" already, not for "), chat.Quote(string(account)), chat.Plain("."))
	return []chat.Line{ask(caseNumber, life, spans...)}
}

// ChoiceRelink goes on with the link as typed.
func ChoiceRelink(account, now mute.Account) Choice {
	return Choice{Name: "yes", Label: "Link to " + string(account) + " instead of " + string(now)}
}

// LinkOutrun says that the link changed while the question was open. now is
// empty where there is none any more.
func LinkOutrun(m Member, now mute.Account, caseNumber int64) []chat.Line {
	line := m.about("Not done", ": the link of ")
	line = append(line, chat.Plain(fmt.Sprintf(" changed since case %d asked, so the question is void. ", caseNumber)))
	if now == "" {
		return []chat.Line{append(line, chat.Plain("Now there is none."))}
	}
	return []chat.Line{append(line, chat.Plain("Now it is to "), chat.Quote(string(now)), chat.Plain("."))}
}

// StandsFor says under an answer whom a mention was taken for.
func StandsFor(name string, account mute.Account) chat.Line {
	return chat.Line{chat.Quote(name), chat.Plain(" stands for the account "), chat.Quote(string(account)), chat.Plain(".")}
}
