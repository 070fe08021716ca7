package sqlstore_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/pgtest"
)

// forEachDialect runs a scenario on both. open opens another store of the same
// database, db reaches it without a store.
func forEachDialect(t *testing.T, scenario func(t *testing.T, open func() *sqlstore.Store, db *sql.DB)) {
	t.Helper()
	opener := func(t *testing.T, url string) func() *sqlstore.Store {
		t.Helper()
		return func() *sqlstore.Store {
			store, err := sqlstore.Open(t.Context(), zap.NewNop(), url, sqlstore.Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			return store
		}
	}
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "modbot.db")
		open := opener(t, "sqlite:"+path)
		open()
		scenario(t, open, beside(t, path))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		open := opener(t, url)
		open()
		scenario(t, open, besidePostgres(t, url))
	})
}

const api = "openconfigsvr/setnospeaking"

func TestRate_SlotsOfAllProcessesFollowEachOther(t *testing.T) {
	t.Parallel()
	forEachDialect(t, func(t *testing.T, open func() *sqlstore.Store, _ *sql.DB) {
		const perSecond, each, block = 1000, 40, 5
		var mu sync.Mutex
		var slots []time.Duration
		var all sync.WaitGroup
		began := time.Now()
		for range 3 {
			rate := open().Rate(perSecond)
			all.Go(func() {
				for range each {
					first, interval, err := rate.Take(t.Context(), api, block)
					now := time.Since(began)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for i := range block {
						slots = append(slots, now+first+time.Duration(i)*interval)
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		require.Len(t, slots, 3*each*block)
		took := time.Since(began)
		last := max(took, slots[0])
		for _, s := range slots {
			last = max(last, s)
		}
		require.GreaterOrEqual(t, last, time.Duration(3*each*block-1)*time.Second/perSecond, "no slot was reserved twice")
	})
}

func TestRate_NamesDoNotShare(t *testing.T) {
	t.Parallel()
	forEachDialect(t, func(t *testing.T, open func() *sqlstore.Store, _ *sql.DB) {
		rate := open().Rate(1)
		_, _, err := rate.Take(t.Context(), api, 5)
		require.NoError(t, err)
		first, interval, err := rate.Take(t.Context(), api, 1)
		require.NoError(t, err)
		require.Greater(t, first, 3*time.Second)
		require.Equal(t, time.Second, interval)
		first, _, err = rate.Take(t.Context(), "another", 1)
		require.NoError(t, err)
		require.LessOrEqual(t, first, time.Second)
	})
}

func TestRate_NothingIsSavedUp(t *testing.T) {
	t.Parallel()
	forEachDialect(t, func(t *testing.T, open func() *sqlstore.Store, db *sql.DB) {
		rate := open().Rate(10)
		_, _, err := rate.Take(t.Context(), api, 1)
		require.NoError(t, err)
		_, err = db.ExecContext(t.Context(), "UPDATE rate SET tat = tat - 3600000000")
		require.NoError(t, err)
		first, _, err := rate.Take(t.Context(), api, 10)
		require.NoError(t, err)
		require.GreaterOrEqual(t, first, -time.Millisecond, "at the clock's time, not an hour ago")
		require.LessOrEqual(t, first, time.Duration(0))
	})
}

func TestRate_AClockThatWasSetBackCostsASecond(t *testing.T) {
	t.Parallel()
	forEachDialect(t, func(t *testing.T, open func() *sqlstore.Store, db *sql.DB) {
		rate := open().Rate(100)
		_, _, err := rate.Take(t.Context(), api, 1)
		require.NoError(t, err)
		_, err = db.ExecContext(t.Context(), "UPDATE rate SET tat = tat + 3600000000")
		require.NoError(t, err)
		first, _, err := rate.Take(t.Context(), api, 1)
		require.NoError(t, err)
		require.InDelta(t, time.Second, first, float64(100*time.Millisecond))
	})
}

func TestRate_IsRefusedWhereNothingMayBeWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "modbot.db")
	openStore(t, path)
	store, err := sqlstore.Open(t.Context(), zap.NewNop(), "sqlite:"+path, sqlstore.Options{ReadOnly: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	_, _, err = store.Rate(1).Take(t.Context(), api, 1)
	require.ErrorIs(t, err, audit.ErrStore)
}

func TestRate_EndsWithItsCaller(t *testing.T) {
	t.Parallel()
	forEachDialect(t, func(t *testing.T, open func() *sqlstore.Store, _ *sql.DB) {
		store := open()
		tx, err := store.Begin(t.Context())
		require.NoError(t, err)
		defer tx.Rollback()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		// In a file the statement waits for the transaction, on a server not.
		if _, _, err = store.Rate(1).Take(ctx, api, 1); err != nil {
			require.ErrorIs(t, err, audit.ErrStore)
		}
	})
}

// What a crash of the server leaves of the row is nothing, and what was
// reserved before it may still be used.
func TestRate_ACrashOfTheServerCostsASecond(t *testing.T) {
	t.Parallel()
	cluster := pgtest.New(t, pgtest.Options{})
	url := cluster.Database(t)
	store, err := sqlstore.Open(t.Context(), zap.NewNop(), url, sqlstore.Options{})
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	rate := store.Rate(100)
	_, _, err = rate.Take(t.Context(), api, 1)
	require.NoError(t, err)
	require.NoError(t, cluster.Crash())
	_, _, err = rate.Take(t.Context(), api, 1)
	require.ErrorIs(t, err, audit.ErrStore)
	require.NoError(t, cluster.Start())
	first, _, err := rate.Take(t.Context(), api, 1)
	require.NoError(t, err)
	require.InDelta(t, time.Second, first, float64(100*time.Millisecond))
}
