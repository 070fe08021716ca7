// Package im is the client of the vendor's REST API: muting, unmuting, reading
// what is in effect, and asking which accounts exist. It is the only room of
// the house that reaches Tencent.
//
// # The model
//
// A call is one to three attempts. Before each attempt the client waits (for
// the backoff, after an attempt), asks the caller's Guard, waits for the call's
// turn, and asks the breaker; an attempt lasts at most AttemptTimeout. What an
// attempt ends in decides what may follow:
//
//   - A clear answer ends the call: yes, or no (*APIError).
//   - Answered but unclear (130014, 60008, ...): the service answered, but not
//     whether it did it. The same change may be sent again at once, because it
//     carries an absolute deadline.
//   - Unanswered (timeout, broken connection, 5xx, not JSON): the request may
//     still be inside the service. A change is not sent again; the caller gets
//     an *OutcomeUnknownError that says until when the request may live. A
//     query changes nothing and is asked again.
//   - Unsent (no connection, a guard that expired): the service cannot have
//     seen it. It may be attempted again.
//
// The vendor counts calls of each API a second, for the whole app. Each API has
// a queue of its own, in which interactive calls stand before those of
// Background clients; its turns are Slots, which many processes may share.
//
// # What holds
//
//   - A request that the client calls unsent was never written, not in part:
//     see payload.
//   - No request leaves after its Guard's time has passed, and none with
//     seconds that are not those left: both are seen to when a connection is
//     ready to be written to, the latest moment there is.
//   - Whatever fails after an unclear attempt is an *OutcomeUnknownError, also
//     a clear no: that no speaks of its own attempt only.
//   - No error and no log line has a URL, a UserSig or the secret key.
//   - Every wait is bounded by a named constant and by the caller's context.
package im

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Client calls the API for one app. It is safe for concurrent use.
type Client struct {
	*core
	priority priority
}

// core is what a client and its Background one have in common.
type core struct {
	log       *zap.Logger
	now       func() time.Time
	endpoint  endpoint
	transport *http.Transport
	header    http.Header // shared by all requests, never written
	signer    *signer
	breaker   *breaker
	limits    limits
	buffers   sync.Pool // of *bytes.Buffer, for answers
}

// New checks the configuration and returns a client. It makes no call; the
// first UserSig is made here, so that a key that cannot sign is found at once.
func New(log *zap.Logger, cfg Config) (*Client, error) {
	at, err := cfg.check()
	if err != nil {
		return nil, err
	}
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	c := &Client{core: &core{
		log:       log,
		now:       now,
		endpoint:  at,
		transport: newTransport(cfg.rate(), cfg.RootCAs, cfg.Dial),
		header: http.Header{
			"Content-Type": {"application/json"},
			"User-Agent":   {"modbot"},
		},
		signer:  newSigner(log, now, cfg),
		breaker: newBreaker(log, now),
		limits:  newLimits(cfg.rate(), cfg.Slots),
		buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}}
	if _, err := c.signer.current(); err != nil {
		return nil, fmt.Errorf("tencent: %w", err)
	}
	return c, nil
}

// Close lets go of idle connections, and of the Slots once they have answered.
// Calls in flight are not disturbed.
func (c *Client) Close() {
	c.limits.close()
	c.transport.CloseIdleConnections()
}

// UserSig is the credential that the client sends at this moment, for people
// who debug a call with other tools. It opens the whole app to its holder.
func (c *Client) UserSig() (string, error) {
	cred, err := c.signer.current()
	if err != nil {
		return "", err
	}
	return cred.usersig, nil
}

// endpoint is where the API lives.
type endpoint struct{ scheme, host string }
