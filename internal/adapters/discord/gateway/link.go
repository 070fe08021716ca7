package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// writeTime bounds one frame that is sent.
	writeTime = 10 * time.Second
	// closeTime bounds the close frame.
	closeTime = time.Second
	// closeAgain is the code with which we leave a connection whose session is to
	// be resumed: any but 1000 and 1001.
	closeAgain = 4000
)

// The opcodes of the gateway that a bot without intents meets.
const (
	opDispatch       = 0
	opHeartbeat      = 1
	opIdentify       = 2
	opResume         = 6
	opReconnect      = 7
	opInvalidSession = 9
	opHello          = 10
	opHeartbeatACK   = 11
)

// frame is one message of the gateway.
type frame struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  *int64          `json:"s"`
	Type string          `json:"t"`
}

// errSilent says that a heartbeat was not answered before the next one.
var errSilent = errors.New("a heartbeat was not answered")

// link is one connection: writes from two goroutines, one close.
type link struct {
	ws *websocket.Conn

	writing sync.Mutex // one writer at a time, as the library demands
	closing sync.Once

	seq      atomic.Pointer[int64] // of the last event; heartbeats carry it
	answered atomic.Bool           // a heartbeat was, since the last one that was due
	silent   atomic.Bool           // the connection was given up because one wasn't
}

func newLink(ws *websocket.Conn) *link { return &link{ws: ws} }

// send writes one frame.
func (l *link) send(op int, data any) error {
	body, err := json.Marshal(struct {
		Op   int `json:"op"`
		Data any `json:"d"`
	}{op, data})
	if err != nil {
		return fmt.Errorf("encoding op %d: %w", op, err)
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	if err := l.ws.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return fmt.Errorf("sending op %d: %w", op, err)
	}
	if err := l.ws.WriteMessage(websocket.TextMessage, body); err != nil {
		return fmt.Errorf("sending op %d: %w", op, err)
	}
	return nil
}

// receive reads one frame.
func (l *link) receive() (frame, error) {
	_, body, err := l.ws.ReadMessage()
	if err != nil {
		return frame{}, err
	}
	return decode(body)
}

// decode reads a frame from its bytes.
func decode(body []byte) (frame, error) {
	var f frame
	if err := json.Unmarshal(body, &f); err != nil {
		return frame{}, fmt.Errorf("reading a frame: %w", err)
	}
	return f, nil
}

// close says why and hangs up; a second call does nothing.
func (l *link) close(code int) {
	l.closing.Do(func() {
		_ = l.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(closeTime))
		_ = l.ws.Close()
	})
}

// beat sends a heartbeat.
func (l *link) beat() error { return l.send(opHeartbeat, l.seq.Load()) }

// beats sends heartbeats until the context ends, the first after a random part
// of the interval. It gives the connection up when one is not answered before
// the next is due, or can't be sent.
func (l *link) beats(ctx context.Context, interval time.Duration, random float64) {
	wait := time.Duration(random * float64(interval))
	l.answered.Store(true)
	for pause(ctx, wait) {
		if !l.answered.Swap(false) {
			l.silent.Store(true)
			l.close(closeAgain)
			return
		}
		if err := l.beat(); err != nil {
			l.close(closeAgain)
			return
		}
		wait = interval
	}
}
