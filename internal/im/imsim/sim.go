package imsim

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// maxOffset bounds how far the clock of the mutes can run ahead: beyond the
// longest finite mute (136 years), within what a time.Duration can say (292).
const maxOffset = 150 * 365 * 24 * time.Hour

// Config is what a simulated app is made of.
type Config struct {
	SDKAppID uint64           // the app; required
	Key      imwire.SecretKey // the app's secret key; required
	Admin    string           // the identifier that may call the API; required
	Accounts []mute.Account   // the accounts that exist; none is allowed
	// Rate is how many calls of each API are admitted in any one second of
	// real time; 0 is no limit. The vendor's is imwire.VendorLimit.
	Rate int
	// Webhook is called before a message of an unmuted sender is accepted; ""
	// is no webhook.
	Webhook string
	// Trace is how many of the last calls are remembered for Calls; 0 is
	// DefaultTrace.
	Trace int
	// Now is real time, by which UserSigs expire and calls are counted; nil is
	// time.Now. The clock of the mutes is Now and what Advance added to it.
	Now func() time.Time
}

// Sim is the service's side of one app. It is an http.Handler and safe for
// concurrent use. See the package documentation for what it does.
type Sim struct {
	cfg        Config
	now        func() time.Time
	control    http.Handler
	signatures *signatures
	hook       *webhook // nil: no webhook
	closed     chan struct{}
	closeOnce  sync.Once

	// mu is held for the length of one look or one change, never while a call
	// waits.
	mu           sync.Mutex
	offset       time.Duration // how far the clock of the mutes runs ahead
	accounts     map[mute.Account]mutes
	nicks        map[mute.Account]string
	windows      map[imwire.API]*window
	faults       map[imwire.API][]Fault
	holds        map[imwire.API][]*Hold
	trace        trace
	calls        map[imwire.API]int // every call that arrived, refused ones too
	overLimit    int
	inFlight     int
	mostInFlight int
	messages     uint32 // how many messages were sent, for their numbers
}

// New makes a simulator, or says everything that is wrong with its Config.
func New(cfg Config) (*Sim, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("configuring the simulator: %w", err)
	}
	s := &Sim{
		cfg:        cfg,
		now:        cfg.Now,
		signatures: newSignatures(cfg.Key, cfg.SDKAppID),
		closed:     make(chan struct{}),
		accounts:   make(map[mute.Account]mutes, len(cfg.Accounts)),
		nicks:      make(map[mute.Account]string),
		windows:    make(map[imwire.API]*window),
		faults:     make(map[imwire.API][]Fault),
		holds:      make(map[imwire.API][]*Hold),
		trace:      trace{limit: cfg.Trace},
		calls:      make(map[imwire.API]int),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.trace.limit == 0 {
		s.trace.limit = DefaultTrace
	}
	for _, a := range cfg.Accounts {
		s.accounts[a] = mutes{}
	}
	for _, api := range imwire.APIs() {
		s.windows[api] = newWindow(cfg.Rate)
	}
	if cfg.Webhook != "" {
		s.hook = newWebhook(cfg.Webhook, cfg.SDKAppID)
	}
	s.control = s.controlAPI()
	return s, nil
}

func (c Config) check() error {
	var errs []error
	if c.SDKAppID == 0 {
		errs = append(errs, errors.New("the SDKAppID is missing"))
	}
	if c.Key.IsZero() {
		errs = append(errs, errors.New("the secret key is missing"))
	}
	if c.Admin == "" {
		errs = append(errs, errors.New("the admin's identifier is missing"))
	}
	for _, a := range c.Accounts {
		if _, err := mute.ParseAccount(string(a)); err != nil {
			errs = append(errs, fmt.Errorf("account %q: %w", a, err))
		}
	}
	if c.Rate < 0 {
		errs = append(errs, fmt.Errorf("a rate of %d calls a second is below 0 (0 is no limit)", c.Rate))
	}
	if c.Trace < 0 {
		errs = append(errs, fmt.Errorf("a trace of %d calls is below 0", c.Trace))
	}
	if c.Webhook != "" {
		u, err := url.Parse(c.Webhook)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			errs = append(errs, errors.New("the webhook is not an http:// or https:// URL"))
		}
	}
	return errors.Join(errs...)
}

// ServeHTTP answers the vendor's API, and the control API under /sim/.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/sim/") {
		s.control.ServeHTTP(w, r)
		return
	}
	s.serveAPI(w, r)
}

// Close ends every call that a fault or a Hold keeps waiting, without an
// answer and without applying it, and closes idle connections to the webhook.
// Close it before the server that it handles for.
func (s *Sim) Close() {
	s.closeOnce.Do(func() {
		close(s.closed)
		if s.hook != nil {
			s.hook.client.CloseIdleConnections()
		}
	})
}

// Now is the clock of the mutes.
func (s *Sim) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock()
}

// clock is the clock of the mutes. The caller holds s.mu.
func (s *Sim) clock() time.Time { return s.now().Add(s.offset) }

// Advance lets time pass for the mutes and for nothing else. Time that would
// run backwards, or further than mutes last, is an *InputError.
func (s *Sim) Advance(d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d < 0 || d > maxOffset-s.offset {
		return fmt.Errorf("advancing the clock: %w",
			invalid("%d s is outside 0 to %d", d/time.Second, (maxOffset-s.offset)/time.Second))
	}
	s.offset += d
	return nil
}

// Times is both fields of an account as a query would answer them.
type Times struct {
	C2C   uint32 `json:"c2c"`
	Group uint32 `json:"group"`
}

// Snapshot is what the simulator knows at one moment.
type Snapshot struct {
	Now       int64            `json:"now"`        // unix seconds of the mutes' clock
	Accounts  map[string]Times `json:"accounts"`   // every account that exists
	Calls     map[string]int   `json:"calls"`      // calls that arrived, by command, refused ones too
	OverLimit int              `json:"over_limit"` // how many of them were over the rate
}

// Snapshot takes everything at one moment.
func (s *Sim) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	snap := Snapshot{
		Now:       now.Unix(),
		Accounts:  make(map[string]Times, len(s.accounts)),
		Calls:     make(map[string]int),
		OverLimit: s.overLimit,
	}
	for account, m := range s.accounts {
		state := m.state(now)
		snap.Accounts[string(account)] = Times{C2C: state.C2C.Wire(), Group: state.Group.Wire()}
	}
	for _, api := range imwire.APIs() {
		snap.Calls[api.Command()] = s.calls[api]
	}
	return snap
}

// Accounts lists the accounts that exist, in order.
func (s *Sim) Accounts() []mute.Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.accounts))
}

// wait lets d of real time pass. It reports false when the simulator was
// closed meanwhile. It does not watch the caller: a request that arrived is
// worked off whether or not anybody still waits for the answer.
func (s *Sim) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.closed:
		return false
	}
}

// InputError says that what was asked of the simulator itself (not of the
// vendor's API) makes no sense.
type InputError struct{ Message string }

func (e *InputError) Error() string { return e.Message }

func invalid(format string, args ...any) error {
	return &InputError{Message: fmt.Sprintf(format, args...)}
}
