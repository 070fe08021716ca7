package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"modbot/internal/mute"
)

// dueMost is how many items a list of due things has at most.
const dueMost = 100

// Lapse ends the open questions whose time is over, at most 100 in one go,
// and returns their cases, and when the next question lapses (zero when none
// is open).
func (l *Log) Lapse(ctx context.Context) (lapsed []CaseView, next time.Time, err error) {
	due, next, err := l.lapsing(ctx)
	if err != nil || len(due) == 0 {
		return nil, next, err
	}
	ids := make([]string, len(due))
	for i := range ids {
		ids[i] = NewID()
	}
	var closed []int64
	err = l.write(ctx, Keys{Cases: due}, func(ctx context.Context, s *state) error {
		closed = closed[:0]
		for i, n := range due {
			c, err := s.theCase(ctx, n)
			if err != nil {
				return err
			}
			if c.Status != StatusWaiting || c.Expires > micros(s.now) {
				continue // answered meanwhile, or asked anew
			}
			if err := s.close(ctx, n, Head{ID: ids[i]}, OutcomeLapsed, ""); err != nil {
				return err
			}
			closed = append(closed, n)
		}
		return nil
	})
	if err != nil {
		return nil, next, fmt.Errorf("ending questions: %w", err)
	}
	lapsed, err = l.cases(ctx, closed)
	return lapsed, next, err
}

// lapsing finds the questions that lapse by now, and when the next one does by
// the local clock.
func (l *Log) lapsing(ctx context.Context) (due []int64, next time.Time, err error) {
	var now time.Time
	open, err := view(ctx, l, func(s Snapshot) ([]CaseRow, error) {
		at, err := l.instant(ctx, s)
		if err != nil {
			return nil, err
		}
		now = at.store
		return s.Cases(ctx, CaseQuery{Waiting: true})
	})
	if err != nil {
		return nil, next, err
	}
	for _, c := range open {
		at := fromMicros(c.Expires)
		switch {
		case c.Status != StatusWaiting:
		case !at.After(now):
			if len(due) < dueMost {
				due = append(due, c.Number)
			}
		case next.IsZero() || at.Before(next):
			next = at
		}
	}
	return due, l.local(next), nil
}

// DuePage says where a list of due mutes goes on; the zero page begins it.
type DuePage struct{ after int64 }

// Due is a part of the list of active mutes whose time is over.
type Due struct {
	// Mutes are the due ones, the one that ended first in front.
	Mutes []Mute
	// More is where the list goes on; nil when this was all.
	More *DuePage
	// Next is when the next mute ends, by the local clock; zero when none has an
	// end.
	Next time.Time
}

// Due lists active mutes whose time is over, at most 100 at once. They are what
// Tencent has to be read for: a mute is over when it says so. Where the clock
// was set back, those are due that were by the clock before, too.
func (l *Log) Due(ctx context.Context, page DuePage) (Due, error) {
	return view(ctx, l, func(s Snapshot) (Due, error) {
		var out Due
		at, err := l.instant(ctx, s)
		if err != nil {
			return out, err
		}
		now := micros(at.store.Add(l.clock.back()))
		rows, err := s.Mutes(ctx, MuteQuery{DueBy: now, DueAfter: page.after, Limit: dueMost})
		if err != nil {
			return out, err
		}
		if len(rows) == dueMost {
			rows = wholeEnds(rows)
			out.More = &DuePage{after: rows[len(rows)-1].Until}
		}
		first, err := s.Mutes(ctx, MuteQuery{DueBy: maxMicros, DueAfter: now, Limit: 1})
		if err != nil {
			return out, err
		}
		for _, m := range first {
			out.Next = l.local(fromMicros(m.Until))
		}
		out.Mutes, err = newLoader(s).mutes(ctx, rows)
		return out, err
	})
}

// wholeEnds leaves the mutes that end last to the next part of a list, of which
// that time may have more.
func wholeEnds(rows []MuteRow) []MuteRow {
	last := rows[len(rows)-1].Until
	if i := slices.IndexFunc(rows, func(r MuteRow) bool { return r.Until == last }); i > 0 {
		return rows[:i]
	}
	return rows
}

// maxMicros is later than every time that is stored.
const maxMicros = 1<<63 - 1

// Observation is what was read at Tencent about active mutes of one account,
// without a command behind it.
type Observation struct {
	Kind    Kind // KindExpired or KindDrift
	Account mute.Account
	// Version is the account's version before Tencent was read: what was read
	// counts only if nothing happened since.
	Version int64
	// Case owns the mutes of the fields in Scope.
	Case  int64
	Scope mute.Scope
	After *mute.State // what was read; nil when there is no such account
}

// Observe records an observation. It returns ErrChanged when the account has
// another version, and a *BusyError when somebody acts on it: nothing was
// written then.
func (l *Log) Observe(ctx context.Context, o Observation) (Entry, error) {
	if o.Kind != KindExpired && o.Kind != KindDrift {
		return Entry{}, errors.New("audit: an observation is expired or drift")
	}
	id := NewID()
	var made Entry
	keys := Keys{Cases: []int64{o.Case}, Accounts: []mute.Account{o.Account}}
	err := l.write(ctx, keys, func(ctx context.Context, s *state) error {
		if done, err := s.committed(ctx, id, made.Seq); done || err != nil {
			return err
		}
		c, err := s.theCase(ctx, o.Case)
		if err != nil {
			return err
		}
		if err := s.want(ctx, Keys{Accts: []int64{c.Acct}}); err != nil {
			return err
		}
		if late, err := s.free(ctx, c.Acct, o.Account); err != nil || late != 0 {
			return errors.Join(err, lateFirst(late))
		}
		if s.account(c.Acct).Version != o.Version {
			return ErrChanged
		}
		d, err := ending(o.Kind, id, c)
		if err != nil {
			return err
		}
		d.entry.Scope, d.entry.After, d.entry.About = o.Scope, o.After, c.Last
		d.entry.Deadline = s.newEnd(o)
		e, err := s.append(ctx, d)
		if err == nil {
			made = *e
		}
		return err
	})
	if err != nil {
		return Entry{}, fmt.Errorf("recording %s of case %d: %w", o.Kind, o.Case, err)
	}
	return made, nil
}

// newEnd is when a mute that drifted ends by what was read. It is written down,
// because the times of entries, which never go back, are no measure where the
// clock does.
func (s *state) newEnd(o Observation) time.Time {
	fields := o.Scope.Fields()
	if o.Kind != KindDrift || o.After == nil || len(fields) != 1 {
		return time.Time{}
	}
	left, finite := o.After.Of(fields[0]).Left()
	if !finite {
		return time.Time{}
	}
	return s.now.Add(left)
}

// lateFirst makes an observation wait for a late answer to be read back.
func lateFirst(late int64) error {
	if late == 0 {
		return nil
	}
	return fmt.Errorf("%w: late answer %d is to be read back first", ErrChanged, late)
}
