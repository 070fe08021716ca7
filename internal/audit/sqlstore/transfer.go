package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"modbot/internal/audit"
)

// What Transfer refuses.
var (
	// ErrNotEmpty: the target has something in it already.
	ErrNotEmpty = errors.New("the target is not empty")
	// ErrInFlight: actions have no outcome yet, and only a running modbot finds
	// out what became of them.
	ErrInFlight = errors.New("actions are in flight")
)

// transferred are the tables that make a ledger, each after those that its rows
// refer to. The head is moved last, and by itself.
func transferred() []string {
	return []string{"entry", "personal", "checkpoint", "cases", "account", "mute", "link", "sink", "posting"}
}

// leftBehind are the tables that mean something only to processes that run.
func leftBehind() []string { return []string{"lease", "worker", "rate"} }

// Transfer copies a ledger into the empty store of another database: the log
// with its personal values, the projections, the kept checkpoints, and how far
// each audit channel was told, frozen attempts included. It is one transaction
// of the target, all or nothing; the source is only read. Nobody may write to
// the source meanwhile, and its actions must have come to an end. Progress is
// told of rows.
func Transfer(ctx context.Context, from, to *Store, progress func(done, total int64)) error {
	view, err := from.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer view.Close()
	src, _ := view.(*snapshot)
	head, err := src.Head(ctx)
	if err != nil {
		return err
	}
	opened, err := to.Begin(ctx)
	if err != nil {
		return err
	}
	defer opened.Rollback()
	dst, _ := opened.(*tx)
	if err := dst.vacant(ctx); err != nil {
		return err
	}
	total, err := src.movable(ctx)
	if err != nil {
		return err
	}
	t := transfer{src: src, dst: dst, told: func(done int64) { progress(done, total) }}
	for _, name := range transferred() {
		if err := t.table(ctx, name); err != nil {
			return fmt.Errorf("copying the table %s: %w", name, err)
		}
	}
	return dst.Commit(ctx, audit.Changes{Head: &head})
}

// vacant refuses a target that anybody has written to.
func (t *tx) vacant(ctx context.Context) error {
	if t.head.Size != 0 || t.head.Verifier != "" {
		return fmt.Errorf("%w: it has the ledger of %s", ErrNotEmpty, t.head.Origin)
	}
	for _, name := range transferred() {
		n, err := t.count(ctx, name)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%w: its table %s has %d rows", ErrNotEmpty, name, n)
		}
	}
	return nil
}

// movable counts the rows to be copied, and refuses where cases are in flight.
func (s *snapshot) movable(ctx context.Context) (total int64, err error) {
	c, err := s.Counts(ctx)
	if err != nil {
		return 0, err
	}
	// An open case whose lease is gone is in flight all the same.
	acting, err := s.Cases(ctx, audit.CaseQuery{Acting: true, Limit: 1})
	if err != nil {
		return 0, err
	}
	if n := c.InFlight + c.Unknown; n > 0 || len(acting) > 0 {
		return 0, fmt.Errorf("%w: %d at least", ErrInFlight, max(n, 1))
	}
	for _, name := range transferred() {
		n, err := s.count(ctx, name)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

func (r *reader) count(ctx context.Context, name string) (n int64, err error) {
	err = r.sess.one(ctx, "SELECT count(*) FROM "+name, nil, &n)
	return n, r.store.explain(err)
}

// transfer copies tables.
type transfer struct {
	src  *snapshot
	dst  *tx
	done int64
	told func(done int64)
}

// table copies one table, many rows to a statement.
func (t *transfer) table(ctx context.Context, name string) error {
	var cols []string
	var args []any
	rows := 0
	flush := func(n int) error {
		row := "(" + params(len(cols)) + ")"
		q := "INSERT INTO " + name + " (" + strings.Join(cols, ", ") + ") VALUES " + strings.Repeat(row+", ", n-1) + row
		if err := t.dst.sess.exec(ctx, q, args[:n*len(cols)]...); err != nil {
			return t.dst.store.explain(err)
		}
		args, rows = args[n*len(cols):], rows-n
		t.done += int64(n)
		t.told(t.done)
		return nil
	}
	var failed error // of the target, which the source's reader would take for its own
	err := t.src.sess.each(ctx, "SELECT * FROM "+name+" ORDER BY 1, 2", nil, func(r *sql.Rows) (err error) {
		if cols == nil {
			if cols, err = r.Columns(); err != nil {
				return err
			}
		}
		row, err := scanned(r, len(cols))
		if err != nil {
			return err
		}
		args, rows = append(args, row...), rows+1
		if rows < chunks[0] {
			return nil
		}
		if failed = errors.Join(flush(chunks[0]), ctx.Err()); failed != nil {
			return errEnough
		}
		return nil
	})
	if err = errors.Join(failed, t.src.store.explain(err)); err != nil {
		return err
	}
	for rows > 0 {
		n, _ := chunk(rows)
		if err := flush(n); err != nil {
			return err
		}
	}
	return nil
}

// scanned is a row as the driver has it. An empty blob comes without bytes
// behind it, which the other driver takes for NULL: it gets some.
func scanned(r *sql.Rows, n int) ([]any, error) {
	row, dest := make([]any, n), make([]any, n)
	for i := range row {
		dest[i] = &row[i]
	}
	err := r.Scan(dest...)
	for i, v := range row {
		if blob, ok := v.([]byte); ok && blob == nil {
			row[i] = []byte{}
		}
	}
	return row, err
}
