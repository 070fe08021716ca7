package im

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"modbot/internal/im/imwire"
)

const (
	// maxAnswerBytes is the longest answer that is read. The longest honest
	// one, an account_check of 100 accounts, has about 15 KiB.
	maxAnswerBytes = 256 << 10
	// maxHeaderBytes is the longest answer header.
	maxHeaderBytes = 64 << 10

	dialTimeout      = 3 * time.Second
	handshakeTimeout = 3 * time.Second
	tcpKeepAlive     = 15 * time.Second
	// idleTimeout is shorter than what servers and balancers commonly keep, so
	// that a connection is not reused in the moment in which they drop it:
	// such a call would have an unknown outcome.
	idleTimeout = 30 * time.Second
	// minIdle is the smallest pool. Above it the pool holds one connection per
	// call a second: at a second's latency, every call of a second needs one.
	minIdle = 64
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// newTransport is a connection pool for one host. HTTP/1.1 only: measured over
// TLS, one caller is about a quarter faster with it than with HTTP/2 and 32 are
// as fast, and one broken connection leaves one outcome unknown, not those of
// all calls that share it. The fence of payload relies on it, too: it closes
// the connection of a request that may not leave.
func newTransport(perSecond int, roots *x509.CertPool, dial dialFunc) *http.Transport {
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: tcpKeepAlive}).DialContext
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    handshakeTimeout,
		MaxIdleConnsPerHost:    max(minIdle, perSecond),
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true, // answers are short, and a bound should mean what it says
		Protocols:              &protocols,
	}
}

// request builds one attempt. The client works on the RoundTripper and not on
// an http.Client: nothing may follow a redirect with a UserSig in the URL, and
// url.Error, which prints the URL, never comes into being.
func (c *Client) request(ctx context.Context, api imwire.API, cred *credential, p *payload) *http.Request {
	body, _ := p.reader() // never fails
	req := &http.Request{
		Method: http.MethodPost,
		URL: &url.URL{
			Scheme: c.endpoint.scheme,
			Host:   c.endpoint.host,
			Path:   api.Path(),
			//nolint:gosec // the number tells requests apart, it guards nothing
			RawQuery: cred.query + strconv.FormatUint(uint64(rand.Uint32()), 10),
		},
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        c.header,
		Body:          body,
		GetBody:       p.reader,
		ContentLength: int64(len(p.body)),
		Host:          c.endpoint.host,
	}
	return req.WithContext(ctx)
}

// exchange sends one attempt and reads its answer. cancel ends ctx. The error
// is nil, or a *TransportError that says whether the request may have reached
// the service, or why the payload was held back.
func (c *Client) exchange(ctx context.Context, cancel context.CancelFunc, k *call, cred *credential, p *payload) (imwire.Envelope, error) {
	var none imwire.Envelope
	resp, err := c.transport.RoundTrip(c.request(p.trace(ctx, cancel), k.api, cred, p))
	if err == nil {
		defer func() { _ = resp.Body.Close() }()
	}
	switch {
	case p.refusal != nil:
		return none, p.refusal
	case err != nil && !p.sent:
		return none, c.broken(ctx, k.api, cred, "no connection", false, err)
	case err != nil:
		return none, c.broken(ctx, k.api, cred, "the connection broke before an answer came", true, err)
	case resp.StatusCode != http.StatusOK:
		_, _ = io.CopyN(io.Discard, resp.Body, maxAnswerBytes) // so that the connection can be used again
		what := fmt.Sprintf("HTTP %d %s in place of an answer", resp.StatusCode, http.StatusText(resp.StatusCode))
		return none, c.broken(ctx, k.api, cred, what, true, nil)
	}
	buf, ok := c.buffers.Get().(*bytes.Buffer)
	if !ok {
		buf = new(bytes.Buffer)
	}
	buf.Reset()
	defer c.buffers.Put(buf)
	_, err = buf.ReadFrom(io.LimitReader(resp.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return none, c.broken(ctx, k.api, cred, "the answer broke off", true, err)
	case buf.Len() > maxAnswerBytes:
		return none, c.broken(ctx, k.api, cred, fmt.Sprintf("an answer of over %d bytes", maxAnswerBytes), true, nil)
	}
	env, err := k.parse(buf.Bytes())
	if err != nil {
		return none, &TransportError{API: k.api, Sent: true, What: err.Error()} // never repeats the answer
	}
	return env, nil
}

// broken makes the error of an attempt that got no answer. Of a cause that came
// from the transport only the text is kept, without credentials: such an error
// may hold, and print, anything. What ended the context is the caller's own.
func (c *Client) broken(ctx context.Context, api imwire.API, cred *credential, what string, sent bool, cause error) error {
	te := &TransportError{API: api, Sent: sent, What: what}
	switch {
	case cause == nil:
		return te
	case ctx.Err() != nil:
		cause = context.Cause(ctx)
		te.ended = cause
	}
	te.What = what + ": " + c.signer.scrub(cause.Error(), cred)
	return te
}
