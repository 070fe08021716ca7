package im

import (
	"context"
	"errors"
	"time"

	"modbot/internal/im/imwire"
)

// ErrRateWait says that so many calls are waiting that this one was not sent.
var ErrRateWait = errors.New("too many calls are waiting: the rate limit would hold this one for too long or past its deadline")

// guardLasts is how long a guard's answer is good for, within the time that it
// grants: a call that waited for its turn for longer asks again.
const guardLasts = 2 * time.Second

// limits has one queue per API, as the vendor counts.
type limits map[imwire.API]*line

func newLimits(perSecond int, slots Slots) limits {
	if slots == nil {
		slots = newOwnSlots(perSecond)
	}
	l := limits{}
	for _, api := range imwire.APIs() {
		l[api] = newLine(slots, api, perSecond)
	}
	return l
}

// close waits for slots that are still being asked for.
func (l limits) close() {
	for _, line := range l {
		line.close()
	}
}

// turn asks the call's guard and holds the caller until the call may leave.
//
// The guard is asked before the wait, because what it does may take longer than
// a slot lasts. Only after a long wait is it asked again; a slot that is lost
// by that is followed by another one, ahead of all who wait, for which its new
// answer is good.
func (c *Client) turn(ctx context.Context, k *call) (freshUntil time.Time, err error) {
	var asked time.Time
	ask := func() (err error) {
		if k.guard != nil {
			asked = c.now()
			freshUntil, err = k.ask(ctx)
		}
		return err
	}
	if err := ask(); err != nil {
		return freshUntil, err
	}
	until := time.Now().Add(c.priority.patience())
	for again := false; ; again = true {
		slot, err := c.limits[k.api].wait(ctx, until, c.priority, again)
		if err != nil || k.guard == nil || c.now().Sub(asked) <= guardLasts {
			return freshUntil, err
		}
		if err := ask(); err != nil || time.Since(slot) <= maxLate {
			return freshUntil, err
		}
	}
}
