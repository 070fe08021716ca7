package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// helloTime bounds the wait for hello, and for what identifying or resuming is
	// answered with.
	helloTime = 20 * time.Second
	// longestBeat caps the interval of heartbeats that the gateway may ask for;
	// it asks for 41 to 45 seconds.
	longestBeat = 5 * time.Minute
	// invalidLeast and invalidSpread are the wait after an invalid session: one
	// to five seconds, as Discord demands.
	invalidLeast  = time.Second
	invalidSpread = 4 * time.Second
)

// session is what is needed to go on where the last connection ended.
type session struct {
	id  string // empty when there is none
	url string // where to resume
	seq *int64 // of the last event
}

// talk is one connection with what is known of it.
type talk struct {
	client  *Client
	link    *link
	address string // where the connection goes
	to      Receiver
	s       *session

	since time.Time // when READY or RESUMED came; zero before
	began time.Time // when the session was asked for
	asked string    // what was asked: for the meter
}

// converse stays with a connection from hello to its end.
func (c *Client) converse(ctx context.Context, l *link, address string, to Receiver, s *session) ending {
	var beside sync.WaitGroup
	defer beside.Wait()
	beating, quiet := context.WithCancel(ctx)
	defer quiet()
	defer l.close(closeAgain)
	// The end of the process ends the session too: nobody will resume it.
	hangUp := make(chan struct{})
	release := context.AfterFunc(ctx, func() {
		defer close(hangUp)
		l.close(websocket.CloseNormalClosure)
	})
	defer func() {
		if !release() {
			<-hangUp
		}
	}()

	t := &talk{client: c, link: l, address: address, to: to, s: s, began: c.cfg.Now(), asked: "gateway_identify"}
	l.seq.Store(s.seq)
	if s.id != "" {
		t.asked = "gateway_resume"
	}
	interval, err := t.hello()
	if err != nil {
		c.called(t.asked, "failed", t.began)
		return t.end(closed(err))
	}
	beside.Go(func() { l.beats(beating, interval, c.cfg.Random()) })
	if e := t.introduce(); e != nil {
		return t.end(*e)
	}
	for {
		f, err := l.receive()
		if err != nil {
			return t.end(closed(err))
		}
		if e := t.hear(f); e != nil {
			return t.end(*e)
		}
	}
}

// hello waits for the gateway's first word, which is how often to beat.
func (t *talk) hello() (time.Duration, error) {
	if err := t.link.ws.SetReadDeadline(time.Now().Add(helloTime)); err != nil {
		return 0, fmt.Errorf("waiting for hello: %w", err)
	}
	f, err := t.link.receive()
	if err != nil {
		return 0, err
	}
	var hello struct {
		Interval int64 `json:"heartbeat_interval"` // milliseconds
	}
	if f.Op != opHello {
		return 0, fmt.Errorf("the gateway began with op %d instead of hello", f.Op)
	}
	if err := json.Unmarshal(f.Data, &hello); err != nil || hello.Interval <= 0 {
		return 0, errors.New("hello without an interval for heartbeats")
	}
	return time.Duration(min(hello.Interval, longestBeat.Milliseconds())) * time.Millisecond, nil
}

// introduce resumes the session, or begins one.
func (t *talk) introduce() *ending {
	c := t.client
	if t.s.id != "" {
		return t.said(t.link.send(opResume, struct {
			Token   string `json:"token"`
			Session string `json:"session_id"`
			Seq     *int64 `json:"seq"`
		}{c.cfg.Token, t.s.id, t.s.seq}))
	}
	if !c.policy.begun(c.cfg.Now()) {
		return &ending{then: begin, err: errors.New("no session may be begun yet")}
	}
	type properties struct {
		OS      string `json:"os"`
		Browser string `json:"browser"`
		Device  string `json:"device"`
	}
	return t.said(t.link.send(opIdentify, struct {
		Token      string     `json:"token"`
		Intents    int        `json:"intents"`
		Properties properties `json:"properties"`
	}{c.cfg.Token, 0, properties{runtime.GOOS, "modbot", "modbot"}}))
}

// said makes an ending of a send that went wrong.
func (*talk) said(err error) *ending {
	if err == nil {
		return nil
	}
	return &ending{then: resume, err: err}
}

// hear acts on one frame; what it returns ends the connection.
func (t *talk) hear(f frame) *ending {
	if f.Seq != nil {
		t.s.seq = f.Seq
		t.link.seq.Store(f.Seq)
	}
	switch f.Op {
	case opDispatch:
		return t.event(f)
	case opHeartbeat:
		return t.said(t.link.beat())
	case opHeartbeatACK:
		t.link.answered.Store(true)
	case opReconnect:
		return &ending{then: resume, err: errors.New("the gateway asked to connect again")}
	case opInvalidSession:
		var resumable bool
		e := &ending{then: begin, err: errors.New("the gateway says that the session is not valid")}
		if json.Unmarshal(f.Data, &resumable) == nil && resumable {
			e.then = resume
		}
		e.wait = invalidLeast + time.Duration(t.client.cfg.Random()*float64(invalidSpread))
		return e
	}
	return nil // an opcode from the future
}

// event acts on one event.
func (t *talk) event(f frame) *ending {
	switch f.Type {
	case "READY":
		var ready struct {
			Session string `json:"session_id"`
			Resume  string `json:"resume_gateway_url"`
		}
		if err := json.Unmarshal(f.Data, &ready); err != nil || ready.Session == "" {
			return &ending{then: begin, err: errors.New("READY without a session")}
		}
		t.s.id, t.s.url = ready.Session, t.resumeAt(ready.Resume)
		t.stands()
	case "RESUMED":
		t.stands()
	case "INTERACTION_CREATE":
		t.to.Interaction(f.Data)
	}
	return nil
}

// resumeAt is where the session is to be resumed. What is no address, or would
// take the bot's token off TLS, is not used: the connection's own address is.
func (t *talk) resumeAt(address string) string {
	own, err := url.Parse(t.address)
	if err != nil {
		return t.address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "wss" && (u.Scheme != "ws" || own.Scheme == "wss") {
		return t.address
	}
	return address
}

// stands notes that events arrive from now on.
func (t *talk) stands() {
	c := t.client
	t.since = c.cfg.Now()
	_ = t.link.ws.SetReadDeadline(time.Time{}) // heartbeats watch from here on
	c.called(t.asked, "ok", t.began)
	t.to.Standing(true, "")
}

// end completes how the connection ended.
func (t *talk) end(e ending) ending {
	c := t.client
	if t.link.silent.Load() {
		e = ending{then: resume, err: errSilent}
	}
	if !t.since.IsZero() {
		e.stood = c.cfg.Now().Sub(t.since)
	} else if e.code != 0 || e.then != resume {
		c.called(t.asked, "refused", t.began)
	}
	return e
}
