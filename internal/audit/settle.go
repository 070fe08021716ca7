package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"modbot/internal/mute"
)

const (
	// readTime bounds one read-back. It is shorter than LeaseTime, so that the
	// token outlives the read.
	readTime = 8 * time.Second
	// readGrace is how long a read that has begun may go on when its settler is
	// told to stop: most are over by then, and nobody has to read again.
	readGrace = time.Second
	// readsAtOnce is how many accounts are read at the same time.
	readsAtOnce = 8
)

// readPatience spaces out the reads of an account that cannot be read.
func readPatience() patience { return patience{first: 500 * time.Millisecond, most: 30 * time.Second} }

// Tencent reads what is in effect for an account.
type Tencent interface {
	// Read reads both fields. An error that is ErrNoAccount says that there is
	// no such account; any other says that nothing is known.
	Read(ctx context.Context, account mute.Account) (mute.State, error)
}

// errReadTime ends a read that takes too long.
var errReadTime = fmt.Errorf("reading Tencent took longer than %s", readTime)

// Settler gives every intent its one final outcome: those that got no clear
// answer, and those whose process has gone. It is the only part of the program
// that reads back what a change did, and reads only when no request can be
// inside the service any more. It also reads after late answers, and ends the
// questions that nobody answered.
//
// Any number of settlers may run on one ledger, in one process or several:
// each takes a case over with a fence of its own before it reads.
type Settler struct {
	log     *zap.Logger
	ledger  *Log
	tencent Tencent

	mu sync.Mutex
	// failures counts the reads in a row that failed, by case.
	failures map[int64]int
}

// NewSettler makes a settler; Run sets it to work.
func NewSettler(log *zap.Logger, ledger *Log, tencent Tencent) *Settler {
	return &Settler{log: log, ledger: ledger, tencent: tencent, failures: map[int64]int{}}
}

// Run settles what is due until the context ends, and returns nil then.
func (s *Settler) Run(ctx context.Context) error {
	return worker{log: s.log, ledger: s.ledger, pace: settlePace, pass: func(ctx context.Context) (time.Time, error) {
		_, next, err := s.Once(ctx)
		return next, err
	}}.run(ctx)
}

// Once settles what is due now. settled counts the outcomes, the late answers
// that were read for, and the questions that lapsed; next is when something
// becomes due, as far as is known (zero: nothing is open). The error is the
// ledger's; that Tencent cannot be read is none: what was not read waits.
func (s *Settler) Once(ctx context.Context) (settled int, next time.Time, err error) {
	lapsed, next, err := s.ledger.Lapse(ctx)
	if err != nil {
		return 0, next, err
	}
	settled = len(lapsed)
	for {
		due, soon, err := s.ledger.Unsettled(ctx)
		if err != nil {
			return settled, next, err
		}
		n, again, err := s.all(ctx, due)
		settled += n
		if err != nil {
			return settled, next, err
		}
		if n > 0 {
			continue // what was settled may have left a late answer to read for
		}
		return settled, earlier(next, earlier(soon, again)), nil
	}
}

// all settles several cases at the same time.
func (s *Settler) all(ctx context.Context, due []Unsettled) (settled int, again time.Time, err error) {
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(readsAtOnce)
	for _, u := range due {
		group.Go(func() error {
			done, later, err := s.one(ctx, u)
			mu.Lock()
			defer mu.Unlock()
			if done {
				settled++
			}
			again = earlier(again, later)
			return err
		})
	}
	err = group.Wait()
	return settled, again, err
}

// one settles a case, or puts it off until later.
func (s *Settler) one(ctx context.Context, u Unsettled) (settled bool, later time.Time, err error) {
	if ctx.Err() != nil {
		return false, later, nil //nolint:nilerr // a pass that is told to stop has not failed
	}
	// Without the end of the context: what was taken over and not heard of would
	// keep the account locked for the rest of the lease.
	t, freshUntil, err := s.ledger.TakeOver(context.WithoutCancel(ctx), u.Case.Number)
	if errors.Is(err, ErrLeaseLost) {
		return false, later, nil // another settler has it, or has been through
	}
	if err != nil {
		return false, later, err
	}
	r, err := s.read(ctx, u.Case.Account, freshUntil)
	if err != nil && !errors.Is(err, errErased) && !over(u.Case, s.ledger.time(), s.ledger.clock.shifts(u.Case.Intent)) {
		return s.postpone(ctx, u, t, err)
	}
	verdict, err := s.verdict(ctx, u, r)
	if err != nil {
		return false, later, err
	}
	// From here on it is a matter of the ledger, which shutdown lets end.
	ctx = context.WithoutCancel(ctx)
	f, err := s.ledger.Settle(ctx, t, verdict)
	if errors.Is(err, ErrLeaseLost) {
		return false, later, nil
	}
	if err != nil {
		return false, later, err
	}
	s.forget(u.Case.Number)
	s.log.Info("settled", zap.Int64("case", u.Case.Number), zap.String("outcome", string(f.Outcome)),
		zap.Bool("late", f.Late), zap.Int64("entry", f.Seq))
	return true, later, s.compare(ctx, u.Case.Account, r)
}

// read reads an account while the token is fresh.
func (s *Settler) read(ctx context.Context, account mute.Account, freshUntil time.Time) (*reading, error) {
	ctx, end := lingering(ctx, readGrace)
	defer end()
	ctx, cancel := context.WithTimeoutCause(ctx, freshUntil.Sub(s.ledger.now()), errReadTime)
	defer cancel()
	return readAccount(ctx, s.tencent, s.ledger.time, account)
}

// lingering is a context that ends a while after ctx does.
func lingering(ctx context.Context, by time.Duration) (lingers context.Context, end func()) {
	lingers, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	keep := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(by, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(lingers, func() { timer.Stop() })
	})
	return lingers, func() { keep(); cancel(nil) }
}

// errErased: nobody knows any more which account it was.
var errErased = errors.New("the account's name was erased")

// readAccount reads what is in effect, and notes from when to when.
func readAccount(ctx context.Context, tencent Tencent, now func() time.Time, account mute.Account) (*reading, error) {
	if account == "" {
		return nil, errErased
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readTime, errReadTime)
	defer cancel()
	r := &reading{from: now()}
	var err error
	r.state, err = tencent.Read(ctx, account)
	r.to = now()
	if errors.Is(err, ErrNoAccount) {
		r.absent, err = true, nil
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// verdict is what a reading makes of a case; r is nil when the deadline had
// passed before anything could be read, or nobody knows what to read.
func (s *Settler) verdict(ctx context.Context, u Unsettled, r *reading) (Settlement, error) {
	switch {
	case r == nil:
		return Settlement{Outcome: OutcomeUnverified, Code: u.Case.Code, Attempts: u.Case.Attempts}, nil
	case u.Late == 0:
		return judge(u.Case, *r, s.ledger.clock.shifts(u.Case.Intent)), nil
	}
	v, err := s.ledger.Account(ctx, u.Case.Account)
	if err != nil {
		return Settlement{}, err
	}
	return judgeLate(u.Case, v.Mutes, *r, s.ledger.clock), nil
}

// postpone puts a case off that could not be read. Where its process has gone
// without a word, the log says from now on that nobody knows.
func (s *Settler) postpone(ctx context.Context, u Unsettled, t Token, cause error) (settled bool, later time.Time, err error) {
	wait := readPatience().after(s.failed(u.Case.Number))
	if ctx.Err() != nil {
		wait = 0 // it was not the read that failed; whoever comes next begins at once
	} else {
		s.log.Warn("a case cannot be read back yet", zap.Int64("case", u.Case.Number), zap.Duration("wait", wait), zap.Error(cause))
	}
	later = s.ledger.now().Add(wait)
	ctx = context.WithoutCancel(ctx)
	if err = s.ledger.doubt(ctx, t); err == nil {
		err = s.ledger.Postpone(ctx, t, later)
	}
	if errors.Is(err, ErrLeaseLost) {
		err = nil
	}
	return false, later, err
}

// compare looks whether the reading that settled a case agrees with the mutes
// that are not the case's, and records where it does not.
func (s *Settler) compare(ctx context.Context, account mute.Account, r *reading) error {
	if r == nil || r.absent {
		return nil
	}
	v, err := s.ledger.Account(ctx, account)
	if err == nil {
		_, err = s.ledger.drift(ctx, v, *r)
	}
	return err
}

// moved reports whether an observation came too late: the account is not what
// it was when it was read.
func moved(err error) bool {
	_, busy := errors.AsType[*BusyError](err)
	return busy || errors.Is(err, ErrChanged)
}

func (s *Settler) failed(n int64) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures[n]++
	return s.failures[n]
}

func (s *Settler) forget(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.failures, n)
}
