package audit

import (
	"context"
	"errors"
	"fmt"
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

// lapsing finds the questions that lapse by now, and when the next one does.
func (l *Log) lapsing(ctx context.Context) (due []int64, next time.Time, err error) {
	now := l.now()
	open, err := view(ctx, l, func(s Snapshot) ([]CaseRow, error) { return s.Cases(ctx, CaseQuery{Waiting: true}) })
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
	return due, next, nil
}

// Due lists active mutes whose time is over, the one that ended first in
// front, at most 100, and when the next one ends (zero when none has an end).
// They are what Tencent has to be read for: a mute is over when it says so.
func (l *Log) Due(ctx context.Context) (due []Mute, next time.Time, err error) {
	now := micros(l.now())
	due, err = view(ctx, l, func(s Snapshot) ([]Mute, error) {
		rows, err := s.Mutes(ctx, MuteQuery{DueBy: now, Limit: dueMost})
		if err != nil {
			return nil, err
		}
		first, err := s.Mutes(ctx, MuteQuery{DueBy: maxMicros, DueAfter: now, Limit: 1})
		if err != nil {
			return nil, err
		}
		for _, m := range first {
			next = fromMicros(m.Until)
		}
		return newLoader(s).mutes(ctx, rows)
	})
	return due, next, err
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
	After *mute.State // what was read; a drift needs it
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

// lateFirst makes an observation wait for a late answer to be read back.
func lateFirst(late int64) error {
	if late == 0 {
		return nil
	}
	return fmt.Errorf("%w: late answer %d is to be read back first", ErrChanged, late)
}
