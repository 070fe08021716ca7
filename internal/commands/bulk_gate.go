package commands

import (
	"context"
	"sync"
	"time"

	"modbot/internal/chat"
)

const (
	// bulkPatience is how long a run waits while nothing succeeds. Tencent's
	// lock-out of a wrong UserSig lasts a minute; a database fails over in less.
	bulkPatience = 5 * time.Minute
	// The pauses between two looks double from the first to the longest.
	firstBulkPause, mostBulkPause = time.Second, 15 * time.Second
)

// gate holds all workers of a run while something is in the way of them all.
type gate struct {
	patience time.Duration

	mu    sync.Mutex
	since time.Time // of the first trouble after the last success; zero when all is well
	until time.Time // nobody begins before
	pause time.Duration
	ended *result // what was in the way when patience ended
}

func newGate(r Running) *gate {
	g := &gate{patience: r.Patience}
	if g.patience == 0 {
		g.patience = bulkPatience
	}
	return g
}

// trouble closes the gate for a while. It reports true when it stays closed.
func (g *gate) trouble(res *result, paused func(string, time.Duration)) (given bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	switch {
	case g.ended != nil:
		return true
	case now.Before(g.until):
		return false // another worker has just met the same
	case g.since.IsZero():
		g.since, g.pause = now, firstBulkPause
	default:
		g.pause = min(2*g.pause, mostBulkPause)
	}
	if now.Add(g.pause).Sub(g.since) > g.patience {
		g.ended = res
		return true
	}
	g.until = now.Add(g.pause)
	if paused != nil {
		paused(chat.Message{Lines: res.lines}.Summary(), g.pause)
	}
	return false
}

// fine opens the gate.
func (g *gate) fine(resumed func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.since.IsZero() {
		return
	}
	g.since, g.until = time.Time{}, time.Time{}
	if resumed != nil {
		resumed()
	}
}

// given is what was in the way when patience ended; nil before.
func (g *gate) given() *result {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ended
}

// errGiven ends the wait of every worker.
type errGiven struct{}

func (errGiven) Error() string { return "the run has given up" }

// wait waits until the gate is open. An error means that nothing more is begun.
func (g *gate) wait(ctx context.Context) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if g.given() != nil {
			return errGiven{}
		}
		g.mu.Lock()
		left := time.Until(g.until)
		g.mu.Unlock()
		if left <= 0 {
			return nil
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}
