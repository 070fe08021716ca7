package im

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"

	"modbot/internal/im/imwire"
)

const (
	// MaxAttempts is how often one call may be attempted, whatever the reasons.
	MaxAttempts = 3
	// AttemptTimeout is how long one attempt may last, connecting included. It
	// is longer than the service's own timeout of 3 s, so that the service
	// mostly gives up first and says so.
	AttemptTimeout = 5 * time.Second
	// LiveMargin is how long after its AttemptTimeout a request that nobody
	// answered is still taken to be inside the service.
	LiveMargin = time.Second
	// GuardTimeout is how long a Guard may take; its context ends then.
	GuardTimeout = 5 * time.Second
)

// What ends the wait for an answer, besides the caller.
var (
	errWindow = fmt.Errorf("no answer within %s", AttemptTimeout)
	errLease  = errors.New("no answer before the right to send expired")
	errGuard  = fmt.Errorf("the right to send was not renewed within %s", GuardTimeout)
)

// Guard is asked right before each attempt of a change, after every wait. An
// error means that there is no attempt. freshUntil is until when the right to
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

// ending says how an attempt ended.
type ending uint8

const (
	stopped    ending = iota + 1 // not sent, and no use in trying again
	unsent                       // not sent
	unanswered                   // maybe sent, no answer
	answered                     // answered, with err for what is not a yes
)

// outcome is one attempt, ended.
type outcome struct {
	ending ending
	began  time.Time // zero when the attempt did not begin
	err    error     // nil is a yes
}

// pause is what comes before the next attempt.
type pause uint8

const (
	never pause = iota
	atOnce
	briefly
	slowly
)

// run makes the attempts of a call.
func (c *Client) run(ctx context.Context, k *call) (Receipt, error) {
	var rec Receipt
	cred, err := c.signer.current()
	if err != nil {
		return rec, k.fail(rec, &NotSentError{err})
	}
	refreshed := false
	var waits waits
	for n := 1; ; n++ {
		o := c.attempt(ctx, k, cred, refreshed)
		rec.note(k, o)
		if o.ending == answered && o.err == nil {
			return rec, nil
		}
		next := k.next(o, refreshed)
		apiErr, _ := errors.AsType[*APIError](o.err)
		if next == never || n == MaxAttempts {
			if refreshed && apiErr != nil && apiErr.Class == imwire.ClassRefreshOnce {
				apiErr.Class = imwire.ClassConfiguration // a new UserSig did not help
			}
			return rec, k.fail(rec, o.err)
		}
		if apiErr != nil && apiErr.Class == imwire.ClassRefreshOnce {
			if cred, err = c.signer.refresh(cred); err != nil {
				return rec, k.fail(rec, &NotSentError{err})
			}
			refreshed = true
		}
		wait := waits.next(next)
		c.log.Debug("trying again", zap.Stringer("api", k.api), zap.Int("attempt", n), zap.Duration("wait", wait), zap.Error(o.err))
		if err := sleep(ctx, wait); err != nil {
			return rec, k.fail(rec, &NotSentError{fmt.Errorf("%w, after %w", err, o.err)})
		}
	}
}

// next decides what may follow an attempt that was not answered with a yes.
func (k *call) next(o outcome, refreshed bool) pause {
	switch o.ending {
	case stopped:
		return never
	case unsent:
		return briefly
	case unanswered:
		if k.change {
			return never
		}
		return briefly
	case answered:
	}
	e, ok := errors.AsType[*APIError](o.err)
	if !ok {
		return never
	}
	switch e.Class {
	case imwire.ClassAnsweredUnclear:
		return briefly
	case imwire.ClassThrottled:
		return slowly
	case imwire.ClassRefreshOnce:
		if !refreshed {
			return atOnce
		}
		return never
	case imwire.ClassNo, imwire.ClassUnanswered, imwire.ClassBreaker, imwire.ClassConfiguration, imwire.ClassNotFound:
		return never
	default:
		return never
	}
}

// note keeps what the attempt left behind.
func (r *Receipt) note(k *call, o outcome) {
	if o.began.IsZero() {
		return
	}
	r.Attempts++
	if o.ending == answered {
		r.Code = imwire.CodeOK
	}
	e, _ := errors.AsType[*APIError](o.err)
	if e != nil {
		r.Code = e.Code
	}
	unclear := o.ending == unanswered || e != nil && e.Class == imwire.ClassAnsweredUnclear
	if k.change && unclear {
		r.LockedUntil = o.began.Add(AttemptTimeout + LiveMargin) // attempts follow each other: the last is the latest
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

// attempt waits for the call's turn and makes one attempt.
func (c *Client) attempt(ctx context.Context, k *call, cred *credential, refreshed bool) outcome {
	stop := func(err error) outcome { return outcome{ending: stopped, err: &NotSentError{err}} }
	if err := c.breaker.peek(); err != nil { // before waiting for nothing
		return stop(err)
	}
	if err := c.limits.wait(ctx, k.api); err != nil {
		return stop(err)
	}
	probe, err := c.breaker.admit()
	if err != nil {
		return stop(err)
	}
	sign, code := authUntold, imwire.CodeOK
	defer func() { c.breaker.report(probe, sign, code) }()

	var freshUntil time.Time
	if k.guard != nil {
		if freshUntil, err = k.ask(ctx); err != nil {
			return stop(err)
		}
	}
	began := c.now()
	payload, err := newPayload(k, c.now, freshUntil)
	if err != nil {
		return c.unsent(ctx, time.Time{}, err)
	}
	end, why := began.Add(AttemptTimeout), errWindow
	if k.guard != nil && freshUntil.Before(end) {
		end, why = freshUntil, errLease
	}
	window, cancel := context.WithDeadlineCause(ctx, end, why)
	defer cancel()
	env, err := c.exchange(window, cancel, k, cred, payload)
	if err != nil {
		if te, ok := errors.AsType[*TransportError](err); ok && te.Sent {
			return outcome{ending: unanswered, began: began, err: err}
		}
		return c.unsent(ctx, began, err)
	}
	o := outcome{ending: answered, began: began}
	if !env.OK() {
		o.err = c.apiError(k.api, env, cred)
	}
	sign, code = signOf(o.err, refreshed), env.ErrorCode
	return o
}

// ask asks the guard.
func (k *call) ask(ctx context.Context) (freshUntil time.Time, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, GuardTimeout, errGuard)
	defer cancel()
	return k.guard(ctx)
}

// unsent is an attempt that did not leave. Another may follow when a
// connection or a guard that is asked again can make the difference.
func (c *Client) unsent(ctx context.Context, began time.Time, err error) outcome {
	o := outcome{ending: stopped, began: began, err: &NotSentError{err}}
	te, _ := errors.AsType[*TransportError](err)
	switch {
	case ctx.Err() != nil:
		o.err = &NotSentError{context.Cause(ctx)}
	case te != nil, errors.Is(err, ErrGuardExpired), errors.Is(err, errGrown):
		o.ending = unsent
	}
	return o
}

// signOf reads from an answer what it says of the credentials. A refusal
// counts against them only when the UserSig was new.
func signOf(err error, refreshed bool) authSign {
	e, _ := errors.AsType[*APIError](err)
	if e == nil {
		return authGood
	}
	info, _ := e.Code.Info()
	switch {
	case e.Class == imwire.ClassBreaker:
		return authLocked
	case info.Auth && (e.Class != imwire.ClassRefreshOnce || refreshed):
		return authBad
	case !info.Auth && (e.Class == imwire.ClassNo || e.Class == imwire.ClassNotFound):
		return authGood
	}
	return authUntold
}

// maxInfoRunes is how much of the service's own words is kept.
const maxInfoRunes = 200

func (c *Client) apiError(api imwire.API, env imwire.Envelope, cred *credential) *APIError {
	info, _ := env.ErrorCode.Info()
	if env.ErrorCode == imwire.CodeOK { // and yet not OK
		info.Class = imwire.UnknownCodeClass
		info.Meaning = "a code of success with a status of failure"
	}
	said := []rune(strings.ToValidUTF8(c.signer.scrub(env.ErrorInfo, cred), "\uFFFD"))
	if len(said) > maxInfoRunes {
		said = append(said[:maxInfoRunes], '…')
	}
	return &APIError{API: api, Code: env.ErrorCode, Info: string(said), Class: info.Class, Meaning: info.Meaning, Advice: info.Advice}
}

// waits are the pauses of one call; the zero value is ready.
type waits struct{ brief, slow *backoff.ExponentialBackOff }

func (w *waits) next(p pause) time.Duration {
	switch p {
	case briefly:
		if w.brief == nil {
			w.brief = newBackOff(100*time.Millisecond, 500*time.Millisecond)
		}
		return w.brief.NextBackOff()
	case slowly:
		if w.slow == nil {
			w.slow = newBackOff(500*time.Millisecond, 2*time.Second)
		}
		return w.slow.NextBackOff()
	case never, atOnce:
	}
	return 0
}

func newBackOff(first, most time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = first, most, 2
	return b
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
