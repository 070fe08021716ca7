//go:build unix

package acceptance

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	_ "modernc.org/sqlite" // the driver of the ledger's file
)

// open opens a ledger's file as somebody would who goes around modbot.
func open(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=rw&_pragma=busy_timeout(20000)")
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	require.NoError(t, db.PingContext(t.Context()))
	return db
}

// alter runs statements on a ledger's file, and leaves everything in it.
func alter(t *testing.T, path string, statements ...string) {
	t.Helper()
	db := open(t, path)
	for _, s := range statements {
		_, err := db.ExecContext(t.Context(), s)
		require.NoError(t, err, "%s", s)
	}
	_, err := db.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

// watch counts rows of the ledger, for polls that have no time for a process.
type watch struct {
	t  *testing.T
	db *sql.DB
}

func (w *world) watch() watch { w.t.Helper(); return watch{w.t, open(w.t, w.db)} }

// count counts entries of a kind.
func (c watch) count(kind string) int {
	c.t.Helper()
	var n int
	require.NoError(c.t, c.db.QueryRowContext(c.t.Context(), "SELECT count(*) FROM entry WHERE kind = ?", kind).Scan(&n))
	return n
}

// countOf counts the entries of a kind about a case.
func (c watch) countOf(kind string, number int64) int {
	c.t.Helper()
	var n int
	require.NoError(c.t, c.db.QueryRowContext(c.t.Context(), "SELECT count(*) FROM entry WHERE kind = ? AND case_no = ?", kind, number).Scan(&n))
	return n
}

// last is the number of the last entry of a kind, 0 when there is none.
func (c watch) last(kind string) int64 {
	c.t.Helper()
	var seq int64
	require.NoError(c.t, c.db.QueryRowContext(c.t.Context(), "SELECT coalesce(max(seq), 0) FROM entry WHERE kind = ?", kind).Scan(&seq))
	return seq
}

// lastKind is the kind of the last entry, empty when there is none.
func (c watch) lastKind() string {
	c.t.Helper()
	return c.text("SELECT kind FROM entry ORDER BY seq DESC LIMIT 1")
}

// lastAbout is the account that the last entry of a kind is about.
func (c watch) lastAbout(kind string) string {
	c.t.Helper()
	return c.text("SELECT p.account FROM entry e JOIN personal p ON p.seq = e.seq WHERE e.kind = ? ORDER BY e.seq DESC LIMIT 1", kind)
}

// text reads one text; empty when there is no row.
func (c watch) text(query string, args ...any) string {
	c.t.Helper()
	var text string
	err := c.db.QueryRowContext(c.t.Context(), query, args...).Scan(&text)
	if !errors.Is(err, sql.ErrNoRows) {
		require.NoError(c.t, err)
	}
	return text
}

// locked reports whether something may still happen to an account, and until
// when nobody may look at it. A lock that is over by itself counts no more; its
// row stays until the account is acted on again.
func (c watch) locked() (end time.Time, yes bool) {
	c.t.Helper()
	var most sql.NullInt64
	require.NoError(c.t, c.db.QueryRowContext(c.t.Context(), "SELECT max(until) FROM lease WHERE state <> 'locked' OR until > ?", time.Now().UnixMicro()).Scan(&most))
	return time.UnixMicro(most.Int64), most.Valid
}

// writable reports whether the write lock can be had.
func (c watch) writable() bool {
	c.t.Helper()
	conn, err := c.db.Conn(c.t.Context())
	require.NoError(c.t, err)
	defer func() { require.NoError(c.t, conn.Close()) }()
	for _, s := range []string{"PRAGMA busy_timeout = 100", "BEGIN IMMEDIATE", "ROLLBACK"} {
		if _, err = conn.ExecContext(c.t.Context(), s); err != nil {
			return false
		}
	}
	return true
}

// entries counts all entries.
func (c watch) entries() int64 {
	c.t.Helper()
	var n int64
	require.NoError(c.t, c.db.QueryRowContext(c.t.Context(), "SELECT count(*) FROM entry").Scan(&n))
	return n
}

// lock holds the ledger's write lock until the returned function is called:
// everybody can read, nobody can record.
func (w *world) lock() (release func()) {
	w.t.Helper()
	db := open(w.t, w.db)
	// The clean-up has to be able to end it when the test is over.
	ctx := context.WithoutCancel(w.t.Context())
	conn, err := db.Conn(ctx)
	require.NoError(w.t, err)
	_, err = conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	require.NoError(w.t, err)
	return func() {
		_, err := conn.ExecContext(ctx, "ROLLBACK")
		require.NoError(w.t, err)
		require.NoError(w.t, conn.Close())
		require.NoError(w.t, db.Close())
	}
}

// copyTo copies a ledger that nobody has open.
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

// rollBack makes every table of a ledger what it was in an older copy: the
// whole file goes back, whatever is in it.
func rollBack(t *testing.T, path, older string) {
	t.Helper()
	db := open(t, path)
	db.SetMaxOpenConns(1) // what is attached belongs to the connection
	ctx := t.Context()
	_, err := db.ExecContext(ctx, "ATTACH DATABASE ? AS older", older)
	require.NoError(t, err)
	rows, err := db.QueryContext(ctx, "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	require.NoError(t, err)
	var tables []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		tables = append(tables, name)
	}
	require.NoError(t, rows.Err())
	require.NoError(t, rows.Close())
	require.NotEmpty(t, tables)
	for _, name := range tables {
		for _, s := range []string{"DELETE FROM main.%[1]q", "INSERT INTO main.%[1]q SELECT * FROM older.%[1]q"} {
			_, err := db.ExecContext(ctx, fmt.Sprintf(s, name))
			require.NoError(t, err, name)
		}
	}
	require.NoError(t, db.Close())
}

// path is a file in the world's folder.
func (w *world) path(name string) string { return filepath.Join(w.dir, name) }
