package texts

import (
	"fmt"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// Refusal is what a refused actor is told: what was refused, by which limit,
// and who could do it.
type Refusal struct {
	Verb    string
	Account mute.Account // empty where the command is about none
	Scope   mute.Scope
	Term    mute.Term
	Role    chat.Role   // the actor's role that came furthest; empty without one
	Can     []chat.Role // roles that would be allowed
	Longest mute.Term   // of Role
	PerHour int         // of Role
	Scopes  mute.Scope  // of Role
	Held    []HeldField // what stands in the way
	Case    int64
}

// refuse is the common shape of a refusal.
func (r Refusal) refuse(why ...chat.Span) []chat.Line {
	line := append(chat.Line{chat.Strong("Not done"), chat.Plain(": ")}, why...)
	if r.Case != 0 {
		line = append(line, chat.Plain(fmt.Sprintf(" Case %d.", r.Case)))
	}
	return []chat.Line{line, {chat.Plain(r.who())}}
}

// who names who can.
func (r Refusal) who() string {
	if len(r.Can) == 0 {
		return "No role is allowed to; whoever runs modbot can change that in the configuration."
	}
	names := make([]string, 0, len(r.Can))
	for _, c := range r.Can {
		names = append(names, string(c))
	}
	return "Ask somebody with the role " + Join(names, "or") + "."
}

func (r Refusal) youAre() string { return fmt.Sprintf("you are %s", r.Role) }

// NoRole refuses an actor without any role.
func NoRole(r Refusal) []chat.Line {
	return r.refuse(chat.Plain(fmt.Sprintf("%s needs a role, and you have none here.", r.Verb)))
}

// NoVerb refuses a verb that the role does not list.
func NoVerb(r Refusal) []chat.Line {
	return r.refuse(chat.Plain(fmt.Sprintf("%s is not among the verbs of your role (%s).", r.Verb, r.youAre())))
}

// NoScope refuses fields that the role does not cover.
func NoScope(r Refusal) []chat.Line {
	return r.refuse(chat.Plain(fmt.Sprintf("%s %s is outside your role's scope (%s: %s).", r.Verb, in(r.Scope), r.youAre(), Where(r.Scopes))))
}

// Protected refuses an account that is out of reach.
func Protected(r Refusal) []chat.Line {
	return r.refuse(chat.Quote(string(r.Account)), chat.Plain(" is a protected account."))
}

// NoPermanent refuses a permanent mute.
func NoPermanent(r Refusal) []chat.Line {
	return r.refuse(chat.Plain(fmt.Sprintf("a permanent mute is more than your role allows (%s, up to %s).", r.youAre(), r.Longest)))
}

// TooLong refuses a term above the role's longest, counted from the first mute
// of an unbroken chain.
func TooLong(r Refusal, chained bool) []chat.Line {
	if chained {
		return r.refuse(chat.Plain(fmt.Sprintf(
			"with what is in effect already, this would be longer than your role allows (%s, up to %s from the first mute on).", r.youAre(), r.Longest)))
	}
	return r.refuse(chat.Plain(fmt.Sprintf("a mute of %s is longer than your role allows (%s, up to %s).", r.Term, r.youAre(), r.Longest)))
}

// NoAuthority refuses to lift, shorten or replace what a higher role set.
func NoAuthority(r Refusal, fields []chat.Line) []chat.Line {
	lines := r.refuse(
		chat.Plain("lifting, shortening or replacing this needs a role that could have set it ("+r.youAre()+"). "),
		chat.Quote(string(r.Account)), chat.Plain(" stays as it is."))
	return append(append(lines[:1:1], fields...), lines[1:]...)
}

// TooMany refuses an actor who began enough actions this hour.
func TooMany(r Refusal) []chat.Line {
	return r.refuse(chat.Plain(fmt.Sprintf("you have begun %d actions within the last hour, which is your role's limit (%s).", r.PerHour, r.youAre())))
}

// RolesUnknown refuses because nobody knows the actor's roles right now.
func RolesUnknown(r Refusal) []chat.Line {
	line := chat.Line{chat.Strong("Not done"), chat.Plain(": your roles cannot be looked up right now, and without them nothing is allowed. Try again in a minute.")}
	if r.Case != 0 {
		line = append(line, chat.Plain(fmt.Sprintf(" Case %d.", r.Case)))
	}
	return []chat.Line{line}
}

// NotYours refuses the answer of anybody but the one who was asked.
func NotYours(caseNumber int64, asked string) []chat.Line {
	return []chat.Line{{
		chat.Strong("Not done"), chat.Plain(fmt.Sprintf(": case %d waits for ", caseNumber)),
		chat.Quote(asked), chat.Plain(" alone, who was asked."),
	}}
}

// ForeignButton refuses a button that this ledger did not make, or made in a
// history that it does not have any more.
func ForeignButton(caseNumber int64) []chat.Line {
	line := chat.Line{
		chat.Strong("Not done"),
		chat.Plain(": that button belongs to another ledger: a demo's, or one from before a backup was restored. Nothing was sent; type the command instead."),
	}
	if caseNumber != 0 {
		line = append(line, chat.Plain(fmt.Sprintf(" Case %d.", caseNumber)))
	}
	return []chat.Line{line}
}

// UnknownAccount refuses an account that Tencent does not know.
func UnknownAccount(p Place, account mute.Account, near []mute.Account, command func(mute.Account) string) []chat.Line {
	line := append(chat.Line{chat.Strong("Not done"), chat.Plain(": there is no account ")}, quoted(string(account), mute.MaxAccountBytes)...)
	line = append(line, chat.Plain(" in the app (account names are case-sensitive)."))
	if len(near) == 0 {
		return []chat.Line{line, Try(p, "help")}
	}
	names := make([]string, 0, len(near))
	for _, n := range near {
		names = append(names, string(n))
	}
	line = append(line, chat.Plain(" Did you mean "), chat.Quote(Join(names, "or")), chat.Plain("?"))
	return []chat.Line{line, Try(p, command(near[0]))}
}
