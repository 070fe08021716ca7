package audit_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/mute"
	"modbot/internal/pgtest"
)

// replica is a ledger in a database that others share, with all that wakes it.
func replica(t *testing.T, url string, key *audit.Key) *audit.Log {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), zap.NewNop(), url, sqlstore.Options{})
	require.NoError(t, err)
	l, err := audit.Open(zap.NewNop(), store, audit.Options{Signer: key})
	require.NoError(t, err)
	l.PollEach(time.Hour)
	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	following.Go(func() { l.Follow(ctx) })
	t.Cleanup(func() {
		cancel()
		following.Wait()
		require.NoError(t, store.Close())
	})
	return l
}

func TestEntriesOfAnotherProcessWake(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	key, err := audit.NewKey("example.org/modbot")
	require.NoError(t, err)
	one, other := replica(t, url, key), replica(t, url, key)
	changed, stop := other.Subscribe()
	defer stop()
	<-changed // it listens from now on
	begun, err := one.Begin(t.Context(), audit.Intent{Head: audit.Head{
		Actor: "cli:mia", Account: "alice", Verb: "mute", Scope: mute.ScopeGroup, Term: mute.Permanent(),
	}})
	require.NoError(t, err)
	<-changed
	waited := make(chan error, 1)
	go func() {
		_, err := other.Wait(t.Context(), begun.Case)
		waited <- err
	}()
	_, err = one.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone})
	require.NoError(t, err)
	<-changed
	require.NoError(t, <-waited)
}
