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
func openStore(t testing.TB, path string) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.Open(context.Background(), zaptest.NewLogger(t), "sqlite:"+path, sqlstore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

// beside opens the same file without the store.
func beside(t testing.TB, path string) *sql.DB {
	t.Helper()
	c, err := sqlite.NewConnector("file:" + path + "?_busy_timeout=5000")
	require.NoError(t, err)
	db := sql.OpenDB(c)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestSQLiteConformance(t *testing.T) {
	t.Parallel()
	audittest.Run(t, func(t testing.TB) audittest.Fixture {
		path := filepath.Join(t.TempDir(), "modbot.db")
		return audittest.Fixture{Store: openStore(t, path), DB: beside(t, path)}
	})
}
