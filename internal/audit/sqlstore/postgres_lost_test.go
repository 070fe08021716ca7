package sqlstore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/pgtest"
)

func TestServerStopsAndStarts(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{})
	store := openPostgres(t, c.Database(t))
	l := openLog(t, store, newKey(t))
	n := 0
	for name, stop := range map[string]func() error{"in good order": c.Stop, "at once": c.Crash} {
		t.Run(name, func(t *testing.T) {
			n++
			begun, err := l.Begin(t.Context(), intent(fmt.Sprint("alice", n)))
			require.NoError(t, err)
			_, err = l.Account(t.Context(), "alice")
			require.NoError(t, err)
			require.NoError(t, stop())
			_, err = l.Begin(t.Context(), intent(fmt.Sprint("bob", n)))
			var e *sqlstore.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, sqlstore.FaultUnreachable, e.Fault)
			require.NotErrorIs(t, err, audit.ErrUncertain, "nothing was sent")
			_, err = l.Account(t.Context(), "alice")
			require.ErrorIs(t, err, audit.ErrStore)
			require.NoError(t, c.Start())
			_, err = l.Account(t.Context(), "alice")
			require.NoError(t, err, "who asks next is answered")
			_, err = l.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone})
			require.NoError(t, err)
			requireSound(t, store)
		})
	}
}

// TestIdleConnectionsThatWereCut: the next command notices nothing.
func TestIdleConnectionsThatWereCut(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	store := openPostgres(t, url)
	l := openLog(t, store, newKey(t))
	_, err := l.Begin(t.Context(), intent("alice"))
	require.NoError(t, err)
	_, err = besidePostgres(t, url).ExecContext(t.Context(),
		"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	require.NoError(t, err)
	_, err = l.Begin(t.Context(), intent("bob"))
	require.NoError(t, err)
	_, err = l.Account(t.Context(), "alice")
	require.NoError(t, err)
}

func TestCommitsWhoseConnectionIsCut(t *testing.T) {
	t.Parallel()
	p, url := newProxy(t, pgtest.Database(t))
	store := openPostgres(t, url)
	l := openLog(t, store, newKey(t))
	for name, there := range map[string]bool{"before the server got it": false, "before the answer came": true} {
		t.Run(name, func(t *testing.T) {
			before, _, err := l.Head(t.Context())
			require.NoError(t, err)
			p.next(there, false)
			begun, err := l.Begin(t.Context(), intent("account"+fmt.Sprint(before)))
			require.NoError(t, err)
			p.next(there, false)
			_, err = l.Renew(t.Context(), begun.Token)
			require.NoError(t, err, "the token is good")
			p.next(there, false)
			_, err = l.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone})
			require.NoError(t, err)
			after, _, err := l.Head(t.Context())
			require.NoError(t, err)
			require.Equal(t, before+2, after, "neither lost nor doubled")
			requireSound(t, store)
		})
	}
}

// TestPausedWriterLetsGo: a replica that was paused with the head in its hands
// keeps the others waiting for a few seconds at most.
func TestPausedWriterLetsGo(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	paused, other := openPostgres(t, url), openPostgres(t, url)
	key := newKey(t)
	l := openLog(t, other, key)
	tx, err := paused.Begin(t.Context())
	require.NoError(t, err)
	start := time.Now()
	_, err = l.Begin(t.Context(), intent("alice"))
	require.NoError(t, err)
	require.Less(t, time.Since(start), 7*time.Second)
	err = tx.Commit(t.Context(), audit.Changes{Workers: []audit.WorkerRow{{Name: "settle", Holder: "paused"}}})
	require.ErrorIs(t, err, audit.ErrStore, "it has lost its turn")
	require.NotErrorIs(t, err, audit.ErrUncertain)
	tx.Rollback()
	_, err = openLog(t, paused, key).Begin(t.Context(), intent("bob"))
	require.NoError(t, err)
	requireSound(t, other)
}

// TestLostServerIsKnown: with a watch, a network that carries nothing any more
// A server that is slow to answer is asked again when a ledger is opened: nobody
// waits for a command's answer yet.
func TestOpen_AsksASlowServerAgain(t *testing.T) {
	t.Parallel()
	p, url := newProxy(t, pgtest.Database(t))
	p.stall()
	opened := make(chan error, 1)
	go func() {
		store, err := sqlstore.Open(t.Context(), zap.NewNop(), url, sqlstore.Options{})
		if err == nil {
			err = store.Close()
		}
		opened <- err
	}()
	require.Eventually(t, func() bool { return p.taken() > 1 }, 20*time.Second, 10*time.Millisecond, "it asks again")
	p.resume()
	require.NoError(t, <-opened)
}

// costs nobody more than two seconds.
func TestLostServerIsKnown(t *testing.T) {
	t.Parallel()
	p, url := newProxy(t, pgtest.Database(t))
	store := openPostgres(t, url)
	l := openLog(t, store, newKey(t))
	ctx, cancel := context.WithCancel(t.Context())
	var watch sync.WaitGroup
	watch.Go(func() { l.Follow(ctx) })
	t.Cleanup(func() { cancel(); watch.Wait() })
	changed, stop := l.Subscribe()
	defer stop()
	<-changed // it watches
	_, err := l.Begin(t.Context(), intent("alice"))
	require.NoError(t, err)
	<-changed // of our own
	p.stall()
	start := time.Now()
	_, err = l.Begin(t.Context(), intent("bob"))
	require.Less(t, time.Since(start), 4*time.Second)
	var e *sqlstore.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, sqlstore.FaultUnreachable, e.Fault)
	start = time.Now()
	_, err = l.Begin(t.Context(), intent("bob"))
	require.ErrorAs(t, err, &e)
	require.Less(t, time.Since(start), time.Second, "from now on at once")
	p.resume()
	p.cut()
	<-changed // it is back
	_, err = l.Begin(t.Context(), intent("bob"))
	require.NoError(t, err)
	requireSound(t, store)
}
