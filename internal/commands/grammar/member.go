package grammar

import (
	"regexp"
	"strings"

	"modbot/internal/chat"
	"modbot/internal/texts"
)

// MemberArg is a member of a platform as typed. Zero where the verb has none.
type MemberArg struct {
	// Mention is the platform's id of a mentioned person of the place where the
	// command was typed; Name is what the platform called them.
	Mention string
	Name    string
	// ID is a member by platform and id, whatever the place: slack:T1/U1,
	// discord:GUILD/123, cli:mia.
	ID string
}

// IsZero reports that nobody is named.
func (m MemberArg) IsZero() bool { return m.Mention == "" && m.ID == "" }

// String is the member as it has to be typed.
func (m MemberArg) String() string {
	if m.Mention != "" {
		return "<@" + m.Mention + ">"
	}
	return m.ID
}

// qualifiedMember is a member with everything that it takes to tell it from
// others: on Slack and Discord the workspace too.
var qualifiedMember = regexp.MustCompile(
	`^(slack:[TE][A-Z0-9]{1,30}/[UW][A-Z0-9]{1,30}|discord:[1-9][0-9]{0,19}/[1-9][0-9]{0,19}|(cli|console):[A-Za-z0-9._-]{1,64})$`)

// member reads the member that stands right after the verb.
func (r *reading) member(o chat.OptionSpec) *texts.Problem {
	at, _ := r.cur.comma()
	if at.end() {
		return r.missing(o)
	}
	e, rest := at.element()
	arg, f := e.member()
	if f == nil {
		r.cmd.Member, r.cur = arg, rest
		return nil
	}
	var candidates []string
	for _, fix := range f.fixes {
		candidates = append(candidates, r.cmd.Verb+" "+fix+r.after(rest))
	}
	if next, after := rest.element(); !next.quoted { // the account may stand first
		if other, wrong := next.member(); wrong == nil {
			typed := r.cur.src[at.pos:rest.pos]
			candidates = append(candidates, r.cmd.Verb+" "+other.String()+" "+pasteable(typed)+r.after(after), r.cmd.Verb+" "+other.String())
		}
	}
	return r.propose(f.problem, candidates...)
}

// setMember reads a field that names a member and nothing else.
func (r *reading) setMember(value string) *fault {
	e, rest := cursor{src: value}.element()
	if !rest.end() {
		return &fault{problem: texts.NotAMember(value)}
	}
	arg, f := e.member()
	if f == nil {
		r.cmd.Member = arg
	}
	return f
}

// member makes a member of an item: a mention, or an id that says whose it is.
func (e element) member() (MemberArg, *fault) {
	if f := e.quotation(); f != nil {
		return MemberArg{}, f
	}
	if !e.quoted && isMention(e.text) {
		arg, f := e.mention()
		return MemberArg{Mention: arg.Mention, Name: arg.Name}, f
	}
	if platform, id, found := strings.Cut(e.text, ":"); found {
		if id = fold(platform) + ":" + id; qualifiedMember.MatchString(id) {
			return MemberArg{ID: id}, nil
		}
	}
	return MemberArg{}, &fault{problem: texts.NotAMember(e.text)}
}
