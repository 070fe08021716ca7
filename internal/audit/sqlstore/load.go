package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// headRow reads the head row with a query of the dialect's, and the number of
// whose turn it is where the dialect counts that.
func (r *reader) headRow(ctx context.Context, q string) (h audit.HeadRow, turn int64, err error) {
	var frontier []byte
	n := 0
	h.Asked = time.Now()
	err = r.sess.each(ctx, q, nil, func(rows *sql.Rows) error {
		n++
		if err := rows.Scan(&h.Origin, &h.Verifier, &h.Size, &frontier, &h.At, &h.Cases, &h.Checkpoints, &turn, &h.Clock); err != nil {
			return err
		}
		var err error
		h.Frontier, err = audit.ParseFrontier(h.Size, frontier)
		return err
	})
	if err != nil {
		return h, 0, r.store.explain(fmt.Errorf("reading the head: %w", err))
	}
	if n != 1 {
		return h, 0, fmt.Errorf("%w: the ledger has %d heads", audit.ErrRow, n)
	}
	return h, turn, r.exact(ctx, &h)
}

// clockSlack is how long the store's clock may take to be read: while somebody
// else has the head, that is asked for again.
const clockSlack = 100 * time.Millisecond

// exact reads the store's clock again when it came with a head that took long.
func (r *reader) exact(ctx context.Context, h *audit.HeadRow) error {
	if h.Clock == 0 || time.Since(h.Asked) < clockSlack {
		return nil
	}
	h.Asked = time.Now()
	err := r.sess.one(ctx, "SELECT "+postgresClock, nil, &h.Clock)
	return r.store.explain(err)
}

// Head is the head row as the transaction took it.
func (t *tx) Head(context.Context) (audit.HeadRow, error) { return t.head, nil }

// Head reads the head row.
func (s *snapshot) Head(ctx context.Context) (audit.HeadRow, error) {
	h, _, err := s.headRow(ctx, s.store.dialect.readHead)
	return h, err
}

// Load reads the rows that the keys name.
func (r *reader) Load(ctx context.Context, k audit.Keys) (audit.Rows, error) {
	out := audit.Rows{Names: map[mute.Account]int64{}, Members: map[string]int64{}}
	accts := slices.Clone(k.Accts)
	err := r.names(ctx, k.Accounts, func(name mute.Account, acct int64) {
		out.Names[name] = acct
		accts = append(accts, acct)
	})
	links := slices.Clone(k.Links)
	err = errors.Join(err, r.members(ctx, k.Members, func(member string, seq int64) {
		out.Members[member] = seq
		links = append(links, seq)
	}))
	tb := r.store.tables
	err = errors.Join(err,
		pick(ctx, r, tb.ref, "ref", k.Refs, &out.Entries),
		pick(ctx, r, tb.account, "acct", accts, &out.Accounts),
		pick(ctx, r, tb.lease, "acct", accts, &out.Leases),
		pick(ctx, r, tb.mute, "acct", k.Mutes, &out.Mutes),
		pick(ctx, r, tb.link, "seq", links, &out.Links),
		pick(ctx, r, tb.cases, "number", k.Cases, &out.Cases),
		pick(ctx, r, tb.sink, "name", k.Sinks, &out.Sinks),
		pick(ctx, r, tb.worker, "name", k.Workers, &out.Workers),
	)
	return out, r.store.explain(err)
}

// mostKeys is how many keys one statement asks for.
const mostKeys = 64

// pad repeats the last of at most mostKeys keys until their number is one of
// few sizes: there are as many statements to prepare.
func pad[K any](keys []K) []any {
	n := mostKeys
	for _, size := range []int{1, 4, 16} {
		if len(keys) <= size {
			n = size
			break
		}
	}
	args := make([]any, n)
	for i := range args {
		args[i] = keys[min(i, len(keys)-1)]
	}
	return args
}

// pick reads the rows whose column has one of the values.
func pick[R, K any](ctx context.Context, r *reader, t *table[R], column string, values []K, out *[]R) error {
	for part := range slices.Chunk(values, mostKeys) {
		args := pad(part)
		q := "SELECT " + t.list("") + " FROM " + t.name + " WHERE " + column + " IN (" + params(len(args)) + ")"
		rows, err := t.all(ctx, r, q, args...)
		if err != nil {
			return err
		}
		*out = append(*out, rows...)
	}
	return nil
}

// names finds the numbers of accounts: that of the last entry about each. An
// account is found by its index in any case, and compared exactly.
func (r *reader) names(ctx context.Context, names []mute.Account, found func(mute.Account, int64)) error {
	for part := range slices.Chunk(names, mostKeys) {
		var args []any
		for _, a := range pad(part) {
			name := string(a.(mute.Account)) //nolint:forcetypeassert // made of them
			args = append(args, name, strings.ToLower(name))
		}
		row := "(?, ?)"
		q := "WITH want (name, folded) AS (VALUES " + strings.Repeat(row+", ", len(args)/2-1) + row + `)
			SELECT name, (SELECT e.acct FROM personal p JOIN entry e ON e.seq = p.seq
				WHERE lower(p.account) = folded AND p.account = name ORDER BY p.seq DESC LIMIT 1) FROM want`
		err := r.sess.each(ctx, q, args, func(rows *sql.Rows) error {
			var name string
			var acct sql.NullInt64
			if err := rows.Scan(&name, &acct); err != nil {
				return err
			}
			if acct.Valid {
				found(mute.Account(name), acct.Int64)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// members finds the link in force of each member: that of an entry which names
// the member. There is one at most.
func (r *reader) members(ctx context.Context, members []string, found func(string, int64)) error {
	for part := range slices.Chunk(members, mostKeys) {
		args := pad(part)
		q := `SELECT p.member, l.seq FROM personal p JOIN link l ON l.seq = p.seq
			WHERE p.member <> '' AND p.member IN (` + params(len(args)) + `) ORDER BY l.seq`
		err := r.sess.each(ctx, q, args, func(rows *sql.Rows) error {
			var member string
			var seq int64
			if err := rows.Scan(&member, &seq); err != nil {
				return err
			}
			found(member, seq)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// actorPage is how many entries of an actor are looked at with one statement.
const actorPage = 200

// Actions counts the intents that the actor began since. The entries of an
// actor are looked at from the last: time never goes back in the log.
func (r *reader) Actions(ctx context.Context, actor string, since int64) (int, error) {
	n, before := 0, int64(math.MaxInt64)
	for {
		rows, enough := 0, false
		err := r.sess.each(ctx, `SELECT e.seq, e.at, e.kind FROM personal p JOIN entry e ON e.seq = p.seq
			WHERE p.actor = ? AND p.seq < ? ORDER BY p.seq DESC LIMIT ?`, []any{actor, before, actorPage}, func(row *sql.Rows) error {
			var at int64
			var kind string
			if err := row.Scan(&before, &at, &kind); err != nil {
				return err
			}
			rows++
			enough = enough || at < since
			if !enough && audit.Kind(kind) == audit.KindIntent {
				n++
			}
			return nil
		})
		if err != nil || enough || rows < actorPage {
			return n, r.store.explain(err)
		}
	}
}
