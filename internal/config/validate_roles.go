package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// The verbs that a role can only have with a scope and a limit.
const (
	verbMute   = "mute"
	verbUnmute = "unmute"
)

// nameOfRole is short, because it stands in every refusal, and safe in every
// platform's text.
var nameOfRole = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,31}$`)

func (l *loading) roles() {
	if len(l.cfg.Roles) == 0 {
		if !l.explained["roles"] {
			l.warn("roles", "no role is defined, so everybody is refused", "modbot whoami prints the ids to put there; modbot config template has an example")
		}
		return
	}
	forms := map[string]string{}
	for _, name := range l.cfg.roleNames {
		path := join("roles", name)
		if !nameOfRole.MatchString(name) {
			l.add(path, quote(name)+" is no name for a role: 1 to 32 letters, digits, - or _, beginning with a letter", "moderator:")
		}
		if other, there := forms[envForm(name)]; there {
			l.add(path, "the role "+other+" has the same name but for case, dashes and underscores", "rename one of the two")
		}
		forms[envForm(name)] = name
		l.role(path, l.cfg.Roles[name])
	}
}

func (l *loading) role(path string, r Role) {
	if r.members() == 0 {
		l.warn(path, "nobody holds this role", "cli: { users: [mia] }   under "+path+":")
	}
	if len(r.Verbs) == 0 {
		l.missing(join(path, "verbs"), "a role may do what it lists, and nothing else")
	}
	l.names(join(path, "verbs"), r.Verbs, "verb", l.opts.Verbs)
	l.names(join(path, "scopes"), r.Scopes, "scope", l.opts.Scopes)

	mutes := slices.Contains(r.Verbs, verbMute)
	if len(r.Scopes) == 0 && (mutes || slices.Contains(r.Verbs, verbUnmute)) {
		l.missing(join(path, "scopes"), "a role that mutes or unmutes must say where"+l.oneOf(l.opts.Scopes))
	}
	maxTerm := join(path, "max_term")
	l.finite(maxTerm, &r.MaxTerm, "permanent: true   under "+path+":")
	l.cfg.Roles[lastKey(path)] = r
	if mutes && r.MaxTerm.IsZero() && !r.Permanent {
		l.missing(maxTerm, "a role that mutes needs max_term, or permanent: true")
	}
	perHour := join(path, "per_hour")
	_, given := l.origins[perHour]
	switch {
	case r.PerHour < 0:
		l.add(perHour, fmt.Sprintf("%d is negative", r.PerHour), l.exampleOf(perHour))
	case r.PerHour == 0 && given && !l.explained[perHour]:
		l.add(perHour, "0 would read as none, but means no limit", "remove the line for no limit; remove verbs to forbid")
	}
}

// names checks a list of known names, each at its own place.
func (l *loading) names(path string, list []string, what string, known []string) {
	seen := map[string]bool{}
	for i, name := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		l.known(at, name, what, known)
		if seen[name] {
			l.add(at, quote(name)+" is there twice", "remove one of the two")
		}
		seen[name] = true
	}
}

// finite reads a term that must have an end; instead is the fix for one that
// has none.
func (l *loading) finite(path string, t *Term, instead string) {
	if t.IsZero() || l.opts.ParseTerm == nil {
		return
	}
	seconds, permanent, err := l.opts.ParseTerm(t.Text)
	switch {
	case err != nil:
		l.add(path, err.Error(), l.exampleOf(path))
	case permanent:
		l.add(path, quote(t.Text)+" has no end; this is a longest length", instead)
	default:
		t.Seconds = seconds
	}
}

func (l *loading) protect() {
	seen := map[string]bool{}
	defined := slices.Sorted(maps.Keys(l.cfg.Roles))
	for i, p := range l.cfg.Protect {
		path := fmt.Sprintf("protect[%d]", i)
		if p.Account == "" {
			l.missing(join(path, "account"), "")
			continue
		}
		l.account(path, p.Account)
		if seen[p.Account] {
			l.add(path, quote(p.Account)+" is there twice", "remove one of the two")
		}
		seen[p.Account] = true
		if len(defined) == 0 && len(p.Roles) > 0 {
			l.add(join(path, "roles"), "names a role, but none is defined", "define it under roles:")
			continue
		}
		l.names(join(path, "roles"), p.Roles, "role that is defined", defined)
	}
}

func (l *loading) confirm() {
	l.finite("confirm.longer_than", &l.cfg.Confirm.LongerThan, "permanent: true   under confirm:")
}
