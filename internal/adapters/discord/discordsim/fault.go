package discordsim

import (
	"net/http"
	"time"
)

// FaultKind is something that goes wrong with a call.
type FaultKind string

// The kinds of fault.
const (
	Throttle     FaultKind = "throttle"      // 429 with JSON and headers: Wait, Scope
	ThrottleHTML FaultKind = "throttle html" // 429 as from in front of Discord: Wait as a header when not 0
	Fail         FaultKind = "fail"          // Status (500 when 0), not JSON
	Refuse       FaultKind = "refuse"        // Status and Code, as JSON
	DropBefore   FaultKind = "drop before"   // the connection breaks before the call has its effect
	DropAfter    FaultKind = "drop after"    // it has its effect, and the answer is lost
	Slow         FaultKind = "slow"          // Wait passes first
	Garbage      FaultKind = "garbage"       // it has its effect, and the answer isn't JSON
)

// Fault scripts what happens to calls.
type Fault struct {
	Route  string // "POST /channels/{channel}/messages"; any when empty
	Kind   FaultKind
	Status int
	Code   int
	Text   string // Discord's words
	Wait   time.Duration
	Scope  string // user (when empty), global, shared
	Times  int    // 0 is once, -1 for ever
}

// Fault adds a fault behind those that are there: the first that matches a call
// happens to it.
func (s *Server) Fault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults = append(s.faults, &f)
}

// ClearFaults takes all faults back.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault takes the next fault for a route; nil when there is none. The server is
// locked.
func (s *Server) fault(route string) *Fault {
	for i, f := range s.faults {
		if f.Route != "" && f.Route != route {
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		if f.Times == 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		return f
	}
	return nil
}

// reply is the fault as an answer; ok is false for faults that let the call
// through.
func (f *Fault) reply() (r reply, ok bool) {
	switch f.Kind {
	case Throttle:
		return tooMany(f.Wait, f.Scope), true
	case ThrottleHTML:
		r := reply{status: http.StatusTooManyRequests, raw: "<html><body>You are being rate limited</body></html>", header: http.Header{}}
		if f.Wait > 0 {
			r.header.Set("Retry-After", seconds(f.Wait))
		}
		return r, true
	case Fail:
		status := f.Status
		if status == 0 {
			status = http.StatusInternalServerError
		}
		return reply{status: status, raw: "<html><body>upstream error</body></html>"}, true
	case Refuse:
		return refused(f.Status, f.Code, f.Text), true
	case DropBefore, DropAfter, Slow, Garbage:
	}
	return reply{}, false
}
