package sqlstore

import (
	"context"
	"strings"

	"modbot/internal/audit"
)

// flush writes everything that a group changed, many rows to a statement.
func (t *tx) flush(ctx context.Context, c audit.Changes) error {
	var personal []personalOf
	for _, e := range c.Entries {
		if e.Personal != nil {
			personal = append(personal, personalOf{e.Seq, e.Personal})
		}
	}
	s := t.sess
	steps := []func() error{
		func() error { return write(ctx, s, entryTable(), c.Entries) },
		func() error { return write(ctx, s, personalTable(), personal) },
		func() error { return write(ctx, s, checkpointTable(), c.Checkpoints) },
		func() error { return write(ctx, s, casesTable(), c.Cases) },
		func() error { return write(ctx, s, accountTable(), c.Accounts) },
		func() error { return write(ctx, s, muteTable(), c.Mutes) },
		func() error { return remove(ctx, s, muteTable(), c.MutesGone, muteKey) },
		func() error { return write(ctx, s, leaseTable(), c.Leases) },
		func() error { return remove(ctx, s, leaseTable(), c.LeasesGone, numberKey) },
		func() error { return write(ctx, s, sinkTable(), c.Sinks) },
		func() error { return write(ctx, s, postingTable(), c.Postings) },
		func() error { return write(ctx, s, workerTable(), c.Workers) },
		func() error { return writeHead(ctx, s, c.Head) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// chunk is the largest of the sizes that n rows fill. There are few sizes, so
// that there are few statements to prepare.
func chunk(n int) int {
	for _, size := range []int{64, 16, 4} {
		if n >= size {
			return size
		}
	}
	return 1
}

// write inserts rows, or replaces those that are there.
func write[R any](ctx context.Context, s *session, t *table[R], rows []R) error {
	for len(rows) > 0 {
		n := chunk(len(rows))
		args := make([]any, 0, n*len(t.cols))
		for _, r := range rows[:n] {
			args = t.args(args, r)
		}
		if err := s.exec(ctx, t.insert(n), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// remove deletes rows by their primary key.
func remove[R, K any](ctx context.Context, s *session, t *table[R], keys []K, args func(K) []any) error {
	row := "(" + strings.Join(t.cols[:t.key], " = ? AND ") + " = ?)"
	for len(keys) > 0 {
		n := chunk(len(keys))
		var all []any
		for _, k := range keys[:n] {
			all = append(all, args(k)...)
		}
		where := strings.Repeat(row+" OR ", n-1) + row
		if err := s.exec(ctx, "DELETE FROM "+t.name+" WHERE "+where, all...); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

func numberKey(n int64) []any { return []any{n} }

// writeHead moves the head row.
func writeHead(ctx context.Context, s *session, h *audit.HeadRow) error {
	if h == nil {
		return nil
	}
	frontier := h.Frontier.Bytes()
	return s.exec(ctx, `UPDATE head SET origin = ?, verifier = ?, size = ?, frontier = ?, at = ?, cases = ?, checkpoints = ?
		WHERE id = 1`, h.Origin, h.Verifier, h.Size, frontier, h.At, h.Cases, h.Checkpoints)
}
