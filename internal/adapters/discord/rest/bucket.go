package rest

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// bucket is what Discord limits together. All but turn is guarded by the
// limiter's lock.
type bucket struct {
	// turn is held by the one caller that waits for the bucket itself; the
	// others wait for it, and a channel serves them in their order. It is let go
	// before the request is sent: a bucket with room has several under way.
	turn chan struct{}

	users    int // callers that hold the bucket: it must not be forgotten
	inFlight int
	known    bool // an answer has told limit, remaining and reset
	limit    int
	// remaining counts down as requests leave, not as answers arrive: answers
	// tell of the past.
	remaining int
	reset     time.Time
	used      time.Time
	changed   chan struct{} // closed and replaced by every change
}

// held is why a request may not leave.
type held struct {
	wait  time.Duration // too long
	cause error         // of the context
}

// of makes an error of it.
func (h *held) of(k call) *Error {
	if h.cause != nil {
		return &Error{Op: k.op, Unsent: true, Message: "it was given up while it waited its turn", Cause: h.cause}
	}
	return &Error{
		Op: k.op, Unsent: true, Status: http.StatusTooManyRequests, RetryAfter: h.wait,
		Message: "Discord's limit would be exceeded, and there is no time to wait",
	}
}

// wait waits until one more request may leave, and counts it.
func (b *bucket) wait(ctx context.Context, l *limiter) *held {
	// Who can't be served in time need not stand in line.
	l.mu.Lock()
	_, wait := b.admits(l.now())
	l.mu.Unlock()
	if h := tooLong(ctx, wait); h != nil {
		return h
	}
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return &held{cause: ctx.Err()}
	}
	defer func() { <-b.turn }()
	for {
		l.mu.Lock()
		admitted, wait := b.admits(l.now())
		if admitted {
			b.inFlight++
			b.remaining--
		}
		changed := b.changed
		l.mu.Unlock()
		if admitted {
			return nil
		}
		if h := pass(ctx, wait, changed); h != nil {
			return h
		}
	}
}

// admits reports whether one more may leave now, else how long to wait for the
// next window; 0 = until something changes. Before anything is known one
// request goes ahead to find out.
func (b *bucket) admits(now time.Time) (bool, time.Duration) {
	switch {
	case !b.known:
		return b.inFlight == 0, 0
	case now.Before(b.reset) && b.remaining > 0:
		return true, 0
	case now.Before(b.reset):
		return false, b.reset.Sub(now)
	default:
		// A new window, of which nothing is known but its limit: what is under
		// way may count for it.
		return b.inFlight < b.limit, 0
	}
}

// learn takes over what an answer says.
func (b *bucket) learn(now time.Time, h http.Header) {
	limit, err1 := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	remaining, err2 := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	after, err3 := strconv.ParseFloat(h.Get("X-RateLimit-Reset-After"), 64)
	if err1 != nil || err2 != nil || err3 != nil || limit < 1 || remaining < 0 {
		return
	}
	reset := now.Add(seconds(after))
	if b.known && now.Before(b.reset) {
		// The window is the one that we count ourselves.
		b.remaining = min(b.remaining, remaining)
		b.reset = later(b.reset, reset)
	} else {
		b.remaining = max(remaining-b.inFlight, 0)
		b.reset = reset
	}
	b.known, b.limit = true, limit
}

// exhaust lets nothing out before then.
func (b *bucket) exhaust(until time.Time) {
	b.known, b.remaining = true, 0
	b.limit = max(b.limit, 1)
	b.reset = later(b.reset, until)
}

// change wakes who waits.
func (b *bucket) change() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// tooLong is a wait that would outlast the context.
func tooLong(ctx context.Context, wait time.Duration) *held {
	if err := ctx.Err(); err != nil {
		return &held{cause: err}
	}
	if deadline, bounded := ctx.Deadline(); bounded && wait > 0 && wait >= time.Until(deadline) {
		return &held{wait: wait}
	}
	return nil
}

// pass waits for a time, for a change where changed isn't nil, or for the end
// of the context. A wait of 0 is over at once, or has no end of its own.
func pass(ctx context.Context, wait time.Duration, changed <-chan struct{}) *held {
	if h := tooLong(ctx, wait); h != nil {
		return h
	}
	var timeout <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		timeout = timer.C
	} else if changed == nil {
		return nil
	}
	select {
	case <-timeout:
	case <-changed:
	case <-ctx.Done():
		return &held{cause: ctx.Err()}
	}
	return nil
}
