package im

import (
	"context"
	"fmt"
	"time"

	"modbot/internal/im/imwire"
)

// Guard is asked before each attempt of a change, after every wait but that for
// the attempt's turn; when that takes longer than guardLasts, it is asked again
// after it. An error means that there is no attempt. freshUntil is until when the right to
// send lasts (a lease): the request does not leave after it, by the monotonic
// clock or the wall clock, whichever says so first, and the attempt ends by
// it. The zero time is long past.
type Guard func(ctx context.Context) (freshUntil time.Time, err error)

// Receipt is what a change left behind, whether it succeeded or not.
type Receipt struct {
	Attempts int         // begun, the unsent ones included
	Code     imwire.Code // of the last answer; 0 for a yes and for none
	// LockedUntil is until when an unclear attempt may still take effect, also
	// when a later one was answered with a yes; zero when none was unclear.
	LockedUntil time.Time
}

// call is one call of the API and what differs between calls.
type call struct {
	api     imwire.API
	doing   func() string                       // "muting ...", for errors
	change  bool                                // an unanswered attempt is not repeated
	guard   Guard                               // nil for none
	seconds func(now time.Time) (uint32, error) // to send at now; an error sends nothing
	body    func(seconds uint32) ([]byte, error)
	parse   func(answer []byte) (imwire.Envelope, error)
}

// noSeconds is for calls whose body has no seconds that pass.
func noSeconds(time.Time) (uint32, error) { return 0, nil }

// ask asks the guard.
func (k *call) ask(ctx context.Context) (freshUntil time.Time, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, GuardTimeout, errGuard)
	defer cancel()
	return k.guard(ctx)
}

// ending says how an attempt ended.
type ending uint8

const (
	stopped    ending = iota + 1 // not sent, and no use in trying again
	unsent                       // not sent
	unanswered                   // maybe sent, no answer
	refused                      // answered, and not with a yes
	done                         // answered with a yes
)

// outcome is one attempt, ended.
type outcome struct {
	ending       ending
	began, ended time.Time // zero when the attempt did not begin
	answer       *APIError // when refused
	err          error     // nil when done, answer when refused
}

// class is that of a refusal, and 0 for every other ending.
func (o outcome) class() imwire.Class {
	if o.ending != refused {
		return 0
	}
	return o.answer.Class
}

// unclear reports whether the attempt may have been applied, or may yet be.
func (o outcome) unclear() bool {
	return o.ending == unanswered || o.class() == imwire.ClassAnsweredUnclear
}

// liveUntil is when an unclear attempt can no longer take effect. An attempt
// that overran its window was held up together with the process, perhaps just
// before it wrote; then the window counts from its end.
func (o outcome) liveUntil() time.Time {
	window := o.began.Add(AttemptTimeout)
	if o.ended.Sub(window) > LiveMargin {
		window = o.ended.Add(AttemptTimeout)
	}
	return window.Add(LiveMargin)
}

// next decides what may follow an attempt that was not answered with a yes.
func (k *call) next(o outcome, refreshed bool) pause {
	switch {
	case o.ending == unsent, o.ending == unanswered && !k.change:
		return briefly
	case o.class() == imwire.ClassAnsweredUnclear:
		return briefly
	case o.class() == imwire.ClassThrottled:
		return slowly
	case o.class() == imwire.ClassRefreshOnce && !refreshed:
		return atOnce
	}
	return never
}

// note keeps what the attempt left behind. Attempts follow each other, so the
// last unclear one lives longest.
func (r *Receipt) note(k *call, o outcome) {
	if !o.began.IsZero() {
		r.Attempts++
	}
	switch o.ending {
	case done:
		r.Code = imwire.CodeOK
	case refused:
		r.Code = o.answer.Code
	case stopped, unsent, unanswered:
	}
	if k.change && o.unclear() {
		r.LockedUntil = o.liveUntil()
	}
}

// fail makes the error of the whole call. After an unclear attempt nothing
// that came later makes the outcome known.
func (k *call) fail(rec Receipt, err error) error {
	if !rec.LockedUntil.IsZero() {
		err = &OutcomeUnknownError{LiveUntil: rec.LockedUntil, Code: rec.Code, Cause: err}
	}
	return fmt.Errorf("%s: %w", k.doing(), err)
}
