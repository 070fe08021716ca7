package commands

import (
	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands/policy"
	"modbot/internal/texts"
)

// questionLife is how long a confirmation waits.
const questionLife = audit.QuestionLife

// refuse makes the step that records a refusal and says why. What is muted
// already is shown with it; a term that is too long only with that is told so.
func (f facts) refuse(d policy.Decision, muted []held) step {
	return step{
		kind: stepRefuse, code: "refused_" + codeOf(d.Failed), decision: d,
		say: func(n int64) []chat.Line {
			fields := texts.Fields(f.target.account, f.fields(), f.now)
			return refusal(f.policy, d, texts.Refusal{
				Verb: f.cmd.Verb, Account: f.target.account, Scope: f.scope(), Term: f.cmd.Term, Case: n,
			}, len(muted) > 0, fields)
		},
	}
}

// codeOf is a check as it stands in a reply's code.
func codeOf(c policy.Check) string {
	switch c {
	case policy.CheckNone:
		return "none"
	case policy.CheckRole:
		return "no_role"
	case policy.CheckVerb:
		return "verb"
	case policy.CheckScope:
		return "scope"
	case policy.CheckProtected:
		return "protected"
	case policy.CheckPermanent:
		return "permanent"
	case policy.CheckTerm:
		return "max_term"
	case policy.CheckAuthority:
		return "authority"
	case policy.CheckPerHour:
		return "per_hour"
	}
	return "unknown"
}

// refusal is the text for the check that failed.
func refusal(p *policy.Policy, d policy.Decision, r texts.Refusal, chained bool, fields []chat.Line) []chat.Line {
	r.Role, r.Can = d.Role, d.Can
	if role, ok := p.Role(d.Role); ok {
		r.Longest, r.PerHour, r.Scopes = role.MaxTerm, role.PerHour, role.Scopes
	}
	switch d.Failed {
	case policy.CheckVerb:
		return texts.NoVerb(r)
	case policy.CheckScope:
		return texts.NoScope(r)
	case policy.CheckProtected:
		return texts.Protected(r)
	case policy.CheckPermanent:
		return texts.NoPermanent(r)
	case policy.CheckTerm:
		return texts.TooLong(r, chained)
	case policy.CheckAuthority:
		return texts.NoAuthority(r, fields)
	case policy.CheckPerHour:
		return texts.TooMany(r)
	case policy.CheckNone, policy.CheckRole:
	}
	return texts.NoRole(r)
}
