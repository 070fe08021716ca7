package audit

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"modbot/internal/mute"
)

// Expirer notices that mutes have ended. It believes Tencent alone: a mute
// whose time is over is read first, and when over ReadTolerance is left (or it
// has no end) it is not expired but has drifted. Notices come in the order in
// which mutes end, one for each field, also after a long downtime. An account
// that somebody acts on is left alone until that is settled. Where the clock was
// set, a mute is over when Tencent says so, and has drifted when no clock that
// there was explains what Tencent says.
//
// Any number of expirers may run on one ledger: what was read counts only if
// nothing happened to the account since.
type Expirer struct {
	log     *zap.Logger
	ledger  *Log
	tencent Tencent
	// retry says when an account that could not be read is tried again. Only
	// one pass runs at a time.
	retry map[mute.Account]retrying
	// waits says when a mute that lasts longer, because the clock was set, is
	// looked at again.
	waits map[waiting]time.Time
}

// waiting is a mute as it was found to be due.
type waiting struct {
	account mute.Account
	field   mute.Field
	made    int64
	until   time.Time
}

type retrying struct {
	failures int
	at       time.Time
}

// NewExpirer makes an expirer; Run sets it to work. Once may not be called
// while it runs.
func NewExpirer(log *zap.Logger, ledger *Log, tencent Tencent) *Expirer {
	return &Expirer{log: log, ledger: ledger, tencent: tencent, retry: map[mute.Account]retrying{}, waits: map[waiting]time.Time{}}
}

// Run notices what ends until the context ends, and returns nil then.
func (x *Expirer) Run(ctx context.Context) error {
	return worker{log: x.log, ledger: x.ledger, pace: settlePace, pass: func(ctx context.Context) (time.Time, error) {
		_, next, err := x.Once(ctx)
		return next, err
	}}.run(ctx)
}

// Once looks at every mute whose time is over now. noted counts the entries;
// next is when something is to be looked at again, as far as is known. The
// error is the ledger's; that Tencent cannot be read is none.
func (x *Expirer) Once(ctx context.Context) (noted int, next time.Time, err error) {
	for {
		n, again, err := x.pass(ctx)
		noted += n
		if err != nil || n == 0 {
			return noted, again, err
		}
	}
}

// pass looks once at everything that is due.
func (x *Expirer) pass(ctx context.Context) (noted int, next time.Time, err error) {
	none := true
	for page := (DuePage{}); ; {
		due, err := x.ledger.Due(ctx, page)
		if err != nil {
			return noted, next, err
		}
		n, again, err := x.all(ctx, due.Mutes)
		noted, next, none = noted+n, earlier(next, again), none && len(due.Mutes) == 0
		if err != nil {
			return noted, next, err
		}
		if due.More == nil {
			if none {
				clear(x.retry)
				clear(x.waits)
			}
			return noted, earlier(due.Next, next), nil
		}
		page = *due.More
	}
}

// all looks at mutes, several accounts at a time, and records in their order.
func (x *Expirer) all(ctx context.Context, due []Mute) (noted int, again time.Time, err error) {
	due = slices.DeleteFunc(due, func(m Mute) bool {
		at := x.waits[m.waiting()]
		if wait := at.After(x.ledger.now()); wait {
			again = earlier(again, at)
			return true
		}
		return false
	})
	for len(due) > 0 {
		n := together(due)
		accounts, err := x.read(ctx, due[:n])
		if err != nil {
			return noted, again, err
		}
		x.learn(due[:n], accounts)
		for _, m := range due[:n] {
			a := accounts[m.Account]
			if a.reading == nil || !a.still(m) {
				again = earlier(again, a.again)
				continue
			}
			done, err := x.note(ctx, m, a)
			if err != nil {
				return noted, again, err
			}
			if done {
				noted++
			} else {
				again = earlier(again, a.again)
			}
		}
		due = due[n:]
	}
	return noted, again, nil
}

// together is how many of the mutes have accounts enough to read at once.
func together(due []Mute) int {
	seen := map[mute.Account]bool{}
	for i, m := range due {
		if seen[m.Account] = true; len(seen) > readsAtOnce {
			return i
		}
	}
	return len(due)
}

// looked is an account of which a mute is due.
type looked struct {
	view    AccountView // as of before the read; its version is moved on by our own entries
	reading *reading    // nil when it was not read
	again   time.Time
}

// still reports whether a mute is as it was when it was found to be due.
func (a *looked) still(m Mute) bool {
	now, ok := a.view.MuteOf(m.Field)
	return ok && now.Case == m.Case && now.Until.Equal(m.Until)
}

// read reads the accounts of some mutes.
func (x *Expirer) read(ctx context.Context, due []Mute) (map[mute.Account]*looked, error) {
	accounts := map[mute.Account]*looked{}
	for _, m := range due {
		accounts[m.Account] = &looked{}
	}
	var group errgroup.Group
	failures := make(chan failure, len(accounts))
	for account, a := range accounts {
		if at := x.retry[account].at; at.After(x.ledger.now()) {
			a.again = at
			continue
		}
		group.Go(func() error {
			cause, err := x.look(ctx, account, a)
			failures <- failure{account, cause}
			return err
		})
	}
	err := group.Wait()
	close(failures)
	for f := range failures {
		x.tried(ctx, f, accounts[f.account])
	}
	return accounts, err
}

// failure is why an account could not be read; nil when it could.
type failure struct {
	account mute.Account
	cause   error
}

// look reads one account, unless somebody acts on it.
func (x *Expirer) look(ctx context.Context, account mute.Account, a *looked) (cause, err error) {
	v, err := x.ledger.Account(ctx, account)
	if err != nil || v.InFlight != nil {
		a.again = x.ledger.now().Add(workPoll)
		return nil, err
	}
	a.view = v
	a.reading, cause = readAccount(ctx, x.tencent, x.ledger.time, account)
	return cause, nil
}

// tried notes whether an account could be read.
func (x *Expirer) tried(ctx context.Context, f failure, a *looked) {
	if f.cause == nil || ctx.Err() != nil {
		delete(x.retry, f.account)
		return
	}
	r := x.retry[f.account]
	r.failures++
	wait := readPatience().after(r.failures)
	r.at = x.ledger.now().Add(wait)
	x.retry[f.account], a.again = r, r.at
	x.log.Warn("a mute is due, but Tencent cannot be read", zap.Duration("wait", wait), zap.Error(f.cause))
}

// note records what became of one mute.
func (x *Expirer) note(ctx context.Context, m Mute, a *looked) (done bool, err error) {
	shifts := x.ledger.clock.shifts(m.made)
	switch lasts, explained := a.reading.lasts(m.Field), a.reading.agrees(m, shifts); {
	case lasts && explained:
		left, _ := a.reading.state.Of(m.Field).Left()
		a.again = x.ledger.now().Add(left)
		x.waits[m.waiting()] = a.again
		return false, nil
	case (a.reading.absent || !explained) && m.Until.After(a.reading.to):
		a.again = x.ledger.now().Add(workPoll) // it is not over by any clock: the reconciler's business
		return false, nil
	}
	o := Observation{
		Kind: KindExpired, Account: m.Account, Version: a.view.Version, Case: m.Case, Scope: mute.ScopeOf(m.Field), After: a.reading.seen(),
	}
	if a.reading.lasts(m.Field) {
		o.Kind = KindDrift
	}
	e, err := x.ledger.Observe(context.WithoutCancel(ctx), o)
	if moved(err) {
		a.reading = nil // what was read is old
		return false, nil
	}
	if err != nil {
		return false, err
	}
	a.view.Version = e.Seq
	x.log.Info("a mute is over", zap.Int64("case", m.Case), zap.Stringer("field", m.Field), zap.String("kind", string(o.Kind)))
	return true, nil
}

// waiting names a mute as it is.
func (m Mute) waiting() waiting { return waiting{m.Account, m.Field, m.made, m.Until} }

// learn looks whether many mutes differ by the same time, which is the clock's
// doing and not theirs.
func (x *Expirer) learn(due []Mute, accounts map[mute.Account]*looked) {
	var all []difference
	for _, m := range due {
		a := accounts[m.Account]
		if a.reading == nil || !a.still(m) {
			continue
		}
		all = append(all, x.ledger.differs(m, *a.reading)...)
	}
	x.ledger.learn(all)
}

// differs is by how much a reading differs from a mute with an end; nothing when
// it does not, or by no time that can be told.
func (l *Log) differs(m Mute, r reading) []difference {
	left, finite := r.state.Of(m.Field).Left()
	if r.absent || m.Permanent || !finite || r.agrees(m, l.clock.shifts(m.made)) {
		return nil
	}
	return []difference{{m.Until, r.to.Add(left).Sub(m.Until)}}
}

// learn remembers what many differences have in common.
func (l *Log) learn(all []difference) {
	if by, learned := l.clock.learn(all); learned {
		l.log.Warn("many mutes end at another time than recorded, all by the same: the clock must have been set; they are left as they are",
			zap.Duration("by", by), zap.Int("looked_at", len(all)))
	}
}

// lasts reports whether a field is still muted for more than the tolerance.
func (r reading) lasts(f mute.Field) bool {
	if r.absent {
		return false
	}
	got := r.state.Of(f)
	left, _ := got.Left()
	return got.Permanent() || left > ReadTolerance
}
