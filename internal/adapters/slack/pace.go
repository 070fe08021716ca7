package slack

import "time"

// When a connection is opened again.
const (
	steady     = time.Minute     // a connection that lived for this long was a good one
	firstDelay = time.Second     // after the first bad one
	longest    = 2 * time.Minute // between any two tries
)

// pace decides how long to wait before the next connection. A connection that
// was good is followed by the next at once, as Slack wants it at a refresh; bad
// ones by longer and longer waits. It does no I/O and knows no clock.
type pace struct{ bad int }

// next is how long to wait after a connection that lived for so long (0 for one
// that was never made). asked is what Slack asked to wait, and jitter a number
// in [0, 1) that keeps several processes apart.
func (p *pace) next(lived, asked time.Duration, jitter float64) time.Duration {
	if lived >= steady {
		p.bad = 0
		return min(max(asked, 0), maxWait)
	}
	delay := longest
	if p.bad < 7 {
		delay = min(firstDelay<<p.bad, longest)
	}
	p.bad++
	delay += time.Duration(jitter * float64(delay) / 2)
	return max(delay, min(asked, maxWait))
}
