package im

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

var (
	errRevoked = errors.New("the attempt was given up before its body was taken")
	errGrown   = errors.New("the clock ran backwards while the request waited for a connection")
)

// payload is the body of one attempt, and the fence in front of the service:
// without its body no request is complete, so an attempt was sent if and only
// if the transport took the body. The transport takes it when it writes the
// request, after dialling and handshakes, on a goroutine of its own that may
// outlive the attempt. So what must hold when the request leaves is checked
// there and then, and an attempt that is given up revokes its payload first.
type payload struct {
	compose func() ([]byte, error) // checks, and makes the bytes as of now
	length  int                    // declared in Content-Length

	mu      sync.Mutex // orders take before or after revoke, never both
	taken   bool
	revoked bool
	refusal error // of the last compose
}

// newPayload composes once, to know the length and whether to begin at all.
func newPayload(compose func() ([]byte, error)) (*payload, error) {
	body, err := compose()
	if err != nil {
		return nil, err
	}
	return &payload{compose: compose, length: len(body)}, nil
}

// take is the moment of sending.
func (p *payload) take() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.revoked {
		return nil, errRevoked
	}
	body, err := p.compose()
	if err == nil && len(body) > p.length {
		err = errGrown
	}
	if p.refusal = err; err != nil {
		return nil, err
	}
	p.taken = true
	// Fewer seconds may have fewer digits. White space after the value keeps
	// the declared length true.
	return append(body, bytes.Repeat([]byte{' '}, p.length-len(body))...), nil
}

// revoke gives the attempt up. It reports whether nothing was sent, and from
// then on nothing will be; refusal is why compose did not let it go, if so.
func (p *payload) revoke() (unsent bool, refusal error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.revoked = true
	return !p.taken, p.refusal
}

// body is the payload for http.Request.Body and GetBody. The transport asks
// for a second one only when it wrote nothing of the first.
func (p *payload) body() (io.ReadCloser, error) { return &payloadReader{payload: p}, nil }

type payloadReader struct {
	payload *payload
	taken   bool
	rest    []byte
}

func (r *payloadReader) Read(b []byte) (int, error) {
	if !r.taken {
		body, err := r.payload.take()
		if err != nil {
			return 0, err
		}
		r.taken, r.rest = true, body
	}
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *payloadReader) Close() error { return nil }
