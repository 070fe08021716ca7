package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"modbot/internal/audit"
)

// maxStatements bounds the prepared statements of one session.
const maxStatements = 256

var (
	// errSlow: a server did not answer a statement in time.
	errSlow = errors.New("the server did not answer in time")
	// errBusySession: all sessions were in use.
	errBusySession = errors.New("waiting for a connection")
)

// session is one connection with its prepared statements, for one user at a
// time. Its statements are not interrupted when the caller goes away: each is
// short, and what a transaction has begun it ends. Where the database is a
// server, each is bounded all the same, and one that is over its time costs
// the connection.
type session struct {
	conn   *sql.Conn
	rebind func(string) string
	limit  time.Duration // of one statement; 0 where there is none
	pulse  *pulse        // ends statements to a server that is lost
	stmts  map[string]*sql.Stmt
	// version is the dialect's version, or turn, when the last write transaction
	// looked; it means nothing before one has.
	version int64
	looked  bool
	// contended: others had written when it looked.
	contended bool
	// failed is the first error of a statement since the transaction began: a
	// server refuses what comes after it, and nothing of it may be committed.
	failed error
}

// newSession connects, and runs a statement, if it is not empty, that prepares
// the connection for its use.
func (s *Store) newSession(ctx context.Context, prepare string) (*session, error) {
	limit := time.Duration(0)
	if s.dialect.server {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, connectTime, errSlow)
		defer cancel()
		limit = statementTime
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, s.explain(fmt.Errorf("connecting: %w", err))
	}
	sess := &session{conn: conn, rebind: s.dialect.rebind, limit: limit, pulse: s.pulse, stmts: map[string]*sql.Stmt{}}
	if prepare != "" {
		if err := sess.exec(ctx, prepare); err != nil {
			return nil, errors.Join(s.explain(fmt.Errorf("preparing a connection: %w", err)), sess.discard())
		}
	}
	return sess, nil
}

// close closes a session that is well.
func (s *session) close() error {
	s.forget()
	return s.conn.Close()
}

// discard closes a session that may be broken, without a word to a server
// that may no longer be there.
func (s *session) discard() error {
	if s.limit == 0 { // a file, whose statements have to end before it
		s.forget()
	}
	err := s.conn.Raw(func(any) error { return driver.ErrBadConn })
	if s.limit != 0 {
		s.forget()
	}
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}

// forget closes the prepared statements.
func (s *session) forget() {
	for q, stmt := range s.stmts {
		_ = stmt.Close() // the connection goes, or they are prepared anew
		delete(s.stmts, q)
	}
}

// bounded is the context of one statement. To a server, the caller's deadline
// counts, too: what is late for him is no use to anybody.
func (s *session) bounded(ctx context.Context) (context.Context, func()) {
	if s.limit == 0 {
		return context.WithoutCancel(ctx), func() {}
	}
	limit := s.limit
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline))
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	late := time.AfterFunc(limit, func() { cancel(errSlow) })
	alive, _ := s.pulse.state()
	stop := context.AfterFunc(alive, func() { cancel(context.Cause(alive)) })
	return ctx, func() {
		late.Stop()
		stop()
		cancel(nil)
	}
}

// note keeps the first error of a transaction, and says why a statement was
// given up.
func (s *session) note(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	if s.failed == nil {
		s.failed = err
	}
	return err
}

func (s *session) stmt(ctx context.Context, q string) (*sql.Stmt, error) {
	if stmt, ok := s.stmts[q]; ok {
		return stmt, nil
	}
	if len(s.stmts) >= maxStatements {
		s.forget()
	}
	stmt, err := s.conn.PrepareContext(ctx, s.rebind(q)) //nolint:sqlclosecheck // kept, see forget
	if err != nil {
		return nil, s.note(ctx, fmt.Errorf("preparing %q: %w", q, err))
	}
	s.stmts[q] = stmt
	return stmt, nil
}

// exec runs a statement that returns nothing.
func (s *session) exec(ctx context.Context, q string, args ...any) error {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	stmt, err := s.stmt(ctx, q)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(ctx, args...)
	return s.note(ctx, err)
}

// errEnough ends a query before its last row.
var errEnough = errors.New("enough rows")

// each runs a query and calls scan for every row, until it returns an error.
func (s *session) each(ctx context.Context, q string, args []any, scan func(*sql.Rows) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	stmt, err := s.stmt(ctx, q)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return s.note(ctx, err)
	}
	defer rows.Close() //nolint:errcheck // Err tells more
	for rows.Next() {
		if err := scan(rows); err != nil {
			if errors.Is(err, errEnough) {
				return nil
			}
			// The driver has delivered the row: what does not fit is its content.
			return fmt.Errorf("%w: %w", audit.ErrRow, err)
		}
	}
	return s.note(ctx, rows.Err())
}

// one runs a query of one row.
func (s *session) one(ctx context.Context, q string, args []any, dest ...any) error {
	found := false
	err := s.each(ctx, q, args, func(r *sql.Rows) error {
		found = true
		return r.Scan(dest...)
	})
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}
