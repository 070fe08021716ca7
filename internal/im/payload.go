package im

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"time"
)

var errGrown = errors.New("the clock ran backwards while the request waited for a connection")

// payload is the body of one attempt and the fence in front of the service.
//
// The transport tells it, on the goroutine of the attempt, when it looks for a
// connection and when it has one, with dialling and handshakes done; what
// follows is the write. That is the latest moment at which a request can still
// be held back, so what must be true when it leaves is checked there, and the
// seconds are brought up to date. A request that may not leave has its
// connection closed under it, so no byte of it can.
//
// An attempt was sent if the last connection it got was not refused to it. The
// transport looks for another one only when it wrote nothing to the one before
// (a POST is not replayed otherwise), so this is exact where it says no.
type payload struct {
	now     func() time.Time
	fresh   time.Time // with guarded: when the right to send is over
	guarded bool
	call    *call
	seconds uint32 // in body
	body    []byte // its length does not change
	cancel  context.CancelFunc

	sent    bool
	refusal error // why the request was held back
}

// newPayload makes the body as of now, or says why nothing may be sent.
func newPayload(k *call, now func() time.Time, fresh time.Time) (*payload, error) {
	p := &payload{now: now, fresh: fresh, guarded: k.guard != nil, call: k}
	at, err := p.check()
	if err != nil {
		return nil, err
	}
	if p.seconds, err = k.seconds(at); err != nil {
		return nil, err
	}
	p.body, err = k.body(p.seconds)
	return p, err
}

func (p *payload) check() (now time.Time, err error) {
	now = p.now()
	if p.guarded && passed(now, p.fresh) {
		return now, ErrGuardExpired
	}
	return now, nil
}

// trace is ctx for the request; cancel ends it.
func (p *payload) trace(ctx context.Context, cancel context.CancelFunc) context.Context {
	p.cancel = cancel
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: p.getConn, GotConn: p.gotConn})
}

func (p *payload) getConn(string) { p.sent = false }

func (p *payload) gotConn(info httptrace.GotConnInfo) {
	if p.refusal = p.update(); p.refusal == nil {
		p.sent = true
		return
	}
	conn := info.Conn
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = over.NetConn() // closing TLS itself would first write and wait
	}
	_ = conn.Close()
	p.cancel()
}

// update checks that the request may leave now, with the seconds of now.
func (p *payload) update() error {
	now, err := p.check()
	if err != nil {
		return err
	}
	seconds, err := p.call.seconds(now)
	if err != nil || seconds == p.seconds {
		return err
	}
	body, err := p.call.body(seconds)
	if err != nil {
		return err
	}
	if len(body) > len(p.body) {
		return errGrown
	}
	// Fewer seconds may have fewer digits; white space after the value keeps
	// the declared length true.
	p.seconds = seconds
	for i := copy(p.body, body); i < len(p.body); i++ {
		p.body[i] = ' '
	}
	return nil
}

// reader is the body for the transport. It must be one of the readers that
// net/http knows to be in memory: for any other it writes the header by itself
// first, which costs a system call and a packet.
func (p *payload) reader() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(p.body)), nil
}

// passed reports whether the moment is over by either clock. Both are asked
// because the monotonic one stands still while a machine sleeps, and the wall
// clock can be set.
func passed(now, moment time.Time) bool {
	return !now.Before(moment) || !now.Round(0).Before(moment.Round(0))
}
