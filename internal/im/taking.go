package im

import (
	"context"
	"fmt"
	"time"
)

// This is how a line comes by its slots.

// lacking is how many slots should be taken now: what the callers need beyond
// the slots on hand, once those run out.
func (l *line) lacking(now time.Time) int {
	have := len(l.onHand)
	if have > 0 && l.onHand[have-1].Sub(now) > takeAhead {
		return 0
	}
	return min(l.callers()-have, l.block)
}

// ask takes slots for those who wait. Without slots nobody may call: all of
// them are told.
func (l *line) ask(n int) {
	if err := l.take(context.Background(), takeTimeout, n); err != nil {
		l.tell(err)
	}
}

// takeOne takes a slot for a caller who is alone, as long as it waits. What
// went wrong for any other reason goes wrong for those who came meanwhile too.
func (l *line) takeOne(ctx context.Context, until time.Time) {
	err := l.take(ctx, min(takeTimeout, time.Until(until)), 1)
	if err != nil && ctx.Err() == nil && time.Now().Before(until) {
		l.tell(err)
	}
}

// take takes slots and serves whose have come.
func (l *line) take(ctx context.Context, within time.Duration, n int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, within, errTake)
	defer cancel()
	first, interval, err := l.slots.Take(ctx, string(l.api), n)
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.asking)
	l.asking = nil
	defer l.wake()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSlots, err)
	}
	l.put(now, first, interval, n)
	l.goOn(l.advance(now)) //nolint:contextcheck // as in wait
	return nil
}

// put puts slots on hand that were reserved now.
func (l *line) put(now time.Time, first, interval time.Duration, n int) {
	for i := range n {
		slot := now.Add(first + time.Duration(i)*interval)
		if slot.Before(now) { // saved up
			slot = now
		}
		l.onHand, l.last = append(l.onHand, slot), slot
	}
}

// tell gives all who wait an error: without slots nobody may call.
func (l *line) tell(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.callers() > 0 {
		l.serve(time.Time{}, err)
	}
	l.wake()
}
