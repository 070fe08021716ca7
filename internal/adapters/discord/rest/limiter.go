package rest

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Discord lets a bot make 50 requests in any second. A rate with a burst lets
// their sum out in the worst second.
const (
	globalRate  = 40
	globalBurst = 10
)

const (
	// maxBuckets bounds what is remembered. Each interaction has a bucket of its
	// own, for as long as somebody answers it.
	maxBuckets = 4096
	// keptBuckets is how many are left when there were too many, so that room
	// isn't made anew for every call.
	keptBuckets = 3072
	// bucketIdle is how long a bucket is remembered that nobody uses.
	bucketIdle = time.Minute
	// maxHash is the longest name of a bucket that is believed.
	maxHash = 128
)

// limiter says when a request may leave.
type limiter struct {
	now    func() time.Time
	global *rate.Limiter

	mu      sync.Mutex
	paused  time.Time         // until then: nothing that the global limit is about
	banned  time.Time         // until then: nothing at all but callbacks
	hashes  map[string]string // route to the name that Discord gave its bucket
	buckets map[string]*bucket
	swept   time.Time
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{
		now: now, global: rate.NewLimiter(globalRate, globalBurst),
		hashes: make(map[string]string), buckets: make(map[string]*bucket),
	}
}

// acquire waits until k may leave, in the order of the callers of its bucket.
// Who gets a bucket must settle it.
func (l *limiter) acquire(ctx context.Context, k call) (*bucket, *Error) {
	b := l.join(k)
	if err := b.wait(ctx, l); err != nil {
		l.leave(b, false)
		return nil, err.of(k)
	}
	if err := l.waitGlobal(ctx, k); err != nil {
		l.leave(b, true)
		return nil, err.of(k)
	}
	return b, nil
}

// waitGlobal waits for what all buckets share.
func (l *limiter) waitGlobal(ctx context.Context, k call) *held {
	for {
		l.mu.Lock()
		until := l.banned
		if !k.interaction && l.paused.After(until) {
			until = l.paused
		}
		l.mu.Unlock()
		wait := until.Sub(l.now())
		if wait <= 0 {
			break
		}
		if err := pass(ctx, wait, nil); err != nil {
			return err
		}
	}
	if k.interaction {
		return nil
	}
	now := l.now()
	r := l.global.ReserveN(now, 1)
	if err := pass(ctx, r.DelayFrom(now), nil); err != nil {
		r.CancelAt(l.now())
		return err
	}
	return nil
}

// key names the bucket of a call, as far as it is known.
func (l *limiter) key(k call) string {
	if hash := l.hashes[k.method+" "+k.route]; hash != "" {
		return hash + " " + k.major
	}
	return k.method + " " + k.route + " " + k.major
}

// join finds or makes the bucket of a call and counts the caller in.
func (l *limiter) join(k call) *bucket {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	key := l.key(k)
	b := l.buckets[key]
	if b == nil {
		l.sweep(now)
		b = &bucket{turn: make(chan struct{}, 1), changed: make(chan struct{})}
		l.buckets[key] = b
	}
	b.users++
	b.used = now
	return b
}

// leave counts a caller out that sent nothing. admitted says that it had been
// let through.
func (l *limiter) leave(b *bucket, admitted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b.users--
	if admitted {
		b.inFlight--
		b.remaining++
		b.change()
	}
}

// settle learns from an answer, and counts its caller out.
func (l *limiter) settle(b *bucket, k call, a answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if a.status == http.StatusTooManyRequests {
		until := now.Add(a.retryAfter())
		switch a.scope() {
		case scopeEdge:
			l.banned = later(l.banned, until)
		case scopeGlobal:
			l.paused = later(l.paused, until)
		default:
			if b != nil {
				b.exhaust(until)
			}
		}
	}
	if b == nil {
		return
	}
	b.users--
	b.inFlight--
	b.used = now
	b.learn(now, a.header)
	if hash := a.header.Get("X-RateLimit-Bucket"); hash != "" && len(hash) <= maxHash {
		l.hashes[k.method+" "+k.route] = hash
		if key := l.key(k); l.buckets[key] == nil {
			l.buckets[key] = b
		}
	}
	b.change()
}

// sweep forgets buckets that nobody uses: those long idle once a minute, and
// all of them when there are too many.
func (l *limiter) sweep(now time.Time) {
	full := len(l.buckets) >= maxBuckets
	if !full && now.Sub(l.swept) < bucketIdle {
		return
	}
	l.swept = now
	for key, b := range l.buckets {
		if b.users == 0 && !now.Before(b.reset) && (full || now.Sub(b.used) >= bucketIdle) {
			delete(l.buckets, key)
		}
	}
	for key, b := range l.buckets {
		if len(l.buckets) < keptBuckets {
			return
		}
		if b.users == 0 {
			delete(l.buckets, key)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
