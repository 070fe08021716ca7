// Package sqlstore keeps the ledger of package audit in an SQL database.
//
// The model: one code path over database/sql; what SQLite and PostgreSQL do
// differently is a dialect, a handful of texts. There is one write transaction
// at a time. It takes the head row first, reads what the ledger asks for, and
// writes everything at its end, many rows to a statement. Readers have
// connections of their own and see one moment each, beside the writer.
//
// The package decides nothing: rows go in and out as the ledger made them.
// A server that is far away may go at any moment. Every statement to it is
// bounded, a connection that failed is thrown away, and an answer to COMMIT that
// did not come is audit.ErrUncertain: the ledger looks again on a new connection.
//
// Every error that it returns is audit.ErrStore and says in words for people
// what is wrong with the database, or audit.ErrRow where a row holds what no
// ledger writes.
package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"modbot/internal/audit"
)

// maxReaders is how many snapshots may be open at once.
const maxReaders = 4

// Options say how a store is opened.
type Options struct {
	// ReadOnly opens what is there, migrates nothing and refuses to write.
	ReadOnly bool
}

// Store is an audit.Store. It is safe for concurrent use.
type Store struct {
	log      *zap.Logger
	db       *sql.DB
	dialect  dialect
	tables   *tables
	name     string
	readOnly bool
	patience atomic.Int64  // see SetPatience; nanoseconds
	busyWait time.Duration // the constant, but for tests
	// Of a server: the way there, the name of this process's entries in the
	// channel that it notifies, and whether it is there.
	config  *pgx.ConnConfig
	id      string
	channel string
	pulse   *pulse
	// writer holds the one write session while no transaction has it; readers
	// hold idle read sessions, rates that of Rate where it has one; nil where
	// none was opened yet.
	writer  chan *session
	readers chan *session
	rates   chan *session
	// turn counts the write transactions, and those of others that came in
	// between. Only who holds the write session touches it.
	turn int64
}

var _ audit.Store = (*Store)(nil)

// Open opens the database of a URL: sqlite:modbot.db, or
// postgres://USER@HOST/DATABASE with what libpq's URLs may say besides. The
// schema is made or brought up to date; an existing SQLite file is copied first.
func Open(ctx context.Context, log *zap.Logger, url string, opts Options) (*Store, error) {
	d, ok := dialectOf(url)
	if !ok {
		return nil, errURL
	}
	steps, err := d.steps()
	if err != nil {
		return nil, err
	}
	return open(ctx, log, url, opts, d, steps)
}

// errURL does not quote the URL: it may hold a password.
var errURL = errors.New("the store's URL is not understood: write sqlite:PATH, like sqlite:modbot.db, or postgres://USER@HOST/DATABASE")

// dialectOf is the dialect of a URL.
func dialectOf(url string) (dialect, bool) {
	scheme, rest, _ := strings.Cut(url, ":")
	switch {
	case rest == "":
		return dialect{}, false
	case scheme == "sqlite":
		return sqliteDialect(), true
	case scheme == "postgres", scheme == "postgresql":
		return postgresDialect(), strings.HasPrefix(rest, "//")
	default:
		return dialect{}, false
	}
}

// open is Open with the steps of a schema.
func open(ctx context.Context, log *zap.Logger, url string, opts Options, d dialect, steps fs.FS) (*Store, error) {
	s := &Store{
		log: log, dialect: d, tables: newTables(), readOnly: opts.ReadOnly, busyWait: busyWait,
		id: rand.Text(), pulse: newPulse(),
		writer: make(chan *session, 1), readers: make(chan *session, maxReaders), rates: make(chan *session, 1),
	}
	if err := s.connect(url); err != nil {
		return nil, s.explain(err)
	}
	// A session lives as long as it is well; nobody else shall get what it used.
	s.db.SetMaxIdleConns(-1)
	s.writer <- nil
	s.rates <- nil
	for range maxReaders {
		s.readers <- nil
	}
	if err := s.prepare(ctx, steps); err != nil {
		return nil, errors.Join(s.explain(err), s.db.Close())
	}
	return s, nil
}

// connect prepares the pool of connections.
func (s *Store) connect(url string) error {
	var err error
	if s.dialect.server {
		if s.config, s.name, err = parsePostgres(url); err == nil {
			s.db = openPostgres(s.config)
		}
		return err
	}
	s.name = strings.TrimPrefix(url, "sqlite:")
	s.db, err = openSQLite(s.name, s.readOnly)
	return err
}

// Close closes the database. Transactions and snapshots must have ended.
func (s *Store) Close() error {
	var errs []error
	for _, sess := range slices.Concat(drain(s.readers), drain(s.rates), drain(s.writer)) {
		errs = append(errs, sess.close())
	}
	return errors.Join(append(errs, s.db.Close())...)
}

// drain takes the sessions that lie idle.
func drain(idle chan *session) []*session {
	var out []*session
	for {
		select {
		case sess := <-idle:
			if sess != nil {
				out = append(out, sess)
			}
		default:
			return out
		}
	}
}

// take waits for a session. It reports fresh when the connection was made for
// it just now.
func (s *Store) take(ctx context.Context, idle chan *session) (sess *session, fresh bool, err error) {
	alive, lost := s.pulse.state()
	if lost != nil {
		return nil, false, lost
	}
	select {
	case sess = <-idle:
	case <-alive.Done():
		return nil, false, context.Cause(alive) //nolint:contextcheck // the server's life is no call's
	case <-ctx.Done():
		return nil, false, s.explain(fmt.Errorf("%w: %w", errBusySession, context.Cause(ctx)))
	}
	if sess != nil {
		sess.failed = nil
		s.bound(sess)
		return sess, false, nil
	}
	prepare := s.dialect.prepareReader
	if idle == s.writer {
		prepare = s.dialect.prepareWriter
	}
	if sess, err = s.newSession(ctx, prepare); err != nil {
		idle <- nil
		return nil, true, err
	}
	s.bound(sess)
	return sess, true, nil
}

// SetPatience bounds each statement to a server that begins from now on: people
// wait for the answer. Before, and with 0, it is what the work of a machine may
// take.
func (s *Store) SetPatience(d time.Duration) { s.patience.Store(int64(d)) }

// bound sets how long a statement of a session may take.
func (s *Store) bound(sess *session) {
	if !s.dialect.server {
		return
	}
	sess.limit = statementTime
	if d := time.Duration(s.patience.Load()); d > 0 {
		sess.limit = min(sess.limit, d)
	}
}

// give puts a session back; one that may be broken is thrown away.
func (s *Store) give(idle chan *session, sess *session, broken bool) {
	if broken {
		if err := sess.discard(); err != nil {
			s.log.Debug("closing a connection to the ledger", zap.Error(err))
		}
		sess = nil
	}
	idle <- sess
}
