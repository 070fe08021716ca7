package im

import (
	"container/list"
	"context"
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
// Who cannot expect a slot before the given time, or before ctx ends, does not
// join.
func (l *line) wait(ctx context.Context, until time.Time, p priority, again bool) (slot time.Time, err error) {
	if ctx.Err() != nil {
		return slot, context.Cause(ctx)
	}
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		until = end
	}
	w, alone, err := l.join(until, p, again) //nolint:contextcheck // what join starts is for all who wait, and ends by itself
	if err != nil {
		return slot, err
	}
	if alone {
		l.takeOne(ctx, until)
	}
	select { // first, so that who is served need not make a timer
	case <-w.served:
		return w.slot, w.err
	default:
	}
	patience := time.NewTimer(time.Until(until))
	defer patience.Stop()
	select {
	case <-w.served:
		return w.slot, w.err
	case <-patience.C:
		err = ErrRateWait
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	l.leave(w, p)
	return slot, err
}

// join puts the caller into the queue. Who is alone there, and without a slot,
// is to take one itself, which costs less than having it taken.
func (l *line) join(until time.Time, p priority, again bool) (w *waiter, alone bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if !l.expected(now, l.before(p, again)).Before(until) {
		return nil, false, ErrRateWait
	}
	w = &waiter{served: make(chan struct{})}
	if again {
		w.place = l.waiting[p].PushFront(w)
	} else {
		w.place = l.waiting[p].PushBack(w)
	}
	n := l.advance(now)
	if n > 0 && l.callers() == 1 && !l.handing {
		return w, true, nil
	}
	l.goOn(n)
	return w, false, nil
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

// goOn has n slots asked for, and those who wait served, when the time comes.
func (l *line) goOn(n int) {
	if n > 0 {
		go l.ask(n)
	}
	if l.callers() > 0 && !l.handing {
		l.handing = true
		go l.hand()
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

// step is one look of hand's. It returns when the next slot is due, or the zero
// time while none is on hand, and whether anybody waits.
func (l *line) step() (next time.Time, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.goOn(l.advance(time.Now()))
	if l.callers() == 0 {
		l.handing = false
		return next, false
	}
	if len(l.onHand) > 0 {
		next = l.onHand[0]
	}
	return next, true
}

// advance serves those whose slot has come. It returns how many slots the
// caller is to have taken, by ask or takeOne.
func (l *line) advance(now time.Time) int {
	for {
		for l.callers() > 0 {
			slot, ok := l.due(now)
			if !ok {
				break
			}
			l.serve(slot, nil)
		}
		n := l.lacking(now)
		if n <= 0 || l.asking != nil {
			return 0
		}
		own, ok := l.slots.(instant)
		if !ok {
			l.asking = make(chan struct{})
			return n
		}
		first, interval := own.now(now, string(l.api), n)
		l.put(now, first, interval, n)
	}
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

// wake has hand look again.
func (l *line) wake() {
	select {
	case l.poke <- struct{}{}:
	default:
	}
}
