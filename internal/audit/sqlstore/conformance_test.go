package sqlstore_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"
	"modernc.org/sqlite"

	"modbot/internal/audit/audittest"
	"modbot/internal/audit/sqlstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// openStore opens a store in a file of its own.
func openStore(tb testing.TB, path string) *sqlstore.Store {
	tb.Helper()
	store, err := sqlstore.Open(context.Background(), zaptest.NewLogger(tb), "sqlite:"+path, sqlstore.Options{})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, store.Close()) })
	return store
}

// beside opens the same file without the store.
func beside(tb testing.TB, path string) *sql.DB {
	tb.Helper()
	c, err := sqlite.NewConnector("file:" + path + "?_busy_timeout=5000")
	require.NoError(tb, err)
	db := sql.OpenDB(c)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	return db
}

func TestSQLiteConformance(t *testing.T) {
	t.Parallel()
	audittest.Run(t, func(t testing.TB) audittest.Fixture {
		path := filepath.Join(t.TempDir(), "modbot.db")
		return audittest.Fixture{Store: openStore(t, path), DB: beside(t, path)}
	})
}
