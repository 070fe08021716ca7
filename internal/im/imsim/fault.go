package imsim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"modbot/internal/im/imwire"
)

// Kind is a way in which a call goes wrong.
type Kind string

// The kinds of fault. Every kind waits its Delay first and goes on even when the
// caller has gone away, as a real service would.
const (
	noFault          Kind = ""
	KindLatency      Kind = "latency"        // only waits, then does as it was asked
	KindCode         Kind = "code"           // changes nothing, answers the vendor's error Code
	KindDrop         Kind = "drop"           // changes nothing, closes the connection without an answer
	KindApplyAndDrop Kind = "apply_and_drop" // does as it was asked, closes the connection without an answer
	KindHTTP         Kind = "http"           // changes nothing, answers Status with an HTML page, as a gateway does
	KindGarbage      Kind = "garbage"        // changes nothing, answers 200 with a body that is not JSON
)

// Limits of a fault.
const (
	// Forever is the number of Times that never runs out.
	Forever = -1
	// MaxDelay is the longest that one fault may hold a call.
	MaxDelay = 10 * time.Minute
	// maxFaults is how many faults may wait for one API.
	maxFaults = 10_000
	// maxCode is above every error code of the vendor's tables.
	maxCode = 999_999
)

// Fault is something to go wrong with the next calls of one API. Faults of an
// API are used up in the order in which they were added, one call at a time,
// by calls that were authenticated and within the rate.
type Fault struct {
	API    imwire.API
	Kind   Kind
	Code   imwire.Code   // KindCode: the vendor's error code
	Status int           // KindHTTP: 400 to 599; 502 when 0
	Delay  time.Duration // every kind waits this long first; KindLatency needs it
	Times  int           // how many calls; 0 is once, Forever is for good
}

// complete fills in what may be left out and refuses what makes no sense.
func (f Fault) complete() (Fault, error) {
	if !slices.Contains(imwire.APIs(), f.API) {
		return f, invalid("api %q is none of %s", f.API, commands())
	}
	if f.Delay < 0 || f.Delay > MaxDelay {
		return f, invalid("delay_ms %d is outside 0 to %d", f.Delay.Milliseconds(), MaxDelay.Milliseconds())
	}
	if f.Times == 0 {
		f.Times = 1
	}
	if f.Times < Forever {
		return f, invalid("times %d is neither a number of calls nor -1 (for ever)", f.Times)
	}
	switch f.Kind {
	case KindDrop, KindApplyAndDrop, KindGarbage:
	case KindLatency:
		if f.Delay == 0 {
			return f, invalid("a latency fault needs delay_ms, 1 to %d", MaxDelay.Milliseconds())
		}
	case KindCode:
		if f.Code < 1 || f.Code > maxCode {
			return f, invalid("code %d is no error code of the vendor", f.Code)
		}
	case KindHTTP:
		if f.Status == 0 {
			f.Status = http.StatusBadGateway
		}
		if f.Status < 400 || f.Status > 599 {
			return f, invalid("status %d is outside 400 to 599", f.Status)
		}
	case noFault:
		return f, invalid("kind is missing; it is one of %s", kinds())
	default:
		return f, invalid("kind %q is none of %s", f.Kind, kinds())
	}
	return f, nil
}

// kinds and commands list what a fault may name, for messages.
func kinds() string {
	return fmt.Sprintf("%s, %s, %s, %s, %s, %s",
		KindCode, KindLatency, KindDrop, KindApplyAndDrop, KindHTTP, KindGarbage)
}

func commands() string {
	var names []string
	for _, api := range imwire.APIs() {
		names = append(names, api.Command())
	}
	return strings.Join(names, ", ")
}

// AddFault appends a fault to those of its API. A fault that makes no sense is
// an *InputError.
func (s *Sim) AddFault(f Fault) error {
	f, err := f.complete()
	if err != nil {
		return fmt.Errorf("adding a fault: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults[f.API]) >= maxFaults {
		return fmt.Errorf("adding a fault: %w", invalid("%d faults of %s are waiting already", maxFaults, f.API))
	}
	s.faults[f.API] = append(s.faults[f.API], f)
	return nil
}

// ClearFaults takes back every fault that no call has met yet.
func (s *Sim) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.faults)
}

// Faults lists the faults that are still waiting, by API, first out first,
// with the Times that are left.
func (s *Sim) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Fault{}
	for _, api := range imwire.APIs() {
		all = append(all, s.faults[api]...)
	}
	return all
}

// takeFault uses up one call's worth of the first fault of an API; the zero
// Fault is none. The caller holds s.mu.
func (s *Sim) takeFault(api imwire.API) Fault {
	queue := s.faults[api]
	if len(queue) == 0 {
		return Fault{}
	}
	f := queue[0]
	switch {
	case f.Times == Forever:
	case f.Times > 1:
		queue[0].Times--
	default:
		s.faults[api] = queue[1:]
	}
	return f
}
