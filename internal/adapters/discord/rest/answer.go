package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// maxRetryAfter caps what an answer may ask to wait: beyond it the caller looks
// again, whatever a broken proxy says.
const maxRetryAfter = time.Hour

// edgeRetryAfter is the wait after a 429 that doesn't say how long. It comes
// from in front of Discord, which bans who doesn't slow down.
const edgeRetryAfter = 10 * time.Second

// The scopes of a 429.
const (
	scopeGlobal = "global"
	scopeShared = "shared"
	scopeUser   = "user"
	scopeEdge   = "edge" // ours: it isn't Discord's API that answered
)

// answer is what came back of one request.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	problem problem // when the status is no success
	isJSON  bool
	err     error // no answer, or not all of it
	unsent  bool
}

// send sends one request. It works on the RoundTripper and not on an
// http.Client: nothing follows a redirect with a token, and url.Error, which
// prints the path, never comes into being.
func (c *Client) send(ctx context.Context, k call) answer {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	var reached atomic.Bool // a connection: from here on the request may have left
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { reached.Store(true) },
	})
	req, err := c.request(ctx, k)
	if err != nil {
		return answer{err: err, unsent: true}
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		_, given := c.transport.(*http.Transport)
		return answer{err: plain(ctx, err), unsent: given && !reached.Load()}
	}
	defer resp.Body.Close() //nolint:errcheck // it was read, or is given up
	a := answer{status: resp.StatusCode, header: resp.Header}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		a.err = plain(ctx, err)
	case len(a.body) > maxAnswerBytes:
		a.err = errors.New("the answer is longer than is read")
	}
	if a.status/100 != 2 {
		a.isJSON = json.Unmarshal(a.body, &a.problem) == nil
	}
	return a
}

func (c *Client) request(ctx context.Context, k call) (*http.Request, error) {
	var body []byte
	if k.body != nil {
		encoded, err := json.Marshal(k.body)
		if err != nil {
			return nil, fmt.Errorf("encoding the request: %w", err)
		}
		body = encoded
	}
	req, err := http.NewRequestWithContext(ctx, k.method, c.base.String()+k.path, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address of the request is no URL")
	}
	req.Header.Set("User-Agent", userAgent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	} else {
		req.Body, req.GetBody, req.ContentLength = http.NoBody, nil, 0
	}
	if !k.interaction {
		req.Header.Set("Authorization", "Bot "+c.token)
	}
	return req, nil
}

// plain is an error of the network without the address, which may hold a token.
func plain(ctx context.Context, err error) error {
	if withURL, ok := errors.AsType[*url.Error](err); ok {
		err = withURL.Err
	}
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w (%w)", ctx.Err(), err)
	}
	return err
}

// read makes a result of the answer: into, or an error.
func (a answer) read(k call, secrets []string, into any) *Error {
	e := &Error{Op: k.op, Status: a.status, Unsent: a.unsent, Cause: a.err}
	switch {
	case a.status == 0:
		e.Message = clean(a.err.Error(), secrets)
		e.Cause = &hidden{cause: a.err, text: e.Message}
		return e
	case a.status/100 != 2:
		e.Code, e.Message = a.problem.Code, clean(a.problem.words(), secrets)
		if a.status == http.StatusTooManyRequests {
			e.RetryAfter, e.scope = a.retryAfter(), a.scope()
		}
		if e.Cause != nil {
			e.Cause = &hidden{cause: a.err, text: clean(a.err.Error(), secrets)}
		}
		return e
	case a.err != nil:
		e.Message = clean(a.err.Error(), secrets)
		e.Cause = &hidden{cause: a.err, text: e.Message}
		return e
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		e.Message = "the answer can't be read"
		e.Cause = &hidden{cause: err, text: clean(err.Error(), secrets)}
		return e
	}
	return nil
}

// hidden keeps what an error is, and shows only what may be shown of it.
type hidden struct {
	cause error
	text  string
}

func (h *hidden) Error() string        { return h.text }
func (h *hidden) Is(target error) bool { return errors.Is(h.cause, target) }

// retryAfter is how long a 429 asks to wait, from its body or its header.
func (a answer) retryAfter() time.Duration {
	if a.isJSON && a.problem.RetryAfter > 0 {
		return seconds(a.problem.RetryAfter)
	}
	if n, err := strconv.ParseFloat(strings.TrimSpace(a.header.Get("Retry-After")), 64); err == nil && n > 0 {
		return seconds(n)
	}
	return edgeRetryAfter
}

// scope says who is asked to wait.
func (a answer) scope() string {
	switch {
	case !a.isJSON:
		return scopeEdge
	case a.problem.Global || a.header.Get("X-RateLimit-Global") != "" || a.header.Get("X-RateLimit-Scope") == scopeGlobal:
		return scopeGlobal
	case a.header.Get("X-RateLimit-Scope") == scopeShared:
		return scopeShared
	default:
		return scopeUser
	}
}

// seconds is a number of seconds from outside, within what is waited for. What
// is no number at all is the most.
func seconds(n float64) time.Duration {
	if math.IsNaN(n) || n > maxRetryAfter.Seconds() {
		return maxRetryAfter
	}
	return time.Duration(math.Ceil(max(n, 0)*1000)) * time.Millisecond
}
