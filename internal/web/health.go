package web

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// askTime bounds one question to the ledger.
const askTime = 2 * time.Second

// Ledger says how the ledger is. It is asked at each scrape and each look at
// /readyz.
type Ledger interface {
	Standing(ctx context.Context) (Standing, error)
}

// Standing is how the ledger and its audit channels are.
type Standing struct {
	Entries  int64
	InFlight int64 // intents without an outcome
	Unknown  int64 // outcomes that nobody knows yet
	Waiting  int64 // open questions
	Mutes    int64 // mutes that run
	Sinks    []Sink
}

// Sink is how one audit channel is.
type Sink struct {
	Name string
	// Depth is how many entries of the ledger wait to be posted, and Age for how
	// long the first of them has; both are 0 when none does.
	Depth int64
	Age   time.Duration
	// Why is the error of the last attempt; empty since the last success.
	Why string
}

// Platform says how one platform is.
type Platform interface {
	Name() string
	// Standing reports whether it works, and in one sentence why not. One that
	// works and has a sentence all the same stands by: another replica keeps the
	// connection.
	Standing() (up bool, why string)
}

// Health knows how modbot is.
type Health struct {
	ledger    Ledger
	platforms []Platform
	stopping  atomic.Bool
}

// NewHealth makes a Health of what there is to look at.
func NewHealth(ledger Ledger, platforms ...Platform) *Health {
	return &Health{ledger: ledger, platforms: platforms}
}

// Stop says that modbot is about to end: from now on it is not ready.
func (h *Health) Stop() { h.stopping.Store(true) }

// The kinds of a check.
const (
	checkLedger   = "ledger"
	checkPlatform = "platform"
	checkSink     = "sink"
	checkProcess  = "process"
)

// Check is how one thing is.
type Check struct {
	Kind string `json:"kind"` // ledger, platform, sink, process
	Name string `json:"name"`
	Up   bool   `json:"up"`
	Why  string `json:"why"` // one sentence; may be empty when up
}

// Readiness is whether modbot can do its work, and how everything is that this
// hangs on.
type Readiness struct {
	Ready  bool    `json:"ready"`
	Checks []Check `json:"checks"`
}

// Readiness looks at everything. modbot is ready when the ledger can be read
// and a platform works, unless it is about to end. An audit channel that fails
// is shown and does not count: its entries are kept, and commands go on.
func (h *Health) Readiness(ctx context.Context) Readiness {
	standing, err := h.standing(ctx)
	ledger := Check{Kind: checkLedger, Name: checkLedger, Up: err == nil}
	if err != nil {
		ledger.Why = err.Error()
	}
	checks := []Check{ledger}
	works := false
	for _, p := range h.platforms {
		up, why := p.Standing()
		works = works || up
		checks = append(checks, Check{Kind: checkPlatform, Name: p.Name(), Up: up, Why: why})
	}
	for _, s := range standing.Sinks {
		checks = append(checks, Check{Kind: checkSink, Name: s.Name, Up: s.Why == "", Why: s.describe()})
	}
	stopping := h.stopping.Load()
	if stopping {
		checks = append(checks, Check{Kind: checkProcess, Name: checkProcess, Why: "modbot is shutting down"})
	}
	return Readiness{Ready: ledger.Up && works && !stopping, Checks: checks}
}

// describe says how far behind a sink is, and why.
func (s Sink) describe() string {
	switch {
	case s.Depth == 0 && s.Why == "":
		return ""
	case s.Why == "":
		return fmt.Sprintf("%d entries wait, the first for %s", s.Depth, s.Age.Round(time.Second))
	}
	return fmt.Sprintf("%d entries wait, the first for %s: %s", s.Depth, s.Age.Round(time.Second), s.Why)
}

// standing asks the ledger, within bounds.
func (h *Health) standing(ctx context.Context) (Standing, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, askTime, errors.New("the ledger took too long to answer"))
	defer cancel()
	s, err := h.ledger.Standing(ctx)
	if err != nil {
		return Standing{}, fmt.Errorf("reading the ledger: %w", err)
	}
	return s, nil
}
