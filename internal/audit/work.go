package audit

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// How the background workers spend their time.
const (
	// workPoll is how often a worker looks by itself: what another process
	// appends wakes nobody here.
	workPoll = time.Second
	// settlePace and deliverPace are the least between two passes: what arrives
	// in between is looked at together.
	settlePace  = 200 * time.Millisecond
	deliverPace = 5 * time.Millisecond
)

// patience is a pause that doubles with each failure in a row, up to a most.
type patience struct{ first, most time.Duration }

// after is the pause after so many failures in a row, at least one.
func (p patience) after(failures int) time.Duration {
	d := p.first
	for range failures - 1 {
		if d >= p.most {
			break
		}
		d *= 2
	}
	return min(d, p.most)
}

// worker is the life of a background worker: one pass after the other, when
// something is due, when entries were appended, and now and then.
type worker struct {
	log    *zap.Logger
	ledger *Log
	pace   time.Duration
	// pass does what is due now, and says when something will be; zero when
	// that is not known. It returns an error when the ledger could not be read
	// or written.
	pass func(ctx context.Context) (next time.Time, err error)
}

// storePatience spaces out passes while the store is out of order.
func storePatience() patience { return patience{first: 250 * time.Millisecond, most: 15 * time.Second} }

// run works until the context ends, and returns nil then. What goes wrong is
// said when it begins and when it is over.
func (w worker) run(ctx context.Context) error {
	changed, stop := w.ledger.Subscribe()
	defer stop()
	failures := 0
	for ctx.Err() == nil {
		next, err := w.pass(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			failures++
			if failures == 1 {
				w.log.Error("the audit log is out of order, this work waits", zap.Error(err))
			}
			pause(ctx, storePatience().after(failures))
			continue
		case failures > 0:
			w.log.Info("the audit log works again", zap.Int("failures", failures))
			failures = 0
		}
		pause(ctx, w.pace)
		w.rest(ctx, changed, next)
	}
	return nil
}

// rest waits until something is due, may be due, or the context ends.
func (w worker) rest(ctx context.Context, changed <-chan struct{}, next time.Time) {
	d := workPoll
	if !next.IsZero() {
		d = min(d, next.Sub(w.ledger.now()))
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-changed:
	case <-ctx.Done():
	}
}

// earlier is the earlier of two times of which the zero time is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
