package audit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/mute"
	"modbot/internal/pgtest"
)

// TestReplicasWithWrongClocks: one replica's clock is an hour ahead, another's
// an hour behind. What is stored is by the database's clock, and what is waited
// for is by one's own.
func TestReplicasWithWrongClocks(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	key, err := audit.NewKey("example.org/modbot")
	require.NoError(t, err)
	skewed := func(by time.Duration) (*audit.Log, func() time.Time) {
		store, err := sqlstore.Open(t.Context(), zap.NewNop(), url, sqlstore.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		now := func() time.Time { return time.Now().Add(by) }
		l, err := audit.OpenSkewed(zap.NewNop(), store, audit.Options{Signer: key, Now: now})
		require.NoError(t, err)
		return l, now
	}
	const near = 30 * time.Second // much less than the clocks are off, much more than a test takes
	fast, fastNow := skewed(time.Hour)
	slow, slowNow := skewed(-time.Hour)
	term, err := mute.Seconds(600)
	require.NoError(t, err)
	head := audit.Head{Actor: "cli:mia", Account: "alice", Verb: "mute", Scope: mute.ScopeGroup, Term: term}

	begun, err := fast.Begin(t.Context(), audit.Intent{Head: head})
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(600*time.Second), begun.Deadline, near)
	require.WithinDuration(t, fastNow(), begun.Began, near, "attempts are counted by one's own clock")
	require.WithinDuration(t, fastNow().Add(audit.LeaseTime), begun.FreshUntil, near)
	require.WithinDuration(t, time.Now(), fast.Now(), near)
	require.WithinDuration(t, time.Now(), slow.Now(), near)

	due, next, err := slow.Unsettled(t.Context())
	require.NoError(t, err)
	require.Empty(t, due, "the lease is good, whatever one's clock says")
	require.WithinDuration(t, slowNow().Add(audit.LeaseTime+audit.SettleGrace), next, near)
	_, _, err = slow.TakeOver(t.Context(), begun.Case)
	require.ErrorIs(t, err, audit.ErrLeaseLost)
	fresh, err := fast.Renew(t.Context(), begun.Token)
	require.NoError(t, err)
	require.WithinDuration(t, fastNow().Add(audit.LeaseTime), fresh, near)
	_, err = fast.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone})
	require.NoError(t, err)

	for _, l := range []*audit.Log{fast, slow} {
		d, err := l.Due(t.Context(), audit.DuePage{})
		require.NoError(t, err)
		require.Empty(t, d.Mutes, "nothing has ended")
	}
	d, err := fast.Due(t.Context(), audit.DuePage{})
	require.NoError(t, err)
	require.WithinDuration(t, fastNow().Add(600*time.Second), d.Next, near)

	until, ok, err := slow.Lead(t.Context(), "expire", "slow", 20*time.Second)
	require.NoError(t, err)
	require.True(t, ok)
	require.WithinDuration(t, slowNow().Add(20*time.Second), until, near)
	until, ok, err = fast.Lead(t.Context(), "expire", "fast", 20*time.Second)
	require.NoError(t, err)
	require.False(t, ok, "an hour ahead is no right to lead")
	require.WithinDuration(t, fastNow().Add(20*time.Second), until, near)

	asked, err := slow.Ask(t.Context(), []audit.Question{{Head: audit.Head{
		Actor: "cli:mia", Account: "bob", Verb: "mute", Scope: mute.ScopeGroup, Term: term,
	}}})
	require.NoError(t, err)
	lapsed, next, err := fast.Lapse(t.Context())
	require.NoError(t, err)
	require.Empty(t, lapsed, "the question is open")
	require.WithinDuration(t, fastNow().Add(audit.QuestionLife), next, near)
	require.WithinDuration(t, time.Now().Add(audit.QuestionLife), asked[0].Question.Expires, near)
}
