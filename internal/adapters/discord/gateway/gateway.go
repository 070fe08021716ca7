// Package gateway is a small client of Discord's gateway, for a bot that is told
// of interactions and of nothing else.
//
// The model: Run keeps one connection. A connection says hello, sends heartbeats
// and watches for their answers, identifies or resumes, and reads events until
// it ends; how it ended (ending) decides, by one table, whether the session is
// resumed, a new one is begun, or a person has to look. Between connections a
// pure policy says how long to wait, and how many sessions may be begun at all:
// Discord resets the token of a bot that begins 1000 in a day.
//
// It stands in for discordgo's own session, whose reconnecting can't be used:
// of what was seen by running v0.29.0, a session that is lost for good is begun
// again about once a second without end, a dead connection is closed with the
// code that throws the session away, the address for resuming is ignored, the
// heartbeats of an old connection end the new one, the close code is only in a
// log line, and opening takes no context.
//
// Invariants: one goroutine beside Run's, which ends with its connection; no
// more than identifyBurst+288 sessions are begun in 24 hours; a connection whose
// session is to be resumed is never closed with 1000 or 1001; what is received
// never waits for what is done with it.
package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

const (
	// version is the version of the gateway that is asked for.
	version = "10"
	// dialTime bounds the way to a connection: address, TCP, TLS and upgrade.
	dialTime = 20 * time.Second
	// maxFrame bounds one message of the gateway. Without intents the largest is
	// READY, which lists the bot's guilds by id.
	maxFrame = 4 << 20
)

// Limits is what Discord says about beginning sessions, as in the answer to
// GET /gateway/bot.
type Limits struct {
	URL       string        // where to connect
	Remaining int           // sessions that may still be begun
	Reset     time.Duration // until Remaining is full again
	Shards    int           // what Discord recommends; more than one means that the bot is in very many guilds
}

// Receiver is told what the gateway says. Both methods are called by the
// goroutine that reads, one call at a time, and must return at once.
type Receiver interface {
	// Interaction is one INTERACTION_CREATE. After a resumption Discord may send
	// one again.
	Interaction(data json.RawMessage)
	// Standing says whether events arrive; why is a sentence for people.
	Standing(up bool, why string)
}

// Config is what a Client is made of.
type Config struct {
	Token string // the bot's; sent to the gateway and never logged
	// URL replaces the address that Discord names; empty otherwise.
	URL string
	// Limits asks Discord before each session that is begun. Its errors may say
	// by RetryAfter how long to wait, and by adapters.ErrSettings that asking
	// again is pointless.
	Limits func(ctx context.Context) (Limits, error)
	Dialer *websocket.Dialer // one with time-outs, when nil
	Now    func() time.Time  // time.Now, when nil
	Random func() float64    // in [0,1), for jitter; math/rand when nil
	Meter  adapters.Meter
}

// Client keeps a connection to the gateway.
type Client struct {
	log    *zap.Logger
	cfg    Config
	policy *policy
}

// New makes a Client; nothing is sent before Run.
func New(log *zap.Logger, cfg Config) *Client {
	if cfg.Dialer == nil {
		cfg.Dialer = &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: dialTime}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	if cfg.Meter == nil {
		cfg.Meter = adapters.Unmetered{}
	}
	return &Client{log: log, cfg: cfg, policy: newPolicy(cfg.Random)}
}

// Run receives until the context ends, which is a clean end, or Discord refuses
// for good, which is an error that wraps adapters.ErrSettings. It is called once.
func (c *Client) Run(ctx context.Context, to Receiver) error {
	var s session
	for ctx.Err() == nil {
		e := c.once(ctx, to, &s)
		if ctx.Err() == nil {
			if err := c.rest(ctx, to, &s, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// rest does what is due between two connections: it waits, or says that there
// will be none.
func (c *Client) rest(ctx context.Context, to Receiver, s *session, e ending) error {
	to.Standing(false, "the connection to Discord's gateway is being made again: "+e.err.Error())
	if e.then == stop {
		return fmt.Errorf("discord's gateway: %w: %w", adapters.ErrSettings, e.err)
	}
	if e.then == begin {
		*s = session{}
	}
	wait := c.policy.after(e)
	c.log.Info("the gateway's connection ended", zap.Error(e.err), zap.Int("code", e.code),
		zap.Bool("resumes", s.id != ""), zap.Duration("wait", wait))
	pause(ctx, wait)
	return nil
}

// once makes one connection and stays with it until it ends.
func (c *Client) once(ctx context.Context, to Receiver, s *session) ending {
	address := s.url
	if s.id == "" {
		var e *ending
		if address, e = c.admission(ctx, to); e != nil {
			return *e
		}
	}
	ws, err := c.dial(ctx, address)
	if err != nil {
		// A session may outlive the address for resuming it, but hardly: where it
		// can't be reached again and again, a new session is begun.
		if s.url != "" && c.policy.unreached >= resumeDials {
			return ending{then: begin, err: err}
		}
		return ending{then: resume, err: err}
	}
	return c.converse(ctx, newLink(ws), address, to, s)
}

// admission waits until a session may be begun, and says where.
func (c *Client) admission(ctx context.Context, to Receiver) (string, *ending) {
	asking, cancel := context.WithTimeoutCause(ctx, dialTime, errors.New("asking for the gateway's address took too long"))
	defer cancel()
	limits, err := c.cfg.Limits(asking)
	if err != nil {
		e := ending{then: begin, err: fmt.Errorf("asking for the gateway's address: %w", err)}
		if errors.Is(err, adapters.ErrSettings) {
			e.then = stop
		}
		if patient, ok := errors.AsType[interface {
			error
			RetryAfter() time.Duration
		}](err); ok {
			e.wait = patient.RetryAfter()
		}
		return "", &e
	}
	if limits.Shards > 1 {
		c.log.Warn("Discord recommends several connections for this bot; modbot keeps one", zap.Int("shards", limits.Shards))
	}
	if wait := c.policy.untilBegin(c.cfg.Now(), limits); wait > 0 {
		to.Standing(false, fmt.Sprintf("too many sessions were begun with Discord's gateway; the next one follows in %v", wait.Round(time.Second)))
		c.log.Warn("waiting before a new gateway session", zap.Duration("wait", wait), zap.Int("remaining", limits.Remaining))
		if !pause(ctx, wait) {
			return "", &ending{then: begin, err: context.Cause(ctx)}
		}
	}
	if c.cfg.URL != "" {
		return c.cfg.URL, nil
	}
	return limits.URL, nil
}

// dial connects to an address that Discord gave.
func (c *Client) dial(ctx context.Context, address string) (*websocket.Conn, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("reading the gateway's address: %w", err)
	}
	query := u.Query()
	query.Set("v", version)
	query.Set("encoding", "json")
	u.RawQuery = query.Encode()

	dialing, cancel := context.WithTimeoutCause(ctx, dialTime, errors.New("connecting took too long"))
	defer cancel()
	ws, answer, err := c.cfg.Dialer.DialContext(dialing, u.String(), nil)
	if answer != nil {
		_ = answer.Body.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("connecting to the gateway: %w", err)
	}
	ws.SetReadLimit(maxFrame)
	return ws, nil
}

// called meters one way to a session.
func (c *Client) called(method, result string, began time.Time) {
	c.cfg.Meter.Called(chat.Discord, method, result, c.cfg.Now().Sub(began))
}

// pause waits, and reports whether the context still stands.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
