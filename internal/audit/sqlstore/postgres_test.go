package sqlstore_test

import (
	"database/sql"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit/audittest"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/pgtest"
)

// besidePostgres opens the same database without the store, foreign keys
// unchecked.
func besidePostgres(tb testing.TB, url string) *sql.DB {
	tb.Helper()
	cfg, err := pgx.ParseConfig(url)
	require.NoError(tb, err)
	cfg.RuntimeParams["session_replication_role"] = "replica"
	db := stdlib.OpenDB(*cfg)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	return db
}

func TestPostgresConformance(t *testing.T) {
	t.Parallel()
	// Each fixture is a copy of a database that has the schema: that is quicker
	// than to make it each time.
	template := pgtest.Database(t)
	made := sync.OnceValue(func() error {
		store, err := sqlstore.Open(t.Context(), zap.NewNop(), template, sqlstore.Options{})
		if err != nil {
			return err
		}
		return store.Close()
	})
	audittest.Run(t, func(t testing.TB) audittest.Fixture {
		require.NoError(t, made())
		url := pgtest.Copy(t, template)
		store, err := sqlstore.OpenTimeless(t.Context(), zaptest.NewLogger(t), url)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		return audittest.Fixture{Store: store, DB: besidePostgres(t, url), Wrote: "SELECT nextval('head_turn')"}
	})
}
