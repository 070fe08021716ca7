package audit

import (
	"errors"
	"fmt"
	"slices"

	"modbot/internal/mute"
)

// errHistory says that an entry does not follow from those before it. A writer
// that meets it has a mistake; a replay that meets it reads an altered log.
var errHistory = errors.New("it does not follow from the entries before it")

// apply changes the projections by one entry. It is the only code that does,
// for writers and for replay alike, and depends on nothing but the state and
// the entry: replaying the log rebuilds the projections exactly.
func apply(s *state, e *Entry) error {
	switch e.Kind {
	case KindRefused:
		return applyRefused(s, e)
	case KindQuestion:
		return applyQuestion(s, e)
	case KindClosed:
		return applyClosed(s, e)
	case KindIntent:
		return applyIntent(s, e)
	case KindUnknown, KindOutcome:
		return applyAnswer(s, e)
	case KindLate:
		return applyLate(s, e)
	case KindExpired, KindDrift:
		return applyObserved(s, e)
	case KindNote:
		_, err := caseOf(s, e)
		return err
	case KindRedacted:
		if e.About < 1 || e.About >= e.Seq {
			return fmt.Errorf("%w: it erases entry %d", errHistory, e.About)
		}
		return nil
	case KindLinked, KindUnlinked:
		return applyLinked(s, e)
	case KindBatch:
		return nil
	}
	return fmt.Errorf("%w: kind %q is unknown", errHistory, e.Kind)
}

// applyKeys are the rows that apply looks at for an entry.
func applyKeys(e *Entry) Keys {
	k := Keys{Accts: nonZero(e.Acct), Cases: nonZero(e.Case)}
	switch e.Kind {
	case KindOutcome, KindLate, KindExpired, KindDrift:
		k.Mutes = nonZero(e.Acct)
	case KindLinked, KindUnlinked:
		k.Links = nonZero(e.About)
	case KindRefused, KindQuestion, KindClosed, KindBatch, KindIntent, KindUnknown, KindNote, KindRedacted:
	}
	return k
}

// caseOf is the case that an entry continues.
func caseOf(s *state, e *Entry, in ...Status) (CaseRow, error) {
	c, ok := s.caseRow(e.Case)
	if !ok {
		return c, fmt.Errorf("%w: there is no case %d", errHistory, e.Case)
	}
	if c.Acct != e.Acct {
		return c, fmt.Errorf("%w: case %d is about another account", errHistory, e.Case)
	}
	if len(in) > 0 && !slices.Contains(in, c.Status) {
		return c, fmt.Errorf("%w: case %d is %s", errHistory, e.Case, c.Status)
	}
	return c, nil
}

// openCase is the case that an entry opens, or the waiting one that it
// continues.
func openCase(s *state, e *Entry) (CaseRow, error) {
	if e.Case == s.head.Cases+1 {
		s.head.Cases++
		return CaseRow{Number: e.Case, Acct: e.Acct, First: e.Seq, Batch: e.Batch}, nil
	}
	return caseOf(s, e, StatusWaiting)
}

func applyRefused(s *state, e *Entry) error {
	if e.Case != s.head.Cases+1 {
		return fmt.Errorf("%w: a refusal is a case of its own, the next is %d", errHistory, s.head.Cases+1)
	}
	c, err := openCase(s, e)
	if err != nil {
		return err
	}
	c.Status, c.Last = StatusRefused, e.Seq
	c.Verb, c.Scope, c.Term = e.Verb, e.Scope, storedTerm(e.Term)
	s.cases.put(c.Number, c)
	return nil
}

func applyQuestion(s *state, e *Entry) error {
	c, err := openCase(s, e)
	if err != nil {
		return err
	}
	c.Status = StatusWaiting
	c.Verb, c.Scope, c.Term = e.Verb, e.Scope, storedTerm(e.Term)
	c.Asked, c.Last = e.Seq, e.Seq
	c.Planned, c.Expires = e.Planned, micros(e.Expires)
	s.cases.put(c.Number, c)
	return nil
}

func applyClosed(s *state, e *Entry) error {
	c, err := caseOf(s, e, StatusWaiting)
	if err != nil {
		return err
	}
	switch e.Outcome {
	case OutcomeDeclined:
		c.Status = StatusDeclined
	case OutcomeVoid:
		c.Status = StatusVoid
	case OutcomeLapsed:
		c.Status = StatusLapsed
	default:
		return fmt.Errorf("%w: a question cannot end %q", errHistory, e.Outcome)
	}
	c.Last, c.Planned, c.Expires = e.Seq, 0, 0
	s.cases.put(c.Number, c)
	return nil
}

func applyIntent(s *state, e *Entry) error {
	c, err := openCase(s, e)
	if err != nil {
		return err
	}
	c.Status = StatusInFlight
	c.Verb, c.Scope, c.Term = e.Verb, e.Scope, storedTerm(e.Term)
	c.Deadline, c.Began = micros(e.Deadline), micros(e.Time)
	c.Intent, c.Last, c.Planned, c.Expires = e.Seq, e.Seq, 0, 0
	if e.Batch != 0 {
		c.Batch = e.Batch
	}
	s.cases.put(c.Number, c)
	a := s.account(e.Acct)
	a.Version, a.Last, a.Prior = e.Seq, c.Number, a.Prior+1
	s.accounts.put(a.Acct, a)
	return nil
}

// applyAnswer is for what ends an intent, and for its not being known.
func applyAnswer(s *state, e *Entry) error {
	c, err := caseOf(s, e, StatusInFlight, StatusUnknown)
	if err != nil {
		return err
	}
	switch e.Outcome {
	case OutcomeUnknown:
		c.Status = StatusUnknown
	case OutcomeDone:
		c.Status = StatusDone
		own(s, c, c.Scope)
	case OutcomePartial:
		c.Status = StatusPartial
		own(s, c, e.Effect)
	case OutcomeFailed:
		c.Status = StatusFailed // an unmute that fails leaves the mute as it was
	case OutcomeUnverified:
		c.Status = StatusUnverified
	default:
		return fmt.Errorf("%w: an intent cannot end %q", errHistory, e.Outcome)
	}
	if (e.Kind == KindUnknown) != (e.Outcome == OutcomeUnknown) {
		return fmt.Errorf("%w: %s with outcome %q", errHistory, e.Kind, e.Outcome)
	}
	c.Last = e.Seq
	s.cases.put(c.Number, c)
	touch(s, e)
	return nil
}

// applyLate is for an answer after the fact: the case keeps its outcome, the
// fields that were read to be as it asked are its own.
func applyLate(s *state, e *Entry) error {
	c, err := caseOf(s, e)
	if err != nil {
		return err
	}
	if c.Intent == 0 || !c.Scope.Covers(e.Effect) {
		return fmt.Errorf("%w: case %d never asked for that", errHistory, e.Case)
	}
	own(s, c, e.Effect)
	touch(s, e)
	return nil
}

// own gives fields of an account to a case that took effect there.
func own(s *state, c CaseRow, fields mute.Scope) {
	for _, f := range fields.Fields() {
		if c.Term == termNone {
			s.mutes.remove(MuteKey{c.Acct, f})
			continue
		}
		m := MuteRow{Acct: c.Acct, Field: f, Case: c.Number, Until: c.Deadline, Since: c.Began}
		// A chain of mutes is unbroken while each begins before the one
		// before it ends.
		if old, ok := s.mute(c.Acct, f); ok && (old.Until == 0 || old.Until > c.Began) {
			m.Since = old.Since
		}
		s.mutes.put(MuteKey{c.Acct, f}, m)
	}
}

// applyObserved is for what was read at Tencent without anybody asking for a
// change: a mute ended, or the state differs from ours. The rows follow.
func applyObserved(s *state, e *Entry) error {
	if _, err := caseOf(s, e); err != nil {
		return err
	}
	for _, f := range e.Scope.Fields() {
		m, ok := s.mute(e.Acct, f)
		if !ok || m.Case != e.Case {
			return fmt.Errorf("%w: case %d has no mute there", errHistory, e.Case)
		}
		if e.Kind == KindExpired {
			s.mutes.remove(MuteKey{e.Acct, f})
			continue
		}
		follow(s, m, e)
	}
	touch(s, e)
	return nil
}

// follow makes a mute what Tencent says it is. An account that is gone has none.
func follow(s *state, m MuteRow, e *Entry) {
	if e.After == nil {
		s.mutes.remove(MuteKey{m.Acct, m.Field})
		return
	}
	r := e.After.Of(m.Field)
	if !r.Muted() {
		s.mutes.remove(MuteKey{m.Acct, m.Field})
		return
	}
	m.Until, m.Drifted = 0, true
	switch left, finite := r.Left(); {
	case finite && !e.Deadline.IsZero():
		m.Until = micros(e.Deadline)
	case finite:
		m.Until = micros(e.Time.Add(left))
	}
	s.mutes.put(MuteKey{m.Acct, m.Field}, m)
}

// touch moves the account's version: what was planned before is void.
func touch(s *state, e *Entry) {
	a := s.account(e.Acct)
	a.Version = e.Seq
	s.accounts.put(a.Acct, a)
}
