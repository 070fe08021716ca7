package adaptertest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modbot/internal/chat"
)

// patience bounds every wait of the suite. It is long, because it is only ever
// waited out by a test that fails.
const patience = 20 * time.Second

// What is a kind of event.
type What string

// The events of a trace. The harness records acked, shown and posted, as its
// scripted platform sees them; the suite and its Core record the others.
const (
	Delivered What = "delivered" // the platform is about to deliver
	Acked     What = "acked"     // the platform has its acknowledgement
	Handling  What = "handling"  // Core.Handle was entered
	Effect    What = "effect"    // the Core did what was asked, for the first time
	Handled   What = "handled"   // Core.Handle is about to return
	ShownTo   What = "shown"     // the actor sees an answer
	Posted    What = "posted"    // the audit channel shows a message
)

// Shown is text as the platform's own client would show it to a reader: after
// the client's unescaping, and with everything that the client would act upon
// instead of showing listed in Live (a ping, a link made of a mention, a
// terminal escape, an override of the writing direction). Emphasis that the
// adapter adds to its own words is neither.
type Shown struct {
	Text string
	Live []string
}

// Event is one thing that happened.
type Event struct {
	What What
	ID   string // of the delivery; empty for posts
	Shown
	Invocation *chat.Invocation // Handling only
}

// Trace is everything that happened in one test, in one order.
type Trace struct {
	patience time.Duration // bounds Await

	mu      sync.Mutex
	events  []Event
	changed chan struct{} // closed and replaced by every event
}

// NewTrace makes an empty trace.
func NewTrace() *Trace { return &Trace{patience: patience, changed: make(chan struct{})} }

// Ack records that the platform has the acknowledgement of a delivery.
func (t *Trace) Ack(id string) { t.add(Event{What: Acked, ID: id}) }

// Show records what an actor sees as the answer to a delivery.
func (t *Trace) Show(id string, s Shown) { t.add(Event{What: ShownTo, ID: id, Shown: s}) }

// Post records what the audit channel shows.
func (t *Trace) Post(s Shown) { t.add(Event{What: Posted, Shown: s}) }

func (t *Trace) add(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, e)
	close(t.changed)
	t.changed = make(chan struct{})
}

// Events is a copy of what has happened so far.
func (t *Trace) Events() []Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.events)
}

// Of is the events of one kind about one delivery; an empty id means any.
func (t *Trace) Of(what What, id string) []Event {
	var out []Event
	for _, e := range t.Events() {
		if e.What == what && (id == "" || e.ID == id) {
			out = append(out, e)
		}
	}
	return out
}

// Await waits until n events of a kind about one delivery (any, when id is
// empty) have happened, and returns all of that kind. It fails the test, with
// the whole trace, when they don't in time.
func (t *Trace) Await(tb testing.TB, what What, id string, n int) []Event {
	tb.Helper()
	timeout := time.NewTimer(t.patience)
	defer timeout.Stop()
	for {
		t.mu.Lock()
		changed := t.changed
		t.mu.Unlock()
		if found := t.Of(what, id); len(found) >= n {
			return found
		}
		select {
		case <-changed:
		case <-timeout.C:
			tb.Fatalf("waited %v for %d × %q of %q; what happened:\n%s", t.patience, n, what, id, t)
			return nil
		}
	}
}

// String is the trace, one event a line.
func (t *Trace) String() string {
	var b strings.Builder
	for _, e := range t.Events() {
		fmt.Fprintf(&b, "%-10s %-12s %.200q", e.What, e.ID, e.Text)
		if len(e.Live) > 0 {
			fmt.Fprintf(&b, " live: %q", e.Live)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
