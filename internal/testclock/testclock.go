// Package testclock is a clock that stands still until a test moves it. Tests
// that wait as well as look at the clock have testing/synctest instead.
package testclock

import (
	"sync"
	"time"
)

// Clock is a time of a test's own. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// New is a clock that shows a time.
func New(at time.Time) *Clock { return &Clock{now: at} }

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock, back where d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
