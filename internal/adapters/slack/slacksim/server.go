// Package slacksim plays the other side of Slack over real HTTP and WebSocket:
// the Web API, response_urls, signed deliveries, and Socket Mode. It is for
// tests of the adapter, acceptance tests and the soak, and knows nothing of the
// testing package, of the adapter, or of the client library, so that none can
// hide a mistake of another.
//
// The model: a Server is one workspace with one installed app. People and
// channels are added to it. A test delivers what people do (Command, Click,
// Submit, Shortcut, Global) to the adapter's URL, signed, or to one of its open
// sockets, and looks at what people then see (Messages, Seen, Views). All that
// happens goes into one ordered record, which can be waited on (Wait). What is
// to go wrong is scripted beforehand, first in, first out (Fail).
//
// The manners are Slack's, as the reference and the tracker describe them:
// errors are answered with status 200 and ok false; tokens are read from a form
// field or a bearer header; messages over a limit are refused; a response_url
// works five times within 30 minutes, and replaces a message only after a
// click; a trigger_id opens one view within three seconds.
package slacksim

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// What the server does not wait or read beyond.
const (
	// answerTime is how long an adapter has to answer a delivery.
	answerTime = 3 * time.Second
	// headerTime bounds reading a request's headers.
	headerTime = 5 * time.Second
	// idleConns is how many connections to an adapter are kept between deliveries.
	idleConns = 64
	// maxBody bounds what is read of any request.
	maxBody = 1 << 20
)

// Config says which workspace and app a Server plays. Everything has a default.
type Config struct {
	SigningSecret string // deliveries are signed with it
	BotToken      string // xoxb-…, for the Web API
	AppToken      string // xapp-…, for apps.connections.open

	TeamID       string
	TeamDomain   string
	EnterpriseID string // set: the workspace belongs to an Enterprise Grid
	OrgInstall   bool   // the app is installed for the whole organisation
	AppID        string
	BotID        string
	BotUserID    string

	// Now is the clock of signatures, triggers, response_urls and limits; nil is
	// the real one.
	Now func() time.Time
	// Listener is what is listened on; nil is a port of the loopback.
	Listener net.Listener
	// Client makes the deliveries over HTTP; nil is one of its own.
	Client *http.Client
	// AnswerTime is how long an adapter has to answer; 0 is Slack's 3 seconds.
	AnswerTime time.Duration
	// PingEvery is how often open sockets are pinged; 0 is 5 seconds, less is
	// never.
	PingEvery time.Duration
	// PostInterval is how far apart messages to one channel must be; nearer ones
	// are told to wait. 0 is no limit. Slack's is about a second.
	PostInterval time.Duration
}

// Server is the scripted other side. It is safe for concurrent use.
type Server struct {
	cfg      Config
	listener net.Listener
	http     *http.Server
	client   *http.Client
	log      *journal
	faults   faults
	closed   context.Context // ends with Close
	end      context.CancelFunc
	served   sync.WaitGroup

	mu    sync.Mutex // guards world
	world world

	sockets sockets
}

// New starts a server. Close ends it.
func New(cfg Config) (*Server, error) {
	cfg = cfg.complete()
	listener := cfg.Listener
	if listener == nil {
		var err error
		var listen net.ListenConfig
		if listener, err = listen.Listen(context.Background(), "tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
	}
	s := &Server{cfg: cfg, listener: listener, client: cfg.Client, log: newJournal(cfg.Now)}
	s.closed, s.end = context.WithCancel(context.Background())
	s.world = newWorld(cfg)
	if s.client == nil {
		s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: idleConns}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	s.http = &http.Server{Handler: s.Handler(), ReadHeaderTimeout: headerTime}
	s.served.Go(func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.add(Record{Kind: KindFailed, Result: err.Error()})
		}
	})
	return s, nil
}

// complete fills in what a test doesn't care about.
func (c Config) complete() Config {
	for _, d := range []struct {
		field *string
		value string
	}{
		{&c.SigningSecret, "signing-secret"},
		{&c.BotToken, "xoxb-test"},
		{&c.AppToken, "xapp-test"},
		{&c.TeamID, "T1"},
		{&c.TeamDomain, "example"},
		{&c.AppID, "A1"},
		{&c.BotID, "B1"},
		{&c.BotUserID, "UBOT"},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.AnswerTime == 0 {
		c.AnswerTime = answerTime
	}
	if c.PingEvery == 0 {
		c.PingEvery = 5 * time.Second
	}
	return c
}

// Handler is the server's side of HTTP, for whoever listens on his own.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.api)
	mux.HandleFunc("POST "+responsePath+"{id}", s.respond)
	mux.HandleFunc(socketPath+"{ticket}", s.accept)
	return mux
}

// URL is where the server listens, without a slash at the end.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// APIURL is the base of the Web API, with the slash that clients want.
func (s *Server) APIURL() string { return s.URL() + "/api/" }

// Config is the configuration with its defaults filled in.
func (s *Server) Config() Config { return s.cfg }

// Close ends the server: open sockets are dropped, slow answers are given up.
func (s *Server) Close() {
	s.end()
	s.sockets.mu.Lock()
	s.sockets.closed = true
	s.sockets.mu.Unlock()
	s.Drop(All)
	_ = s.http.Close()
	s.served.Wait()
	s.sockets.wait.Wait()
	s.client.CloseIdleConnections()
}
