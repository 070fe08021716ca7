package imsim

import (
	"sync"

	"modbot/internal/im/imwire"
)

// Point is a place in a call at which a test can hold it.
type Point uint8

// The places where a call can be held.
const (
	BeforeApply  Point = iota + 1 // authenticated and within the rate, nothing changed yet
	BeforeAnswer                  // the change is made, the caller knows nothing of it
)

// Hold stops one call until it is released. Unlike a latency fault it takes no
// guess at time: a test waits for Arrived, does what it wants to happen
// meanwhile, and calls Release.
type Hold struct {
	point   Point
	arrived chan struct{}
	release chan struct{}
	once    sync.Once
}

// Hold makes the next call of an API stop at a point. Holds of an API are used
// up in order, one call each. Close releases every held call without an
// answer.
func (s *Sim) Hold(api imwire.API, at Point) *Hold {
	h := &Hold{point: at, arrived: make(chan struct{}), release: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holds[api] = append(s.holds[api], h)
	return h
}

// Arrived is closed when a call has been stopped.
func (h *Hold) Arrived() <-chan struct{} { return h.arrived }

// Release lets the call go on; a call that has yet to come is not stopped.
// Further calls of Release do nothing.
func (h *Hold) Release() { h.once.Do(func() { close(h.release) }) }

// takeHold is the hold that stops this call, or nil. The caller holds s.mu.
func (s *Sim) takeHold(api imwire.API) *Hold {
	queue := s.holds[api]
	if len(queue) == 0 {
		return nil
	}
	s.holds[api] = queue[1:]
	return queue[0]
}

// stop holds the call if h is for this point. It reports false when the
// simulator was closed meanwhile.
func (s *Sim) stop(h *Hold, at Point) bool {
	if h == nil || h.point != at {
		return true
	}
	close(h.arrived)
	select {
	case <-h.release:
		return true
	case <-s.closed:
		return false
	}
}
