package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strconv"
	"strings"

	"modernc.org/sqlite"
)

// leastSQLite is the oldest SQLite without the WAL-reset bug (3.7.0 to
// 3.51.2), by which two connections that write and checkpoint at once can
// corrupt the file.
var leastSQLite = [3]int{3, 51, 3} //nolint:gochecknoglobals // a constant, which Go has no arrays of

// sqlitePragmas are run on every new connection, in this order: the driver's
// own _pragma parameters would be run in that of the alphabet.
func sqlitePragmas(readOnly bool) []string {
	p := []string{
		// For the moments in which SQLite recovers or ends a WAL. Writers wait
		// for their turn without it, see tx.go.
		"PRAGMA busy_timeout = 5000",
		"PRAGMA foreign_keys = ON",
		"PRAGMA trusted_schema = OFF",
		"PRAGMA cache_size = -16384", // 16 MiB
		// A page that many transactions change is then copied into the file once.
		"PRAGMA wal_autocheckpoint = 4000",
	}
	if runtime.GOOS == "darwin" { // where fsync leaves data in the drive's cache
		p = append(p, "PRAGMA fullfsync = ON", "PRAGMA checkpoint_fullfsync = ON")
	}
	if readOnly {
		return append(p, "PRAGMA query_only = ON")
	}
	return append(p, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")
}

// openSQLite prepares a pool of connections to a file; nothing is opened yet.
func openSQLite(path string, readOnly bool) (*sql.DB, error) {
	mode := "rwc"
	if readOnly {
		mode = "rw" // a reader of a WAL needs its index; query_only does the rest
	}
	// In a file: name ? # and % have a meaning.
	name := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String()
	inner, err := sqlite.NewConnector(name + "?mode=" + mode)
	if err != nil {
		return nil, fmt.Errorf("the path %q: %w", path, err)
	}
	return sql.OpenDB(&connector{Connector: inner, pragmas: sqlitePragmas(readOnly)}), nil
}

// connector makes connections and runs the pragmas on each.
type connector struct {
	driver.Connector
	pragmas []string
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	exec, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, errors.Join(errors.New("the SQLite driver cannot run statements"), conn.Close())
	}
	for _, p := range c.pragmas {
		if _, err := exec.ExecContext(ctx, p, nil); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", p, err), conn.Close())
		}
	}
	return conn, nil
}

// checkSQLite refuses a library that is too old, and a file system on which
// the WAL or the durability that the ledger promises cannot be had.
func checkSQLite(ctx context.Context, s *Store, sess *session) error {
	var version, journal string
	var synchronous int
	if err := sess.one(ctx, "SELECT sqlite_version()", nil, &version); err != nil {
		return err
	}
	if !atLeast(version, leastSQLite) {
		return fmt.Errorf("SQLite %s can corrupt a ledger: at least %d.%d.%d is needed", version, leastSQLite[0], leastSQLite[1], leastSQLite[2])
	}
	if s.readOnly {
		return nil
	}
	if err := sess.one(ctx, "PRAGMA journal_mode", nil, &journal); err != nil {
		return err
	}
	if err := sess.one(ctx, "PRAGMA synchronous", nil, &synchronous); err != nil {
		return err
	}
	const full = 2
	if journal != "wal" || synchronous != full {
		return fmt.Errorf("SQLite keeps the journal as %q and synchronous at %d here: the ledger needs wal and %d", journal, synchronous, full)
	}
	return nil
}

// atLeast compares a version in dots.
func atLeast(version string, least [3]int) bool {
	parts := strings.SplitN(version, ".", len(least)+1)
	for i, want := range least {
		if i >= len(parts) {
			return false
		}
		got, err := strconv.Atoi(parts[i])
		if err != nil || got < want {
			return false
		}
		if got > want {
			return true
		}
	}
	return true
}
