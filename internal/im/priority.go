package im

import "time"

const (
	// MaxRateWait is the longest that an interactive attempt waits for its turn.
	// A queue that is longer is answered at once, not joined.
	MaxRateWait = 10 * time.Second
	// MaxBackgroundWait is the same for background calls, for which nobody sits
	// and waits.
	MaxBackgroundWait = time.Minute
)

// priority says whose turn comes first.
type priority uint8

const (
	interactive priority = iota // somebody waits for the answer
	background                  // what can wait: it has the turns that are left
	priorities                  // how many there are
)

// patience is the longest wait for a turn.
func (p priority) patience() time.Duration {
	if p == background {
		return MaxBackgroundWait
	}
	return MaxRateWait
}

// Background is the same client for work that nobody sits and waits for: its
// calls have their turns after all interactive ones, and may wait for them up
// to MaxBackgroundWait. It is a client and not an option of each call, because
// what a worker does is background altogether: whoever is handed one cannot
// forget to say so. Closing either closes both.
func (c *Client) Background() *Client {
	return &Client{core: c.core, priority: background}
}
