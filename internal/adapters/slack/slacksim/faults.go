package slacksim

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Names that Fail takes beside those of API methods.
const (
	AnyMethod   = "*"            // every method of the Web API
	ResponseURL = "response_url" // messages to a response_url
	WebSocket   = "websocket"    // dialling a socket
)

// Forever is a Fault.Times without an end.
const Forever = -1

// Fault is something that goes wrong with a call.
type Fault struct {
	// One of these says what the caller gets.
	Error   string // ok false with this error, and status 200
	Status  int    // this HTTP status, with a page of HTML
	Garbage bool   // status 200 with what is no JSON
	Drop    bool   // the connection breaks without an answer
	Delay   time.Duration

	// RetryAfter goes with a Status, in seconds; nil is no such header.
	RetryAfter *int
	// Apply says that the call takes effect all the same, and only the answer is
	// this fault. A fault with a Delay alone is applied and answered as usual.
	Apply bool
	// Times is how many calls it meets: 0 is one, Forever has no end.
	Times int
	// Channel restricts it to calls about that channel; empty is any.
	Channel string
}

// Throttled is Slack's answer to too many calls.
func Throttled(seconds int) Fault {
	return Fault{Status: http.StatusTooManyRequests, RetryAfter: &seconds}
}

// Fail scripts a fault for a method of the Web API (or AnyMethod, ResponseURL,
// WebSocket). Several of one method are met in order.
func (s *Server) Fail(method string, f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if s.faults.of == nil {
		s.faults.of = map[string][]Fault{}
	}
	s.faults.of[method] = append(s.faults.of[method], f)
}

// Heal forgets the faults of a method; no method at all means every fault.
func (s *Server) Heal(methods ...string) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if len(methods) == 0 {
		s.faults.of = nil
	}
	for _, m := range methods {
		delete(s.faults.of, m)
	}
}

// faults are those that are still to come.
type faults struct {
	mu sync.Mutex
	of map[string][]Fault
}

// next takes the fault that a call meets.
func (f *faults) next(method string, args url.Values) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := []string{method}
	if method != ResponseURL && method != WebSocket {
		names = append(names, AnyMethod)
	}
	for _, name := range names {
		queue := f.of[name]
		i := slices.IndexFunc(queue, func(f Fault) bool { return f.Channel == "" || f.Channel == args.Get("channel") })
		if i < 0 {
			continue
		}
		found := queue[i]
		switch {
		case found.Times == 1:
			f.of[name] = slices.Delete(queue, i, i+1)
		case found.Times > 1:
			queue[i].Times--
		}
		return found, true
	}
	return Fault{}, false
}

// answers reports whether the caller gets the fault in place of an answer.
func (f Fault) answers() bool {
	return f.Error != "" || f.Status != 0 || f.Garbage || f.Drop
}

// name is how the record calls it.
func (f Fault) name() string {
	switch {
	case f.Drop:
		return "dropped"
	case f.Garbage:
		return "garbage"
	case f.Status != 0:
		return fmt.Sprintf("status %d", f.Status)
	case f.Error != "":
		return f.Error
	}
	return "slow"
}

// write answers with the fault.
func (f Fault) write(w http.ResponseWriter) {
	switch {
	case f.Drop:
		drop(w)
	case f.Garbage:
		_, _ = w.Write([]byte("<html><body>Something is off"))
	case f.Status != 0:
		w.Header().Set("Content-Type", "text/html")
		if f.RetryAfter != nil {
			w.Header().Set("Retry-After", fmt.Sprint(*f.RetryAfter))
		}
		w.WriteHeader(f.Status)
		_, _ = fmt.Fprintf(w, "<html><body><h1>%d</h1></body></html>", f.Status)
	default:
		writeJSON(w, object{"ok": false, "error": f.Error})
	}
}

// drop breaks the connection that a request came on.
func drop(w http.ResponseWriter) {
	h, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := h.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = conn.Close()
}

// wait is a slow answer: it ends early with the request or the server.
func (s *Server) wait(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	case <-s.closed.Done():
	}
}
