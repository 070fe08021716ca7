package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack/socketmode"

	"modbot/internal/adapters/slack/blocks"
)

// Bounds of one Socket Mode connection.
const (
	dialTime    = 10 * time.Second
	writeTime   = 2 * time.Second
	pingEvery   = 15 * time.Second
	silence     = 45 * time.Second // without a frame, a ping or a pong it is dead
	maxFrame    = 2 << 20
	writeBuffer = 32 << 10 // Slack drops messages that come in several frames
	// maxAck is how long an acknowledgement may be: Slack drops those of 20 KB
	// and more without a word.
	maxAck = 20_000
)

// link is one Socket Mode connection. One goroutine reads; anybody may write.
type link struct {
	conn *websocket.Conn

	writing sync.Mutex // gorilla allows one writer of messages at a time

	// pending are acknowledgements that are still owed. Only the reader adds to
	// it, and close comes after the reader's end.
	pending sync.WaitGroup

	mu      sync.Mutex
	leaving bool // reading ends at the deadline that was set
}

// dial connects to an address that apps.connections.open gave.
func dial(ctx context.Context, address string) (*link, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, dialTime, errors.New("connecting to Slack took too long"))
	defer cancel()
	dialer := &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: dialTime, WriteBufferSize: writeBuffer}
	conn, resp, err := dialer.DialContext(ctx, address, nil)
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	if err != nil {
		// The address is a secret; the library's errors may hold it.
		if resp != nil {
			return nil, fmt.Errorf("opening a Socket Mode connection: status %d", resp.StatusCode)
		}
		return nil, fmt.Errorf("opening a Socket Mode connection: %w", plainCause(err))
	}
	conn.SetReadLimit(maxFrame)
	l := &link{conn: conn}
	conn.SetPingHandler(func(data string) error {
		l.alive()
		return l.control(websocket.PongMessage, []byte(data))
	})
	conn.SetPongHandler(func(string) error { l.alive(); return nil })
	l.alive()
	return l, nil
}

// alive moves the moment at which a silent connection counts as dead.
func (l *link) alive() { l.readUntil(silence, false) }

// leave reads on for a while, for what Slack still sends here, and then ends.
func (l *link) leave(within time.Duration) { l.readUntil(within, true) }

func (l *link) readUntil(within time.Duration, leaving bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.leaving {
		return
	}
	l.leaving = leaving
	_ = l.conn.SetReadDeadline(time.Now().Add(within)) // a closed connection is found by reading
}

// stop ends reading at once.
func (l *link) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaving = true
	_ = l.conn.SetReadDeadline(time.Unix(1, 0)) // a closed connection is found by reading
}

// errFrame is a frame that can't be read; the next one may be.
var errFrame = errors.New("a frame that is not Slack's")

// read waits for the next frame. Errors other than errFrame are final.
func (l *link) read() (f socketmode.Request, err error) {
	kind, raw, err := l.conn.ReadMessage()
	if err != nil {
		return f, fmt.Errorf("reading from a Socket Mode connection: %w", err)
	}
	l.alive()
	if kind != websocket.TextMessage || json.Unmarshal(raw, &f) != nil {
		return f, errFrame
	}
	return f, nil
}

// errTooLong is an answer that Slack would drop with its acknowledgement.
var errTooLong = errors.New("the answer is too long for an acknowledgement")

// ack acknowledges an envelope, with an answer where there is one and Slack
// takes one. When the answer can't go with it, the envelope is acknowledged
// empty, and that is an error.
func (l *link) ack(f socketmode.Request, b *blocks.Body) error {
	response := socketmode.Response{EnvelopeID: f.EnvelopeID}
	var lost error
	if b != nil {
		payload, err := json.Marshal(privately(*b, false))
		switch {
		case err != nil:
			lost = fmt.Errorf("encoding an answer: %w", err)
		case !f.AcceptsResponsePayload || len(payload)+len(f.EnvelopeID)+len(`{"envelope_id":"","payload":}`) >= maxAck:
			lost = errTooLong
		default:
			response.Payload = json.RawMessage(payload)
		}
	}
	raw, err := json.Marshal(response)
	if err != nil {
		return fmt.Errorf("encoding an acknowledgement: %w", err)
	}
	return errors.Join(l.write(raw), lost)
}

func (l *link) write(raw []byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if err := l.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return fmt.Errorf("writing to a Socket Mode connection: %w", err)
	}
	if err := l.conn.WriteMessage(websocket.TextMessage, raw); err != nil {
		return fmt.Errorf("writing to a Socket Mode connection: %w", err)
	}
	return nil
}

func (l *link) control(kind int, data []byte) error {
	err := l.conn.WriteControl(kind, data, time.Now().Add(writeTime))
	if err != nil && !errors.Is(err, websocket.ErrCloseSent) {
		return fmt.Errorf("writing to a Socket Mode connection: %w", err)
	}
	return nil
}

// ping keeps asking whether the other side is there, until the context ends.
func (l *link) ping(ctx context.Context) {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if l.control(websocket.PingMessage, nil) != nil {
				return // reading finds out
			}
		case <-ctx.Done():
			return
		}
	}
}

// close says goodbye once every acknowledgement that is owed has been sent, or
// after a moment.
func (l *link) close() {
	wait(&l.pending, ackWithin+writeTime)
	_ = l.control(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
	_ = l.conn.Close()
}
