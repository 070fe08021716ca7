package im

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"modbot/internal/im/imwire"
)

const (
	// BreakerPause is how long no call is made after the vendor locked the app
	// out (70050). The vendor asks for a minute; the rest is margin.
	BreakerPause = 65 * time.Second
	// authFailuresMax is how many calls in a row may fail to authenticate
	// before the client pauses by itself, ahead of the vendor's lock-out.
	authFailuresMax = 3
)

// breaker stops all calls while the app is locked out. It opens on 70050 or
// after authFailuresMax failures to authenticate in a row. When the pause is
// over it lets one call through and closes on anything but another failure.
type breaker struct {
	log *zap.Logger
	now func() time.Time

	mu       sync.Mutex
	until    time.Time   // no call before; zero while closed
	code     imwire.Code // what opened it
	failures int         // to authenticate, in a row
	probing  bool        // one call is through to try
}

func newBreaker(log *zap.Logger, now func() time.Time) *breaker {
	return &breaker{log: log, now: now}
}

// authSign is what an attempt showed about the client's credentials.
type authSign uint8

const (
	authUntold authSign = iota // nothing
	authGood                   // accepted
	authBad                    // refused, with a UserSig made a moment ago
	authLocked                 // the vendor locked the app out
)

// peek reports whether a call has a chance, without taking it.
func (b *breaker) peek() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refusal()
}

// admit lets an attempt through or refuses it. Every admitted attempt ends
// with report.
func (b *breaker) admit() (probe bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.refusal(); err != nil {
		return false, err
	}
	if b.until.IsZero() {
		return false, nil
	}
	b.probing = true
	return true, nil
}

func (b *breaker) refusal() error {
	if b.until.IsZero() {
		return nil
	}
	now := b.now()
	switch {
	case now.Before(b.until):
		return &BreakerOpenError{Until: b.until, Code: b.code}
	case b.probing:
		return &BreakerOpenError{Until: now.Add(AttemptTimeout), Code: b.code}
	}
	return nil
}

// report takes what an admitted attempt showed. Answers to attempts that
// began before the breaker opened do not close it.
func (b *breaker) report(probe bool, sign authSign, code imwire.Code) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if probe {
		b.probing = false
	}
	open := !b.until.IsZero()
	switch sign {
	case authLocked:
		b.open(code)
	case authBad:
		b.failures++
		if b.failures >= authFailuresMax && (!open || probe) {
			b.open(code)
		}
	case authGood:
		if !open || probe {
			b.failures, b.until = 0, time.Time{}
		}
	case authUntold:
	}
}

func (b *breaker) open(code imwire.Code) {
	b.until, b.code = b.now().Add(BreakerPause), code
	b.failures = authFailuresMax
	b.log.Warn("calls to Tencent are paused: the credentials were not accepted",
		zap.Int32("code", int32(code)), zap.Time("until", b.until))
}
