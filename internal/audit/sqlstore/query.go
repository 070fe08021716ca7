package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"strings"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// where gathers conditions and their parameters.
type where struct {
	terms []string
	args  []any
}

func (w *where) and(term string, args ...any) {
	w.terms = append(w.terms, term)
	w.args = append(w.args, args...)
}

// number adds a condition unless the number says nothing.
func (w *where) number(term string, n int64) {
	if n != 0 {
		w.and(term, n)
	}
}

func (w *where) String() string {
	if len(w.terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.terms, " AND ")
}

// over compares with a number that rows come after. The least of all is meant
// with them: who asks for everything wants it, too.
func over(n int64) string {
	if n == math.MinInt64 {
		return " >= ?"
	}
	return " > ?"
}

// limit ends a query; 0 is all.
func (w *where) limit(n int) string {
	if n <= 0 {
		return ""
	}
	w.args = append(w.args, n)
	return " LIMIT ?"
}

// entriesBySeq reads entries by their seqs, in no order.
func (r *reader) entriesBySeq(ctx context.Context, seqs []int64) ([]audit.EntryRow, error) {
	var out []audit.EntryRow
	for len(seqs) > 0 {
		n := min(len(seqs), mostKeys)
		args := pad(seqs[:n])
		var w where
		w.and("e.seq IN ("+params(len(args))+")", args...)
		rows, err := r.entries(ctx, entryBySeq, w, "", 0)
		if err != nil {
			return nil, err
		}
		out, seqs = append(out, rows...), seqs[n:]
	}
	return out, nil
}

// Checkpoints reads stored checkpoints in order of their size.
func (r *reader) Checkpoints(ctx context.Context, after int64, limit int) ([]audit.CheckpointRow, error) {
	t := r.store.tables.checkpoint
	return t.all(ctx, r, "SELECT "+t.list("")+" FROM checkpoint WHERE size"+over(after)+" ORDER BY size LIMIT ?", after, limit)
}

// Cases reads cases: of one account the newest first, others by number.
func (r *reader) Cases(ctx context.Context, q audit.CaseQuery) ([]audit.CaseRow, error) {
	var w where
	w.number("number"+over(q.After), q.After)
	w.number("number < ?", q.Before)
	w.number("acct = ?", q.Acct)
	if q.Batch != 0 {
		w.and("batch = ? AND batch <> 0", q.Batch)
	}
	if q.Waiting {
		w.and("status = 1")
	}
	if q.Acting {
		w.and("status IN (2, 3)")
	}
	order := " ORDER BY number"
	if q.Acct != 0 {
		order += " DESC"
	}
	t := r.store.tables.cases
	return t.all(ctx, r, "SELECT "+t.list("")+" FROM cases"+w.String()+order+w.limit(q.Limit), w.args...)
}

// AccountRows reads account rows by number.
func (r *reader) AccountRows(ctx context.Context, after int64, limit int) ([]audit.AccountRow, error) {
	t := r.store.tables.account
	return t.all(ctx, r, "SELECT "+t.list("")+" FROM account WHERE acct"+over(after)+" ORDER BY acct LIMIT ?", after, limit)
}

// LinkRows reads links by the seqs of their entries.
func (r *reader) LinkRows(ctx context.Context, after int64, limit int) ([]audit.LinkRow, error) {
	t := r.store.tables.link
	return t.all(ctx, r, "SELECT "+t.list("")+" FROM link WHERE seq"+over(after)+" ORDER BY seq LIMIT ?", after, limit)
}

// Counts counts what is open and active.
func (r *reader) Counts(ctx context.Context) (audit.Counts, error) {
	var c audit.Counts
	acting := "(SELECT count(*) FROM lease l JOIN cases c ON c.number = l.case_no WHERE c.status = "
	q := "SELECT (SELECT count(*) FROM mute), (SELECT count(*) FROM cases WHERE status = 1), " + acting + "2), " + acting + "3)"
	err := r.sess.one(ctx, q, nil, &c.Mutes, &c.Waiting, &c.InFlight, &c.Unknown)
	return c, r.store.explain(err)
}

// PersonalRows counts the side rows.
func (r *reader) PersonalRows(ctx context.Context) (int64, error) {
	var n int64
	err := r.sess.one(ctx, "SELECT count(*) FROM personal", nil, &n)
	return n, r.store.explain(err)
}

// Leases reads the accounts that are held until somebody reads them back, or
// for longer than a time.
func (r *reader) Leases(ctx context.Context, after int64, limit int) ([]audit.LeaseRow, error) {
	t := r.store.tables.lease
	return t.all(ctx, r, "SELECT "+t.list("")+" FROM lease WHERE state <> 'locked' OR until > ? ORDER BY until LIMIT ?", after, limit)
}

// Sinks reads the audit channels.
func (r *reader) Sinks(ctx context.Context) ([]audit.SinkRow, error) {
	t := r.store.tables.sink
	return t.all(ctx, r, "SELECT "+t.list("")+" FROM sink ORDER BY name")
}

// Backlog counts entries, and finds the time of the first: times never go back.
func (r *reader) Backlog(ctx context.Context, after int64, kinds []audit.Kind, most int) (entries, oldest int64, err error) {
	args := []any{after}
	for _, k := range kinds {
		args = append(args, string(k))
	}
	q := "SELECT count(*), coalesce(min(at), 0) FROM (SELECT at FROM entry WHERE seq > ? AND kind IN (" + params(len(kinds)) +
		") ORDER BY seq LIMIT ?) waiting"
	err = r.sess.one(ctx, q, append(args, most), &entries, &oldest)
	return entries, oldest, r.store.explain(err)
}

// Postings reads where entries were posted.
func (r *reader) Postings(ctx context.Context, first, last int64) ([]audit.PostingRow, error) {
	t := r.store.tables.posting
	return t.all(ctx, r, "SELECT "+t.list("")+" FROM posting WHERE last >= ? AND first <= ? ORDER BY last, sink", first, last)
}

// Workers reads the leases of workers by the beginning of their names.
func (r *reader) Workers(ctx context.Context, prefix string) ([]audit.WorkerRow, error) {
	t := r.store.tables.worker
	return t.all(ctx, r, "SELECT "+t.list("")+" FROM worker WHERE substr(name, 1, ?) = ? ORDER BY name", len(prefix), prefix)
}

// recentNames is how many entries are looked at for accounts of late.
const recentNames = 2000

// Accounts reads known accounts: those like the name first, then recent ones.
func (r *reader) Accounts(ctx context.Context, q audit.NameQuery) ([]mute.Account, error) {
	var out []mute.Account
	seen := map[mute.Account]bool{"": true}
	add := func(a mute.Account) {
		if !seen[a] && len(out) < q.Limit {
			seen[a] = true
			out = append(out, a)
		}
	}
	err := r.namesLike(ctx, q, add)
	if err == nil && !q.Equal {
		err = r.sess.each(ctx, "SELECT account FROM personal ORDER BY seq DESC LIMIT ?", []any{recentNames}, func(rows *sql.Rows) error {
			var a mute.Account
			err := rows.Scan((*string)(&a))
			add(a)
			return err
		})
	}
	return out, r.store.explain(err)
}

// namesLike walks the index over names that begin as asked, in any case: one
// step for each account, however many entries it has.
func (r *reader) namesLike(ctx context.Context, q audit.NameQuery, add func(mute.Account)) error {
	// Accounts are printable ASCII: DEL is after all of them.
	fold, end := strings.ToLower(q.Like), strings.ToLower(q.Like)+"\x7f"
	if q.Equal {
		end = fold + "\x01" // before the first name that is longer
	}
	var name string
	for range q.Limit {
		err := r.sess.one(ctx, `SELECT account, lower(account) FROM personal
			WHERE (lower(account), account) > (?, ?) AND lower(account) < ?
			ORDER BY lower(account), account LIMIT 1`, []any{fold, name, end}, &name, &fold)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		add(mute.Account(name))
	}
	return nil
}
