package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"modbot/internal/mute"
)

// entryOf reads a stored entry. The columns beside the body are not looked at:
// Verify compares them.
func entryOf(row EntryRow) (Entry, error) {
	e, commits, err := parseBody(row.Body)
	if err != nil {
		return e, fmt.Errorf("%w: entry %d: %w", ErrRow, row.Seq, err)
	}
	e.Hash = row.Leaf
	switch {
	case row.Personal != nil:
		e.Personal = &row.Personal.Personal
	case commits.none():
		e.Personal = &Personal{}
	}
	return e, nil
}

// loader turns rows into views: it fetches the entries that they point to.
type loader struct {
	r       Reader
	entries map[int64]Entry
	cases   map[int64]CaseRow
}

func newLoader(r Reader) *loader {
	return &loader{r: r, entries: map[int64]Entry{}, cases: map[int64]CaseRow{}}
}

// fetch reads entries by seq, those that are not there yet.
func (l *loader) fetch(ctx context.Context, seqs []int64) error {
	slices.Sort(seqs)
	seqs = slices.DeleteFunc(slices.Compact(seqs), func(seq int64) bool {
		_, there := l.entries[seq]
		return there || seq == 0
	})
	if len(seqs) == 0 {
		return nil
	}
	rows, err := l.r.Entries(ctx, EntryQuery{Seqs: seqs})
	if err != nil {
		return err
	}
	for _, row := range rows {
		if l.entries[row.Seq], err = entryOf(row); err != nil {
			return err
		}
	}
	for _, seq := range seqs {
		if _, there := l.entries[seq]; !there {
			return fmt.Errorf("%w: entry %d is missing", ErrRow, seq)
		}
	}
	return nil
}

// views are the cases of rows, in their order.
func (l *loader) views(ctx context.Context, rows []CaseRow) ([]CaseView, error) {
	var seqs []int64
	for _, c := range rows {
		seqs = append(seqs, c.First, c.Asked, c.Intent, c.Last)
	}
	if err := l.fetch(ctx, seqs); err != nil {
		return nil, err
	}
	out := make([]CaseView, 0, len(rows))
	for _, c := range rows {
		v, err := l.view(c)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// opening is the entry that says who asked for the case, and why: its intent,
// else its last question, else its first entry.
func (l *loader) opening(c CaseRow) Entry {
	for _, seq := range []int64{c.Intent, c.Asked} {
		if seq != 0 {
			return l.entries[seq]
		}
	}
	return l.entries[c.First]
}

// view is a case as people see it.
func (l *loader) view(c CaseRow) (CaseView, error) {
	term, err := termOf(c.Term)
	if err != nil {
		return CaseView{}, fmt.Errorf("%w: case %d: %w", ErrRow, c.Number, err)
	}
	first, opening, last := l.entries[c.First], l.opening(c), l.entries[c.Last]
	v := CaseView{
		Number: c.Number, Status: c.Status, Verb: c.Verb, Scope: c.Scope, Term: term,
		Deadline: fromMicros(c.Deadline), Opened: first.Time, Began: fromMicros(c.Began),
		FirstSeq: c.First, LastSeq: c.Last, Intent: c.Intent, Batch: c.Batch, Key: first.Key,
		Platform: string(opening.Origin.Platform), Workspace: opening.Origin.Workspace, Channel: opening.Origin.Channel,
		Role: string(opening.Role), Rule: opening.Rule,
		Choice: opening.Choice, Before: opening.Before,
		Outcome: last.Outcome, Code: last.Code, Attempts: last.Attempts, Effect: last.Effect, After: last.After,
		Erased: opening.Personal == nil,
	}
	if p := opening.Personal; p != nil {
		v.Actor, v.ActorName, v.Account, v.Member = p.Actor, p.ActorName, p.Account, p.Member
		v.Reason, v.Snapshot = p.Reason, p.Snapshot
	}
	if v.Choice == "" {
		v.Choice = last.Choice
	}
	if c.Status.Settled() {
		v.Ended = last.Time
	}
	if c.Status == StatusWaiting {
		asked := l.entries[c.Asked]
		v.Question = &OpenQuestion{
			Seq: c.Asked, Version: c.Planned, Expires: fromMicros(c.Expires), Batch: c.Batch, Print: asked.Print(),
		}
	}
	return v, nil
}

// mutes are the mutes of rows, in their order.
func (l *loader) mutes(ctx context.Context, rows []MuteRow) ([]Mute, error) {
	if err := l.fetchCases(ctx, rows); err != nil {
		return nil, err
	}
	out := make([]Mute, 0, len(rows))
	for _, m := range rows {
		v := Mute{
			Field: m.Field, Case: m.Case, Permanent: m.Until == 0, Until: fromMicros(m.Until),
			Since: fromMicros(m.Since), Drifted: m.Drifted, made: l.cases[m.Case].Intent,
		}
		if p := l.opening(l.cases[m.Case]).Personal; p != nil {
			v.Account, v.Actor, v.ActorName, v.Reason = p.Account, p.Actor, p.ActorName, p.Reason
		}
		out = append(out, v)
	}
	return out, nil
}

// fetchCases reads the cases that own mutes, and the entries that opened them.
func (l *loader) fetchCases(ctx context.Context, rows []MuteRow) error {
	var k Keys
	for _, m := range rows {
		k.Cases = append(k.Cases, m.Case)
	}
	slices.Sort(k.Cases)
	k.Cases = slices.Compact(k.Cases)
	if k.empty() {
		return nil
	}
	found, err := l.r.Load(ctx, k)
	if err != nil {
		return err
	}
	var seqs []int64
	for _, c := range found.Cases {
		l.cases[c.Number] = c
		seqs = append(seqs, cmp.Or(c.Intent, c.Asked, c.First))
	}
	return l.fetch(ctx, seqs)
}

// acctOf finds an account's number, 0 when it is not known, and with it its
// row and lease.
func acctOf(ctx context.Context, r Reader, name mute.Account) (int64, Rows, error) {
	rows, err := r.Load(ctx, Keys{Accounts: []mute.Account{name}})
	if err != nil {
		return 0, rows, err
	}
	return rows.Names[name], rows, nil
}
