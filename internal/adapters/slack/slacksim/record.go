package slacksim

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind says what a Record is about.
type Kind string

// The kinds of record.
const (
	KindCall      Kind = "call"      // the adapter called a method, or used a response_url
	KindMessage   Kind = "message"   // people see a message
	KindEdited    Kind = "edited"    // a message was replaced
	KindDeleted   Kind = "deleted"   // a message was deleted
	KindView      Kind = "view"      // somebody sees a form
	KindClosed    Kind = "closed"    // a form was closed by its submission
	KindDelivered Kind = "delivered" // a delivery was handed over
	KindAnswered  Kind = "answered"  // a delivery was acknowledged; Took says how fast
	KindFailed    Kind = "failed"    // a delivery was not, or something broke; Result says how
	KindConnected Kind = "connected" // a socket was opened
	KindGone      Kind = "gone"      // a socket ended
)

// Record is one thing that happened.
type Record struct {
	Seq  int
	At   time.Time
	Kind Kind

	Method   string     // KindCall: the method, or response_url
	Result   string     // KindCall: ok, or the error; KindFailed: why
	Args     url.Values // KindCall: the arguments, without the token
	Delivery string     // the delivery that it belongs to
	Conn     int        // the socket, from 1; 0 is HTTP
	Status   int        // the HTTP status of an answer
	Payload  string     // KindAnswered: what came with it
	Took     time.Duration
	Message  *Message // KindMessage, KindEdited and KindDeleted
	View     *View    // KindView and KindClosed
}

// String is one line for the output of a failed test.
func (r Record) String() string {
	parts := []string{fmt.Sprintf("%4d %s", r.Seq, r.Kind)}
	for _, part := range []struct{ name, value string }{
		{"", r.Method},
		{"", r.Result},
		{"delivery", r.Delivery},
		{"payload", r.Payload},
	} {
		if part.value != "" {
			parts = append(parts, strings.TrimSpace(part.name+" "+part.value))
		}
	}
	if r.Conn != 0 {
		parts = append(parts, fmt.Sprintf("socket %d", r.Conn))
	}
	if r.Message != nil {
		parts = append(parts, fmt.Sprintf("in %s for %q: %q", r.Message.Channel, r.Message.User, r.Message.Text))
	}
	return strings.Join(parts, " · ")
}

// journal is the ordered record.
type journal struct {
	now func() time.Time

	mu      sync.Mutex
	records []Record
	next    int
	changed chan struct{} // closed and replaced with every record
}

func newJournal(now func() time.Time) *journal {
	return &journal{now: now, next: 1, changed: make(chan struct{})}
}

func (j *journal) add(r Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Seq, r.At = j.next, j.now()
	j.next++
	j.records = append(j.records, r)
	close(j.changed)
	j.changed = make(chan struct{})
}

// since is the records from a number on, and what is closed by the next one.
func (j *journal) since(seq int) ([]Record, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i, _ := slices.BinarySearchFunc(j.records, seq, func(r Record, seq int) int { return r.Seq - seq })
	return slices.Clone(j.records[i:]), j.changed
}

// watch is closed by the next record.
func (j *journal) watch() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.changed
}

// Records is what has happened so far, in order.
func (s *Server) Records() []Record {
	all, _ := s.log.since(0)
	return all
}

// Wait is the first record, from the beginning on, that is what the caller looks
// for. The error says what happened instead.
func (s *Server) Wait(ctx context.Context, is func(Record) bool) (Record, error) {
	return s.WaitAfter(ctx, 0, is)
}

// WaitAfter is Wait for a record behind the one with a number.
func (s *Server) WaitAfter(ctx context.Context, seq int, is func(Record) bool) (Record, error) {
	next := seq + 1
	for {
		fresh, changed := s.log.since(next)
		for _, r := range fresh {
			if is(r) {
				return r, nil
			}
			next = r.Seq + 1
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Record{}, fmt.Errorf("waiting for a record that did not come: %w; there are:\n%s", context.Cause(ctx), s.Trace())
		}
	}
}

// Trace is the record as text, one line each, the last few hundred.
func (s *Server) Trace() string {
	const most = 300
	all := s.Records()
	var b strings.Builder
	for _, r := range all[max(0, len(all)-most):] {
		b.WriteString(r.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// Forget drops the record and the messages so far: a soak can't keep them all.
func (s *Server) Forget() {
	s.log.mu.Lock()
	s.log.records = nil
	s.log.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.messages = nil
	s.world.views = nil
	maps.DeleteFunc(s.world.triggers, func(_ string, t *trigger) bool { return s.after(t.issued, triggerTime) })
	maps.DeleteFunc(s.world.responses, func(_ string, r *response) bool { return s.after(r.issued, responseTime) })
}
