package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// fewEntries is up to how many entries of an actor their mutes are looked for by
// the entries. Who has more has a mute among the newest, or takes longer.
const fewEntries = 500

// Mutes reads active mutes.
func (r *reader) Mutes(ctx context.Context, q audit.MuteQuery) ([]audit.MuteRow, error) {
	t := r.store.tables.mute
	columns := t.list("m.")
	var w where
	switch {
	case q.Walk:
		w.and("m.acct"+over(q.AfterAcct), q.AfterAcct)
		return t.all(ctx, r, "SELECT "+columns+" FROM mute m"+w.String()+" ORDER BY m.acct, m.field"+w.limit(q.Limit), w.args...)
	case q.DueBy != 0:
		w.and("m.until > ? AND m.until <= ?", max(0, q.DueAfter), q.DueBy)
		return t.all(ctx, r, "SELECT "+columns+" FROM mute m"+w.String()+" ORDER BY m.until, m.acct, m.field"+w.limit(q.Limit), w.args...)
	case q.Acct != 0:
		w.and("m.acct = ?", q.Acct)
		w.mutes(q)
		return t.all(ctx, r, "SELECT "+columns+" FROM mute m"+actorOf(q)+w.String()+newestMutes+w.limit(q.Limit), w.args...)
	case q.Actor != "":
		cases, few, err := r.casesOf(ctx, q.Actor)
		if err != nil {
			return nil, r.store.explain(err)
		}
		if few {
			return r.mutesOf(ctx, q, cases)
		}
	}
	// The newest of each field, of which the newest of all are some: an index has
	// each in order.
	scope := q.Scope
	if scope == 0 {
		scope = mute.ScopeAll
	}
	w.mutes(q)
	var arms []string
	var args []any
	for _, f := range fields(scope) {
		arm := where{terms: append([]string{"m.field = ?"}, w.terms...), args: append([]any{f}, w.args...)}
		arms = append(arms, "SELECT * FROM (SELECT "+columns+" FROM mute m"+actorOf(q)+arm.String()+" ORDER BY m.case_no DESC"+arm.limit(q.Limit)+") f")
		args = append(args, arm.args...)
	}
	var all where
	all.args = args
	return t.all(ctx, r, "SELECT "+columns+" FROM ("+strings.Join(arms, " UNION ALL ")+") m"+newestMutes+all.limit(q.Limit), all.args...)
}

const newestMutes = " ORDER BY m.case_no DESC, m.field"

// mutes narrows to what is asked of mutes.
func (w *where) mutes(q audit.MuteQuery) {
	w.number("m.case_no < ?", q.Before)
	if f := fields(q.Scope); q.Acct != 0 && len(f) > 0 {
		w.and("m.field IN ("+params(len(f))+")", f...)
	}
	if q.Actor != "" {
		w.and("(p.actor = ? OR p.actor_name = ?)", q.Actor, q.Actor)
	}
}

// actorOf joins who began the case of a mute, where that is asked for.
func actorOf(q audit.MuteQuery) string {
	if q.Actor == "" {
		return ""
	}
	return " JOIN cases c ON c.number = m.case_no JOIN personal p ON p.seq = c.intent"
}

// casesOf are the cases that an actor, by id or name, began, the newest first;
// few is false when the actor has so many entries that it is not known.
func (r *reader) casesOf(ctx context.Context, actor string) (cases []int64, few bool, err error) {
	found := 0
	add := func(rows *sql.Rows) error {
		var kind string
		var n int64
		err := rows.Scan(&kind, &n)
		if found++; audit.Kind(kind) == audit.KindIntent {
			cases = append(cases, n)
		}
		return err
	}
	for _, which := range []string{"actor = ?", "actor_name = ? AND actor_name <> ''"} {
		q := "SELECT e.kind, e.case_no FROM (SELECT seq FROM personal WHERE " + which + " LIMIT ?) s JOIN entry e ON e.seq = s.seq"
		if err := r.sess.each(ctx, q, []any{actor, fewEntries}, add); err != nil {
			return nil, false, err
		}
	}
	slices.Sort(cases)
	cases = slices.Compact(cases)
	slices.Reverse(cases)
	return cases, found < fewEntries, nil
}

// mutesOf reads the mutes of some cases, which are the newest first.
func (r *reader) mutesOf(ctx context.Context, q audit.MuteQuery, cases []int64) ([]audit.MuteRow, error) {
	t := r.store.tables.mute
	scope := q.Scope
	if scope == 0 {
		scope = mute.ScopeAll
	}
	in := fields(scope)
	var out []audit.MuteRow
	for part := range slices.Chunk(cases, mostKeys) {
		var w where
		w.and("m.field IN ("+params(len(in))+")", in...)
		w.number("m.case_no < ?", q.Before)
		args := pad(part)
		w.and("m.case_no IN ("+params(len(args))+")", args...)
		rows, err := t.all(ctx, r, "SELECT "+t.list("m.")+" FROM mute m"+w.String()+newestMutes, w.args...)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
		if q.Limit > 0 && len(out) >= q.Limit {
			return out[:q.Limit], nil
		}
	}
	return out, nil
}
