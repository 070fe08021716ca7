package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modbot/internal/audit"
	"modbot/internal/commands"
	"modbot/internal/im"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// tencent lets the rooms that may not know the client use it: the dispatcher
// (commands.Lookup, commands.Actor) and the ledger's workers (audit.Reader).
type tencent struct{ client *im.Client }

// State reads both fields of an account.
func (t tencent) State(ctx context.Context, account mute.Account) (mute.State, error) {
	s, err := t.client.State(ctx, account)
	if errors.Is(err, im.ErrNoSuchAccount) {
		return mute.State{}, commands.ErrNoSuchAccount
	}
	if err != nil {
		return mute.State{}, trouble(err)
	}
	return s, nil
}

// Exist says which of the accounts exist.
func (t tencent) Exist(ctx context.Context, accounts []mute.Account) (map[mute.Account]bool, error) {
	found, err := t.client.CheckAccounts(ctx, accounts...)
	if err != nil {
		return nil, trouble(err)
	}
	out := make(map[mute.Account]bool, len(found))
	for _, p := range found {
		out[p.Account] = p.Exists
	}
	return out, nil
}

// Mute mutes an account.
func (t tencent) Mute(ctx context.Context, account mute.Account, scope mute.Scope, until mute.Running, guard commands.Guard) commands.Answer {
	receipt, err := t.client.Mute(ctx, account, scope, until, im.WithGuard(im.Guard(guard)))
	return answer(receipt, err)
}

// Unmute lifts an account's mute.
func (t tencent) Unmute(ctx context.Context, account mute.Account, scope mute.Scope, guard commands.Guard) commands.Answer {
	receipt, err := t.client.Unmute(ctx, account, scope, im.WithGuard(im.Guard(guard)))
	return answer(receipt, err)
}

// answer turns a client's receipt into what the dispatcher records.
func answer(receipt im.Receipt, err error) commands.Answer {
	c := im.Classify(err)
	out := commands.Answer{Code: int(c.Code), Attempts: receipt.Attempts, LockedUntil: receipt.LockedUntil}
	switch c.Verdict {
	case im.VerdictDone:
		out.Verdict = commands.VerdictDone
	case im.VerdictNo:
		out.Verdict, out.Why = commands.VerdictNo, c.Text
	case im.VerdictUnknown:
		out.Verdict = commands.VerdictUnknown
		if c.LiveUntil.After(out.LockedUntil) {
			out.LockedUntil = c.LiveUntil
		}
		if out.LockedUntil.IsZero() { // nobody vouches for less than a whole attempt
			out.LockedUntil = time.Now().Add(im.AttemptTimeout + im.LiveMargin)
		}
	}
	return out
}

// trouble makes an error of the client one that a person can be told.
func trouble(err error) error {
	code := "tencent_refused"
	switch {
	case errors.Is(err, im.ErrSlots) && errors.Is(err, audit.ErrStore) && !errors.Is(err, audit.ErrUncertain):
		return err // the rate is in the ledger's database, which has words of its own for people
	case errors.Is(err, im.ErrSlots):
		code = "no_record"
	case errors.Is(err, im.ErrConfiguration):
		code = "tencent_configuration"
	case errors.As(err, new(*im.BreakerOpenError)):
		code = "tencent_configuration"
	case errors.As(err, new(*im.TransportError)), errors.Is(err, im.ErrUnreachable), // no answer is no refusal
		errors.Is(err, im.ErrRateWait), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		code = "tencent_unreachable"
	}
	return &commands.TroubleError{Code: code, Why: im.Classify(err).Text, Cause: err}
}

// meaning explains one of Tencent's codes.
func meaning(code int) string {
	if code == 0 {
		return ""
	}
	info, _ := imwire.Code(code).Info() //nolint:gosec // it was an imwire.Code before it was an int
	return info.Meaning
}

// readBack is the ledger's way to Tencent, for its workers: in the background.
type readBack struct{ client *im.Client }

// Read reads both fields; audit.ErrNoAccount when the account does not exist.
func (r readBack) Read(ctx context.Context, account mute.Account) (mute.State, error) {
	s, err := r.client.State(ctx, account)
	if errors.Is(err, im.ErrNoSuchAccount) {
		return mute.State{}, fmt.Errorf("reading account %s: %w", account, audit.ErrNoAccount)
	}
	return s, err
}
