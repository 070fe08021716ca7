package audit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// groupMost is how many callers share one transaction.
	groupMost = 256
	// groupTime bounds one transaction, the wait for the store included.
	groupTime = 20 * time.Second
	// commitTries is how often a group is tried when the answer to its COMMIT
	// was lost, and commitPause the longest pause between the tries. Whether
	// the store can be reached again is looked at for as long as a group lasts.
	commitTries = 3
	commitPause = 50 * time.Millisecond
)

// slowError says that the store keeps its callers waiting. It is ErrStore.
type slowError struct{ waited time.Duration }

func (e slowError) Error() string {
	return fmt.Sprintf("the audit log did not answer within %s", e.waited)
}

// People is what somebody in a chat may know of it.
func (slowError) People() string { return "it cannot be reached right now" }

func (slowError) Unwrap() error { return ErrStore }

// change is one caller's part of a write transaction. It may run more than
// once, and sets what it returns anew each time.
type change func(ctx context.Context, s *state) error

// job is a change on its way through a group.
type job struct {
	keys Keys
	fn   change
	err  error
	// woken gets one value when the job is done, and one before that when its
	// caller has to lead a group.
	woken chan struct{}
	lead  bool // guarded by group.mu
	done  bool // guarded by group.mu
}

// group gathers the changes that arrive while a transaction runs and gives
// them one transaction of their own: a disk that takes 4,000 commits a second
// takes many times as many changes. There is no goroutine behind it: the
// first caller leads, and hands over to the next when its group is through.
type group struct {
	run func(jobs []*job)
	// patience is how long a change waits to be taken; 0 is for as long as its
	// caller does.
	patience time.Duration

	mu      sync.Mutex
	queue   []*job
	leading bool // somebody leads, or is woken to
}

// do runs a change in a group. A caller that goes away before its change was
// taken is as if it had never come; one that goes away later leaves the group
// running and gets the answer all the same, which is bounded by groupTime.
func (g *group) do(ctx context.Context, j *job) error {
	if g.patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, g.patience, slowError{g.patience})
		defer cancel()
	}
	j.woken = make(chan struct{}, 2)
	g.mu.Lock()
	g.queue = append(g.queue, j)
	lead := !g.leading
	g.leading = true
	g.mu.Unlock()
	for {
		if lead {
			g.leadOne()
		}
		lead = false
		if g.finished(j, &lead) {
			return j.err
		}
		if lead {
			continue
		}
		select {
		case <-j.woken:
		case <-ctx.Done():
			if g.leave(j) {
				return fmt.Errorf("waiting for the audit log: %w", context.Cause(ctx))
			}
			<-j.woken
		}
	}
}

// finished reports whether the job is done, and whether its caller leads next.
func (g *group) finished(j *job, lead *bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	*lead, j.lead = j.lead, false
	return j.done
}

// leave takes a job out of the queue, and reports false when it is too late. A
// caller that was just told to lead hands that on.
func (g *group) leave(j *job) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.queue, j)
	if i < 0 {
		return false
	}
	g.queue = slices.Delete(g.queue, i, i+1)
	if j.lead {
		g.appoint()
	}
	return true
}

// appoint tells the first in the queue to lead; mu is held.
func (g *group) appoint() {
	g.leading = len(g.queue) > 0
	if g.leading {
		g.queue[0].lead = true
		g.queue[0].woken <- struct{}{}
	}
}

// leadOne runs the jobs at the front of the queue and appoints who leads next.
func (g *group) leadOne() {
	g.mu.Lock()
	n := min(len(g.queue), groupMost)
	jobs := slices.Clone(g.queue[:n])
	g.queue = slices.Delete(g.queue, 0, n)
	g.mu.Unlock()
	g.run(jobs)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, j := range jobs {
		j.done = true
		j.woken <- struct{}{}
	}
	g.appoint()
}

// write runs a change in the next group.
func (l *Log) write(ctx context.Context, keys Keys, fn change) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("writing the audit log: %w", context.Cause(ctx))
	}
	return l.group.do(ctx, &job{keys: keys, fn: fn})
}

// runGroup runs one group. When the answer to COMMIT is lost it runs it again:
// what was committed is then found by its id and not doubled.
func (l *Log) runGroup(jobs []*job) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), l.groupTime, slowError{l.groupTime})
	defer cancel()
	var lost, err error // of a COMMIT whose answer was lost; of the last try
	for commits := 0; commits < commitTries; {
		if err = l.tryGroup(ctx, jobs); err == nil {
			return
		}
		if errors.Is(err, ErrUncertain) {
			lost = err
			commits++
		}
		if lost == nil || ctx.Err() != nil {
			break
		}
		l.log.Warn("the answer to a commit was lost, looking again", zap.Error(err))
		pause(ctx, rand.N(commitPause)) //nolint:gosec // jitter
	}
	if lost != nil {
		l.lookGroup(ctx, jobs, lost)
		return
	}
	for _, j := range jobs {
		if j.err == nil {
			j.err = err
		}
	}
}

// pause waits, or not so long when the context ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// tryGroup runs the changes in one transaction. A change that fails is taken
// back alone.
func (l *Log) tryGroup(ctx context.Context, jobs []*job) error {
	tx, s, err := l.open(ctx, jobs)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, j := range jobs {
		s.mark()
		j.err = l.runChange(ctx, s, j.fn)
		if j.err == nil && s.missed {
			j.err = errMissed
		}
		if j.err != nil {
			s.back()
		}
	}
	if c := s.changes(); !c.empty() {
		if err := tx.Commit(ctx, c); err != nil {
			return err
		}
		l.announce(s)
	}
	if s.rest() {
		l.warm = s
	}
	return nil
}

// open begins the transaction of a group and loads the rows that it needs.
func (l *Log) open(ctx context.Context, jobs []*job) (Tx, *state, error) {
	tx, err := l.store.Begin(ctx)
	if err != nil {
		return nil, nil, err
	}
	s, err := l.state(ctx, tx)
	var keys Keys
	for _, j := range jobs {
		keys.add(j.keys)
	}
	if err == nil {
		err = s.want(ctx, keys)
	}
	if err != nil {
		tx.Rollback()
		return nil, nil, err
	}
	return tx, s, nil
}

// state is what a transaction begins with: the head as it is in the store, and
// the rows that the last transaction knew, when the store is sure that nobody
// else has written since.
func (l *Log) state(ctx context.Context, tx Tx) (*state, error) {
	s, turn := l.warm, tx.Turn()
	l.warm = nil // until this transaction has ended well
	if s == nil || turn != s.turn+1 {
		s = &state{key: l.key, replica: l.replica}
	}
	var err error
	if s.head, err = tx.Head(ctx); err != nil {
		return nil, err
	}
	s.tx, s.turn = tx, turn
	now, stepped := l.clock.look(s.head)
	s.local, s.now, s.leaseNow = now.local, now.store, now.lease
	if stepped != 0 {
		l.log.Warn("the clock was set, or the machine slept: leases wait until it can be believed", zap.Duration("by", stepped))
	}
	return s, nil
}

// runChange keeps a caller that panics from taking the group, and with it the
// ledger, down.
func (l *Log) runChange(ctx context.Context, s *state, fn change) (err error) {
	defer func() {
		if p := recover(); p != nil {
			l.log.Error("a change of the audit log panicked", zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
			err = fmt.Errorf("audit: a change panicked: %v", p)
		}
	}()
	return fn(ctx, s)
}
