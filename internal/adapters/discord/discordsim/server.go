// Package discordsim is the other side of Discord for tests: its HTTP API, its
// gateway, and the deliveries of interactions, with the manners of the real one.
//
// The model: a Server is one application in one guild. What people do is a
// method (Command, Component, ModalSubmit, ...), which makes an interaction and
// delivers it: by HTTP, signed, when an endpoint is set (SetEndpoint), else over
// the gateway, never both, as with Discord. What people see is kept: messages in
// channels, direct messages, and for each interaction what its actor sees
// privately. Everything that happens goes into one ordered record (Events,
// Wait, Config.Observe). What goes wrong is scripted: by Fault for the API, and
// by the methods about the gateway.
//
// The rules that a client can break are kept here, not in the client: limits of
// lengths, three seconds for an answer and fifteen minutes for its token, which
// answers fit which interaction, rate limits by bucket and for all, the memory
// of nonces, the identify budget. The package shares no code with the adapter,
// so that neither can hide a mistake of the other. It is no test code itself: it
// also serves the soak and the tutorial.
package discordsim

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// What the configuration says when it is silent.
const (
	DefaultApplication = "1100000000000000001"
	DefaultBot         = "1100000000000000002"
	DefaultGuild       = "1200000000000000001"
	DefaultChannel     = "1300000000000000001"
	DefaultToken       = "MTEw.bot-token-of-the-simulator" //nolint:gosec // it opens nothing but this server

	defaultHeartbeat     = 41250 * time.Millisecond
	defaultAnswerTime    = 3 * time.Second
	defaultTokenLife     = 15 * time.Minute
	defaultNonceMemory   = 3 * time.Minute
	defaultSessionStarts = 1000
	headerTime           = 5 * time.Second
)

// Config scripts a Server. All of it has defaults.
type Config struct {
	Application string
	Token       string             // the bot's, without "Bot "
	Key         ed25519.PrivateKey // signs deliveries; made when nil
	Guild       string
	Channels    []string // that exist in the guild, and that the bot may write to
	Now         func() time.Time
	// Limits are by route ("POST /channels/{channel}/messages"); DefaultLimits
	// when nil. Unlimited switches them and the global limit off.
	Limits    map[string]Limit
	Unlimited bool
	// Heartbeat is what the gateway asks for.
	Heartbeat time.Duration
	// AnswerTime is how long an interaction waits for its answer in real time,
	// and TokenLife how long it can be spoken about by Now.
	AnswerTime, TokenLife time.Duration
	NonceMemory           time.Duration
	SessionStarts         int           // identifies a day
	IdentifyEvery         time.Duration // between two; no limit when 0
	// Listener is what is listened on; nil is a free port of this machine.
	Listener net.Listener
	// Observe is told of each event as it happens, in order, while the server is
	// locked: it must not call the server.
	Observe func(Event)
}

// Server is one scripted Discord. Its methods may be called from any goroutine.
type Server struct {
	cfg      Config
	public   ed25519.PublicKey
	listener net.Listener
	http     *http.Server
	client   *http.Client
	served   chan struct{}

	mu           sync.Mutex
	record       record
	lastID       int64
	endpoint     string
	channels     map[string]*channel
	interactions map[string]*interaction // by id
	tokens       map[string]*interaction
	commands     map[string][]map[string]any // by scope: a guild, or "" for everywhere
	creates      map[string]int              // by scope, today
	nonces       map[string]nonce
	faults       []*Fault
	windows      map[string]*window
	gateway      gateway
	invalid      int
}

// New starts a server on a free port of this machine. It panics when it can't,
// as nothing could be tested then.
func New(cfg Config) *Server {
	s, err := start(cfg)
	if err != nil {
		panic(fmt.Sprintf("starting the simulated Discord: %v", err))
	}
	return s
}

func start(cfg Config) (*Server, error) {
	if cfg.Key == nil {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		cfg.Key = key
	}
	public, ok := cfg.Key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the key isn't one of Ed25519")
	}
	listener := cfg.Listener
	if listener == nil {
		var err error
		if listener, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
	}
	s := &Server{
		cfg: withDefaults(cfg), public: public, listener: listener, served: make(chan struct{}),
		record:   record{changed: make(chan struct{})},
		channels: make(map[string]*channel), interactions: make(map[string]*interaction),
		tokens: make(map[string]*interaction), commands: make(map[string][]map[string]any),
		creates: make(map[string]int), nonces: make(map[string]nonce), windows: make(map[string]*window),
		client: &http.Client{
			Transport:     &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: 2 * defaultAnswerTime},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	s.gateway.sessions = make(map[string]*session)
	s.gateway.changed = make(chan struct{})
	for _, id := range s.cfg.Channels {
		s.channels[id] = &channel{id: id}
	}
	s.http = &http.Server{Handler: s.Handler(), ReadHeaderTimeout: headerTime}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(listener) // ends with Close
	}()
	return s, nil
}

func withDefaults(c Config) Config {
	set := func(s *string, to string) {
		if *s == "" {
			*s = to
		}
	}
	wait := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&c.Application, DefaultApplication)
	set(&c.Token, DefaultToken)
	set(&c.Guild, DefaultGuild)
	wait(&c.Heartbeat, defaultHeartbeat)
	wait(&c.AnswerTime, defaultAnswerTime)
	wait(&c.TokenLife, defaultTokenLife)
	wait(&c.NonceMemory, defaultNonceMemory)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Channels == nil {
		c.Channels = []string{DefaultChannel}
	}
	if c.SessionStarts == 0 {
		c.SessionStarts = defaultSessionStarts
	}
	if c.Limits == nil {
		c.Limits = DefaultLimits()
	}
	return c
}

// APIURL is the address of the API with its version.
func (s *Server) APIURL() string { return "http://" + s.listener.Addr().String() + "/api/v10" }

// GatewayURL is the address of the gateway.
func (s *Server) GatewayURL() string { return "ws://" + s.listener.Addr().String() + "/gateway" }

// PublicKey is the application's, in hex.
func (s *Server) PublicKey() string { return hex.EncodeToString(s.public) }

// Close ends everything and waits for it.
func (s *Server) Close() {
	s.mu.Lock()
	s.gateway.closed = true
	conns := s.gateway.all()
	s.mu.Unlock()
	for _, c := range conns {
		c.drop()
	}
	_ = s.http.Close()
	<-s.served
	s.gateway.readers.Wait()
	s.client.CloseIdleConnections()
}

// discordEpoch is when ids begin, in milliseconds since 1970.
const discordEpoch = 1420070400000

// newID makes an id that is greater than all before. The server is locked.
func (s *Server) newID() string {
	id := (s.cfg.Now().UnixMilli() - discordEpoch) << 22
	s.lastID = max(id, s.lastID+1)
	return strconv.FormatInt(s.lastID, 10)
}
