package sqlstore

import (
	"context"
	"embed"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// dialect is all that the databases do differently. Statements are written
// with ? for parameters, standard SQL otherwise, and ON CONFLICT, which both
// have.
type dialect struct {
	goose goose.Dialect
	// migrations is the folder of the schema's steps.
	migrations string
	// beginWrite opens a write transaction, beginRead one that sees one moment.
	beginWrite string
	// prepareWriter is run once on the write connection; may be empty.
	prepareWriter string
	beginRead     string
	// lockHead follows the SELECT of the head row in a write transaction.
	lockHead string
	// version is a query for a number that changes when, and only when, another
	// connection has written; empty where there is none.
	version string
	// rebind turns ? into what the driver knows.
	rebind func(string) string
	// check refuses a database that cannot keep what the ledger promises.
	check func(ctx context.Context, sess *session, readOnly bool) error
	// tables counts the tables, and those that goose keeps versions in.
	tables string
	// backup copies the database into a file; empty where that is not for us
	// to do.
	backup string
}

// sqliteDialect is SQLite: BEGIN IMMEDIATE takes the only write lock there is.
func sqliteDialect() dialect {
	return dialect{
		goose: goose.DialectSQLite3, migrations: "migrations/sqlite",
		beginWrite: "BEGIN IMMEDIATE", prepareWriter: "PRAGMA busy_timeout = 0", beginRead: "BEGIN", lockHead: "", version: "PRAGMA data_version",
		rebind: func(q string) string { return q },
		check:  checkSQLite,
		tables: `SELECT count(*), count(CASE WHEN name = 'goose_db_version' THEN 1 END)
			FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
		backup: "VACUUM INTO ?",
	}
}

// steps are the files of the schema's steps.
func (d dialect) steps() (fs.FS, error) { return fs.Sub(migrations, d.migrations) }
