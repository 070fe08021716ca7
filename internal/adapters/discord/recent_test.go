package discord

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// What was added within the span is known, unless too much came; what is twice
// the span ago is not; and there are never more than two generations.
func TestRecent_RemembersForASpan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const span, most = time.Minute, 50
		now := time.Unix(1_790_000_000, 0)
		r := newRecent[int, int](func() time.Time { return now }, span, most)
		added := make(map[int]time.Time)
		for i := range rapid.IntRange(1, 100).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(2*span)).Draw(t, "passes")))
			key := rapid.IntRange(0, 30).Draw(t, "key")
			known := r.add(key, i)
			at, before := added[key]
			if before && now.Sub(at) < span {
				require.True(t, known, "forgotten too early")
			}
			if !before || now.Sub(at) > 2*span {
				require.False(t, known, "remembered for too long")
			}
			if !known {
				added[key] = now
			}
			require.LessOrEqual(t, len(r.young)+len(r.old), 2*most)
		}
	})
}

func TestRecent_IsBounded(t *testing.T) {
	r := newRecent[int, struct{}](time.Now, time.Hour, 10)
	for i := range 1000 {
		r.add(i, struct{}{})
		require.LessOrEqual(t, len(r.young)+len(r.old), 20)
	}
	_, known := r.get(999)
	require.True(t, known)
}

func TestGrants_AreThoseOfTheInteractionAtHand(t *testing.T) {
	b := newBench(t, nil)
	now := time.Now()
	b.d.held = newRecent[string, holding](func() time.Time { return now }, tokenLife, maxHeld)
	for i, in := range []interaction{
		{roles: []string{"31", "32"}, rolesKnown: true}, {roles: nil, rolesKnown: true}, {rolesKnown: false},
	} {
		in.id, in.guild, in.actor = fmt.Sprint(i), testGuild, chat.Actor{ID: testMember}
		b.d.hold(in)
	}
	grants := func(key, actor string, guild chat.Workspace) ([]chat.Grant, error) {
		return b.d.Grants(context.Background(), chat.Invocation{Key: key, Actor: chat.Actor{ID: actor}, Workspace: guild})
	}
	member := chat.Grant{Kind: chat.GrantMember, ID: testMember}

	got, err := grants("0", testMember, testGuild)
	require.NoError(t, err)
	require.Equal(t, []chat.Grant{member, {Kind: chat.GrantRole, ID: "31"}, {Kind: chat.GrantRole, ID: "32"}}, got)
	got, err = grants("1", testMember, testGuild)
	require.NoError(t, err)
	require.Equal(t, []chat.Grant{member}, got)
	for name, c := range map[string][3]string{
		"without roles":     {"2", testMember, testGuild},
		"never seen":        {"77", testMember, testGuild},
		"without a key":     {"", testMember, testGuild},
		"of another member": {"0", "1", testGuild},
		"in another guild":  {"0", testMember, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := grants(c[0], c[1], chat.Workspace(c[2]))
			require.ErrorIs(t, err, adapters.ErrRoles)
			require.Empty(t, got)
		})
	}
	now = now.Add(2 * tokenLife)
	_, err = grants("0", testMember, testGuild)
	require.ErrorIs(t, err, adapters.ErrRoles, "an interaction that is over says nothing any more")
}
