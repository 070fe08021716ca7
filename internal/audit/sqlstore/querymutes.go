package sqlstore

import (
	"context"
	"strings"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

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
		in := fieldsAsked(q)
		w.and("m.field IN ("+params(len(in))+")", in...)
		w.number("m.case_no < ?", q.Before)
		if q.Actor != "" {
			w.and("(p.actor = ? OR p.actor_name = ?)", q.Actor, q.Actor)
		}
		return t.all(ctx, r, "SELECT "+columns+" FROM mute m"+actorOf(q)+w.String()+newestMutes+w.limit(q.Limit), w.args...)
	case q.Actor != "":
		return r.mutesBy(ctx, q)
	}
	// The newest of each field, of which the newest of all are some: an index has
	// each in order.
	var arms []where
	for _, f := range fieldsAsked(q) {
		arm := where{terms: []string{"m.field = ?"}, args: []any{f}}
		arm.number("m.case_no < ?", q.Before)
		arms = append(arms, arm)
	}
	return r.newest(ctx, q, " FROM mute m", "m.case_no", arms)
}

// mutesBy reads the mutes that an actor, by id or name, began: an index has the
// cases of each in order. Of the last of them both fields are read, of which the
// limit may leave one out.
func (r *reader) mutesBy(ctx context.Context, q audit.MuteQuery) ([]audit.MuteRow, error) {
	in := fieldsAsked(q)
	var arms []where
	for _, is := range []string{"p.actor = ?", "p.actor_name = ?"} {
		arm := where{terms: []string{"p.began <> 0", is}, args: []any{q.Actor}}
		arm.and("m.field IN ("+params(len(in))+")", in...)
		arm.number("p.began < ?", q.Before)
		arms = append(arms, arm)
	}
	return r.newest(ctx, q, " FROM personal p JOIN mute m ON m.case_no = p.began", "p.began", arms)
}

// newest reads the newest rows of each arm, and of those the newest.
func (r *reader) newest(ctx context.Context, q audit.MuteQuery, from, number string, arms []where) ([]audit.MuteRow, error) {
	t := r.store.tables.mute
	columns := t.list("m.")
	most := q.Limit
	if most > 0 {
		most++ // both fields of the last case
	}
	var parts []string
	var all where
	for _, arm := range arms {
		q := "SELECT " + columns + from + arm.String() + " ORDER BY " + number + " DESC" + arm.limit(most)
		parts = append(parts, "SELECT * FROM ("+q+") part")
		all.args = append(all.args, arm.args...)
	}
	return t.all(ctx, r, "SELECT "+columns+" FROM ("+strings.Join(parts, " UNION ")+") m"+newestMutes+all.limit(q.Limit), all.args...)
}

// fieldsAsked are the fields of a query as stored: all where it says none.
func fieldsAsked(q audit.MuteQuery) []any {
	if q.Scope == 0 {
		return fields(mute.ScopeAll)
	}
	return fields(q.Scope)
}

const newestMutes = " ORDER BY m.case_no DESC, m.field"

// actorOf joins who began the case of a mute, where that is asked for.
func actorOf(q audit.MuteQuery) string {
	if q.Actor == "" {
		return ""
	}
	return " JOIN cases c ON c.number = m.case_no JOIN personal p ON p.seq = c.intent"
}
