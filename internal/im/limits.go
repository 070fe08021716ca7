package im

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"modbot/internal/im/imwire"
)

// MaxRateWait is the longest that an attempt waits for the client's own rate
// limit. A queue that is longer is answered at once, not joined.
const MaxRateWait = 10 * time.Second

// ErrRateWait says that so many calls are waiting that this one was not sent.
var ErrRateWait = fmt.Errorf("too many calls are waiting: the rate limit would hold this one for over %s or past its deadline", MaxRateWait)

// maxBurst is how many calls may leave at once after a pause. It is small, so
// that a burst on top of the steady rate stays under the vendor's limit.
const maxBurst = 10

// limits is one bucket per API, as the vendor counts.
type limits map[imwire.API]*rate.Limiter

func newLimits(perSecond int) limits {
	burst := max(1, min(maxBurst, imwire.VendorLimit-perSecond))
	l := limits{}
	for _, api := range imwire.APIs() {
		l[api] = rate.NewLimiter(rate.Limit(perSecond), burst)
	}
	return l
}

// wait holds the caller until the API's next turn.
func (l limits) wait(ctx context.Context, api imwire.API) error {
	bucket := l[api]
	if ctx.Err() == nil && bucket.Allow() {
		return nil
	}
	bounded, cancel := context.WithTimeoutCause(ctx, MaxRateWait, ErrRateWait)
	defer cancel()
	err := bucket.Wait(bounded)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		return ErrRateWait
	}
}
