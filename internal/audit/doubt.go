package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// persistTime bounds how long what has happened already is tried to be written
// down, while the store is out of order, before others have to find it out.
const persistTime = 3 * time.Second

// persistPatience spaces out those tries.
func persistPatience() patience {
	return patience{first: 50 * time.Millisecond, most: 500 * time.Millisecond}
}

// persist is write for what has happened already and should not be lost: while
// the store is out of order it is tried again, for a bounded time. The change
// has to find what it appended before.
func (l *Log) persist(ctx context.Context, keys Keys, fn change) error {
	ctx, cancel := context.WithTimeoutCause(ctx, persistTime, errors.New("the audit log was out of order for too long"))
	defer cancel()
	for failures := 1; ; failures++ {
		err := l.write(ctx, keys, fn)
		if err == nil || !errors.Is(err, ErrStore) {
			return err
		}
		pause(ctx, persistPatience().after(failures))
		if ctx.Err() != nil {
			return err
		}
	}
}

// errAbsent is what a change gets that would append while it is only looked for
// what an earlier try appended.
var errAbsent = errors.New("it is not in the audit log")

// lookGroup finds out what became of a group whose COMMIT was not answered, and
// which cannot be written again: what is in the log was committed, what is not
// there was not, and of what is no entry nobody knows. The look has the head
// row, so that no transaction of this group can still be on its way. lost is
// what is returned where nobody can look.
func (l *Log) lookGroup(ctx context.Context, jobs []*job, lost error) {
	tx, s, err := l.open(ctx, jobs)
	if err == nil {
		defer tx.Rollback()
		s.looking = true
	}
	for _, j := range jobs {
		switch {
		case j.err != nil: // it was never part of the transaction
		case err != nil:
			j.err = lost
		default:
			j.err = l.lookFor(ctx, s, j, lost)
		}
	}
}

// lookFor is lookGroup for one change: nil when it was committed.
func (l *Log) lookFor(ctx context.Context, s *state, j *job, lost error) error {
	s.mark()
	defer s.back()
	err := l.runChange(ctx, s, j.fn)
	switch {
	case err != nil && !errors.Is(err, ErrStore): // it found nothing, and would append
		return certain(lost)
	case err != nil, s.changed():
		return lost
	}
	return nil
}

// certain is the error of a COMMIT without the doubt.
func certain(err error) error {
	both, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(both.Unwrap()), func(e error) bool { return e == ErrUncertain }) //nolint:errorlint // the value itself
	return errors.Join(rest...)
}

// Withdraw ends an intent of which Begin said ErrUncertain: nothing was sent
// for it, and nothing may be. Where it is in the log it gets its outcome, which
// is failed without an attempt, unless a settler was first; its case is
// returned. Where it is not, nothing was begun, and the case is 0; also where
// another delivery of the same command has begun meanwhile, whose case is
// returned then.
func (l *Log) Withdraw(ctx context.Context, h Head) (n int64, err error) {
	d := newDraft(KindIntent, h)
	id := NewID()
	var made int64
	var found int64
	err = l.write(ctx, d.keys(), func(ctx context.Context, s *state) error {
		found = 0
		ref, ok, err := s.find(ctx, &d)
		if err != nil || !ok {
			return err
		}
		found = ref.Case
		if done, err := s.committed(ctx, id, made); done || err != nil {
			return err
		}
		made, err = s.withdraw(ctx, d.entry.ID, id, ref)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("withdrawing an intent: %w", err)
	}
	return found, nil
}

// withdraw gives the intent its outcome, if it is still its maker's.
func (s *state) withdraw(ctx context.Context, intent, id string, ref EntryRef) (seq int64, err error) {
	e, err := s.entry(ctx, ref.Seq)
	if err != nil || e.ID != intent || e.Kind != KindIntent {
		return 0, err
	}
	c, err := s.theCase(ctx, ref.Case)
	if err != nil {
		return 0, err
	}
	lease, held, err := s.held(ctx, Token{Case: ref.Case, Fence: fenceOf(ref.Seq), acct: c.Acct})
	if err != nil || !held || lease.State != LeaseFlight || c.Status != StatusInFlight {
		return 0, err
	}
	d, err := ending(KindOutcome, id, c)
	if err != nil {
		return 0, err
	}
	d.entry.About, d.entry.Outcome = c.Intent, OutcomeFailed
	out, err := s.append(ctx, d)
	if err != nil {
		return 0, err
	}
	return out.Seq, s.release(ctx, lease, OutcomeFailed, s.now)
}
