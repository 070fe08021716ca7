package im

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"modbot/internal/im/imwire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testKey   = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	testApp   = 1400000000
	testAdmin = "administrator"
)

// step is what the service does with one request. The body has been read.
type step func(w http.ResponseWriter, r *http.Request)

// service is the other side of the wire: it does the scripted steps in order,
// then says yes to everything, and keeps one trace of all that happened.
type service struct {
	t *testing.T

	mu        sync.Mutex
	steps     []step
	trace     []string
	usersigs  []string
	arrivals  []time.Time
	closed    bool
	missing   map[string]bool // accounts that account_check does not know
	conns     []net.Conn      // the service's ends
	dials     []func(ctx context.Context) error
	attempted int // connections, the failed ones included
	ready     chan net.Conn
	busy      sync.WaitGroup // handlers and dials, which a bubble must outlive
}

func newService(t *testing.T, steps ...step) *service {
	t.Helper()
	return &service{t: t, steps: steps, missing: map[string]bool{}, ready: make(chan net.Conn, 1000)}
}

func (s *service) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trace = append(s.trace, fmt.Sprintf(format, args...))
}

// happened is the trace so far.
func (s *service) happened() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.trace...)
}

// calls is how many requests came in.
func (s *service) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.arrivals)
}

func (s *service) then(steps ...step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, steps...)
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.busy.Add(1)
	defer s.busy.Done()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.note("a request that broke off")
		return
	}
	_, command, _ := strings.Cut(r.URL.Path, "svc/")
	if command == "" {
		_, command, _ = strings.Cut(r.URL.Path, "svr/")
	}
	if command == "" {
		_, command, _ = strings.Cut(r.URL.Path, "profile/")
	}
	s.mu.Lock()
	s.trace = append(s.trace, command+" "+string(body))
	s.usersigs = append(s.usersigs, r.URL.Query().Get(imwire.ParamUserSig))
	s.arrivals = append(s.arrivals, time.Now())
	do := s.yes(command, body)
	if len(s.steps) > 0 {
		do, s.steps = s.steps[0], s.steps[1:]
	}
	s.mu.Unlock()
	do(w, r)
}

// yes is a healthy service; mu is held.
func (s *service) yes(command string, body []byte) step {
	if command != imwire.AccountCheck.Command() {
		return says(`{"ErrorCode":0,"ErrorInfo":"","C2CmsgNospeakingTime":0,"GroupmsgNospeakingTime":0}`)
	}
	var req imwire.CheckRequest
	_ = json.Unmarshal(body, &req)
	answer := imwire.CheckResponse{Envelope: imwire.Envelope{ActionStatus: imwire.StatusOK}}
	for _, item := range req.CheckItem {
		status := imwire.AccountImported
		if s.missing[item.UserID] {
			status = imwire.AccountNotImported
		}
		answer.ResultItem = append(answer.ResultItem, imwire.ResultItem{UserID: item.UserID, AccountStatus: status})
	}
	text, _ := json.Marshal(answer)
	return says(string(text))
}

// sigs are the UserSigs of the requests so far.
func (s *service) sigs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.usersigs...)
}

// times are when the requests came in.
func (s *service) times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time{}, s.arrivals...)
}

// dialled is how often a connection was tried.
func (s *service) dialled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempted
}

// dialling scripts what happens to the next connections.
func (s *service) dialling(troubles ...func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dials = troubles
}

// The service is a net.Listener over in-memory pipes.

func (s *service) Accept() (net.Conn, error) {
	conn, ok := <-s.ready
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (s *service) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	close(s.ready)
	return nil
}

func (s *service) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// dial connects to the service, after the scripted troubles.
func (s *service) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	s.busy.Add(1)
	defer s.busy.Done()
	s.mu.Lock()
	s.attempted++
	var trouble func(context.Context) error
	if len(s.dials) > 0 {
		trouble, s.dials = s.dials[0], s.dials[1:]
	}
	s.mu.Unlock()
	if trouble != nil {
		if err := trouble(ctx); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, net.ErrClosed
	}
	here, there := net.Pipe()
	s.conns = append(s.conns, there)
	s.ready <- there
	return here, nil
}

// hangUp closes every connection from the service's side.
func (s *service) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
}

var errRefused = errors.New("connection refused")

func refuses(context.Context) error { return errRefused }

func dialTakes(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error { return sleep(ctx, d) }
}

// pass lets the time of the bubble pass.
func pass(d time.Duration) { <-time.After(d) }

// Steps.

func says(body string) step {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func code(c imwire.Code) step {
	return says(fmt.Sprintf(`{"ActionStatus":"FAIL","ErrorCode":%d,"ErrorInfo":"the service's words"}`, c))
}

func times(n int, s step) []step {
	var steps []step
	for range n {
		steps = append(steps, s)
	}
	return steps
}

func after(d time.Duration, s step) step {
	return func(w http.ResponseWriter, r *http.Request) {
		pass(d)
		s(w, r)
	}
}

func status(n int) step {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(n)
		_, _ = io.WriteString(w, "<html><body>gateway</body></html>")
	}
}

func redirects(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusTemporaryRedirect)
}

func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func hijack(w http.ResponseWriter, write string) {
	h, ok := w.(http.Hijacker)
	if !ok {
		panic("the connection cannot be taken over")
	}
	conn, _, err := h.Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(conn, write)
	_ = conn.Close()
}

// raw writes bytes that are no answer of net/http's and hangs up.
func raw(bytes string) step {
	return func(w http.ResponseWriter, _ *http.Request) { hijack(w, bytes) }
}
