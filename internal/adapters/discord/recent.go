package discord

import (
	"sync"
	"time"
)

// What is remembered, for how long and how much of it. Only what Discord signed
// gets in, so that nobody else can make us forget by flooding.
const (
	// seenSpan covers both ends of the window in which a signature is fresh, so
	// that what can be replayed is still known.
	seenSpan = 2 * freshness
	maxSeen  = 100_000
	// tokenLife is how long an interaction can be answered (Discord's
	// documentation of interaction tokens).
	tokenLife = 15 * time.Minute
	maxHeld   = 20_000

	strangerSpan = 24 * time.Hour
	maxStrangers = 100
)

// recent remembers values by key for at least a span, and at most twice as long.
// When more than its limit come within a span, the oldest are forgotten early.
type recent[K comparable, V any] struct {
	now  func() time.Time
	span time.Duration
	most int // in each of two generations

	mu      sync.Mutex
	young   map[K]V
	old     map[K]V
	renewed time.Time // when young began
}

func newRecent[K comparable, V any](now func() time.Time, span time.Duration, most int) *recent[K, V] {
	return &recent[K, V]{now: now, span: span, most: most, young: make(map[K]V), renewed: now()}
}

// add remembers a value unless its key is known, and reports whether it was.
func (r *recent[K, V]) add(key K, value V) (known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.age()
	if _, known = r.find(key); !known {
		r.young[key] = value
	}
	return known
}

// get finds a value.
func (r *recent[K, V]) get(key K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.age()
	return r.find(key)
}

func (r *recent[K, V]) find(key K) (V, bool) {
	if v, ok := r.young[key]; ok {
		return v, true
	}
	v, ok := r.old[key]
	return v, ok
}

// age begins a generation when one is due: at each end of a span, and when the
// young one is full.
func (r *recent[K, V]) age() {
	now := r.now()
	if len(r.young) >= r.most {
		r.old, r.young, r.renewed = r.young, make(map[K]V), now
	}
	for range 2 {
		if now.Sub(r.renewed) < r.span {
			return
		}
		r.old, r.young, r.renewed = r.young, make(map[K]V), r.renewed.Add(r.span)
	}
	if now.Sub(r.renewed) >= r.span { // long ago: both are empty by now
		r.renewed = now
	}
}
