//go:build unix

package acceptance

import (
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver of the ledger's file

	"modbot/internal/pgtest"
)

// dialect is the kind of store that a ledger is in.
type dialect string

const (
	onSQLite   dialect = "sqlite"
	onPostgres dialect = "postgres"
)

// onBoth runs a test on each kind of store, beside each other.
func onBoth(t *testing.T, test func(t *testing.T, on dialect)) {
	t.Helper()
	for _, on := range []dialect{onSQLite, onPostgres} {
		t.Run(string(on), func(t *testing.T) {
			t.Parallel()
			test(t, on)
		})
	}
}

// store is where a ledger is, for those who go around modbot.
type store struct {
	on  dialect
	url string // as modbot.yaml and --store have it
}

// fileStore is a ledger in a SQLite file.
func fileStore(path string) store { return store{onSQLite, "sqlite:" + path} }

// emptyStore is a place for a new ledger: a file in the folder, or a database.
func emptyStore(t *testing.T, on dialect, dir string) store {
	t.Helper()
	if on == onPostgres {
		return store{on, pgtest.Database(t)}
	}
	return fileStore(filepath.Join(dir, "modbot.db"))
}

// path is SQLite's file.
func (s store) path() string { return strings.TrimPrefix(s.url, "sqlite:") }

// open opens the ledger. PostgreSQL's foreign keys stop nobody who may do
// everything there; SQLite's are unchecked unless one asks for it.
func (s store) open(t *testing.T) *sql.DB {
	t.Helper()
	var db *sql.DB
	if s.on == onPostgres {
		cfg, err := pgx.ParseConfig(s.url)
		require.NoError(t, err)
		cfg.RuntimeParams["session_replication_role"] = "replica"
		db = stdlib.OpenDB(*cfg)
	} else {
		var err error
		db, err = sql.Open("sqlite", "file:"+s.path()+"?mode=rw&_pragma=busy_timeout(20000)")
		require.NoError(t, err)
	}
	t.Cleanup(func() { _ = db.Close() })
	require.NoError(t, db.PingContext(t.Context()))
	return db
}

// alter runs statements on the ledger, and leaves nobody connected and nothing
// beside SQLite's file.
func (s store) alter(t *testing.T, statements ...string) {
	t.Helper()
	if s.on == onSQLite {
		statements = append(slices.Clip(statements), "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	db := s.open(t)
	for _, q := range statements {
		_, err := db.ExecContext(t.Context(), q)
		require.NoError(t, err, "%s", q)
	}
	require.NoError(t, db.Close())
}

// copied is a copy of a ledger that nobody has open, as a backup is.
func (s store) copied(t *testing.T) store {
	t.Helper()
	if s.on == onPostgres {
		return store{s.on, pgtest.Copy(t, s.url)}
	}
	return fileStore(copyTo(t, s.path(), filepath.Join(t.TempDir(), "copy.db")))
}

// copyTo copies a SQLite file that nobody has open.
func copyTo(t *testing.T, from, to string) string {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		in, err := os.Open(from + suffix)
		if suffix != "" && os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		out, err := os.Create(to + suffix)
		require.NoError(t, err)
		_, err = io.Copy(out, in)
		require.NoError(t, err)
		require.NoError(t, out.Close())
		require.NoError(t, in.Close())
	}
	return to
}
