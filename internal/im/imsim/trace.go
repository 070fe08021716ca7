package imsim

import (
	"slices"
	"time"

	"modbot/internal/im/imwire"
)

// DefaultTrace is how many of the last calls a simulator remembers unless its
// Config says otherwise.
const DefaultTrace = 4096

// Call is what happened to one call of the vendor's API, for tests. The
// signature that it carried is not kept.
type Call struct {
	Seq      int         // 1, 2, 3 … in order of arrival
	API      imwire.API  // which call
	At       time.Time   // the simulator's clock at arrival
	Random   string      // the random parameter as sent
	Body     string      // the body as sent
	InFlight int         // calls in flight at arrival, this one included
	Fault    Kind        // the fault that it met, "" for none
	Code     imwire.Code // the ErrorCode answered; of a dropped answer what it would have been
	Applied  bool        // it changed what the simulator knows
	Answered bool        // an answer was written, of whatever kind
	Done     bool        // it is no longer in flight
}

// trace remembers the last calls in order of arrival.
type trace struct {
	limit int
	seq   int
	calls []*Call // the oldest first, at most limit
}

// begin adds a call.
func (t *trace) begin(c Call) *Call {
	t.seq++
	c.Seq = t.seq
	if len(t.calls) == t.limit {
		// Half is dropped at once so that this does not move the whole slice
		// for every call.
		t.calls = slices.Delete(t.calls, 0, max(1, t.limit/2))
	}
	t.calls = append(t.calls, &c)
	return &c
}

// Calls lists the calls of the vendor's API in order of arrival, those still in
// flight included: at least half of the last Config.Trace and all if there
// were fewer.
func (s *Sim) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Call, len(s.trace.calls))
	for i, c := range s.trace.calls {
		out[i] = *c
	}
	return out
}

// InFlight says how many calls of the vendor's API are being answered now, and
// how many there have been at once at most.
func (s *Sim) InFlight() (now, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inFlight, s.mostInFlight
}
