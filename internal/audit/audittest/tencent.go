package audittest

import (
	"time"

	"modbot/internal/mute"
	"modbot/internal/testclock"
)

// request is a call inside the service.
type request struct {
	account mute.Account
	scope   mute.Scope
	seconds uint32
	lands   time.Time
}

// tencent is the service.
type tencent struct {
	clock   *testclock.Clock
	until   map[mute.Account]map[mute.Field]time.Time
	pending []request
}

// land applies the requests whose time has come.
func (s *tencent) land() {
	var left []request
	for _, r := range s.pending {
		if r.lands.After(s.clock.Now()) {
			left = append(left, r)
			continue
		}
		for _, f := range r.scope.Fields() {
			if s.until[r.account] == nil {
				s.until[r.account] = map[mute.Field]time.Time{}
			}
			s.until[r.account][f] = r.lands.Add(time.Duration(r.seconds) * time.Second)
		}
	}
	s.pending = left
}

// read is what a query answers.
func (s *tencent) read(a mute.Account) mute.State {
	s.land()
	var out mute.State
	for _, f := range mute.Fields() {
		if left := s.until[a][f].Sub(s.clock.Now()); left > 0 {
			out = out.With(f, mute.ReadingOf(uint32((left+time.Second-1)/time.Second))) //nolint:gosec // short
		}
	}
	return out
}
