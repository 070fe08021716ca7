package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"modbot/internal/audit"
)

// What entries are read from: from whichever narrows them most, so that a page
// costs the same however long the log is.
const (
	entryBySeq   = " FROM entry e LEFT JOIN personal p ON p.seq = e.seq"
	entryByActor = " FROM personal p JOIN entry e ON e.seq = p.seq"
)

// fewKinds is up to how many kinds are looked up each in the index. More of them
// are most entries, and those are found where they stand.
const fewKinds = 6

// Entries reads entries with their side rows.
func (r *reader) Entries(ctx context.Context, q audit.EntryQuery) ([]audit.EntryRow, error) {
	if len(q.Seqs) > 0 {
		return r.entriesBySeq(ctx, q.Seqs)
	}
	if q.Since != 0 {
		before, err := r.before(ctx, q.Since)
		if err != nil {
			return nil, r.store.explain(fmt.Errorf("looking for the first entry since a time: %w", err))
		}
		q.After = max(q.After, before)
	}
	from, seq := entryBySeq, "e.seq"
	var w where
	switch {
	case q.Actor == "":
		// PostgreSQL may merge the two tables, and would read all side rows before
		// the first that is asked for.
		from += " AND p.seq" + over(q.After)
		w.args = append(w.args, q.After)
		if q.Before != 0 {
			from += " AND p.seq < ?"
			w.args = append(w.args, q.Before)
		}
	case q.Case != 0 || q.Acct != 0: // which narrow more
		w.and("(p.actor || '') = ?", q.Actor)
	default:
		// The index over actors has their entries in order.
		from, seq = entryByActor, "p.seq"
		w.and("p.actor = ?", q.Actor)
	}
	w.and(seq+over(q.After), q.After)
	w.number(seq+" < ?", q.Before)
	w.number("e.case_no = ?", q.Case)
	if q.Acct != 0 {
		w.and("e.acct = ? AND e.acct <> 0", q.Acct)
	}
	order := " ORDER BY " + seq
	if q.Newest {
		order += " DESC"
	}
	w.kinds(q, order)
	return r.entries(ctx, from, w, order, q.Limit)
}

// kinds narrows to kinds. Where something else narrows more, or most entries are
// of them, the index over kinds would only mislead: an expression has none.
func (w *where) kinds(q audit.EntryQuery, order string) {
	if len(q.Kinds) == 0 {
		return
	}
	var kinds []any
	for _, k := range q.Kinds {
		kinds = append(kinds, string(k))
	}
	if q.Case != 0 || q.Acct != 0 || q.Actor != "" || q.Limit <= 0 || len(kinds) > fewKinds {
		w.and("(e.kind || '') IN ("+params(len(kinds))+")", kinds...)
		return
	}
	// The first of each kind, of which the first of all are some.
	var arms []string
	var args []any
	for _, k := range kinds {
		arm := where{}
		arm.and("e.kind = ?", k)
		arm.and("e.seq"+over(q.After), q.After)
		arm.number("e.seq < ?", q.Before)
		arms = append(arms, "SELECT seq FROM (SELECT e.seq FROM entry e"+arm.String()+order+arm.limit(q.Limit)+") k")
		args = append(args, arm.args...)
	}
	w.and("e.seq IN ("+strings.Join(arms, " UNION ALL ")+")", args...)
}

// before is the last entry before a time. The times of entries never go back, so
// it is found by halves.
func (r *reader) before(ctx context.Context, since int64) (int64, error) {
	var first, last sql.NullInt64 // of those that may be the one; first-1 surely is before
	if err := r.sess.one(ctx, "SELECT (SELECT min(seq) FROM entry), (SELECT max(seq) FROM entry)", nil, &first, &last); err != nil {
		return 0, err
	}
	low, high := first.Int64-1, last.Int64
	for low < high {
		middle := low + (high-low+1)/2
		var at int64
		// A log of which rows are missing is still searched.
		err := r.sess.one(ctx, "SELECT at FROM entry WHERE seq >= ? ORDER BY seq LIMIT 1", []any{middle}, &at)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return 0, err
		}
		if err == nil && at < since {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return max(0, low), nil
}

func (r *reader) entries(ctx context.Context, from string, w where, order string, limit int) ([]audit.EntryRow, error) {
	t := r.store.tables.entry
	q := "SELECT " + t.list("e.") + ", " + r.store.tables.personal.list("p.") + from + w.String() + order + w.limit(limit)
	rows, err := t.all(ctx, r, q, w.args...)
	if err != nil {
		return nil, fmt.Errorf("reading entries: %w", err)
	}
	return rows, nil
}
