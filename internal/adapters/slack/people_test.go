package slack

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

func requireSettings(tb testing.TB, err error) {
	tb.Helper()
	require.ErrorIs(tb, err, adapters.ErrSettings)
}

var errDown = errors.New("nobody answers")

func TestPeople_AreAskedForOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		p := newPeople(func(context.Context, string) (person, error) {
			asked.Add(1)
			time.Sleep(100 * time.Millisecond)
			return person{team: "T1"}, nil
		}, time.Now)
		for range 5 { // at once: one question
			go func() { _, _, _ = p.get(t.Context(), "U1") }()
		}
		who, stale, err := p.get(t.Context(), "U1")
		require.NoError(t, err)
		require.Equal(t, "T1", who.team)
		require.False(t, stale)
		require.EqualValues(t, 1, asked.Load())
		synctest.Wait()

		time.Sleep(refreshAfter + time.Second)
		_, stale, err = p.get(t.Context(), "U1")
		require.NoError(t, err)
		require.True(t, stale, "it should be refreshed")
		require.EqualValues(t, 1, asked.Load())

		time.Sleep(rolesAge)
		_, _, err = p.get(t.Context(), "U1")
		require.NoError(t, err)
		require.EqualValues(t, 2, asked.Load(), "what is too old is not used")
	})
}

func TestPeople_FailClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		p := newPeople(func(context.Context, string) (person, error) {
			if down.Load() {
				return person{}, errDown
			}
			return person{team: "T1"}, nil
		}, time.Now)
		_, _, err := p.get(t.Context(), "U1")
		require.NoError(t, err)
		down.Store(true)
		time.Sleep(rolesAge)
		_, _, err = p.get(t.Context(), "U1")
		require.NoError(t, err, "it is known for a minute")
		require.ErrorIs(t, p.refresh(t.Context(), "U1"), errDown)
		_, _, err = p.get(t.Context(), "U1")
		require.NoError(t, err, "a failed refresh takes nothing away")
		time.Sleep(time.Millisecond)
		_, _, err = p.get(t.Context(), "U1")
		require.ErrorIs(t, err, errDown)
	})
}

func TestPeople_AreForgotten(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	p := newPeople(func(context.Context, string) (person, error) { return person{}, nil }, func() time.Time { return now })
	for i := range 3 * maxPeople {
		_, _, err := p.get(t.Context(), number(int64(i)))
		require.NoError(t, err)
		require.LessOrEqual(t, len(p.known), maxPeople)
	}
}

func TestBelongs(t *testing.T) {
	member := person{team: "T1", enterprise: "E1"}
	with := func(change func(*person)) person {
		p := member
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		who        person
		team       chat.Workspace
		enterprise string
		want       bool
	}{
		"a member":                            {member, "T1", "", true},
		"a member of the organisation":        {member, "T2", "E1", true},
		"of another workspace":                {member, "T2", "", false},
		"of another organisation":             {member, "T2", "E2", false},
		"a guest":                             {with(func(p *person) { p.guest = true }), "T1", "E1", false},
		"a stranger":                          {with(func(p *person) { p.stranger = true }), "T1", "E1", false},
		"an app":                              {with(func(p *person) { p.bot = true }), "T1", "E1", false},
		"somebody who left":                   {with(func(p *person) { p.gone = true }), "T1", "E1", false},
		"nobody":                              {person{}, "T1", "", false},
		"nobody, where there is no workspace": {person{team: "T1"}, "", "", false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, c.who.belongs(c.team, c.enterprise)) })
	}
}

// scripted answers usergroups.users.list.
type scripted struct {
	ids map[string][]string

	mu    sync.Mutex
	calls []time.Time
	err   error
}

func (s *scripted) fetch(_ context.Context, _, group string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, time.Now())
	return s.ids[group], s.err
}

func (s *scripted) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func groupsOf(s *scripted, ids ...string) *groups {
	return newGroups(zap.NewNop(), Config{UserGroups: ids, Workspaces: []string{"T1"}, Now: time.Now}, s.fetch, newStanding())
}

func TestGroups_GiveGrants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		g := groupsOf(&scripted{ids: map[string][]string{"S1": {"U1", "U2"}, "S2": {"U2"}, "S3": {}}}, "S1", "S2", "S3")
		go g.keep(ctx)
		grants, err := g.of(t.Context(), "T1", "U2")
		require.NoError(t, err)
		require.Equal(t, []chat.Grant{{Kind: chat.GrantUsergroup, ID: "S1"}, {Kind: chat.GrantUsergroup, ID: "S2"}}, grants)
		grants, err = g.of(t.Context(), "T1", "U3")
		require.NoError(t, err)
		require.Empty(t, grants)
		_, err = g.of(t.Context(), "T2", "U2")
		require.Error(t, err, "another workspace was never looked at")
		cancel()
		synctest.Wait()
	})
}

// Over hours, no answer is older than a minute, and no minute has more calls
// than the tier allows.
func TestGroups_StayFreshWithinTheTier(t *testing.T) {
	for _, n := range []int{1, 5, maxGroups} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var ids []string
			for i := range n {
				ids = append(ids, "S"+number(int64(i)))
			}
			s := &scripted{}
			g := groupsOf(s, ids...)
			go g.keep(ctx)
			for range 3 * 60 * 60 {
				time.Sleep(time.Second)
				_, err := g.of(t.Context(), "T1", "U1")
				require.NoError(t, err)
			}
			cancel()
			synctest.Wait()
			busiest := &storm{tried: s.calls[n:]} // but for the first round
			require.LessOrEqual(t, busiest.busiest(time.Minute), 20, "%d groups", n)
		})
	}
}

func TestGroups_FailClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &scripted{ids: map[string][]string{"S1": {"U1"}}}
		g := groupsOf(s, "S1")
		go g.keep(ctx)
		_, err := g.of(t.Context(), "T1", "U1")
		require.NoError(t, err)
		s.fail(&callError{method: methodMembers, status: 502})
		time.Sleep(rolesAge - time.Second)
		_, err = g.of(t.Context(), "T1", "U1")
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		_, err = g.of(t.Context(), "T1", "U1")
		require.Error(t, err)
		require.Contains(t, g.stand.status(true, HTTP).Why, "S1")
		s.fail(nil)
		time.Sleep(groupsEvery + time.Second)
		_, err = g.of(t.Context(), "T1", "U1")
		require.NoError(t, err)
		require.Empty(t, g.stand.status(true, HTTP).Why)
		cancel()
		synctest.Wait()
	})
}

// Where Slack says that there is no such thing, nobody is in it, and people with
// roles of their own go on.
func TestGroups_KnownToBeEmpty(t *testing.T) {
	for code, why := range map[string]string{
		"plan_upgrade_required": "user groups need a paid plan; list user ids in the roles instead.",
		"no_such_subteam":       "there is no such user group; was it deleted?",
	} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				g := groupsOf(&scripted{err: &callError{method: methodMembers, code: code}}, "S1")
				go g.keep(ctx)
				grants, err := g.of(t.Context(), "T1", "U1")
				require.NoError(t, err)
				require.Empty(t, grants)
				require.Contains(t, g.stand.status(true, HTTP).Why, why)
				cancel()
				synctest.Wait()
			})
		})
	}
}

func TestGroups_NobodyLooked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{}
		g := groupsOf(s, "S1")
		_, err := g.of(t.Context(), "T1", "U1")
		require.Error(t, err)
		none := groupsOf(s)
		none.keep(t.Context())
		grants, err := none.of(t.Context(), "T1", "U1")
		require.NoError(t, err)
		require.Empty(t, grants)
		require.Empty(t, s.calls, "without user groups nothing is fetched")
	})
}
