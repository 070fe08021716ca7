package texts

import (
	"fmt"
	"strings"
	"time"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// statusWord is a case's status as people read it.
func statusWord(s audit.Status) string {
	switch s {
	case audit.StatusRefused:
		return "refused"
	case audit.StatusWaiting:
		return "waiting for an answer"
	case audit.StatusDeclined:
		return "declined"
	case audit.StatusVoid:
		return "void"
	case audit.StatusLapsed:
		return "lapsed"
	case audit.StatusInFlight:
		return "in flight"
	case audit.StatusUnknown:
		return "unknown, checking"
	case audit.StatusDone:
		return "done"
	case audit.StatusFailed:
		return "not done"
	case audit.StatusPartial:
		return "partly done"
	case audit.StatusUnverified:
		return "unverified"
	}
	return string(s)
}

// CaseLine is a case in one line, for lists.
func CaseLine(c audit.CaseView) chat.Line {
	line := chat.Line{chat.Plain(fmt.Sprintf("case %d · ", c.Number)), chat.At(c.Opened), chat.Plain(" · " + c.Verb)}
	if c.About() {
		line = append(append(line, chat.Plain(" ")), accountOf(c)...)
	}
	line = append(line, memberSpans(c)...)
	if c.Scope != 0 {
		line = append(line, chat.Plain(" · "+Where(c.Scope)))
	}
	if !c.Term.IsZero() {
		line = append(line, chat.Plain(" · "+c.Term.String()))
	}
	line = append(line, chat.Plain(" · "), chat.Strong(statusWord(c.Status)), chat.Plain(" · by "))
	line = append(line, personOf(c.ActorName, c.Actor, c.Erased)...)
	if c.Reason != "" {
		line = append(append(line, chat.Plain(" · ")), quoted(c.Reason, reasonInList)...)
	}
	return line
}

// reasonInList is how much of a reason a list shows.
const reasonInList = 80

func accountOf(c audit.CaseView) []chat.Span {
	if c.Erased || c.Account == "" {
		return []chat.Span{chat.Plain("(erased)")}
	}
	return []chat.Span{chat.Quote(string(c.Account))}
}

// memberSpans is who was mentioned or linked.
func memberSpans(c audit.CaseView) []chat.Span {
	if c.Member == "" {
		return nil
	}
	return []chat.Span{chat.Plain(" (member "), chat.Quote(c.Member), chat.Plain(")")}
}

func personOf(name, id string, erased bool) []chat.Span {
	switch {
	case erased || id == "":
		return []chat.Span{chat.Plain("(erased)")}
	case name == "":
		return []chat.Span{chat.Quote(id)}
	default:
		return []chat.Span{chat.Quote(name), chat.Plain(" ("), chat.Quote(id), chat.Plain(")")}
	}
}

// Case shows a case with all that was appended to it. post is the link to its
// audit post; empty where there is none.
func Case(c audit.CaseView, post string) []chat.Line {
	lines := []chat.Line{CaseLine(c)}
	if !c.Deadline.IsZero() {
		lines = append(lines, chat.Line{chat.Plain("Ends: "), chat.Until(c.Deadline)})
	}
	if c.Outcome == audit.OutcomePartial {
		lines = append(lines, chat.Line{chat.Plain("In effect: " + Where(c.Effect) + " only")})
	}
	if c.Code != 0 {
		lines = append(lines, chat.Line{chat.Plain(fmt.Sprintf("Tencent's last code: %d", c.Code))})
	}
	lines = append(lines, chat.Line{chat.Plain(fmt.Sprintf("Rule: %s · entries #%d to #%d", c.Rule, c.FirstSeq, c.LastSeq))})
	if post != "" {
		lines = append(lines, AuditPost(post))
	}
	for _, n := range c.Notes {
		line := chat.Line{chat.Plain("Note · "), chat.At(n.Time), chat.Plain(" · by ")}
		line = append(line, personOf(n.ActorName, n.Actor, n.Actor == "")...)
		lines = append(lines, append(append(line, chat.Plain(" · ")), quoted(n.Text, ReasonShown)...))
	}
	return lines
}

// AuditPost links to the post about what was done.
func AuditPost(link string) chat.Line { return chat.Line{chat.Plain("Audit post: " + link)} }

// Noted says that a note was appended.
func Noted(caseNumber int64) []chat.Line {
	return []chat.Line{{chat.Strong("Done"), chat.Plain(fmt.Sprintf(": the note is appended to case %d; what was there is unchanged.", caseNumber))}}
}

// History heads the cases of an account. posts are the links to their audit
// posts, by case, where there are any.
func History(account mute.Account, cases []audit.CaseView, posts map[int64]string) []chat.Line {
	if len(cases) == 0 {
		return []chat.Line{{chat.Quote(string(account)), chat.Plain(" has no cases.")}}
	}
	lines := []chat.Line{{chat.Plain("Cases about "), chat.Quote(string(account)), chat.Plain(", newest first:")}}
	for _, c := range cases {
		line := CaseLine(c)
		if post := posts[c.Number]; post != "" {
			line = append(line, chat.Plain(" · "+post))
		}
		lines = append(lines, line)
	}
	return lines
}

// Mutes lists active mutes.
func Mutes(mutes []audit.Mute, now time.Time) []chat.Line {
	if len(mutes) == 0 {
		return []chat.Line{{chat.Plain("No mute is active.")}}
	}
	lines := []chat.Line{{chat.Plain("Active mutes:")}}
	for _, m := range mutes {
		h := HeldField{Field: m.Field, Muted: true, Permanent: m.Permanent, Until: m.Until, By: nameOr(m.ActorName, m.Actor), Case: m.Case, Reason: m.Reason}
		lines = append(lines, Fields(m.Account, []HeldField{h}, now)...)
	}
	return lines
}

// MutesFound lists the active mutes that were asked for. Where there are none it
// repeats what was asked: a name that was typed another way finds nothing.
func MutesFound(asked audit.MuteFilter, mutes []audit.Mute, now time.Time) []chat.Line {
	scoped := asked.Scope != 0 && asked.Scope != mute.ScopeAll
	if len(mutes) > 0 || (asked.Actor == "" && !scoped) {
		return Mutes(mutes, now)
	}
	none, hint := chat.Line{chat.Plain("No mute ")}, ""
	if scoped {
		none = append(none, chat.Plain(in(asked.Scope)+" "))
	}
	if asked.Actor != "" {
		none = append(none, chat.Plain("by "), chat.Quote(asked.Actor), chat.Plain(" "))
		hint = " Type the name just as the audit channel shows it, capitals too, or the id."
	}
	return []chat.Line{append(none, chat.Plain("is active."+hint))}
}

func nameOr(name, id string) string {
	if name != "" {
		return name
	}
	return id
}

// Drifted warns that Tencent and the ledger tell different things of a field.
func Drifted(f mute.Field, ledgerSaysMuted bool) chat.Line {
	if ledgerSaysMuted {
		return chat.Line{chat.Plain("Note: by the audit log, " + FieldName(f) + " should be muted differently; somebody changed it outside modbot.")}
	}
	return chat.Line{chat.Plain("Note: the audit log knows of no mute in " + FieldName(f) + "; somebody set it outside modbot.")}
}

// Prior says how many cases there were before.
func Prior(n int) chat.Line {
	switch n {
	case 0:
		return chat.Line{chat.Plain("No earlier actions.")}
	case 1:
		return chat.Line{chat.Plain("1 earlier action.")}
	default:
		return chat.Line{chat.Plain(fmt.Sprintf("%d earlier actions.", n))}
	}
}

// WhoAmI tells an actor the ids that the configuration needs.
func WhoAmI(platform chat.Platform, workspace chat.Workspace, actor chat.Actor, grants []chat.Grant, roles []chat.Role, verbs []string, longest mute.Term, permanent bool) []chat.Line {
	lines := []chat.Line{{chat.Plain("You are "), chat.Quote(actor.Name), chat.Plain(" on " + string(platform) + ", id "), chat.Code(actor.ID)}}
	if workspace != "" {
		lines = append(lines, chat.Line{chat.Plain("Workspace: "), chat.Code(string(workspace))})
	}
	for _, g := range grants {
		if g.Kind != chat.GrantMember {
			lines = append(lines, chat.Line{chat.Plain("You hold the " + string(g.Kind) + " "), chat.Code(g.ID)})
		}
	}
	if len(roles) == 0 {
		return append(lines, chat.Line{chat.Plain("You have no role here. Whoever runs modbot can give you one with the id above.")})
	}
	names := make([]string, 0, len(roles))
	for _, r := range roles {
		names = append(names, string(r))
	}
	limit := "no mutes"
	if !longest.IsZero() {
		limit = "mutes up to " + longest.String()
	}
	if permanent {
		limit += " and permanent"
	}
	return append(lines, chat.Line{chat.Plain("Roles: " + Join(names, "and") + " (" + limit + "). Verbs: " + Join(verbs, "and") + ".")})
}

// HealthInput is how modbot is.
type HealthInput struct {
	Ledger    audit.Health
	Platforms []PlatformHealth // those that are served; none at a console
}

// PlatformHealth is how one platform is.
type PlatformHealth struct {
	Name string
	Up   bool
	Why  string // a sentence; may be empty when it is up
}

// Health shows how modbot is.
func Health(in HealthInput, now time.Time) []chat.Line {
	h := in.Ledger
	lines := []chat.Line{{chat.Plain(fmt.Sprintf("Audit log: %d entries · in flight: %d · unknown: %d · waiting: %d · active mutes: %d",
		h.Entries, h.InFlight, h.Unknown, h.Waiting, h.ActiveMutes))}}
	for _, p := range in.Platforms {
		word := "works"
		if !p.Up {
			word = "DOWN"
		}
		line := chat.Line{chat.Plain("Platform " + p.Name + ": " + word)}
		if p.Why != "" {
			line = append(line, chat.Plain(" · "), chat.Quote(p.Why))
		}
		lines = append(lines, line)
	}
	if len(h.Replicas) > 1 {
		for _, r := range h.Replicas {
			line := chat.Line{chat.Plain("Replica "), chat.Quote(r.Name), chat.Plain(": takes commands")}
			if len(r.Holds) > 0 {
				line = append(line, chat.Plain("; for all replicas: "+Join(works(r.Holds), "and")))
			}
			lines = append(lines, line)
		}
	}
	for _, s := range h.Sinks {
		line := chat.Line{chat.Plain(fmt.Sprintf("Channel %s: posted up to #%d, %d to go", s.Name, s.Cursor, s.Behind))}
		if !s.Oldest.IsZero() {
			line = append(line, chat.Plain(", the oldest has waited "+shortDuration(now.Sub(s.Oldest))))
		}
		if s.LastError != "" {
			line = append(append(line, chat.Plain(" · last error: ")), quoted(s.LastError, reasonInList)...)
		}
		lines = append(lines, line)
	}
	return lines
}

// works are the kinds of work that one replica does for all, in words.
func works(workers []string) (out []string) {
	for _, name := range workers {
		kind, of, _ := strings.Cut(name, "/")
		switch kind {
		case "connect":
			out = append(out, "the connection to "+of)
		case "settle":
			out = append(out, "settling")
		case "expire":
			out = append(out, "ends of mutes")
		case "succeed":
			out = append(out, "answers for replicas that are gone")
		default:
			out = append(out, name)
		}
	}
	return out
}

// ChannelBehind says in one audit channel that another one cannot be told.
func ChannelBehind(s audit.SinkHealth, now time.Time) chat.Line {
	return append(chat.Line{
		chat.Strong("AUDIT CHANNEL BEHIND"),
		chat.Plain(fmt.Sprintf(" · %s · %d entries wait, the oldest for %s; they will be posted when it works again · ",
			s.Name, s.Behind, shortDuration(now.Sub(s.Oldest)))),
	}, quoted(s.LastError, reasonInList)...)
}

// NoteCommand begins a note to a case; the words are still to come.
func NoteCommand(n int64) string { return fmt.Sprintf("case %d note …", n) }

// CaseCommand shows a case.
func CaseCommand(n int64) string { return fmt.Sprintf("case %d", n) }
