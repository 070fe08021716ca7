package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

const (
	// HoldTime is how long a Hold lasts from each renewal: after so long, at
	// most, another process takes over from one that was killed.
	HoldTime = 10 * time.Second
	// holdRenew is how often whoever has it renews it.
	holdRenew = HoldTime / 3
	// holdMargin is how long before its end work is told to end that could not
	// renew: it has to be over when the next begins.
	holdMargin = 3 * time.Second
	// holdAgain is how often who waits looks whether it is free, and how soon
	// a renewal that failed is tried again.
	holdAgain = 500 * time.Millisecond
	// resignTime bounds giving it back.
	resignTime = 2 * time.Second
)

// Why work that has a Hold is told to end.
var (
	errHoldLost  = errors.New("the hold was lost")
	errHoldOther = errors.New("another process has taken over")
)

// Hold is the right of one process among several to do a kind of work: it is a
// leased row of the ledger, like those of the sinks. Whoever has it renews it;
// whoever cannot ends the work before the row says that others may begin it,
// by a clock of his own that also runs while he is stopped. What is held so
// has to bear two holders for a moment all the same, because nobody can stop a
// process that does not run.
type Hold struct {
	log    *zap.Logger
	ledger *Log
	worker string
	holder string
}

// NewHold makes the hold of a kind of work. Two of one Log are one holder.
func NewHold(log *zap.Logger, ledger *Log, worker string) *Hold {
	return &Hold{log: log.With(zap.String("worker", worker)), ledger: ledger, worker: clean(worker), holder: ledger.holder()}
}

// holder is how this process is called where it holds something.
func (l *Log) holder() string {
	if l.replica == "" {
		return "unnamed"
	}
	return l.replica
}

// Keep runs work whenever this process has the hold, with a context that ends
// when it is lost, and waits for it in between. It returns when the context
// ends, or work did so by itself, with work's error. The hold is given back
// only after work has returned.
func (h *Hold) Keep(ctx context.Context, work func(ctx context.Context) error) error {
	for {
		until, ok := h.await(ctx)
		if !ok {
			return nil
		}
		h.log.Info("this process has the work from now on")
		lost, err := h.during(ctx, until, work)
		if !lost {
			h.resign(ctx)
			return err
		}
		h.log.Warn("the work was given up", zap.NamedError("why", err))
	}
}

// await waits until this process has the hold, and reports false when the
// context ended first.
func (h *Hold) await(ctx context.Context) (until time.Time, ok bool) {
	failures, waiting := 0, false
	for ctx.Err() == nil {
		until, ok, err := h.ledger.Lead(ctx, h.worker, h.holder, HoldTime)
		switch {
		case err != nil:
			if failures++; failures == 1 && ctx.Err() == nil {
				h.log.Warn("the audit log cannot say who has the work; it waits", zap.Error(err))
			}
			pause(ctx, holdAgain)
		case ok:
			return until, true
		default:
			failures = 0
			if !waiting {
				waiting = true
				h.log.Info("another process has the work; this one stands by")
			}
			h.untilFree(ctx, until)
		}
	}
	return until, false
}

// untilFree waits until the hold may be had: its time is over, or it was given
// back. It only reads, so that those who wait hold up nobody.
func (h *Hold) untilFree(ctx context.Context, until time.Time) {
	for ctx.Err() == nil && h.ledger.now().Before(until) {
		pause(ctx, min(holdAgain, until.Sub(h.ledger.now())))
		holder, err := h.ledger.holderOf(ctx, h.worker)
		if err == nil && holder == "" {
			return
		}
	}
}

// holderOf is who had a worker's lease last; empty when it was given back.
func (l *Log) holderOf(ctx context.Context, worker string) (string, error) {
	return view(ctx, l, func(s Snapshot) (string, error) {
		rows, err := s.Load(ctx, Keys{Workers: []string{worker}})
		if err != nil || len(rows.Workers) == 0 {
			return "", err
		}
		return rows.Workers[0].Holder, nil
	})
}

// during runs work until it ends, and renews the hold meanwhile. lost says that
// it ended because of the hold.
func (h *Hold) during(ctx context.Context, until time.Time, work func(ctx context.Context) error) (lost bool, err error) {
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	// By a timer of its own: a renewal may hang for as long as the store does.
	over := time.AfterFunc(h.left(until), func() { stop(errHoldLost) })
	defer over.Stop()
	ended := make(chan error, 1)
	go func() { ended <- work(working) }()
	again := time.NewTimer(holdRenew)
	defer again.Stop()
	for {
		select {
		case err := <-ended:
			if cause := context.Cause(working); errors.Is(cause, errHoldLost) && ctx.Err() == nil {
				return true, cause
			}
			return false, err
		case <-again.C:
			again.Reset(h.renew(working, over, stop))
		}
	}
}

// left is for how long work may go on.
func (h *Hold) left(until time.Time) time.Duration {
	return max(0, until.Sub(h.ledger.now())-holdMargin)
}

// renew prolongs the hold, and says when to do so again.
func (h *Hold) renew(ctx context.Context, over *time.Timer, stop context.CancelCauseFunc) time.Duration {
	until, ok, err := h.ledger.Lead(ctx, h.worker, h.holder, HoldTime)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			h.log.Warn("the hold could not be renewed; trying again while it lasts", zap.Error(err))
		}
		return holdAgain
	case !ok:
		stop(fmt.Errorf("%w: %w", errHoldLost, errHoldOther))
	case ctx.Err() == nil:
		over.Reset(h.left(until))
	}
	return holdRenew
}

// resign gives the hold back. Where that is not possible, the next one waits.
func (h *Hold) resign(ctx context.Context) {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), resignTime, errors.New("giving the work back took too long"))
	defer cancel()
	if err := h.ledger.Resign(ctx, h.worker, h.holder); err != nil {
		h.log.Warn("the work could not be given back; the next process waits", zap.Error(err))
	}
}
