package im

import (
	"errors"
	"fmt"
	"time"

	"modbot/internal/im/imwire"
)

// Sentinels, for errors.Is.
var (
	// ErrOutcomeUnknown matches every *OutcomeUnknownError.
	ErrOutcomeUnknown = errors.New("whether it was done is unknown")
	// ErrNoSuchAccount says that Tencent does not know the account.
	ErrNoSuchAccount = errors.New("no such account")
	// ErrUnreachable says that no connection could be made, so nothing was sent.
	ErrUnreachable = errors.New("unreachable")
	// ErrDeadlinePassed says that under one second of the mute was left, so
	// nothing was sent.
	ErrDeadlinePassed = errors.New("under one second of the mute is left")
	// ErrGuardExpired says that the Guard's time was over before the request
	// could leave, so nothing was sent.
	ErrGuardExpired = errors.New("the right to send expired before the request could leave")
	// ErrThrottled matches an *APIError of class throttled.
	ErrThrottled = errors.New("over the call limit")
	// ErrConfiguration matches an *APIError that the operator must fix.
	ErrConfiguration = errors.New("the configuration must be fixed")
)

// APIError is an answer of the service that is not a yes. Its class says what
// it means; every class but answered-unclear says that nothing was changed.
type APIError struct {
	API     imwire.API
	Code    imwire.Code
	Info    string // the service's own words, without credentials, bounded
	Class   imwire.Class
	Meaning string
	Advice  string // for the operator
}

func (e *APIError) Error() string {
	s := fmt.Sprintf("%s answered %d: %s", e.API, e.Code, e.Meaning)
	if e.Info != "" {
		s += fmt.Sprintf(" (%q)", e.Info)
	}
	return s
}

// Is matches the sentinel of the error's class.
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrNoSuchAccount:
		return e.Class == imwire.ClassNotFound
	case ErrThrottled:
		return e.Class == imwire.ClassThrottled
	case ErrConfiguration:
		return e.Class == imwire.ClassConfiguration
	}
	return false
}

// TransportError is an attempt without an answer of the API. When it was not
// Sent, the service cannot have seen it.
type TransportError struct {
	API  imwire.API
	Sent bool
	What string // what came in place of an answer; no URL, no credential

	ended error // the cause of the context that ended it, if one did
}

func (e *TransportError) Error() string { return fmt.Sprintf("%s: %s", e.API, e.What) }

// Is matches ErrUnreachable when nothing was sent.
func (e *TransportError) Is(target error) bool { return target == ErrUnreachable && !e.Sent }

func (e *TransportError) Unwrap() error { return e.ended }

// NotSentError is a call of which no attempt was sent: certainly nothing was
// changed.
type NotSentError struct{ Cause error }

func (e *NotSentError) Error() string { return "not sent: " + e.Cause.Error() }

func (e *NotSentError) Unwrap() error { return e.Cause }

// BreakerOpenError is a call that was not sent because the app is locked out
// or its credentials were refused several times.
type BreakerOpenError struct {
	Until time.Time // no call before
	Code  imwire.Code
}

func (e *BreakerOpenError) Error() string {
	return fmt.Sprintf("calls to Tencent are paused until %s because the credentials were not accepted (%d)",
		e.Until.UTC().Format(time.RFC3339), e.Code)
}

// OutcomeUnknownError is a change of which at least one attempt may have been
// applied. Only reading back, not before LiveUntil, tells.
type OutcomeUnknownError struct {
	// LiveUntil is when the last unclear attempt can no longer take effect:
	// its begin, AttemptTimeout and LiveMargin.
	LiveUntil time.Time
	// Code is the last unclear answer's; 0 when there was none.
	Code imwire.Code
	// Cause is what ended the call.
	Cause error
}

func (e *OutcomeUnknownError) Error() string {
	return fmt.Sprintf("%s until it is read back, not before %s: %s",
		ErrOutcomeUnknown, e.LiveUntil.UTC().Format(time.RFC3339), e.Cause)
}

// Is matches ErrOutcomeUnknown.
func (e *OutcomeUnknownError) Is(target error) bool { return target == ErrOutcomeUnknown }

func (e *OutcomeUnknownError) Unwrap() error { return e.Cause }
