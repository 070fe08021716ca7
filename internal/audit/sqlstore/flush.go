package sqlstore

import (
	"context"
	"slices"
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
	s, tb := t.sess, t.store.tables
	steps := []func() error{
		func() error { return write(ctx, s, tb.entry, c.Entries) },
		func() error { return write(ctx, s, tb.personal, personal) },
		func() error { return erase(ctx, s, c.PersonalGone) },
		func() error { return write(ctx, s, tb.checkpoint, c.Checkpoints) },
		func() error { return write(ctx, s, tb.cases, c.Cases) },
		func() error { return write(ctx, s, tb.account, c.Accounts) },
		func() error { return write(ctx, s, tb.mute, c.Mutes) },
		func() error { return remove(ctx, s, tb.mute, c.MutesGone, muteKey) },
		func() error { return remove(ctx, s, tb.link, c.LinksGone, numberKey) },
		func() error { return write(ctx, s, tb.link, c.Links) },
		func() error { return write(ctx, s, tb.lease, c.Leases) },
		func() error { return remove(ctx, s, tb.lease, c.LeasesGone, numberKey) },
		func() error { return write(ctx, s, tb.sink, c.Sinks) },
		func() error { return write(ctx, s, tb.posting, c.Postings) },
		func() error { return write(ctx, s, tb.worker, c.Workers) },
		func() error { return remove(ctx, s, tb.worker, c.WorkersGone, nameKey) },
		func() error { return t.writeHead(ctx, c) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// write inserts rows, or replaces those that are there.
func write[R any](ctx context.Context, s *session, t *table[R], rows []R) error {
	for len(rows) > 0 {
		n, which := chunk(len(rows))
		args := make([]any, 0, n*len(t.cols))
		for _, r := range rows[:n] {
			args = t.args(args, r)
		}
		if err := s.exec(ctx, t.inserts[which], args...); err != nil {
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
		n, _ := chunk(len(keys))
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

// erase deletes the side rows of entries.
func erase(ctx context.Context, s *session, seqs []int64) error {
	for part := range slices.Chunk(seqs, mostKeys) {
		args := pad(part)
		if err := s.exec(ctx, "DELETE FROM personal WHERE seq IN ("+params(len(args))+")", args...); err != nil {
			return err
		}
	}
	return nil
}

func numberKey(n int64) []any { return []any{n} }

func nameKey(name string) []any { return []any{name} }

// writeHead moves the head row.
func (t *tx) writeHead(ctx context.Context, c audit.Changes) error {
	h := c.Head
	if h == nil {
		return nil
	}
	q := `UPDATE head SET origin = ?, verifier = ?, size = ?, frontier = ?, at = ?, cases = ?, checkpoints = ? WHERE id = 1`
	args := []any{h.Origin, h.Verifier, h.Size, h.Frontier.Bytes(), h.At, h.Cases, h.Checkpoints}
	if d := t.store.dialect; d.notify != "" && len(c.Entries) > 0 {
		q += d.notify
		args = append(args, t.store.channel, t.store.id)
	}
	return t.sess.exec(ctx, q, args...)
}
