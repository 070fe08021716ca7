// Package rest calls Discord's HTTP API.
//
// The model: a call belongs to a bucket, which is what Discord limits. The
// client learns buckets from the headers of answers, lets no more requests out
// than a bucket has left, and lets the rest wait in the order in which they
// came. It uses the pinned library's structs and none of its machinery: that
// one ignores contexts while it waits, keeps a bucket for every interaction
// for ever, tries again without an end, and has one API address per process.
//
// Invariants:
//   - A wait ends with its context, and one that can't end in time isn't begun.
//   - The answer to an interaction (Callback) waits for nothing and nobody.
//   - What is kept about buckets is bounded, and forgotten when it is of no use.
//   - The budget of invalid requests, whose end is a ban of the whole address,
//     is never used up: the client refuses long before.
//   - No error and no line of the log holds a token.
package rest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"

	"modbot/internal/adapters"
)

const (
	// callTime bounds a call with all its waits and attempts, when its context
	// doesn't sooner.
	callTime = 30 * time.Second
	// attemptTime bounds one request.
	attemptTime = 10 * time.Second
	// callbackTime is how long an interaction can be answered.
	callbackTime = 3 * time.Second
	// maxAttempts is how often a call is tried that may be tried again.
	maxAttempts = 3
	// attemptGap is the wait after the first attempt that Discord answered with
	// an error of its own; the second is four times as long.
	attemptGap = 250 * time.Millisecond
	// maxAnswerBytes is the longest answer that is read. A guild's commands with
	// all their localisations are the longest honest one.
	maxAnswerBytes = 4 << 20
	// userAgent has the form that Discord asks for.
	userAgent = "DiscordBot (modbot, 1)"
)

// DefaultAPIURL is where Discord's API is.
const DefaultAPIURL = "https://discord.com/api/v10"

// Config is what a Client needs to know.
type Config struct {
	// Token is the bot's, without "Bot ". Calls about interactions need none.
	Token string
	// APIURL is the API's address with its version; DefaultAPIURL when empty.
	APIURL string
	// Transport sends requests; the client makes and closes its own when nil.
	Transport http.RoundTripper
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Meter is told of each request; nobody when nil.
	Meter adapters.Meter
}

// Client calls the API. Its methods may be called from any goroutine, honour
// their context, and return a *Error inside of what they return.
type Client struct {
	log       *zap.Logger
	token     string
	base      *url.URL
	baseErr   error
	transport http.RoundTripper
	own       *http.Transport // nil when the transport was given
	now       func() time.Time
	meter     adapters.Meter
	limits    *limiter
	budget    *budget
}

// New makes a client. It keeps no goroutine.
func New(log *zap.Logger, cfg Config) *Client {
	c := &Client{
		log: log, token: strings.TrimPrefix(cfg.Token, "Bot "), transport: cfg.Transport,
		now: cfg.Now, meter: cfg.Meter,
	}
	if cfg.APIURL == "" {
		cfg.APIURL = DefaultAPIURL
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.meter == nil {
		c.meter = adapters.Unmetered{}
	}
	if c.transport == nil {
		c.own = newTransport()
		c.transport = c.own
	}
	c.base, c.baseErr = parseBase(cfg.APIURL)
	c.limits = newLimiter(c.now)
	c.budget = &budget{now: c.now}
	return c
}

// Close lets go of connections that nobody uses. Calls under way end with their
// contexts.
func (c *Client) Close() {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
}

// call is one call with what decides how it is made.
type call struct {
	op     string // for people: "creating a message"
	name   string // for the meter: "create_message"
	method string
	route  string // with placeholders, for the log and the bucket
	path   string // as it is sent, below the base
	major  string // the top-level resource, which has buckets of its own
	body   any    // nil: none
	secret string // in the path; never to be shown

	interaction bool // authorised by its path; outside of the global limit
	urgent      bool // waits for nothing
	patient     bool // is tried again when Discord says "too many"
	repeatable  bool // has the same effect twice, so unclear answers are tried again
}

// do makes a call. into takes the answer; nil drops it.
func (c *Client) do(ctx context.Context, k call, into any) error {
	limit := callTime
	if k.urgent {
		limit = callbackTime
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, context.DeadlineExceeded)
	defer cancel()
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, k, into)
		if err == nil {
			return nil
		}
		again := k.patient && err.Throttled() && !err.Unsent || k.repeatable && err.unclear()
		if !again || attempt == maxAttempts {
			return err
		}
		wait := time.Duration(0) // the bucket knows how long to wait
		if !err.Throttled() {
			wait = attemptGap << (2 * (attempt - 1))
		}
		if !c.mayWait(ctx, max(wait, err.RetryAfter)) || sleep(ctx, wait) != nil {
			return err
		}
	}
}

// once lets one request out and reads its answer.
func (c *Client) once(ctx context.Context, k call, into any) *Error {
	if err := c.ready(k); err != nil {
		return err
	}
	var held *bucket
	if !k.urgent {
		b, err := c.limits.acquire(ctx, k)
		if err != nil {
			c.meter.Called(platform, k.name, resultUnsent, 0)
			return err
		}
		held = b
	}
	began := c.now()
	a := c.send(ctx, k)
	took := c.now().Sub(began)
	c.limits.settle(held, k, a)
	err := a.read(k, c.secrets(k), into)
	c.note(k, err, took)
	return err
}

// ready refuses what can't or shouldn't be sent at all.
func (c *Client) ready(k call) *Error {
	switch {
	case c.baseErr != nil:
		return &Error{Op: k.op, Unsent: true, Message: "the API address is no URL"}
	case !k.interaction && c.token == "":
		return &Error{Op: k.op, Unsent: true, Message: "there is no bot token"}
	}
	if wait := c.budget.refuses(k.urgent); wait > 0 {
		c.meter.Called(platform, k.name, resultUnsent, 0)
		return &Error{
			Op: k.op, Unsent: true, Status: http.StatusTooManyRequests, RetryAfter: wait,
			Message: "too many requests were refused in the last ten minutes; waiting so that Discord doesn't ban this address",
		}
	}
	return nil
}

// note counts and logs how a request went.
func (c *Client) note(k call, err *Error, took time.Duration) {
	if err == nil {
		c.meter.Called(platform, k.name, resultOK, took)
		return
	}
	c.meter.Called(platform, k.name, err.result(), took)
	if spent := c.budget.spend(err); spent {
		c.log.Error("most of Discord's budget of refused requests is used up; calls are held back so that this address isn't banned",
			zap.Int("refused", budgetCalls), zap.Duration("within", budgetWindow))
	}
	if err.Throttled() {
		c.log.Warn("Discord asks to wait", zap.String("route", k.method+" "+k.route),
			zap.Duration("retry_after", err.RetryAfter), zap.String("scope", err.scope))
	}
}

// secrets are what must not be shown of a call.
func (c *Client) secrets(k call) []string { return []string{c.token, k.secret} }

// mayWait reports whether a wait ends before the context does.
func (c *Client) mayWait(ctx context.Context, wait time.Duration) bool {
	deadline, bounded := ctx.Deadline()
	return ctx.Err() == nil && (!bounded || time.Until(deadline) > wait)
}

// sleep waits, or ends with the context.
func sleep(ctx context.Context, wait time.Duration) error {
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
