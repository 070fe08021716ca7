package policy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/chat"
	"modbot/internal/commands/policy"
	"modbot/internal/mute"
)

const day = 24 * time.Hour

var now = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)

func term(t require.TestingT, d time.Duration) mute.Term {
	out, err := mute.Seconds(int64(d / time.Second))
	require.NoError(t, err)
	return out
}

func grants(id string) map[chat.Platform][]chat.Grant {
	return map[chat.Platform][]chat.Grant{chat.Console: {{Kind: chat.GrantMember, ID: id}}}
}

// house has a helper for groups, a moderator (7 days), an admin, and one
// account that only admins may touch and one that nobody may.
func house(t require.TestingT) *policy.Policy {
	p, err := policy.New([]policy.Role{
		{Name: "helper", Grants: grants("hal"), Verbs: []string{"mute", "status"}, Scopes: mute.ScopeGroup, MaxTerm: term(t, time.Hour), PerHour: 2},
		{Name: "moderator", Grants: grants("mia"), Verbs: []string{"mute", "unmute", "status"}, Scopes: mute.ScopeAll, MaxTerm: term(t, 7*day), PerHour: 60},
		{Name: "admin", Grants: grants("ada"), Verbs: []string{"mute", "unmute", "status", "health"}, Scopes: mute.ScopeAll, MaxTerm: term(t, 365*day), Permanent: true},
	}, []policy.Protected{{Account: "administrator"}, {Account: "boss", Roles: []chat.Role{"admin"}}},
		policy.Confirm{LongerThan: term(t, 30*day), Permanent: true})
	require.NoError(t, err)
	return p
}

// set is a change that mutes a field for d from now, over what is held.
func set(f mute.Field, d time.Duration, held *policy.Held) policy.Change {
	return policy.Change{Field: f, Until: now.Add(d), Held: held}
}

func TestDecide(t *testing.T) {
	other := func(since, until time.Duration) *policy.Held {
		return &policy.Held{Since: now.Add(since), Until: now.Add(until)}
	}
	own := func(since, until time.Duration) *policy.Held {
		h := other(since, until)
		h.Own = true
		return h
	}
	lift := func(h *policy.Held) policy.Change { return policy.Change{Field: mute.Group, Lift: true, Held: h} }
	everlasting := &policy.Held{Since: now.Add(-day), Permanent: true}
	for _, c := range []struct {
		name  string
		roles []chat.Role
		req   policy.Request
		want  string // the rule
		can   []chat.Role
	}{
		{
			"no role denies", nil,
			policy.Request{Verb: "mute", Scope: mute.ScopeGroup, Term: term(t, time.Hour)},
			"deny/no-role",
			[]chat.Role{"helper", "moderator", "admin"},
		},
		{"a role that is not defined denies", []chat.Role{"owner"}, policy.Request{Verb: "status"}, "deny/no-role", []chat.Role{"helper", "moderator", "admin"}},
		{"a verb that no role lists", []chat.Role{"helper"}, policy.Request{Verb: "unmute", Scope: mute.ScopeGroup}, "deny/helper/verb", []chat.Role{"moderator", "admin"}},
		{"a field outside the scopes", []chat.Role{"helper"}, policy.Request{Verb: "mute", Scope: mute.ScopeAll, Term: term(t, time.Minute)}, "deny/helper/scope", []chat.Role{"moderator", "admin"}},
		{"exactly the longest term", []chat.Role{"moderator"}, policy.Request{Verb: "mute", Scope: mute.ScopeAll, Term: term(t, 7*day), Changes: []policy.Change{set(mute.Group, 7*day, nil)}}, "allow/moderator", []chat.Role{"moderator", "admin"}},
		{"a second more", []chat.Role{"moderator"}, policy.Request{Verb: "mute", Scope: mute.ScopeAll, Term: term(t, 7*day+time.Second)}, "deny/moderator/max-term", []chat.Role{"admin"}},
		{"permanent", []chat.Role{"moderator"}, policy.Request{Verb: "mute", Scope: mute.ScopeAll, Term: mute.Permanent()}, "deny/moderator/permanent", []chat.Role{"admin"}},
		{"permanent for an admin", []chat.Role{"admin"}, policy.Request{Verb: "mute", Scope: mute.ScopeAll, Term: mute.Permanent(), Changes: []policy.Change{{Field: mute.Group, Permanent: true}}}, "allow/admin", []chat.Role{"admin"}},
		{"protected from everyone", []chat.Role{"admin"}, policy.Request{Verb: "mute", Account: "administrator", Scope: mute.ScopeGroup, Term: term(t, time.Hour)}, "deny/admin/protected", nil},
		{"protected from all but admins", []chat.Role{"moderator"}, policy.Request{Verb: "mute", Account: "boss", Scope: mute.ScopeGroup, Term: term(t, time.Hour)}, "deny/moderator/protected", []chat.Role{"admin"}},
		{"protected accounts may be looked at", []chat.Role{"helper"}, policy.Request{Verb: "status", Account: "administrator"}, "allow/helper", []chat.Role{"helper", "moderator", "admin"}},
		{"lifting one's own", []chat.Role{"moderator"}, policy.Request{Verb: "unmute", Changes: []policy.Change{lift(own(-time.Hour, time.Hour))}}, "allow/moderator", []chat.Role{"moderator", "admin"}},
		{"lifting what the role could have set", []chat.Role{"moderator"}, policy.Request{Verb: "unmute", Changes: []policy.Change{lift(other(-time.Hour, 6*day))}}, "allow/moderator", []chat.Role{"moderator", "admin"}},
		{"lifting what a higher role set", []chat.Role{"moderator"}, policy.Request{Verb: "unmute", Changes: []policy.Change{lift(other(-time.Hour, 20*day))}}, "deny/moderator/authority", []chat.Role{"admin"}},
		{"lifting a permanent mute", []chat.Role{"moderator"}, policy.Request{Verb: "unmute", Changes: []policy.Change{lift(everlasting)}}, "deny/moderator/authority", []chat.Role{"admin"}},
		{"shortening what a higher role set", []chat.Role{"moderator"}, policy.Request{Verb: "mute", Changes: []policy.Change{set(mute.Group, time.Hour, other(-time.Hour, 20*day))}}, "deny/moderator/authority", []chat.Role{"admin"}},
		{"lengthening another's within the longest", []chat.Role{"moderator"}, policy.Request{Verb: "mute", Changes: []policy.Change{set(mute.Group, 3*day, other(-time.Hour, day))}}, "allow/moderator", []chat.Role{"moderator", "admin"}},
		{"daily extending counts from the first mute of the chain", []chat.Role{"moderator"}, policy.Request{Verb: "mute", Changes: []policy.Change{set(mute.Group, 2*day, own(-6*day, day))}}, "deny/moderator/max-term", []chat.Role{"admin"}},
		{"a finite term over a permanent one is shortening", []chat.Role{"moderator"}, policy.Request{Verb: "mute", Changes: []policy.Change{set(mute.Group, time.Hour, &policy.Held{Since: now, Permanent: true})}}, "deny/moderator/authority", []chat.Role{"admin"}},
		{"one field denies the whole", []chat.Role{"moderator"}, policy.Request{Verb: "mute", Changes: []policy.Change{set(mute.Group, time.Hour, nil), set(mute.C2C, time.Hour, everlasting)}}, "deny/moderator/authority", []chat.Role{"admin"}},
		{"the last action of the hour", []chat.Role{"helper"}, policy.Request{Verb: "mute", Scope: mute.ScopeGroup, Term: term(t, time.Minute), Count: 1}, "allow/helper", []chat.Role{"helper", "moderator", "admin"}},
		{"one too many", []chat.Role{"helper"}, policy.Request{Verb: "mute", Scope: mute.ScopeGroup, Term: term(t, time.Minute), Count: 2}, "deny/helper/per-hour", []chat.Role{"moderator", "admin"}},
		{"reading is not counted", []chat.Role{"helper"}, policy.Request{Verb: "status", Count: 99}, "allow/helper", []chat.Role{"helper", "moderator", "admin"}},
		{"any of several roles allows", []chat.Role{"helper", "moderator"}, policy.Request{Verb: "unmute", Changes: []policy.Change{lift(own(0, day))}}, "allow/moderator", []chat.Role{"moderator", "admin"}},
		{"of several roles the one that came furthest is named", []chat.Role{"helper", "moderator"}, policy.Request{Verb: "mute", Scope: mute.ScopeAll, Term: mute.Permanent()}, "deny/moderator/permanent", []chat.Role{"admin"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.req.Now = now
			d := house(t).Decide(c.roles, c.req)
			require.Equal(t, c.want, d.Rule)
			require.Equal(t, c.can, d.Can)
			require.Equal(t, d.Failed == policy.CheckNone, d.Allowed)
		})
	}
}

func TestRolesOf_GivesNothingOnAnotherPlatform(t *testing.T) {
	p := house(t)
	mia := []chat.Grant{{Kind: chat.GrantMember, ID: "mia"}}
	require.Equal(t, []chat.Role{"moderator"}, p.RolesOf(chat.Console, mia))
	require.Empty(t, p.RolesOf(chat.Slack, mia))
	require.Empty(t, p.RolesOf(chat.Console, []chat.Grant{{Kind: chat.GrantRole, ID: "mia"}}))
	require.Empty(t, p.RolesOf(chat.Console, nil))
}

func TestCounts(t *testing.T) {
	p := house(t)
	require.True(t, p.Counts([]chat.Role{"admin", "helper"}))
	require.False(t, p.Counts([]chat.Role{"admin", "owner"}))
}

func TestNeedsConfirm(t *testing.T) {
	p := house(t)
	require.False(t, p.NeedsConfirm(term(t, 30*day)))
	require.True(t, p.NeedsConfirm(term(t, 30*day+time.Second)))
	require.True(t, p.NeedsConfirm(mute.Permanent()))
}

func TestNew_RefusesWhatCannotBeMeant(t *testing.T) {
	for name, c := range map[string]struct {
		roles   []policy.Role
		protect []policy.Protected
		want    string
	}{
		"no name":      {[]policy.Role{{}}, nil, "no name"},
		"twice":        {[]policy.Role{{Name: "a"}, {Name: "a"}}, nil, "twice"},
		"permanent":    {[]policy.Role{{Name: "a", MaxTerm: mute.Permanent()}}, nil, "finite"},
		"unknown role": {[]policy.Role{{Name: "a"}}, []policy.Protected{{Account: "x", Roles: []chat.Role{"b"}}}, "not defined"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.New(c.roles, c.protect, policy.Confirm{})
			require.ErrorContains(t, err, c.want)
		})
	}
}

// A role never gets further than its longest term from the chain's start, in
// whatever steps it goes.
func TestDecide_NoStepsGetPastTheLongestTerm(t *testing.T) {
	p := house(t)
	rapid.Check(t, func(t *rapid.T) {
		start, at := now, now
		until := now
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			length := time.Duration(rapid.Int64Range(1, int64(10*day/time.Second)).Draw(t, "term")) * time.Second
			var held *policy.Held
			if until.After(at) {
				held = &policy.Held{Own: true, Since: start, Until: until}
			} else {
				start = at
			}
			d := p.Decide([]chat.Role{"moderator"}, policy.Request{
				Verb: "mute", Now: at,
				Changes: []policy.Change{{Field: mute.Group, Until: at.Add(length), Held: held}},
			})
			if d.Allowed {
				until = at.Add(length)
			}
			require.LessOrEqual(t, until.Sub(start), 7*day+time.Second)
			at = at.Add(time.Duration(rapid.Int64Range(0, int64(2*day/time.Second)).Draw(t, "wait")) * time.Second)
		}
	})
}
