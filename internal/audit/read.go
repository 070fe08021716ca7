package audit

import (
	"context"
	"slices"
	"time"

	"modbot/internal/mute"
)

const (
	// pageLimit is how many items a page has when nobody says, and pageMost
	// how many it has at most.
	pageLimit = 10
	pageMost  = 1000
)

// limit is the number of items that a page asks for.
func (p Page) limit() int {
	if p.Limit <= 0 {
		return pageLimit
	}
	return min(p.Limit, pageMost)
}

// Known finds the case that an invocation key belongs to: nil when the key is
// new. For the key of a batch the case has no Number, and Batch says which.
func (l *Log) Known(ctx context.Context, key string) (*CaseView, error) {
	if key == "" {
		return nil, nil //nolint:nilnil // documented: no key is never known
	}
	key = clean(key)
	return view(ctx, l, func(s Snapshot) (*CaseView, error) {
		rows, err := s.Load(ctx, Keys{Refs: []string{key}})
		if err != nil || len(rows.Entries) == 0 {
			return nil, err
		}
		ref := rows.Entries[0]
		if ref.Case == 0 {
			return &CaseView{Batch: ref.Seq, FirstSeq: ref.Seq, Key: ref.Ref}, nil
		}
		c, err := oneCase(ctx, s, ref.Case)
		return &c, err
	})
}

// Account is what a plan about an account needs to know, at one moment.
func (l *Log) Account(ctx context.Context, a mute.Account) (AccountView, error) {
	return view(ctx, l, func(s Snapshot) (AccountView, error) {
		v := AccountView{Account: a}
		acct, rows, err := acctOf(ctx, s, a)
		if err != nil || acct == 0 {
			return v, err
		}
		var held int64
		for _, r := range rows.Leases {
			if r.State != LeaseLocked || fromMicros(r.Until).After(l.clock.now().lease) {
				held = r.Case
			}
		}
		var last int64
		for _, r := range rows.Accounts {
			v.Version, v.Prior, last = r.Version, int(r.Prior), r.Last
		}
		if v.Last, err = caseIf(ctx, s, last); err != nil {
			return v, err
		}
		if v.InFlight, err = caseIf(ctx, s, held); err != nil {
			return v, err
		}
		found, err := s.Mutes(ctx, MuteQuery{Acct: acct})
		if err != nil {
			return v, err
		}
		slices.SortFunc(found, func(a, b MuteRow) int { return int(a.Field) - int(b.Field) })
		v.Mutes, err = newLoader(s).mutes(ctx, found)
		return v, err
	})
}

// caseIf reads a case, nil for number 0.
func caseIf(ctx context.Context, s Snapshot, n int64) (*CaseView, error) {
	if n == 0 {
		return nil, nil //nolint:nilnil // no case is no error
	}
	c, err := oneCase(ctx, s, n)
	return &c, err
}

// oneCase reads a case without its notes.
func oneCase(ctx context.Context, r Reader, n int64) (CaseView, error) {
	rows, err := r.Load(ctx, Keys{Cases: []int64{n}})
	if err != nil {
		return CaseView{}, err
	}
	if len(rows.Cases) == 0 {
		return CaseView{}, ErrNoCase
	}
	views, err := newLoader(r).views(ctx, rows.Cases)
	if err != nil {
		return CaseView{}, err
	}
	return views[0], nil
}

// Actions counts the actions that the actor began since.
func (l *Log) Actions(ctx context.Context, actor string, since time.Time) (int, error) {
	return view(ctx, l, func(s Snapshot) (int, error) { return s.Actions(ctx, clean(actor), micros(since)) })
}

// Case is a case with its notes, or ErrNoCase.
func (l *Log) Case(ctx context.Context, n int64) (CaseView, error) {
	return view(ctx, l, func(s Snapshot) (CaseView, error) {
		c, err := oneCase(ctx, s, n)
		if err != nil {
			return c, err
		}
		rows, err := s.Entries(ctx, EntryQuery{Case: n, Kinds: []Kind{KindNote}, Limit: pageMost})
		if err != nil {
			return c, err
		}
		for _, row := range rows {
			e, err := entryOf(row)
			if err != nil {
				return c, err
			}
			note := Note{Seq: e.Seq, Time: e.Time}
			if p := e.Personal; p != nil {
				note.Actor, note.ActorName, note.Text = p.Actor, p.ActorName, p.Note
			}
			c.Notes = append(c.Notes, note)
		}
		return c, nil
	})
}

// cases reads cases by number, in that order, without their notes.
func (l *Log) cases(ctx context.Context, numbers []int64) ([]CaseView, error) {
	return view(ctx, l, func(s Snapshot) ([]CaseView, error) {
		rows, err := s.Load(ctx, Keys{Cases: numbers})
		if err != nil {
			return nil, err
		}
		slices.SortFunc(rows.Cases, func(a, b CaseRow) int {
			return slices.Index(numbers, a.Number) - slices.Index(numbers, b.Number)
		})
		return newLoader(s).views(ctx, rows.Cases)
	})
}

// CaseEntries are the entries about a case, in order, or ErrNoCase.
func (l *Log) CaseEntries(ctx context.Context, n int64) ([]Entry, error) {
	if n == 0 {
		return nil, ErrNoCase
	}
	out, err := l.entries(ctx, EntryQuery{Case: n, Limit: pageMost})
	if err == nil && len(out) == 0 {
		return nil, ErrNoCase
	}
	return out, err
}

// History are the cases about an account, newest first; Page.Before is a case
// number.
func (l *Log) History(ctx context.Context, a mute.Account, p Page) ([]CaseView, error) {
	return view(ctx, l, func(s Snapshot) ([]CaseView, error) {
		acct, _, err := acctOf(ctx, s, a)
		if err != nil || acct == 0 {
			return nil, err
		}
		rows, err := s.Cases(ctx, CaseQuery{Acct: acct, Before: p.Before, Limit: p.limit()})
		if err != nil {
			return nil, err
		}
		return newLoader(s).views(ctx, rows)
	})
}

// Mutes are the active mutes, those of the newest case first; Page.Before is
// a case number. A page is one row longer than asked for where a case has
// both fields, so that no page ends between them.
func (l *Log) Mutes(ctx context.Context, f MuteFilter, p Page) ([]Mute, error) {
	return view(ctx, l, func(s Snapshot) ([]Mute, error) {
		q := MuteQuery{Scope: f.Scope, Actor: clean(f.Actor), Before: p.Before, Limit: p.limit() + 1}
		if f.Account != "" {
			acct, _, err := acctOf(ctx, s, f.Account)
			if err != nil || acct == 0 {
				return nil, err
			}
			q.Acct = acct
		}
		rows, err := s.Mutes(ctx, q)
		if err != nil {
			return nil, err
		}
		if n := p.limit(); len(rows) > n && rows[n].Case != rows[n-1].Case {
			rows = rows[:n]
		}
		return newLoader(s).mutes(ctx, rows)
	})
}
