package policy

import (
	"slices"
	"time"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// Check names one step of the walk. A refusal carries the one that failed.
type Check uint8

// The checks, in the order of the walk: a role that fails a later one came
// further.
const (
	CheckNone      Check = iota
	CheckRole            // the actor has a role at all
	CheckVerb            // the role lists the verb
	CheckScope           // the role covers every field named
	CheckProtected       // the account is not protected from the role
	CheckPermanent       // the role may mute without an end
	CheckTerm            // the term from the chain's start is within the role's longest
	CheckAuthority       // the role could have set what is lifted, shortened or replaced
	CheckPerHour         // the actor's actions this hour
)

// String is the check's name in rules, as recorded in the ledger.
func (c Check) String() string {
	switch c {
	case CheckNone:
		return "none"
	case CheckRole:
		return "no-role"
	case CheckVerb:
		return "verb"
	case CheckScope:
		return "scope"
	case CheckProtected:
		return "protected"
	case CheckPermanent:
		return "permanent"
	case CheckTerm:
		return "max-term"
	case CheckAuthority:
		return "authority"
	case CheckPerHour:
		return "per-hour"
	}
	return "unknown"
}

// Decision is the answer to a Request.
type Decision struct {
	Allowed bool
	Role    chat.Role // under which it is allowed, or the one that came furthest
	Failed  Check     // CheckNone when allowed
	// Rule is what the ledger records: "allow/moderator" or "deny/moderator/max-term".
	Rule string
	// Have are the actor's roles, Can those that would allow it.
	Have []chat.Role
	Can  []chat.Role
}

// Decide walks the actor's roles in the policy's order. The first that passes
// every check allows; default is deny.
func (p *Policy) Decide(have []chat.Role, req Request) Decision {
	d := Decision{Have: have, Failed: CheckRole, Rule: "deny/" + CheckRole.String()}
	for _, r := range p.roles {
		failed := p.check(r, req)
		if failed == CheckNone {
			d.Can = append(d.Can, r.Name)
		}
		if !slices.Contains(have, r.Name) || d.Allowed {
			continue
		}
		if failed == CheckNone {
			d.Allowed, d.Role, d.Failed, d.Rule = true, r.Name, CheckNone, "allow/"+string(r.Name)
			continue
		}
		if failed > d.Failed {
			d.Role, d.Failed, d.Rule = r.Name, failed, "deny/"+string(r.Name)+"/"+failed.String()
		}
	}
	return d
}

// check is the walk for one role: the first check that fails, or CheckNone.
func (p *Policy) check(r Role, req Request) Check {
	switch {
	case !slices.Contains(r.Verbs, req.Verb):
		return CheckVerb
	case !covers(r, req):
		return CheckScope
	case p.protects(r, req):
		return CheckProtected
	}
	if c := checkTerms(r, req); c != CheckNone {
		return c
	}
	for _, ch := range req.Changes {
		if ch.touchesAnother() && !r.couldHaveSet(ch) {
			return CheckAuthority
		}
	}
	if r.PerHour > 0 && req.acts() && req.Count >= r.PerHour {
		return CheckPerHour
	}
	return CheckNone
}

// acts reports whether the request would change anything at Tencent.
func (q Request) acts() bool { return q.Scope != 0 || len(q.Changes) > 0 }

func covers(r Role, req Request) bool {
	if !r.Scopes.Covers(req.Scope) {
		return false
	}
	return !slices.ContainsFunc(req.Changes, func(c Change) bool { return !r.Scopes.Has(c.Field) })
}

// protects reports whether the account is out of the role's reach. Reading is
// always allowed.
func (p *Policy) protects(r Role, req Request) bool {
	only, found := p.protect[req.Account]
	return found && req.acts() && !slices.Contains(only, r.Name)
}

// checkTerms holds the asked term, and the end of each field counted from its
// chain's start, against the role's longest.
func checkTerms(r Role, req Request) Check {
	if req.Term.IsPermanent() && !r.Permanent {
		return CheckPermanent
	}
	if !req.Term.IsPermanent() && req.Term.Exceeds(r.MaxTerm) {
		return CheckTerm
	}
	for _, c := range req.Changes {
		switch {
		case c.Lift:
		case c.Permanent && !r.Permanent:
			return CheckPermanent
		case !c.Permanent && !within(r.MaxTerm, c.chainStart(req.Now), c.Until):
			return CheckTerm
		}
	}
	return CheckNone
}

// chainStart is when the unbroken chain began that the change goes on with.
func (c Change) chainStart(now time.Time) time.Time {
	if c.Held != nil {
		return c.Held.Since
	}
	return now
}

// touchesAnother reports whether the change lifts, shortens or replaces what
// somebody else set. A later end only adds to it: the chain rule bounds that.
func (c Change) touchesAnother() bool {
	if c.Held == nil || c.Held.Own {
		return false
	}
	switch {
	case c.Lift:
		return true
	case c.Permanent:
		return false
	case c.Held.Permanent:
		return true
	default:
		return c.Until.Before(c.Held.Until)
	}
}

// couldHaveSet reports whether the role could have set the mute that the
// change meets.
func (r Role) couldHaveSet(c Change) bool {
	if !slices.Contains(r.Verbs, "mute") || !r.Scopes.Has(c.Field) {
		return false
	}
	if c.Held.Permanent {
		return r.Permanent
	}
	return within(r.MaxTerm, c.Held.Since, c.Held.Until)
}

// rounding is what seconds rounded up on their way may add to an end: a term
// of exactly the longest stays allowed.
const rounding = time.Second

func within(longest mute.Term, from, to time.Time) bool {
	d, ok := longest.Duration()
	return ok && to.Sub(from) <= d+rounding
}
