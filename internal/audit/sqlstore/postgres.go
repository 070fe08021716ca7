package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Nothing that goes over a network may last for ever. The server ends what
// takes too long, and what a paused client left open; the client gives up a
// connection whose server no longer answers.
const (
	// connectTime bounds making a connection, all addresses of the URL together.
	connectTime = 2 * time.Second
	// statementTime is after which a statement's connection is given up. It is
	// over the server's own bounds, which leave the connection alive.
	statementTime = 12 * time.Second
	// statementWait bounds one statement on the server, lockWait its wait for a
	// lock: that of the head, above all.
	statementWait = 10 * time.Second
	lockWait      = 8 * time.Second
	// idleWriter is how long the server waits for the next statement of a write
	// transaction. Its client has nothing to wait for: one that says nothing for
	// this long is paused or dead, and others wait for the head that it holds.
	idleWriter = 3 * time.Second
	// idleReader is the same of a snapshot, which holds up nobody, but keeps the
	// server from cleaning up.
	idleReader = 10 * time.Minute
	// schemaWait bounds the wait for another process that brings the schema up
	// to date.
	schemaWait = time.Minute
)

// leastPostgres is the oldest server that is supported, as in
// server_version_num.
const leastPostgres = 130000

// keepAlive finds a connection whose other side is gone while nobody uses it.
func keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: time.Second, Count: 3}
}

// settings is the statement that bounds what follows on a connection.
func settings(lock, statement, idle time.Duration) string {
	set := func(name string, d time.Duration) string {
		return fmt.Sprintf("set_config('%s', '%d', false)", name, d.Milliseconds())
	}
	return "SELECT " + set("lock_timeout", lock) + ", " + set("statement_timeout", statement) + ", " +
		set("idle_in_transaction_session_timeout", idle)
}

// prepareSession is run on every new connection. Nothing is left to what the
// server, the database or the role happens to have as its default:
//
//   - An acknowledged commit is on the server's disk, and on that of the
//     synchronous standbys where the server names some; remote_apply waits for
//     even more, and is left as it is.
//   - Policies on rows make a statement fail. They do not hide rows.
//   - Nobody compiles the small statements of a ledger.
//   - There is no bound on time but ours, see settings.
const prepareSession = `SELECT
	set_config('default_transaction_isolation', 'read committed', false),
	set_config('default_transaction_read_only', 'off', false),
	set_config('lock_timeout', '0', false),
	set_config('statement_timeout', '0', false),
	set_config('idle_in_transaction_session_timeout', '0', false),
	set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
	set_config('row_security', 'off', false),
	set_config('jit', 'off', false)`

// parsePostgres reads the URL. Errors never quote it: it may hold a password.
func parsePostgres(raw string) (*pgx.ConnConfig, string, error) {
	name := postgresName(raw)
	cfg, err := pgx.ParseConfig(raw)
	if err != nil {
		return nil, name, &Error{Fault: FaultMissing, Name: name, Server: true, Err: errors.New("its URL cannot be read: write postgres://USER@HOST/DATABASE, and escape signs like @ : / in names")}
	}
	cfg.ConnectTimeout = connectTime
	cfg.DialFunc = (&net.Dialer{Timeout: connectTime, KeepAliveConfig: keepAlive()}).DialContext
	return cfg, name, nil
}

// postgresName is the URL without what is secret in it.
func postgresName(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "postgres"
	}
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if user := u.User.Username(); user != "" {
		clean.User = url.User(user)
	}
	if path := u.Query().Get("search_path"); path != "" {
		clean.RawQuery = url.Values{"search_path": {path}}.Encode()
	}
	return clean.String()
}

// openPostgres prepares connections to a server; none is made yet.
func openPostgres(cfg *pgx.ConnConfig) *sql.DB {
	return stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, prepareSession)
		return err
	}))
}

// checkPostgres refuses a server that is too old, forgets commits, or cannot
// keep every name as it is written.
func checkPostgres(ctx context.Context, s *Store, sess *session) error {
	var version int64
	var fsync, encoding string
	var schema sql.NullString
	var standby bool
	err := sess.one(ctx, `SELECT CAST(current_setting('server_version_num') AS BIGINT), current_setting('fsync'),
		current_setting('server_encoding'), current_schema(), pg_is_in_recovery()`, nil, &version, &fsync, &encoding, &schema, &standby)
	if err != nil {
		return err
	}
	s.channel = channelOf(schema.String)
	switch {
	case version < leastPostgres:
		return fmt.Errorf("the server is PostgreSQL %d: at least %d is needed", version/10000, leastPostgres/10000)
	case encoding != "UTF8":
		return fmt.Errorf("the database keeps text as %s: the ledger needs one made with ENCODING 'UTF8'", encoding)
	case !schema.Valid:
		return s.fault(FaultMissing, errors.New("the schema of its search_path is not there"))
	case s.readOnly:
		return nil
	case standby:
		return s.fault(FaultReadOnly, errors.New("the server is a standby"))
	case fsync != "on":
		return fmt.Errorf("the server runs with fsync=%s and forgets commits when its machine stops: the ledger needs fsync=on", fsync)
	default:
		return nil
	}
}
