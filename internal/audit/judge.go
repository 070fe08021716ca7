package audit

import (
	"slices"
	"time"

	"modbot/internal/mute"
)

// reading is what Tencent said of an account. At which moment between from
// and to it was so is not known.
type reading struct {
	state  mute.State
	absent bool // there is no such account
	from   time.Time
	to     time.Time
}

// seen is the state for the record; nil when there was none to see.
func (r reading) seen() *mute.State {
	if r.absent {
		return nil
	}
	return new(r.state)
}

// shows are the fields that are as the case asked. A finite mute is when the
// reading fits the deadline at some moment of the read (a read is shorter than
// two tolerances, so that looking at its ends is enough). shifts are by how much
// the clock may have been set since the case began, see clock.shifts.
func (r reading) shows(c CaseView, shifts []time.Duration) mute.Scope {
	if r.absent {
		return 0
	}
	var shown mute.Scope
	for _, by := range shifts {
		shown |= c.Shown(r.state, r.from.Add(-by)) | c.Shown(r.state, r.to.Add(-by))
	}
	return shown
}

// judge says what a reading makes of a case that has no outcome yet. Nothing
// is guessed: where a mute may have been and ended, nobody can say.
func judge(c CaseView, r reading, shifts []time.Duration) Settlement {
	s := Settlement{After: r.seen(), Code: c.Code, Attempts: c.Attempts}
	if over(c, r.from, shifts) {
		s.Outcome = OutcomeUnverified
		return s
	}
	shown := r.shows(c, shifts)
	switch {
	case shown == c.Scope:
		s.Outcome, s.Effect = OutcomeDone, shown
	case endedUnseen(c, r, c.Scope&^shown, shifts):
		s.Outcome = OutcomeUnverified
	case shown == 0:
		s.Outcome = OutcomeFailed
	default:
		s.Outcome, s.Effect = OutcomePartial, shown
	}
	return s
}

// over reports whether the deadline of a finite mute has passed, by every shift.
func over(c CaseView, now time.Time, shifts []time.Duration) bool {
	return !c.Deadline.IsZero() && !slices.ContainsFunc(shifts, func(by time.Duration) bool { return c.Deadline.Add(by).After(now) })
}

// endedUnseen reports whether one of the fields reads not muted so near to the
// deadline that the mute may just have ended.
func endedUnseen(c CaseView, r reading, missing mute.Scope, shifts []time.Duration) bool {
	near := func(by time.Duration) bool { return over(c, r.to.Add(ReadTolerance), []time.Duration{by}) }
	if r.absent || !slices.ContainsFunc(shifts, near) {
		return false
	}
	for _, f := range missing.Fields() {
		if !r.state.Of(f).Muted() {
			return true
		}
	}
	return false
}

// judgeLate says what a reading makes of a late answer: the fields that now
// are as its case asked, except those that are so by a later case.
func judgeLate(c CaseView, mutes []Mute, r reading, k *clock) Settlement {
	s := Settlement{After: r.seen(), Code: c.Code, Attempts: c.Attempts}
	if over(c, r.from, k.shifts(c.Intent)) {
		return s
	}
	s.Effect = r.shows(c, k.shifts(c.Intent))
	for _, m := range mutes {
		if m.Case != c.Number && r.agrees(m, k.shifts(m.made)) {
			s.Effect &^= mute.ScopeOf(m.Field)
		}
	}
	return s
}

// agrees reports whether a reading is what the ledger has of a mute, by one of
// the shifts of its end. One that is about to end, or has ended, is left to the
// expirer.
func (r reading) agrees(m Mute, shifts []time.Duration) bool {
	return slices.ContainsFunc(shifts, func(by time.Duration) bool { return r.agreesAt(m, m.Until.Add(by)) })
}

// agreesAt is agrees for one end of a finite mute.
func (r reading) agreesAt(m Mute, until time.Time) bool {
	if r.absent {
		return true
	}
	got := r.state.Of(m.Field)
	left, finite := got.Left()
	switch {
	case m.Permanent:
		return got.Permanent()
	case finite:
		return !r.to.Add(left+ReadTolerance).Before(until) && !r.from.Add(left-ReadTolerance).After(until)
	case got.Permanent():
		return false
	default:
		return !until.After(r.to.Add(ReadTolerance))
	}
}
