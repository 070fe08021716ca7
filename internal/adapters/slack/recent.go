package slack

import (
	"sync"
	"time"
)

// recent remembers things for at least keep, unless more than limit come within
// that time: then the oldest are forgotten early. It holds two generations and
// drops the older one whole, so that nothing has to be swept.
type recent[K comparable, V any] struct {
	keep  time.Duration
	limit int // of each generation

	mu       sync.Mutex
	began    time.Time // of the younger generation
	young    map[K]V
	previous map[K]V
}

func newRecent[K comparable, V any](keep time.Duration, limit int) *recent[K, V] {
	return &recent[K, V]{keep: keep, limit: limit, young: make(map[K]V)}
}

// claim remembers v under k. When something is remembered there already, that
// stays, and is returned.
func (r *recent[K, V]) claim(now time.Time, k K, v V) (known V, claimed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.began) >= r.keep || len(r.young) >= r.limit {
		r.previous, r.young, r.began = r.young, make(map[K]V), now
	}
	for _, generation := range []map[K]V{r.young, r.previous} {
		if known, ok := generation[k]; ok {
			return known, false
		}
	}
	r.young[k] = v
	return v, true
}
