package im

import (
	"context"
	"io"
	"net"
	"net/http/httptrace"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// closing records that it was closed.
type closing struct {
	net.Conn
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// secured is a connection over another one, as tls.Conn is.
type secured struct {
	closing
	under net.Conn
}

func (s *secured) NetConn() net.Conn { return s.under }

func payloadAt(t *testing.T, k *call, now *time.Time, fresh time.Time) *payload {
	t.Helper()
	p, err := newPayload(k, func() time.Time { return *now }, fresh)
	require.NoError(t, err)
	return p
}

func TestARequestThatMayNotLeaveLosesItsConnection(t *testing.T) {
	now := time.Now()
	k := &call{
		guard:   func(context.Context) (time.Time, error) { return time.Time{}, nil },
		seconds: noSeconds,
		body:    func(uint32) ([]byte, error) { return []byte("{}"), nil },
	}
	p := payloadAt(t, k, &now, now.Add(time.Second))
	cancelled := false
	p.trace(t.Context(), func() { cancelled = true })

	good, late, under := new(closing), new(closing), new(closing)
	over := &secured{under: under}
	p.gotConn(httptrace.GotConnInfo{Conn: good})
	require.True(t, p.sent)
	require.False(t, good.closed || cancelled)

	p.getConn("") // nothing was written: the transport looks for another one
	require.False(t, p.sent)
	now = now.Add(time.Second)
	p.gotConn(httptrace.GotConnInfo{Conn: late})
	require.False(t, p.sent)
	require.ErrorIs(t, p.refusal, ErrGuardExpired)
	require.True(t, late.closed && cancelled)

	p.gotConn(httptrace.GotConnInfo{Conn: over})
	require.True(t, under.closed, "what lies under is closed")
	require.False(t, over.closed, "and nothing is said to the other side, which might take long")
}

func TestABodyThatGrowsIsHeldBack(t *testing.T) {
	now := time.Now()
	seconds := uint32(9)
	k := &call{
		seconds: func(time.Time) (uint32, error) { return seconds, nil },
		body: func(n uint32) ([]byte, error) {
			if n == 0 {
				return nil, errRefused
			}
			return []byte("123456789"[:n]), nil
		},
	}
	p := payloadAt(t, k, &now, time.Time{})
	content := func() string {
		r, err := p.reader()
		require.NoError(t, err)
		b, err := io.ReadAll(r)
		require.NoError(t, err)
		return string(b)
	}
	require.Equal(t, "123456789", content())
	seconds = 7
	require.NoError(t, p.update())
	require.Equal(t, "1234567  ", content())
	seconds = 8
	require.NoError(t, p.update(), "as long as it fits")
	p.body = p.body[:5]
	seconds = 6
	require.ErrorIs(t, p.update(), errGrown)
	seconds = 0
	require.ErrorIs(t, p.update(), errRefused)

	_, err := newPayload(k, func() time.Time { return now }, time.Time{})
	require.ErrorIs(t, err, errRefused)
}
