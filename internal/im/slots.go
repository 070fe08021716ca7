package im

import (
	"context"
	"errors"
	"sync"
	"time"

	"modbot/internal/im/imwire"
)

// Slots is where turns come from: moments, one interval apart, at each of which
// one call of an API may leave. Whoever shares the vendor's limit with others
// takes them from what all share; a client alone makes its own.
type Slots interface {
	// Take reserves n slots of the API, whose name is its path: the first is
	// that long from the moment of the answer, each further one an interval
	// after the one before. Slots that lie in the past were saved up and may be
	// used at once. With an error it is not known whether any were reserved, and
	// none may be used.
	Take(ctx context.Context, api string, n int) (first, interval time.Duration, err error)
}

// instant are Slots for which nobody has to be asked: they are there at once,
// and always.
type instant interface {
	now(now time.Time, api string, n int) (first, interval time.Duration)
}

// ErrSlots says that nobody could be asked whether the shared rate has room, so
// nothing was sent.
var ErrSlots = errors.New("the rate that all callers share cannot be read")

const (
	// takeTimeout bounds one Take.
	takeTimeout = 2 * time.Second
	// blockLength is how long the slots of one Take last when many callers wait.
	// What others reserved comes first, so this is also how long each of them
	// may hold an interactive call up.
	blockLength = 25 * time.Millisecond
	// takeAhead is how long before the last slot on hand more are taken, if
	// callers wait for them: longer than a Take mostly is.
	takeAhead = 25 * time.Millisecond
	// maxLate is how late a slot may be used. Later ones are lost: used
	// together, they would be a burst on top of the steady rate.
	maxLate = 10 * time.Millisecond
	// slack is how much closer to each other calls may arrive than their slots
	// lie: maxLate, and as much again on the way to the service.
	slack = 2 * maxLate
	// maxBurst is how many calls beyond the rate may leave at once after a pause.
	maxBurst = 10
)

var errTake = errors.New("no answer within " + takeTimeout.String())

// intervalOf is the time between two calls. It is rounded up, so that a second
// never holds one more than perSecond.
func intervalOf(perSecond int) time.Duration {
	n := time.Duration(perSecond)
	return (time.Second + n - 1) / n
}

// blockOf is how many slots are taken at once when many callers wait.
func blockOf(perSecond int) int {
	return max(1, (perSecond*int(blockLength)+int(time.Second)/2)/int(time.Second))
}

// burstOf is how many calls may be saved up: none where they, and calls that
// bunch by slack, could cross the vendor's limit.
func burstOf(perSecond int) int {
	bunched := (perSecond*int(slack) + int(time.Second) - 1) / int(time.Second)
	return max(0, min(maxBurst, imwire.VendorLimit-perSecond-bunched-1))
}

// ownSlots are the slots of a client that shares its rate with nobody: per API
// the time at which the next slot lies, which runs behind the clock by at most
// what may be saved up.
type ownSlots struct {
	interval, saved time.Duration

	mu   sync.Mutex
	next map[string]time.Time
}

func newOwnSlots(perSecond int) *ownSlots {
	interval := intervalOf(perSecond)
	return &ownSlots{interval: interval, saved: time.Duration(burstOf(perSecond)) * interval, next: map[string]time.Time{}}
}

// Take implements Slots.
func (o *ownSlots) Take(_ context.Context, api string, n int) (first, interval time.Duration, err error) {
	first, interval = o.now(time.Now(), api, n)
	return first, interval, nil
}

// now implements instant.
func (o *ownSlots) now(now time.Time, api string, n int) (first, interval time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.next[api]
	if earliest := now.Add(-o.saved); at.Before(earliest) {
		at = earliest
	}
	o.next[api] = at.Add(time.Duration(n) * o.interval)
	return at.Sub(now), o.interval
}
