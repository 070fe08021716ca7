package audit

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"modbot/internal/mute"
)

const (
	// reconcileRound is in what time every active mute is read once, as far as
	// reconcileGap allows: with more than some 40,000 accounts a round takes
	// longer, a day at 170,000.
	reconcileRound = 6 * time.Hour
	// reconcileGap is the least between two reads: two a second are one in a
	// hundred of the vendor's 200.
	reconcileGap = 500 * time.Millisecond
	// reconcilePage is how many accounts are read in a row and judged together.
	reconcilePage = 16
	// reconcileTime bounds the reads of a page; it ends within the lease.
	reconcileTime = 40 * time.Second
	// reconcileFailed is how long a round rests when Tencent cannot be read.
	reconcileFailed = time.Minute
	// reconcileWorker is the name of the lease.
	reconcileWorker = "reconcile"
)

// Reconciler reads the accounts with active mutes back, round and round, at a
// low rate, and records where Tencent has something else than the ledger: once
// for each difference, because the ledger's mute follows what was read. An
// account that somebody acts on is left to whoever settles that, and one that
// Tencent does not know any more has lost its mutes.
//
// One reconciler of a ledger works at a time, whichever process it is in. How
// far the round has come is kept, so that a restart goes on there.
type Reconciler struct {
	log     *zap.Logger
	ledger  *Log
	tencent Tencent
	holder  string
	gap     time.Duration // reconcileGap, but for tests
}

// NewReconciler makes a reconciler; Run sets it to work. Once may not be called
// while it runs.
func NewReconciler(log *zap.Logger, ledger *Log, tencent Tencent) *Reconciler {
	return &Reconciler{log: log, ledger: ledger, tencent: tencent, holder: NewID(), gap: reconcileGap}
}

// Run reconciles until the context ends, and returns nil then.
func (r *Reconciler) Run(ctx context.Context) error {
	err := worker{log: r.log, ledger: r.ledger, pace: settlePace, pass: func(ctx context.Context) (time.Time, error) {
		_, next, err := r.Once(ctx)
		return next, err
	}}.run(ctx)
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), readTime, errReadTime)
	defer cancel()
	if resigned := r.ledger.Resign(ctx, reconcileWorker, r.holder); resigned != nil {
		r.log.Warn("the comparison with Tencent could not be given back; the next process waits", zap.Error(resigned))
	}
	return err
}

// Once reads the next accounts of the round, unless they are not due yet, or
// another process does. noted counts the entries; next is when to go on, by
// the local clock. The error is the ledger's; that Tencent cannot be read is none.
func (r *Reconciler) Once(ctx context.Context) (noted int, next time.Time, err error) {
	at, err := r.ledger.place(ctx, reconcileWorker)
	if err != nil || at.GoesOn.After(r.ledger.time()) {
		return 0, r.ledger.local(at.GoesOn), err
	}
	until, ok, err := r.ledger.Lead(ctx, reconcileWorker, r.holder, LeadMost)
	if err != nil || !ok {
		return 0, until, err
	}
	page, err := r.ledger.walk(ctx, at.Place, reconcilePage)
	if err != nil {
		return 0, next, err
	}
	seen, left := r.read(ctx, page)
	if noted, err = r.compare(ctx, seen); err != nil || ctx.Err() != nil {
		return noted, next, err
	}
	place, rest := page.next(len(seen), left)
	next, err = r.ledger.goOn(ctx, reconcileWorker, r.holder, place, rest)
	return noted, next, err
}

// next is after which account the round goes on when the first of a page were
// read, and after what rest. An account that cannot be read is passed over: it
// may be it alone, and the next round comes.
func (p walked) next(read int, failed bool) (after int64, rest time.Duration) {
	if failed {
		return p.accounts[read].acct, reconcileFailed
	}
	share := reconcileRound * time.Duration(max(1, read)) / time.Duration(max(1, p.all))
	rest = min(max(share, reconcileGap*time.Duration(read)), reconcileRound)
	if read < reconcilePage {
		return 0, rest // the round is over
	}
	return p.last, rest
}

// compared is an account as it was before it was read, and what was read.
type compared struct {
	acct    int64
	view    AccountView
	reading *reading // nil where it was left alone
}

// read reads the accounts of a page, one after the other; left says that one
// could not be read.
func (r *Reconciler) read(ctx context.Context, page walked) (seen []compared, left bool) {
	ctx, cancel := context.WithTimeoutCause(ctx, reconcileTime, errReadTime)
	defer cancel()
	for i, a := range page.accounts {
		if i > 0 {
			pause(ctx, r.gap)
		}
		c, err := r.look(ctx, a)
		if err != nil {
			if context.Cause(ctx) == nil {
				r.log.Warn("active mutes cannot be compared with Tencent", zap.Error(err))
			}
			return seen, true
		}
		seen = append(seen, c)
	}
	return seen, false
}

// look reads one account, unless somebody acts on it. That there is no such
// account is believed the second time.
func (r *Reconciler) look(ctx context.Context, a walkedAccount) (compared, error) {
	out := compared{acct: a.acct}
	if a.name == "" {
		return out, nil // its name was erased: nobody knows whom to ask about
	}
	var err error
	if out.view, err = r.ledger.Account(ctx, a.name); err != nil || out.view.InFlight != nil {
		return out, err
	}
	if out.reading, err = readAccount(ctx, r.tencent, r.ledger.time, a.name); err != nil || !out.reading.absent {
		return out, err
	}
	pause(ctx, r.gap)
	out.reading, err = readAccount(ctx, r.tencent, r.ledger.time, a.name)
	return out, err
}

// compare records the differences of a page. What many have in common is the
// clock's doing, and none.
func (r *Reconciler) compare(ctx context.Context, seen []compared) (noted int, err error) {
	var all []difference
	for _, c := range seen {
		if c.reading == nil {
			continue
		}
		for _, m := range c.view.Mutes {
			all = append(all, r.ledger.differs(m, *c.reading)...)
		}
	}
	r.ledger.learn(all)
	ctx = context.WithoutCancel(ctx)
	for _, c := range seen {
		if c.reading == nil {
			continue
		}
		n, err := r.ledger.drift(ctx, c.view, *c.reading)
		noted += n
		if err != nil {
			return noted, err
		}
	}
	return noted, nil
}

// drift records where a reading differs from the mutes of an account as it was
// before it was read, and says how many did. It records nothing when the account
// has changed meanwhile: what was read is old.
func (l *Log) drift(ctx context.Context, v AccountView, r reading) (noted int, err error) {
	for _, m := range v.Mutes {
		if !r.absent && r.agrees(m, l.clock.shifts(m.made)) {
			continue
		}
		e, err := l.Observe(ctx, Observation{
			Kind: KindDrift, Account: v.Account, Version: v.Version, Case: m.Case, Scope: mute.ScopeOf(m.Field), After: r.seen(),
		})
		if moved(err) || errors.Is(err, ErrNoCase) {
			return noted, nil
		}
		if err != nil {
			return noted, err
		}
		l.log.Warn("a mute was changed outside modbot", zap.Int64("case", m.Case), zap.Stringer("field", m.Field), zap.Int64("entry", e.Seq))
		noted, v.Version = noted+1, e.Seq
	}
	return noted, nil
}
