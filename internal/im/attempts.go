package im

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// run makes the attempts of a call.
func (c *Client) run(ctx context.Context, k *call) (Receipt, error) {
	var rec Receipt
	cred, err := c.signer.current()
	if err != nil {
		return rec, k.fail(rec, &NotSentError{err})
	}
	var waits waits
	refreshed := false
	for n := 1; ; n++ {
		o := c.attempt(ctx, k, cred, refreshed)
		rec.note(k, o)
		if o.ending == done {
			return rec, nil
		}
		next := k.next(o, refreshed)
		if refreshed && o.class() == imwire.ClassRefreshOnce {
			o.answer.Class = imwire.ClassConfiguration // a new UserSig did not help
		}
		if next == never || n == MaxAttempts {
			return rec, k.fail(rec, o.err)
		}
		if o.class() == imwire.ClassRefreshOnce {
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

// attempt waits for the call's turn and makes one attempt.
func (c *Client) attempt(ctx context.Context, k *call, cred *credential, refreshed bool) outcome {
	stop := func(err error) outcome { return outcome{ending: stopped, err: &NotSentError{err}} }
	if err := c.breaker.peek(); err != nil { // before waiting for nothing
		return stop(err)
	}
	freshUntil, err := c.turn(ctx, k)
	if err != nil {
		return stop(err)
	}
	probe, err := c.breaker.admit()
	if err != nil {
		return stop(err)
	}
	sign, code := authUntold, imwire.CodeOK
	defer func() { c.breaker.report(probe, sign, code) }()

	o := outcome{began: c.now()}
	payload, err := newPayload(k, c.now, freshUntil)
	if err != nil {
		return withoutAnswer(ctx, outcome{}, err)
	}
	end, why := o.began.Add(AttemptTimeout), errWindow
	if k.guard != nil && freshUntil.Before(end) {
		end, why = freshUntil, errLease
	}
	window, cancel := context.WithDeadlineCause(ctx, end, why)
	defer cancel()
	env, err := c.exchange(window, cancel, k, cred, payload)
	o.ended = c.now()
	if err != nil {
		return withoutAnswer(ctx, o, err)
	}
	if env.OK() {
		o.ending, sign = done, authGood
		return o
	}
	o.ending, o.answer = refused, c.apiError(k.api, env, cred)
	o.err = o.answer
	sign, code = o.answer.sign(refreshed), env.ErrorCode
	return o
}

// withoutAnswer is an attempt without an answer. If it was not sent, another may
// follow when a connection, or a guard that is asked again, can make the
// difference.
func withoutAnswer(ctx context.Context, o outcome, err error) outcome {
	te, _ := errors.AsType[*TransportError](err)
	switch {
	case te != nil && te.Sent:
		o.ending, o.err = unanswered, err
	case ctx.Err() != nil:
		o.ending, o.err = stopped, &NotSentError{context.Cause(ctx)}
	case te != nil, errors.Is(err, ErrGuardExpired), errors.Is(err, errGrown):
		o.ending, o.err = unsent, &NotSentError{err}
	default:
		o.ending, o.err = stopped, &NotSentError{err}
	}
	return o
}
