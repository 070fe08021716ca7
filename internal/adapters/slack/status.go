package slack

import (
	"sync"

	"modbot/internal/adapters"
)

// topic is one thing that can be wrong.
type topic int

// The topics, the gravest first.
const (
	topicSocket topic = iota
	topicToken
	topicPeople
	topicGroups
	topicAudit
	topics // how many there are
)

// standing is how things stand with Slack.
type standing struct {
	mu       sync.Mutex
	problems [topics]string
	links    int // Socket Mode connections that said hello
	// idle says that another process keeps the connections.
	idle bool
	// over is why Slack ended everything; nothing that another connection says
	// afterwards changes it.
	over string
}

func newStanding() *standing { return &standing{} }

// set says what is wrong with a topic; an empty text means nothing.
func (s *standing) set(t topic, problem string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems[t] = problem
}

// end says why Slack ended everything, or with an empty text that all begins
// anew.
func (s *standing) end(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = why
}

// standBy says whether another process keeps the connections. What was wrong
// with ours is of no account then.
func (s *standing) standBy(idle bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = idle
	if idle {
		s.problems[topicSocket] = ""
	}
}

// linked counts Socket Mode connections.
func (s *standing) linked(by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links += by
	if by > 0 { // whatever was wrong before, one is there now
		s.problems[topicSocket] = ""
	}
}

func (s *standing) status(running bool, mode Mode) adapters.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := adapters.Status{Up: running && s.problems[topicToken] == ""}
	standsBy := mode == Socket && s.idle
	if mode == Socket && s.links == 0 && !standsBy {
		st.Up = false
	}
	if s.over != "" {
		return adapters.Status{Why: s.over}
	}
	for _, problem := range s.problems {
		if problem != "" {
			st.Why = problem
			return st
		}
	}
	switch {
	case st.Up && standsBy:
		st.Why = adapters.StandingBy
	case st.Up:
	case !running:
		st.Why = "It is not running."
	default:
		st.Why = "It is connecting."
	}
	return st
}
