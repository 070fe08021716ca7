// Package sqlstore keeps the ledger of package audit in an SQL database.
//
// The model: one code path over database/sql; what SQLite and PostgreSQL do
// differently is a dialect, a handful of texts. There is one write transaction
// at a time. It takes the head row first, reads what the ledger asks for, and
// writes everything at its end, many rows to a statement. Readers have
// connections of their own and see one moment each, beside the writer.
//
// The package decides nothing: rows go in and out as the ledger made them.
// Every error that it returns is audit.ErrStore and says in words for people
// what is wrong with the database, or audit.ErrRow where a row holds what no
// ledger writes.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

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
	busyWait time.Duration // the constant, but for tests
	// writer holds the one write session while no transaction has it; readers
	// hold idle read sessions, nil where none was opened yet.
	writer  chan *session
	readers chan *session
	// turn counts the write transactions, and those of others that came in
	// between. Only who holds the write session touches it.
	turn int64
}

var _ audit.Store = (*Store)(nil)

// Open opens the database of a URL: sqlite:modbot.db. The schema is made or
// brought up to date; an existing SQLite file is copied first.
func Open(ctx context.Context, log *zap.Logger, url string, opts Options) (*Store, error) {
	d := sqliteDialect()
	steps, err := d.steps()
	if err != nil {
		return nil, err
	}
	return open(ctx, log, url, opts, d, steps)
}

// open is Open with the steps of a schema.
func open(ctx context.Context, log *zap.Logger, url string, opts Options, d dialect, steps fs.FS) (*Store, error) {
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok || path == "" {
		return nil, fmt.Errorf("the store %q is not understood: write sqlite:PATH, like sqlite:modbot.db", url)
	}
	db, err := openSQLite(path, opts.ReadOnly)
	if err != nil {
		return nil, explain(path, err)
	}
	s := &Store{
		log: log, db: db, dialect: d, tables: newTables(), name: path, readOnly: opts.ReadOnly, busyWait: busyWait,
		writer: make(chan *session, 1), readers: make(chan *session, maxReaders),
	}
	s.writer <- nil
	for range maxReaders {
		s.readers <- nil
	}
	if err := s.prepare(ctx, steps); err != nil {
		return nil, errors.Join(explain(path, err), db.Close())
	}
	return s, nil
}

// Close closes the database. Transactions and snapshots must have ended.
func (s *Store) Close() error {
	var errs []error
	for _, sess := range append(drain(s.readers), drain(s.writer)...) {
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

// take waits for a session.
func (s *Store) take(ctx context.Context, idle chan *session) (*session, error) {
	select {
	case sess := <-idle:
		if sess != nil {
			return sess, nil
		}
		sess, err := s.newSession(ctx)
		if err == nil && idle == s.writer && s.dialect.prepareWriter != "" {
			if err = sess.exec(ctx, s.dialect.prepareWriter); err != nil {
				err = errors.Join(explain(s.name, err), sess.close())
			}
		}
		if err != nil {
			idle <- nil
			return nil, err
		}
		return sess, nil
	case <-ctx.Done():
		return nil, explain(s.name, fmt.Errorf("waiting for a connection: %w", context.Cause(ctx)))
	}
}

// give puts a session back; one that is broken is thrown away.
func (s *Store) give(idle chan *session, sess *session, broken bool) {
	if broken {
		if err := sess.close(); err != nil {
			s.log.Warn("closing a connection to the ledger", zap.Error(err))
		}
		sess = nil
	}
	idle <- sess
}
