package im

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modbot/internal/im/imwire"
)

// Verdict is all that a ledger needs to know of a change.
type Verdict uint8

// The verdicts.
const (
	// VerdictDone is a yes.
	VerdictDone Verdict = iota + 1
	// VerdictNo says that nothing was changed, for certain.
	VerdictNo
	// VerdictUnknown says that the change must be read back.
	VerdictUnknown
)

// String is the verdict's name for logs.
func (v Verdict) String() string {
	switch v {
	case VerdictDone:
		return "done"
	case VerdictNo:
		return "no"
	case VerdictUnknown:
		return "unknown"
	default:
		return fmt.Sprintf("Verdict(%d)", uint8(v))
	}
}

// Classification is an error of this package in the terms of its callers.
type Classification struct {
	Verdict   Verdict
	Code      imwire.Code // Tencent's last word; 0 when there was none
	LiveUntil time.Time   // with VerdictUnknown: not to be read back before
	Text      string      // one sentence without internals, for people
}

// Classify reads the error of a call; nil is a yes. An error that is not of
// this package is VerdictUnknown, because nobody vouches for more, and the
// caller then bounds LiveUntil itself.
func Classify(err error) Classification {
	if err == nil {
		return Classification{Verdict: VerdictDone, Text: "Tencent confirmed it."}
	}
	// The order matters: an unknown outcome wraps the no that came after it.
	if e, ok := errors.AsType[*OutcomeUnknownError](err); ok {
		return Classification{VerdictUnknown, e.Code, e.LiveUntil, "Tencent gave no clear answer; it will be read back."}
	}
	if e, ok := errors.AsType[*APIError](err); ok {
		return Classification{Verdict: VerdictNo, Code: e.Code, Text: fmt.Sprintf("Tencent said no: %s (code %d).", e.Meaning, e.Code)}
	}
	if e, ok := errors.AsType[*BreakerOpenError](err); ok {
		return Classification{Verdict: VerdictNo, Code: e.Code, Text: fmt.Sprintf(
			"Nothing was sent: Tencent does not accept the app's credentials, and calls are paused until %s.", e.Until.UTC().Format("15:04:05 MST"))}
	}
	if errors.Is(err, ErrNoSuchAccount) {
		return Classification{Verdict: VerdictNo, Text: "Tencent knows no such account."}
	}
	if e, ok := errors.AsType[*TransportError](err); ok && e.Sent { // only queries end so
		return Classification{Verdict: VerdictNo, Text: "Tencent gave no clear answer to the question; nothing was changed."}
	}
	if _, ok := errors.AsType[*NotSentError](err); ok {
		return Classification{Verdict: VerdictNo, Text: "Nothing was sent: " + whyNotSent(err) + "."}
	}
	return Classification{Verdict: VerdictUnknown, Text: "Whether it was done is unknown; it will be read back."}
}

func whyNotSent(err error) string {
	switch {
	case errors.Is(err, ErrSlots): // first, because it wraps anything
		return "the ledger cannot be reached"
	case errors.Is(err, ErrUnreachable):
		return "Tencent could not be reached"
	case errors.Is(err, ErrDeadlinePassed):
		return "the mute's end has come"
	case errors.Is(err, ErrRateWait):
		return "too many calls are waiting"
	case errors.Is(err, ErrGuardExpired):
		return "modbot was held up for too long"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "the command ended before its turn came"
	default:
		return "modbot may not send it now"
	}
}
