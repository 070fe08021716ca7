package rest

import (
	"sync"
	"time"
)

// Discord bans an address after 10,000 requests within ten minutes that it
// answered with 401, 403 or 429 (topics/rate-limits). Others may share the
// address, so the client stops at half of that, and at four fifths even with
// the answers to interactions.
const (
	budgetWindow    = 10 * time.Minute
	budgetCalls     = 5_000
	budgetCallbacks = 8_000
	budgetSlot      = budgetWindow / budgetSlots
	budgetSlots     = 20
)

// budget counts refused requests of the last ten minutes.
type budget struct {
	now func() time.Time

	mu    sync.Mutex
	slots [budgetSlots]struct {
		began int64 // number of the slot since 1970
		count int
	}
}

// refuses is how long calls have to be held back; 0 = not at all.
func (b *budget) refuses(urgent bool) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	limit := budgetCalls
	if urgent {
		limit = budgetCallbacks
	}
	slot := b.slot()
	if b.total(slot) < limit {
		return 0
	}
	// The oldest slot that counts is the next to be forgotten.
	oldest := slot
	for _, s := range b.slots {
		if s.count > 0 && s.began > slot-budgetSlots {
			oldest = min(oldest, s.began)
		}
	}
	end := time.Unix(0, (oldest+budgetSlots)*int64(budgetSlot))
	return max(end.Sub(b.now()), time.Second)
}

// spend counts a refusal, and reports when it is the one that is too many.
func (b *budget) spend(e *Error) bool {
	if !e.invalid() {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	slot := b.slot()
	s := &b.slots[slot%budgetSlots]
	if s.began != slot {
		s.began, s.count = slot, 0
	}
	s.count++
	return b.total(slot) == budgetCalls
}

func (b *budget) slot() int64 { return b.now().UnixNano() / int64(budgetSlot) }

func (b *budget) total(slot int64) int {
	n := 0
	for _, s := range b.slots {
		if s.began > slot-budgetSlots {
			n += s.count
		}
	}
	return n
}
