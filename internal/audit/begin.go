package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modbot/internal/mute"
)

// errNotAnIntent is a mistake of the caller's.
var errNotAnIntent = errors.New("audit: an intent needs an account and a scope")

// Begin makes an intent durable and takes the account's lease. Nothing may be
// sent to Tencent before it returned without an error and without Known.
//
// It writes nothing and returns ErrChanged when the account's version or the
// actor's count is not what the plan saw, a *BusyError when another action
// holds the account, ErrNoCase or ErrNotWaiting when the case that it answers
// is no open question, and an error that is ErrStore when it could not be
// recorded. A key or id that is in the ledger already begins nothing: Known
// then tells how its case stands.
func (l *Log) Begin(ctx context.Context, in Intent) (Begun, error) {
	if in.Account == "" || in.Scope == 0 {
		return Begun{}, errNotAnIntent
	}
	d := newDraft(KindIntent, in.Head)
	d.entry.Choice, d.entry.Batch, d.entry.Before = clean(in.Choice), in.Batch, new(in.Before)
	keys := d.keys()
	keys.Cases = nonZero(in.Case)
	var begun Begun
	var known EntryRef
	err := l.write(ctx, keys, func(ctx context.Context, s *state) error {
		ref, found, err := s.find(ctx, &d)
		if err != nil {
			return err
		}
		if found {
			if ref.Seq == begun.Seq { // begun by an earlier try of this very group
				return nil
			}
			begun, known = Begun{}, ref
			return nil
		}
		begun, err = s.begin(ctx, d, in)
		return err
	})
	if err != nil {
		return Begun{}, err
	}
	if known.Seq == 0 {
		return begun, nil
	}
	c, err := l.recorded(ctx, known)
	return Begun{Known: &c}, err
}

// begin is Begin inside the transaction.
func (s *state) begin(ctx context.Context, d draft, in Intent) (Begun, error) {
	acct, _, err := s.acct(ctx, in.Account)
	if err != nil {
		return Begun{}, err
	}
	late, err := s.free(ctx, acct, in.Account)
	if err != nil {
		return Begun{}, err
	}
	d.entry.Case = s.head.Cases + 1
	if in.Case != 0 {
		c, err := s.waiting(ctx, in.Case)
		if err != nil {
			return Begun{}, err
		}
		if c.Acct != acct {
			return Begun{}, ErrNotWaiting // it is another account's question
		}
		d.entry.Case, d.entry.About = c.Number, c.Asked
	}
	if err := s.expect(ctx, acct, in); err != nil {
		return Begun{}, err
	}
	if term, finite := in.Term.Duration(); finite {
		d.entry.Deadline = s.now.Add(term)
	}
	e, err := s.append(ctx, d)
	if err != nil {
		return Begun{}, err
	}
	s.leases.put(e.Acct, LeaseRow{
		Acct: e.Acct, Case: e.Case, Fence: fenceOf(e.Seq), State: LeaseFlight, Until: micros(s.now.Add(LeaseTime)), Late: late,
	})
	return Begun{
		Case: e.Case, Seq: e.Seq, Token: Token{Account: in.Account, Case: e.Case, Fence: fenceOf(e.Seq), acct: e.Acct},
		Began: s.local, Deadline: e.Deadline, FreshUntil: s.local.Add(LeaseTime),
	}, nil
}

// expect compares the account and the actor's count with what the plan saw.
func (s *state) expect(ctx context.Context, acct int64, in Intent) error {
	var version int64
	if acct != 0 {
		version = s.account(acct).Version
	}
	if version != in.Expect.Version {
		return ErrChanged
	}
	if in.Expect.CountSince.IsZero() {
		return nil
	}
	n, err := s.actions(ctx, clean(in.Actor), in.Expect.CountSince)
	if err != nil {
		return err
	}
	if n != in.Expect.Count {
		return fmt.Errorf("%w: the actor has begun %d actions, not %d", ErrChanged, n, in.Expect.Count)
	}
	return nil
}

// free reports as *BusyError who holds the account. It returns the late answer
// that is still to be read back, which whoever comes next inherits.
func (s *state) free(ctx context.Context, acct int64, name mute.Account) (late int64, err error) {
	if acct == 0 {
		return 0, nil
	}
	lease, ok := s.lease(acct)
	if !ok {
		return 0, nil
	}
	until := fromMicros(lease.Until)
	switch lease.State {
	case LeaseLocked, LeaseLate:
		if !until.After(s.leaseNow) {
			return lease.Late, nil
		}
	case LeaseFlight, LeaseSettling:
		until = until.Add(SettleGrace)
	case LeaseUnknown:
	}
	busy := &BusyError{Account: name, Case: lease.Case, Until: until}
	c, err := s.theCase(ctx, lease.Case)
	if err != nil {
		return 0, err
	}
	e, err := s.entry(ctx, c.Intent)
	if err != nil {
		return 0, err
	}
	if e.Personal != nil {
		busy.Actor, busy.ActorName = e.Personal.Actor, e.Personal.ActorName
	}
	return 0, busy
}

// keys are the rows to load for a holder of the token.
func (t Token) keys() Keys {
	k := Keys{Cases: []int64{t.Case}}
	if t.acct != 0 {
		k.Accts, k.Mutes = []int64{t.acct}, []int64{t.acct}
	} else {
		k.Accounts = []mute.Account{t.Account}
	}
	return k
}

// held loads the account's lease and reports whether the token is what it
// names.
func (s *state) held(ctx context.Context, t Token) (lease LeaseRow, ok bool, err error) {
	acct := t.acct
	if acct == 0 {
		if acct, ok, err = s.acct(ctx, t.Account); err != nil || !ok {
			return lease, false, err
		}
	}
	if err := s.want(ctx, Keys{Accts: []int64{acct}}); err != nil {
		return lease, false, err
	}
	lease, ok = s.lease(acct)
	return lease, ok && lease.Case == t.Case && lease.Fence == t.Fence, nil
}

// Renew prolongs the lease by LeaseTime from now, before an attempt. It
// returns ErrLeaseLost when somebody else holds the account, or nobody: then
// no call may be made.
func (l *Log) Renew(ctx context.Context, t Token) (freshUntil time.Time, err error) {
	err = l.write(ctx, t.keys(), func(ctx context.Context, s *state) error {
		lease, ok, err := s.held(ctx, t)
		if err != nil {
			return err
		}
		if !ok || (lease.State != LeaseFlight && lease.State != LeaseSettling) {
			return ErrLeaseLost
		}
		lease.Until = micros(s.now.Add(LeaseTime))
		s.leases.put(lease.Acct, lease)
		freshUntil = s.local.Add(LeaseTime)
		return nil
	})
	return freshUntil, err
}
