// Package policy decides who may do what. A decision is a pure function of the
// actor's roles, what the command would change, and what the ledger counted;
// it does no I/O and reads no clock, so that `policy explain` can repeat it.
//
// The model: a Request lists the changes that a command would make, each with
// the mute that stands in its way. A role allows the request when it passes
// every check below; the actor may act when one of the actor's roles allows
// all of it. Everything else is refused, and the refusal says which check of
// the role that came furthest failed, and which roles would have passed.
package policy

import (
	"fmt"
	"slices"
	"time"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// Role is what a modbot role allows, and who holds it.
type Role struct {
	Name   chat.Role
	Grants map[chat.Platform][]chat.Grant
	Verbs  []string
	Scopes mute.Scope
	// MaxTerm is the longest term, counted from the first mute of an unbroken
	// chain. The zero Term allows no finite mute.
	MaxTerm   mute.Term
	Permanent bool
	// PerHour is how many actions an hour an actor may begin; 0 = no limit.
	PerHour int
}

// Protected is an account that no one, or only some roles, may touch.
type Protected struct {
	Account mute.Account
	Roles   []chat.Role
}

// Confirm says above what a command asks before it acts.
type Confirm struct {
	LongerThan mute.Term // zero = never for its length
	Permanent  bool
}

// Policy is the whole of it. It is immutable.
type Policy struct {
	roles   []Role
	protect map[mute.Account][]chat.Role
	confirm Confirm
}

// New checks the roles' names and makes a Policy. Roles are tried in the
// order given.
func New(roles []Role, protect []Protected, confirm Confirm) (*Policy, error) {
	p := &Policy{roles: slices.Clone(roles), protect: map[mute.Account][]chat.Role{}, confirm: confirm}
	known := map[chat.Role]bool{}
	for _, r := range roles {
		if r.Name == "" {
			return nil, fmt.Errorf("a role has no name")
		}
		if known[r.Name] {
			return nil, fmt.Errorf("role %s is there twice", r.Name)
		}
		if r.MaxTerm.IsPermanent() {
			return nil, fmt.Errorf("role %s: max_term is finite; permanent mutes are allowed by permanent: true", r.Name)
		}
		known[r.Name] = true
	}
	for _, pr := range protect {
		for _, r := range pr.Roles {
			if !known[r] {
				return nil, fmt.Errorf("protected account %s names role %s, which is not defined", pr.Account, r)
			}
		}
		p.protect[pr.Account] = slices.Clone(pr.Roles)
	}
	return p, nil
}

// RolesOf lists the roles that the grants give on a platform.
func (p *Policy) RolesOf(platform chat.Platform, grants []chat.Grant) []chat.Role {
	var out []chat.Role
	for _, r := range p.roles {
		if slices.ContainsFunc(r.Grants[platform], func(g chat.Grant) bool { return slices.Contains(grants, g) }) {
			out = append(out, r.Name)
		}
	}
	return out
}

// Role returns a role by its name.
func (p *Policy) Role(name chat.Role) (Role, bool) {
	i := slices.IndexFunc(p.roles, func(r Role) bool { return r.Name == name })
	if i < 0 {
		return Role{}, false
	}
	return p.roles[i], true
}

// NeedsConfirm reports whether a mute of this term asks first.
func (p *Policy) NeedsConfirm(t mute.Term) bool {
	if t.IsPermanent() {
		return p.confirm.Permanent
	}
	return !p.confirm.LongerThan.IsZero() && t.Exceeds(p.confirm.LongerThan)
}

// MaxTermOf is the longest finite term, and whether permanent is allowed, over
// several roles that list the verb mute: what help and autocomplete show.
func (p *Policy) MaxTermOf(roles []chat.Role) (longest mute.Term, permanent bool) {
	for _, name := range roles {
		r, ok := p.Role(name)
		if !ok || !slices.Contains(r.Verbs, "mute") {
			continue
		}
		if r.MaxTerm.Exceeds(longest) {
			longest = r.MaxTerm
		}
		permanent = permanent || r.Permanent
	}
	return longest, permanent
}

// Counts reports whether any of the roles limits actions an hour, so that they
// have to be counted at all.
func (p *Policy) Counts(roles []chat.Role) bool {
	return slices.ContainsFunc(roles, func(name chat.Role) bool {
		r, ok := p.Role(name)
		return ok && r.PerHour > 0
	})
}

// Verbs lists what the roles may type, without the verbs that anyone may.
func (p *Policy) Verbs(roles []chat.Role) []string {
	var out []string
	for _, name := range roles {
		if r, ok := p.Role(name); ok {
			for _, v := range r.Verbs {
				if !slices.Contains(out, v) {
					out = append(out, v)
				}
			}
		}
	}
	return out
}

// Held is an active mute that a change meets.
type Held struct {
	Own       bool // the actor's own
	Permanent bool
	Until     time.Time // zero when Permanent
	Since     time.Time // first mute of the unbroken chain
}

// Change is what a command would do to one field.
type Change struct {
	Field mute.Field
	Lift  bool
	// The new end, unless Lift.
	Permanent bool
	Until     time.Time
	Held      *Held
}

// Request is what an actor wants to do to one account.
type Request struct {
	Verb    string
	Account mute.Account // empty for verbs about none
	Changes []Change     // empty for verbs that only read
	Scope   mute.Scope   // named by the command, also when Changes are not known yet
	// Term is the term asked for, for the checks that need no state.
	Term  mute.Term
	Count int // actions that the actor began in the last hour
	Now   time.Time
}
