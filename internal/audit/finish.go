package audit

import (
	"context"
	"fmt"
	"time"
)

// Finish records what came of the attempts: done or failed are the outcome of
// the case, unknown leaves it to be settled. With LockedUntil the account
// stays locked until then. When the token was lost the answer is appended as
// late; the case gets its outcome from whoever settles it, and never a second.
//
// Call it under context.WithoutCancel: what was done has to be recorded. While
// the store is out of order it is tried again for persistTime; after that, with
// ErrStore, the case is left to whoever settles it.
func (l *Log) Finish(ctx context.Context, t Token, r Result) (Finished, error) {
	kind := KindOutcome
	switch r.Outcome {
	case OutcomeDone, OutcomeFailed:
	case OutcomeUnknown:
		kind = KindUnknown
	default:
		return Finished{}, fmt.Errorf("audit: attempts cannot end %q", r.Outcome)
	}
	id := NewID()
	var f Finished
	err := l.persist(ctx, t.keys(), func(ctx context.Context, s *state) error {
		if done, err := s.committed(ctx, id, f.Seq); done || err != nil {
			return err
		}
		c, err := s.theCase(ctx, t.Case)
		if err != nil {
			return err
		}
		lease, held, err := s.held(ctx, t)
		if err != nil {
			return err
		}
		if !held || lease.State != LeaseFlight || c.Status != StatusInFlight {
			f, err = s.late(ctx, id, c, r)
			return err
		}
		d, err := ending(kind, id, c)
		if err != nil {
			return err
		}
		d.entry.About, d.entry.Outcome, d.entry.Code, d.entry.Attempts = c.Intent, r.Outcome, r.Code, r.Attempts
		if r.Outcome == OutcomeDone {
			d.entry.Effect = c.Scope
		}
		e, err := s.append(ctx, d)
		if err != nil {
			return err
		}
		f = Finished{Seq: e.Seq, Outcome: r.Outcome}
		return s.release(ctx, lease, r.Outcome, s.lockedUntil(r))
	})
	if err != nil {
		return Finished{}, fmt.Errorf("recording the outcome of case %d: %w", t.Case, err)
	}
	return f, nil
}

// lockedUntil is Result.LockedUntil on the store's clock, and never earlier
// than now.
func (s *state) lockedUntil(r Result) time.Time {
	if r.LockedUntil.IsZero() {
		return s.now
	}
	return s.now.Add(max(0, r.LockedUntil.Sub(s.local)))
}

// release makes of a lease what is left of it after an answer.
func (s *state) release(ctx context.Context, lease LeaseRow, o Outcome, locked time.Time) error {
	lease.Until = micros(locked)
	switch {
	case o == OutcomeUnknown:
		lease.State = LeaseUnknown
	case lease.Late != 0:
		late, err := s.entry(ctx, lease.Late)
		if err != nil {
			return err
		}
		lease.State, lease.Case = LeaseLate, late.Case
		lease.Until = max(lease.Until, lease.LateUntil)
	case locked.After(s.now):
		lease.State = LeaseLocked
	default:
		s.leases.remove(lease.Acct)
		return nil
	}
	s.leases.put(lease.Acct, lease)
	return nil
}

// late appends an answer whose token was lost, and sees to it that Tencent is
// read again: what the answer is about may have taken effect after the read
// that settled the case.
func (s *state) late(ctx context.Context, id string, c CaseRow, r Result) (Finished, error) {
	d, err := ending(KindLate, id, c)
	if err != nil {
		return Finished{}, err
	}
	d.entry.About, d.entry.Outcome, d.entry.Code, d.entry.Attempts = c.Last, r.Outcome, r.Code, r.Attempts
	e, err := s.append(ctx, d)
	if err != nil {
		return Finished{}, err
	}
	lease, ok := s.lease(c.Acct)
	if !ok {
		lease = LeaseRow{Acct: c.Acct, State: LeaseLocked}
	}
	// Several late answers are read for one after the other, see nextLate.
	if lease.Late == 0 {
		lease.Late = e.Seq
	}
	lease.LateUntil = max(lease.LateUntil, micros(s.lockedUntil(r)))
	switch lease.State {
	case LeaseLocked:
		lease.Case, lease.Fence, lease.State = c.Number, fenceOf(e.Seq), LeaseLate
		lease.Until = max(lease.Until, lease.LateUntil)
	case LeaseLate:
		lease.Until = max(lease.Until, lease.LateUntil)
	case LeaseFlight, LeaseUnknown, LeaseSettling: // whoever ends that goes on with the late answer
	}
	s.leases.put(lease.Acct, lease)
	return Finished{Seq: e.Seq, Outcome: r.Outcome, Late: true}, nil
}

// nextLate is the next late answer about an account that nobody has read for
// yet: each is about a case of its own, and a reading is judged by one.
func (s *state) nextLate(ctx context.Context, acct, after int64) (int64, error) {
	rows, err := s.tx.Entries(ctx, EntryQuery{Acct: acct, After: after, Kinds: []Kind{KindLate}})
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		e, err := entryOf(row)
		if err != nil {
			return 0, err
		}
		if e.Outcome != OutcomeNone { // else it is what a reading showed
			return e.Seq, nil
		}
	}
	for _, e := range s.made {
		if e.Kind == KindLate && e.Acct == acct && e.Seq > after && e.Outcome != OutcomeNone {
			return e.Seq, nil
		}
	}
	return 0, nil
}
