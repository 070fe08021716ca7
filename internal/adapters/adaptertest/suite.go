// Package adaptertest is the conformance suite of platforms. An adapter is done
// when Run passes for it.
//
// The model: a platform's test gives a Factory that makes the adapter together
// with a scripted other side of its platform (a Harness). The suite plays the
// Core, makes the platform deliver, and looks at what people would see: not at
// bytes, but at the text that the platform's own client would show, and at what
// in it the client would act upon (Shown). Everything that happens, on either
// side of the adapter, goes into one ordered Trace, which is printed when a
// check fails.
//
// What every platform must do is checked always. What only some platforms have
// is a Trait, and a harness must say of each either how to drive it or why the
// platform lacks it.
package adaptertest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"modbot/internal/chat"
)

// Run checks one platform. It counts goroutines, so nothing else may run beside
// it in the same process.
func Run(t *testing.T, factory Factory) {
	t.Helper()
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) { c.run(t, factory, patience) })
	}
}

// check is one promise of the contract.
type check struct {
	name string
	// of is the trait that the check is about; empty when every platform must
	// pass it.
	of Trait
	do func(tb testing.TB, s *stage)
}

// checks lists the promises, each in the file of its subject.
func checks() []check {
	var all []check
	all = append(all, deliveryChecks()...)
	all = append(all, textChecks()...)
	all = append(all, typedChecks()...)
	all = append(all, postChecks()...)
	return append(all, lifeChecks()...)
}

// run sets the stage, does the check, and looks for what was left behind.
func (c check) run(tb testing.TB, factory Factory, patience time.Duration) {
	tb.Helper()
	before := goleak.IgnoreCurrent()
	s := newStage(tb, factory, patience)
	closed := false
	defer func() {
		if !closed { // the check gave up
			s.stop(tb)
			s.Close()
		}
	}()
	s.validate(tb)
	if reason, lacks := s.Lacks[c.of]; lacks {
		tb.Skipf("this platform has no %s: %s", c.of, reason)
	}
	c.do(tb, s)
	s.stop(tb)
	s.Close()
	closed = true
	if err := goleak.Find(before); err != nil {
		tb.Errorf("something still runs after the end: %v", err)
	}
}

// stage is one adapter with its platform and its Core.
type stage struct {
	Harness
	trace   *Trace
	core    *Core
	factory Factory

	ids    atomic.Int64
	cancel context.CancelFunc // nil before start
	ended  chan struct{}      // closed when Run has returned
	err    error              // what Run returned, once ended is closed
}

func newStage(tb testing.TB, factory Factory, patience time.Duration) *stage {
	tb.Helper()
	trace := NewTrace()
	trace.patience = patience
	return &stage{Harness: factory(tb, trace), trace: trace, core: NewCore(trace), factory: factory}
}

// start runs the adapter until stop.
func (s *stage) start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.ended = cancel, make(chan struct{})
	go func() {
		defer close(s.ended)
		s.err = s.Adapter.Run(ctx, s.core)
	}()
}

// stop ends the adapter, when it runs, and expects a clean end in time.
func (s *stage) stop(tb testing.TB) {
	tb.Helper()
	if s.cancel == nil {
		return
	}
	s.cancel()
	s.awaitEnd(tb)
	s.cancel = nil
}

// awaitEnd waits until Run has returned.
func (s *stage) awaitEnd(tb testing.TB) {
	tb.Helper()
	timeout := time.NewTimer(s.trace.patience)
	defer timeout.Stop()
	select {
	case <-s.ended:
		if s.err != nil {
			tb.Errorf("Run ended with: %v", s.err)
		}
	case <-timeout.C:
		tb.Errorf("Run has not returned %v after it was told to; what happened:\n%s", s.trace.patience, s.trace)
	}
}

// delivery makes a delivery by the first actor whose reason is the id and what
// follows.
func (s *stage) delivery(words string) Delivery {
	id := fmt.Sprintf("%s%d", idPrefix, s.ids.Add(1))
	d := Delivery{ID: id, Actor: s.Actors[0], Reason: id}
	if words != "" {
		d.Reason += " " + words
	}
	return d
}

// deliver delivers such a delivery.
func (s *stage) deliver(tb testing.TB, words string) Delivery {
	tb.Helper()
	d := s.delivery(words)
	s.hand(tb, d)
	return d
}

// hand makes the platform deliver d.
func (s *stage) hand(tb testing.TB, d Delivery) {
	tb.Helper()
	s.trace.add(Event{What: Delivered, ID: d.ID, Shown: Shown{Text: d.Line()}})
	s.Deliver(tb, d)
}

// pass delivers one more command and waits for its answer: whatever was
// delivered before it has reached the adapter by then.
func (s *stage) pass(tb testing.TB) {
	tb.Helper()
	d := s.deliver(tb, "")
	s.trace.Await(tb, ShownTo, d.ID, 1)
}

// answer scripts the Core to answer everything with a message of these spans,
// after the id of the delivery.
func (s *stage) answer(spans ...chat.Span) {
	s.core.Answer = func(_ context.Context, inv chat.Invocation, _ func(chat.Reply)) chat.Reply {
		r := done(inv)
		r.Message.Lines[0] = append(r.Message.Lines[0], spans...)
		return r
	}
}

// invocation is what the Core was handed for a delivery.
func (s *stage) invocation(tb testing.TB, id string) chat.Invocation {
	tb.Helper()
	events := s.trace.Await(tb, Handling, id, 1)
	require.NotNil(tb, events[0].Invocation)
	return *events[0].Invocation
}
