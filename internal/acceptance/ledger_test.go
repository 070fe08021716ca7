//go:build unix

package acceptance

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// watch reads rows of a ledger, for polls that have no time for a process.
type watch struct {
	t  *testing.T
	on dialect
	db *sql.DB
}

func (w *world) watch() watch {
	w.t.Helper()
	return watch{w.t, w.ledger.on, w.ledger.open(w.t)}
}

// number reads one number.
func (c watch) number(query string, args ...any) (n int64) {
	c.t.Helper()
	require.NoError(c.t, c.db.QueryRowContext(c.t.Context(), query, args...).Scan(&n), "%s", query)
	return n
}

// count counts entries of a kind.
func (c watch) count(kind string) int {
	c.t.Helper()
	return int(c.number("SELECT count(*) FROM entry WHERE kind = $1", kind))
}

// countOf counts the entries of a kind about a case.
func (c watch) countOf(kind string, number int64) int {
	c.t.Helper()
	return int(c.number("SELECT count(*) FROM entry WHERE kind = $1 AND case_no = $2", kind, number))
}

// last is the number of the last entry of a kind, 0 when there is none.
func (c watch) last(kind string) int64 {
	c.t.Helper()
	return c.number("SELECT coalesce(max(seq), 0) FROM entry WHERE kind = $1", kind)
}

// entries counts all entries.
func (c watch) entries() int64 { c.t.Helper(); return c.number("SELECT count(*) FROM entry") }

// lastKind is the kind of the last entry, empty when there is none.
func (c watch) lastKind() string {
	c.t.Helper()
	return c.text("SELECT kind FROM entry ORDER BY seq DESC LIMIT 1")
}

// lastAbout is the account that the last entry of a kind is about.
func (c watch) lastAbout(kind string) string {
	c.t.Helper()
	return c.text("SELECT p.account FROM entry e JOIN personal p ON p.seq = e.seq WHERE e.kind = $1 ORDER BY e.seq DESC LIMIT 1", kind)
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
	require.NoError(c.t, c.db.QueryRowContext(c.t.Context(), "SELECT max(until) FROM lease WHERE state <> 'locked' OR until > $1", time.Now().UnixMicro()).Scan(&most))
	return time.UnixMicro(most.Int64), most.Valid
}

// takeHead is what a writer of a ledger begins with, after BEGIN.
const takeHead = "SELECT id FROM head FOR UPDATE"

// writable reports whether the write lock can be had.
func (c watch) writable() bool {
	c.t.Helper()
	conn, err := c.db.Conn(c.t.Context())
	require.NoError(c.t, err)
	defer func() { require.NoError(c.t, conn.Close()) }()
	try, undo := []string{"PRAGMA busy_timeout = 100", "BEGIN IMMEDIATE", "ROLLBACK"}, ""
	if c.on == onPostgres {
		try, undo = []string{"BEGIN", takeHead + " NOWAIT", "ROLLBACK"}, "ROLLBACK"
	}
	for _, q := range try {
		if _, err := conn.ExecContext(c.t.Context(), q); err != nil {
			if undo != "" {
				_, err := conn.ExecContext(c.t.Context(), undo)
				require.NoError(c.t, err)
			}
			return false
		}
	}
	return true
}

// lock holds the ledger's write lock until the returned function is called:
// everybody can read, nobody can record.
func (w *world) lock() (release func()) {
	w.t.Helper()
	db := w.ledger.open(w.t)
	// The clean-up has to be able to end it when the test is over.
	ctx := context.WithoutCancel(w.t.Context())
	conn, err := db.Conn(ctx)
	require.NoError(w.t, err)
	take := []string{"BEGIN IMMEDIATE"}
	if w.ledger.on == onPostgres {
		take = []string{"BEGIN", takeHead}
	}
	for _, q := range take {
		_, err := conn.ExecContext(ctx, q)
		require.NoError(w.t, err)
	}
	return func() {
		_, err := conn.ExecContext(ctx, "ROLLBACK")
		require.NoError(w.t, err)
		require.NoError(w.t, conn.Close())
		require.NoError(w.t, db.Close())
	}
}

// path is a file in the world's folder.
func (w *world) path(name string) string { return filepath.Join(w.dir, name) }
