package im

import (
	"container/list"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"modbot/internal/im/imwire"
)

// line is the queue for the turns of one API. Interactive callers come before
// background ones, and within a priority who came first is first.
//
// A slot is given to nobody before its time has come, so that an interactive
// caller who arrives is held up by the call that leaves at that moment, at
// most. Slots are taken when callers wait for them, and never more than there
// are callers: an idle client holds none. One goroutine hands them out, and is
// there only while somebody waits.
type line struct {
	slots    Slots
	api      imwire.API
	interval time.Duration // what is expected between slots, until they are there
	block    int

	poke chan struct{} // wakes hand; holds one

	mu      sync.Mutex
	waiting [priorities]list.List // of *waiter, who waits
	onHand  []time.Time           // slots that nobody has yet, in order
	last    time.Time             // the latest slot that was ever on hand
	asking  chan struct{}         // closed when ask, which is running, ends; else nil
	handing bool                  // hand is running
}

// waiter is a caller who waits. Its fields are written before served is closed,
// under the line's lock, and not after.
type waiter struct {
	served chan struct{}
	place  *list.Element
	slot   time.Time
	err    error
}

func newLine(slots Slots, api imwire.API, perSecond int) *line {
	return &line{
		slots: slots, api: api, interval: intervalOf(perSecond), block: blockOf(perSecond),
		poke: make(chan struct{}, 1),
	}
}

// wait holds the caller until its slot has come. Who comes again, because it
// could not use the slot that it had, stands before all others of its priority.
// Who cannot expect a slot before ctx ends does not join.
func (l *line) wait(ctx context.Context, p priority, again bool) (slot time.Time, err error) {
	w, slot, err := l.join(ctx, p, again)
	if w == nil {
		return slot, err
	}
	select {
	case <-w.served:
		return w.slot, w.err
	case <-ctx.Done():
		l.leave(w, p)
		return time.Time{}, context.Cause(ctx)
	}
}

// join puts the caller into the queue, or serves it at once: then there is no
// waiter.
func (l *line) join(ctx context.Context, p priority, again bool) (w *waiter, slot time.Time, err error) {
	if ctx.Err() != nil {
		return nil, slot, context.Cause(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	before := l.before(p, again)
	if before == 0 {
		if slot, ok := l.due(now); ok {
			return nil, slot, nil
		}
	}
	if until, bounded := ctx.Deadline(); bounded && !l.expected(now, before).Before(until) {
		return nil, slot, ErrRateWait
	}
	w = &waiter{served: make(chan struct{})}
	if again {
		w.place = l.waiting[p].PushFront(w)
	} else {
		w.place = l.waiting[p].PushBack(w)
	}
	if !l.handing {
		l.handing = true
		go l.hand() //nolint:contextcheck // it serves all who wait, and ends by itself
	}
	return w, slot, nil
}

// before is how many are served before a caller who joins now.
func (l *line) before(p priority, again bool) int {
	n := 0
	for higher := range p {
		n += l.waiting[higher].Len()
	}
	if !again {
		n += l.waiting[p].Len()
	}
	return n
}

// expected is when a caller has its slot that has so many before it. Where
// others share the rate it may come later.
func (l *line) expected(now time.Time, before int) time.Time {
	first := l.last.Add(l.interval)
	if len(l.onHand) > 0 {
		first = l.onHand[0]
	}
	if first.Before(now) {
		first = now
	}
	return first.Add(time.Duration(before) * l.interval)
}

// leave takes a caller out of the queue that does not wait any longer. A slot
// that it was given in this very moment goes to the next.
func (l *line) leave(w *waiter, p priority) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-w.served:
		if w.err == nil {
			l.onHand = slices.Insert(l.onHand, 0, w.slot)
		}
	default:
		l.waiting[p].Remove(w.place)
	}
	l.wake()
}

// close waits for slots that are being asked for.
func (l *line) close() {
	l.mu.Lock()
	asking := l.asking
	l.mu.Unlock()
	if asking != nil {
		<-asking
	}
}

// hand gives the slots out, each when its time has come, until nobody waits.
func (l *line) hand() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		next, more := l.step()
		if !more {
			return
		}
		var tick <-chan time.Time // never, while there is no slot to wait for
		if !next.IsZero() {
			timer.Reset(time.Until(next))
			tick = timer.C
		}
		select {
		case <-tick:
		case <-l.poke:
		}
	}
}

// step serves those whose slot has come. It returns when the next slot is due,
// or the zero time while none is on hand, and whether anybody waits.
func (l *line) step() (next time.Time, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for l.callers() > 0 {
		slot, ok := l.due(now)
		if !ok {
			break
		}
		l.serve(slot, nil)
	}
	if l.callers() == 0 {
		l.handing = false
		return next, false
	}
	if n := l.lacking(now); n > 0 && l.asking == nil {
		l.asking = make(chan struct{})
		go l.ask(n)
	}
	if len(l.onHand) > 0 {
		next = l.onHand[0]
	}
	return next, true
}

func (l *line) callers() int {
	n := 0
	for p := range l.waiting {
		n += l.waiting[p].Len()
	}
	return n
}

// due takes the first slot on hand if its time has come. Those whose time has
// passed are lost.
func (l *line) due(now time.Time) (slot time.Time, ok bool) {
	lost := 0
	for lost < len(l.onHand) && now.Sub(l.onHand[lost]) > maxLate {
		lost++
	}
	l.onHand = slices.Delete(l.onHand, 0, lost)
	if len(l.onHand) == 0 || l.onHand[0].After(now) {
		return slot, false
	}
	slot = l.onHand[0]
	l.onHand = slices.Delete(l.onHand, 0, 1)
	return slot, true
}

// serve gives the caller whose turn it is a slot, or an error.
func (l *line) serve(slot time.Time, err error) {
	for p := range l.waiting {
		e := l.waiting[p].Front()
		if e == nil {
			continue
		}
		if w, ok := l.waiting[p].Remove(e).(*waiter); ok {
			w.slot, w.err = slot, err
			close(w.served)
		}
		return
	}
}

// lacking is how many slots should be taken now: what the callers need beyond
// the slots on hand, once those run out.
func (l *line) lacking(now time.Time) int {
	have := len(l.onHand)
	if have > 0 && l.onHand[have-1].Sub(now) > takeAhead {
		return 0
	}
	return min(l.callers()-have, l.block)
}

// ask takes slots. Without an answer nobody may call: all who wait are told.
func (l *line) ask(n int) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), takeTimeout, errTake)
	defer cancel()
	first, interval, err := l.slots.Take(ctx, string(l.api), n)
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.asking)
	l.asking = nil
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrSlots, err)
		for l.callers() > 0 {
			l.serve(time.Time{}, err)
		}
	}
	for i := range n {
		if err != nil {
			break
		}
		slot := now.Add(first + time.Duration(i)*interval)
		if slot.Before(now) { // saved up
			slot = now
		}
		l.onHand, l.last = append(l.onHand, slot), slot
	}
	l.wake()
}

// wake has hand look again.
func (l *line) wake() {
	select {
	case l.poke <- struct{}{}:
	default:
	}
}
