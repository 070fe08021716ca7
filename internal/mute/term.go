package mute

import (
	"fmt"
	"math"
	"time"
)

// What Tencent's two time fields mean (vendor page "Setting Global Mute"):
// 0 unmutes, 4294967295 is for ever, anything between is seconds from now.
const (
	wireUnmuted   uint32 = 0
	wirePermanent uint32 = math.MaxUint32

	// MaxSeconds is the longest finite term, about 136 years.
	MaxSeconds int64 = math.MaxUint32 - 1
)

// TermError says that a number of seconds is no term.
type TermError struct{ Seconds int64 }

func (e *TermError) Error() string {
	return fmt.Sprintf("%d s is no term: a term has 1 to %d seconds", e.Seconds, MaxSeconds)
}

// Term is how long a mute lasts: 1 to 4294967294 seconds, or permanent. The
// zero Term is no term at all and is refused wherever a term is due. Terms
// are made by Seconds and Permanent only; unmuting takes no Term.
type Term struct{ n uint32 }

// Seconds makes a finite term, or returns a *TermError.
func Seconds(n int64) (Term, error) {
	if n < 1 || n > MaxSeconds {
		return Term{}, &TermError{Seconds: n}
	}
	return Term{n: uint32(n)}, nil
}

// Permanent is the term without an end. Nothing else equals it.
func Permanent() Term { return Term{n: wirePermanent} }

// IsZero reports whether t is no term.
func (t Term) IsZero() bool { return t.n == wireUnmuted }

// IsPermanent reports whether t has no end.
func (t Term) IsPermanent() bool { return t.n == wirePermanent }

// Seconds returns the length of a finite term in seconds; ok is false for a
// permanent term and for the zero Term.
func (t Term) Seconds() (n int64, ok bool) {
	if t.IsZero() || t.IsPermanent() {
		return 0, false
	}
	return int64(t.n), true
}

// Duration is Seconds as a time.Duration (the longest finite term fits).
func (t Term) Duration() (d time.Duration, ok bool) {
	n, ok := t.Seconds()
	return time.Duration(n) * time.Second, ok
}

// Exceeds reports whether t lasts longer than limit. A permanent term exceeds
// every finite one.
func (t Term) Exceeds(limit Term) bool { return t.n > limit.n }

// Running is a term that has begun: it knows how much of it is left. Where
// began carries Go's monotonic reading, what is left does not move when the
// wall clock is set.
type Running struct {
	term  Term
	began time.Time
}

// From starts the term at began.
func (t Term) From(began time.Time) Running { return Running{term: t, began: began} }

// Term is the whole term, as asked for.
func (r Running) Term() Term { return r.term }

// Wire is the number to send to Tencent at now: ceil(deadline - now) seconds,
// or 4294967295 for a permanent term. ok is false when under one second is
// left (or there is no term): then nothing may be sent, because what rounds to
// 0 would unmute.
func (r Running) Wire(now time.Time) (seconds uint32, ok bool) {
	if r.term.IsPermanent() {
		return wirePermanent, true
	}
	whole, ok := r.term.Duration()
	if !ok {
		return 0, false
	}
	left := whole - now.Sub(r.began)
	if left < time.Second {
		return 0, false
	}
	// A clock that ran backwards would make it longer than the longest term.
	return uint32(min(int64((left+time.Second-1)/time.Second), MaxSeconds)), true //nolint:gosec // MaxSeconds fits
}
