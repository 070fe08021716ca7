package im

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// The pauses between attempts double from first to most, each randomised by
// half of itself in either direction.
const (
	firstBriefPause, mostBriefPause = 100 * time.Millisecond, 500 * time.Millisecond
	firstSlowPause, mostSlowPause   = 500 * time.Millisecond, 2 * time.Second // the vendor counts by the second
)

// pause is what comes before the next attempt.
type pause uint8

const (
	never pause = iota
	atOnce
	briefly
	slowly
)

// waits are the pauses of one call; the zero value is ready.
type waits struct{ brief, slow *backoff.ExponentialBackOff }

func (w *waits) next(p pause) time.Duration {
	switch p {
	case briefly:
		if w.brief == nil {
			w.brief = newBackOff(firstBriefPause, mostBriefPause)
		}
		return w.brief.NextBackOff()
	case slowly:
		if w.slow == nil {
			w.slow = newBackOff(firstSlowPause, mostSlowPause)
		}
		return w.slow.NextBackOff()
	case never, atOnce:
	}
	return 0
}

func newBackOff(first, most time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = first, most, 2
	return b
}

// sleep waits, and returns what ended ctx when that came first.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
