package sqlstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// dialect is all that the databases do differently. Statements are written
// with ? for parameters, standard SQL otherwise, and ON CONFLICT, which both
// have.
type dialect struct {
	goose goose.Dialect
	// server says that the database is a program of its own, perhaps far away,
	// and no file.
	server bool
	// migrations is the folder of the schema's steps.
	migrations string
	// beginWrite opens a write transaction, beginRead one that sees one moment.
	beginWrite string
	beginRead  string
	// prepareWriter is run once on the write connection, prepareReader on those
	// of readers, prepareSchema on the one that looks at the schema; each may be
	// empty.
	prepareWriter string
	prepareReader string
	prepareSchema string
	// takeHead reads the head row and the store's clock, and holds the row until
	// the end of the transaction; readHead reads the same without holding it.
	takeHead string
	readHead string
	// turn says whether the number that takeHead returns counts those who took
	// the head; otherwise version is a query for a number that changes when, and
	// only when, another connection has written.
	turn    bool
	version string
	// notify follows the UPDATE of the head row, in the transaction that appends
	// entries: it wakes other processes. Its parameters are the channel and who
	// notifies. It may be empty.
	notify string
	// rebind turns ? into what the driver knows.
	rebind func(string) string
	// check refuses a database that cannot keep what the ledger promises.
	check func(ctx context.Context, s *Store, sess *session) error
	// tables counts the tables, those that goose keeps versions in, and those
	// that a ledger has.
	tables string
	// lockSchema waits until nobody else brings the schema up to date, and keeps
	// others from it until the connection ends; empty where a migration needs no
	// lock beyond that of its transactions.
	lockSchema string
	// backup copies the database into a file; empty where that is not for us
	// to do.
	backup string
	// scrub are statements, run outside of a transaction, after which deleted
	// rows are not in the files any more; emptyJournal does the same for the
	// journal and returns three numbers, of which the first is 0 when it could.
	scrub        []string
	emptyJournal string
}

// headColumns are the columns of the head row, in the order of scanHead.
const headColumns = "origin, verifier, size, frontier, at, cases, checkpoints"

// sqliteDialect is SQLite: BEGIN IMMEDIATE takes the only write lock there is.
func sqliteDialect() dialect {
	const head = "SELECT " + headColumns + ", 0, 0 FROM head"
	return dialect{
		goose: goose.DialectSQLite3, migrations: "migrations/sqlite",
		beginWrite: "BEGIN IMMEDIATE", prepareWriter: "PRAGMA busy_timeout = 0", beginRead: "BEGIN",
		takeHead: head, readHead: head, version: "PRAGMA data_version",
		rebind: func(q string) string { return q },
		check:  checkSQLite,
		tables: `SELECT count(*), count(CASE WHEN name = 'goose_db_version' THEN 1 END), count(CASE WHEN name = 'head' THEN 1 END)
			FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
		backup: "VACUUM INTO ?",
		scrub:  []string{"VACUUM"}, emptyJournal: "PRAGMA wal_checkpoint(TRUNCATE)",
	}
}

// postgresClock is microseconds since 1970 by the server's clock.
const postgresClock = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"

// postgresDialect is PostgreSQL. A writer's statements see what was committed
// when each began, and the first of them takes the head: what they see is as of
// after the lock.
func postgresDialect() dialect {
	return dialect{
		goose: goose.DialectPostgres, server: true, migrations: "migrations/postgres",
		beginWrite:    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
		beginRead:     "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		prepareWriter: settings(lockWait, statementWait, idleWriter),
		prepareReader: settings(lockWait, statementWait, idleReader),
		prepareSchema: settings(schemaWait, 0, 0),
		// What follows the CTE is worked out after the row is locked: the clock
		// is read, and the turn counted, when nobody else can write any more.
		takeHead: "WITH taken AS MATERIALIZED (SELECT " + headColumns + " FROM head FOR UPDATE) SELECT " + headColumns +
			", nextval('head_turn'), " + postgresClock + " FROM taken",
		readHead: "SELECT " + headColumns + ", CAST(0 AS BIGINT), " + postgresClock + " FROM head",
		turn:     true,
		notify:   " RETURNING pg_notify(?, ?)",
		rebind:   numbered,
		check:    checkPostgres,
		// Only the schema that the connection works in; extensions bring tables
		// of their own.
		tables: `SELECT count(*), count(CASE WHEN c.relname = 'goose_db_version' THEN 1 END), count(CASE WHEN c.relname = 'head' THEN 1 END)
			FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')
				AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`,
		scrub:      []string{"VACUUM personal", "VACUUM sink"},
		lockSchema: "SELECT pg_advisory_lock(hashtextextended('modbot schema ' || current_schema(), 0))",
	}
}

// numbered turns each ? into $1, $2 and so on. No statement of this package
// has a ? that is anything else.
func numbered(q string) string {
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(q, "?") {
		if n > 0 {
			fmt.Fprintf(&b, "$%d", n)
		}
		b.WriteString(part)
		n++
	}
	return b.String()
}

// steps are the files of the schema's steps.
func (d dialect) steps() (fs.FS, error) { return fs.Sub(migrations, d.migrations) }
