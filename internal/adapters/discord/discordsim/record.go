package discordsim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What is a kind of event.
type What string

// The kinds of event.
const (
	Called     What = "called"     // the API was called: Route, Status
	Delivered  What = "delivered"  // an interaction is about to be delivered
	Answered   What = "answered"   // an interaction got its initial response: Type
	Shown      What = "shown"      // the actor sees a message privately, or a change of one
	Posted     What = "posted"     // a message appeared in a channel
	Messaged   What = "messaged"   // a direct message appeared
	Edited     What = "edited"     // a message in a channel changed
	Registered What = "registered" // commands were overwritten or removed
	Connected  What = "connected"  // a gateway connection was opened: Text is its path
	Identified What = "identified"
	Resumed    What = "resumed"
	Beaten     What = "beaten"       // a heartbeat arrived
	Left       What = "left"         // the client ended a gateway connection: Code
	Hung       What = "hung"         // the server ended a gateway connection: Code
	Throttled  What = "throttled"    // a call got a 429
	Broken     What = "broken rules" // the client did what Discord's rules forbid: Text
)

// Event is one thing that happened.
type Event struct {
	Seq         int // from 1
	At          time.Time
	What        What
	Route       string
	Status      int
	Interaction string
	Channel     string
	User        string
	Type        int // of an initial response
	Code        int
	Message     *Message // as it was then
	Text        string
}

// String is the event on one line.
func (e Event) String() string {
	var line strings.Builder
	fmt.Fprintf(&line, "%4d %-12s", e.Seq, e.What)
	for _, part := range []struct{ name, value string }{
		{"route", e.Route}, {"interaction", e.Interaction}, {"channel", e.Channel}, {"user", e.User}, {"text", e.Text},
	} {
		if part.value != "" {
			fmt.Fprintf(&line, " %s=%.120q", part.name, part.value)
		}
	}
	for _, part := range []struct {
		name  string
		value int
	}{{"status", e.Status}, {"type", e.Type}, {"code", e.Code}} {
		if part.value != 0 {
			fmt.Fprintf(&line, " %s=%d", part.name, part.value)
		}
	}
	if e.Message != nil {
		fmt.Fprintf(&line, " content=%.200q", e.Message.Content)
	}
	return line.String()
}

// record is everything that happened, in one order.
type record struct {
	events  []Event
	changed chan struct{} // closed and replaced by every event
}

// note records an event. The server is locked.
func (s *Server) note(e Event) {
	e.Seq, e.At = len(s.record.events)+1, s.cfg.Now()
	if e.Message != nil {
		e.Message = new(*e.Message)
	}
	s.record.events = append(s.record.events, e)
	if s.cfg.Observe != nil {
		s.cfg.Observe(e)
	}
	close(s.record.changed)
	s.record.changed = make(chan struct{})
}

// Events is what has happened so far.
func (s *Server) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.record.events)
}

// Of is what has happened so far of one kind.
func (s *Server) Of(what What) []Event {
	return slices.DeleteFunc(s.Events(), func(e Event) bool { return e.What != what })
}

// Wait waits until the record satisfies cond, which is asked after every event.
// When ctx ends first, the error holds the record.
func (s *Server) Wait(ctx context.Context, cond func([]Event) bool) error {
	for {
		s.mu.Lock()
		events, changed := slices.Clone(s.record.events), s.record.changed
		s.mu.Unlock()
		if cond(events) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w; what happened: %v", context.Cause(ctx), events)
		}
	}
}

// AtLeast is a condition: n events of a kind.
func AtLeast(what What, n int) func([]Event) bool {
	return func(events []Event) bool {
		found := 0
		for _, e := range events {
			if e.What == what {
				found++
			}
		}
		return found >= n
	}
}
