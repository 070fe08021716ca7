package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modbot/internal/audit"
)

// maxStatements bounds the prepared statements of one session.
const maxStatements = 256

// session is one connection with its prepared statements, for one user at a
// time. Its statements are not interrupted when the caller goes away: each is
// short, and what a transaction has begun it ends.
type session struct {
	conn   *sql.Conn
	rebind func(string) string
	stmts  map[string]*sql.Stmt
	// version is the dialect's version when the last write transaction looked;
	// it means nothing before one has.
	version int64
	looked  bool
	// contended: others had written when it looked.
	contended bool
}

func (s *Store) newSession(ctx context.Context) (*session, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, explain(s.name, fmt.Errorf("connecting: %w", err))
	}
	return &session{conn: conn, rebind: s.dialect.rebind, stmts: map[string]*sql.Stmt{}}, nil
}

func (s *session) close() error {
	s.forget()
	return s.conn.Close()
}

// forget closes the prepared statements.
func (s *session) forget() {
	for q, stmt := range s.stmts {
		_ = stmt.Close() // the connection goes, or they are prepared anew
		delete(s.stmts, q)
	}
}

func (s *session) stmt(ctx context.Context, q string) (*sql.Stmt, error) {
	if stmt, ok := s.stmts[q]; ok {
		return stmt, nil
	}
	if len(s.stmts) >= maxStatements {
		s.forget()
	}
	stmt, err := s.conn.PrepareContext(context.WithoutCancel(ctx), s.rebind(q)) //nolint:sqlclosecheck // kept, see forget
	if err != nil {
		return nil, fmt.Errorf("preparing %q: %w", q, err)
	}
	s.stmts[q] = stmt
	return stmt, nil
}

// exec runs a statement that returns nothing.
func (s *session) exec(ctx context.Context, q string, args ...any) error {
	stmt, err := s.stmt(ctx, q)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(context.WithoutCancel(ctx), args...)
	return err
}

// errEnough ends a query before its last row.
var errEnough = errors.New("enough rows")

// each runs a query and calls scan for every row, until it returns an error.
func (s *session) each(ctx context.Context, q string, args []any, scan func(*sql.Rows) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	stmt, err := s.stmt(ctx, q)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(context.WithoutCancel(ctx), args...)
	if err != nil {
		return err
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
	return rows.Err()
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
