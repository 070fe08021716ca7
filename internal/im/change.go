package im

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// Option adjusts one change.
type Option func(*call)

// WithGuard has the guard asked before each attempt.
func WithGuard(g Guard) Option { return func(k *call) { k.guard = g } }

// Mute mutes the account in the fields of the scope until the term has run
// out. Fields outside the scope are left as they are. Each attempt sends the
// seconds that are left at that moment, so repeating moves the end by less
// than a second. The errors are those of the package doc; with
// ErrDeadlinePassed nothing was sent because the end has come.
func (c *Client) Mute(ctx context.Context, account mute.Account, scope mute.Scope, until mute.Running, opts ...Option) (Receipt, error) {
	seconds := func(now time.Time) (uint32, error) {
		n, ok := until.Wire(now)
		if !ok {
			return 0, ErrDeadlinePassed
		}
		return n, nil
	}
	if until.Term().IsZero() {
		seconds = func(time.Time) (uint32, error) { return 0, errors.New("no term was given") }
	}
	return c.set(ctx, "muting", account, scope, seconds, opts)
}

// Unmute lifts the mute of the account in the fields of the scope, whether or
// not there is one.
func (c *Client) Unmute(ctx context.Context, account mute.Account, scope mute.Scope, opts ...Option) (Receipt, error) {
	return c.set(ctx, "unmuting", account, scope, noSeconds, opts)
}

func (c *Client) set(ctx context.Context, verb string, account mute.Account, scope mute.Scope, seconds func(now time.Time) (uint32, error), opts []Option) (Receipt, error) {
	k := &call{
		api:     imwire.SetNoSpeaking,
		change:  true,
		doing:   func() string { return fmt.Sprintf("%s %q (%s)", verb, account, scope) },
		seconds: seconds,
		body: func(n uint32) ([]byte, error) {
			req := imwire.SetRequest{SetAccount: string(account)}
			if scope.Has(mute.Group) {
				req.GroupmsgNospeakingTime = &n
			}
			if scope.Has(mute.C2C) {
				req.C2CmsgNospeakingTime = &n
			}
			return json.Marshal(req)
		},
		parse: func(answer []byte) (imwire.Envelope, error) {
			r, err := imwire.ParseSet(answer)
			return r.Envelope, err
		},
	}
	for _, opt := range opts {
		opt(k)
	}
	_, err := mute.ParseAccount(string(account))
	if err == nil && len(scope.Fields()) == 0 {
		err = errors.New("the scope names no field")
	}
	if err != nil {
		return Receipt{}, k.fail(Receipt{}, &NotSentError{err})
	}
	return c.run(ctx, k)
}
