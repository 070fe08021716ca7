//go:build unix

package acceptance

import (
	"testing"
	"time"
)

// Bounds of waiting. They are far above what a slow machine needs, and only a
// test that fails reaches them.
const (
	// soon is for what a process does by itself, without waiting.
	soon = time.Minute
	// settleWithin is for the outcome of a dead or stopped process's intent,
	// from the end of what it was doing: the lease, the grace, and a run.
	settleWithin = 2 * time.Minute
	// aMoment is given to a process to get where nothing shows that it is.
	// What is tested holds also when it did not.
	aMoment = 300 * time.Millisecond
	// pollEvery is how often a poll looks.
	pollEvery = 10 * time.Millisecond
	// lookEvery is how often one looks that costs more.
	lookEvery = 150 * time.Millisecond
)

// Times of the ledger that a test has to outwait, as documented.
const (
	leaseTime   = 10 * time.Second
	settleGrace = 5 * time.Second
	// attemptTime is how long one attempt of a call may last.
	attemptTime = 5 * time.Second
)

// eventually polls until the condition holds.
func eventually(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	eventuallyEvery(t, pollEvery, within, what, holds)
}

// eventuallyEvery is eventually with another pause between looks.
func eventuallyEvery(t *testing.T, every, within time.Duration, what string, holds func() bool) {
	t.Helper()
	giveUp := time.NewTimer(within)
	defer giveUp.Stop()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-giveUp.C:
			t.Fatalf("waited %s, and still not: %s", within, what)
		}
	}
}

// receive waits for a value.
func receive[T any](t *testing.T, from <-chan T, within time.Duration, what string) T {
	t.Helper()
	giveUp := time.NewTimer(within)
	defer giveUp.Stop()
	select {
	case v := <-from:
		return v
	case <-giveUp.C:
		t.Fatalf("waited %s for %s", within, what)
		panic("unreachable")
	}
}

// until lets time pass up to a moment: some rules are about nothing else.
func until(t *testing.T, moment time.Time) {
	t.Helper()
	passed := time.NewTimer(time.Until(moment))
	defer passed.Stop()
	select {
	case <-passed.C:
	case <-t.Context().Done():
		t.Fatal("the test was ended while it waited")
	}
}
