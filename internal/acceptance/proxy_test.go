//go:build unix

package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The vendor's calls, as the last part of their path.
const (
	setCall   = "setnospeaking"
	getCall   = "getnospeaking"
	checkCall = "account_check"
)

// forwardTime bounds a forwarded call. It is generous: how long a call takes
// is for the test to say.
const forwardTime = time.Minute

// point is where a call can be held.
type point int

const (
	beforeForward point = iota // it left modbot and has not reached Tencent
	beforeAnswer               // Tencent has answered, and modbot has not heard it
)

// verdict is what becomes of a held call.
type verdict int

const (
	pass verdict = iota // it goes on
	drop                // the connection is closed
)

// call is one call that reached the proxy.
type call struct {
	api  string
	body string
	at   time.Time
	gone <-chan struct{} // closed when the caller hung up

	// applied is when Tencent answered, heard when the answer was handed over.
	// Both are the proxy's to write, under its lock.
	applied, heard time.Time
}

// gate holds the next call of an API.
type gate struct {
	t       *testing.T
	api     string
	at      point
	arrived chan *call
	verdict chan verdict
	decided sync.Once
}

// call waits until the call is held.
func (g *gate) call() *call {
	g.t.Helper()
	return receive(g.t, g.arrived, soon, "a call of "+g.api+" to arrive")
}

// pass lets it go on; drop ends it without an answer.
func (g *gate) pass() { g.decide(pass) }
func (g *gate) drop() { g.decide(drop) }

func (g *gate) decide(v verdict) { g.decided.Do(func() { g.verdict <- v }) }

// proxy stands between modbot and the simulator.
type proxy struct {
	t      *testing.T
	server *httptest.Server
	to     string
	client *http.Client

	mu    sync.Mutex
	gates []*gate // that have not met a call
	all   []*gate
	calls []*call
}

func startProxy(t *testing.T, to string) *proxy {
	t.Helper()
	p := &proxy{t: t, to: to, client: &http.Client{Timeout: forwardTime}}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(func() {
		p.mu.Lock()
		all := p.all
		p.mu.Unlock()
		for _, g := range all {
			g.drop() // the server waits for what it still holds
		}
		p.server.Close()
		p.client.CloseIdleConnections()
	})
	return p
}

// hold makes the next call of an API that no gate waits for wait itself.
func (p *proxy) hold(api string, at point) *gate {
	g := &gate{t: p.t, api: api, at: at, arrived: make(chan *call, 1), verdict: make(chan verdict, 1)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gates = append(p.gates, g)
	p.all = append(p.all, g)
	return g
}

// serve carries one call to the simulator and its answer back. What was held
// goes on although its caller died: so does what is inside a network.
func (p *proxy) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller died while it was sending
	}
	c, g := p.arrive(r, body)
	g.stop(c, beforeForward)
	answer, status, ok := p.forward(r, body)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	p.note(func() { c.applied = time.Now() })
	g.stop(c, beforeAnswer)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(answer); err == nil {
		p.note(func() { c.heard = time.Now() })
	}
}

// arrive notes a call and finds the gate that waits for it, nil for none.
func (p *proxy) arrive(r *http.Request, body []byte) (*call, *gate) {
	c := &call{api: path.Base(r.URL.Path), body: string(body), at: time.Now(), gone: r.Context().Done()}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, c)
	i := slices.IndexFunc(p.gates, func(g *gate) bool { return g.api == c.api })
	if i < 0 {
		return c, nil
	}
	g := p.gates[i]
	p.gates = slices.Delete(p.gates, i, i+1)
	return c, g
}

// stop holds the call where the gate stands, and ends it when it is dropped.
func (g *gate) stop(c *call, at point) {
	if g == nil || g.at != at {
		return
	}
	g.arrived <- c
	if <-g.verdict == drop {
		panic(http.ErrAbortHandler)
	}
}

// forward makes the call. ok is false where the simulator gave no answer.
func (p *proxy) forward(r *http.Request, body []byte) (answer []byte, status int, ok bool) {
	// Not the caller's context: the call outlives the caller.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), forwardTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, p.to+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return nil, 0, false
	}
	req.Header.Set("Content-Type", r.Header.Get("Content-Type"))
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, 0, false
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err = io.ReadAll(resp.Body)
	return answer, resp.StatusCode, err == nil
}

func (p *proxy) note(what func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what()
}

// seen are the calls of an API about an account, as they stand, in the order
// in which they arrived.
func (p *proxy) seen(api, account string) []call {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []call
	for _, c := range p.calls {
		if c.api == api && slices.Contains(about(p.t, c), account) {
			out = append(out, *c)
		}
	}
	return out
}

// total counts the calls of an API.
func (p *proxy) total(api string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, c := range p.calls {
		if c.api == api {
			n++
		}
	}
	return n
}

// about lists the accounts that a call names.
func about(t *testing.T, c *call) []string {
	t.Helper()
	body := c.decoded(t)
	var out []string
	for _, name := range []*string{body.Set, body.Get} {
		if name != nil {
			out = append(out, *name)
		}
	}
	for _, item := range body.Check {
		out = append(out, item.UserID)
	}
	return out
}

// sent is the body of a call of any of the three APIs: what is nil was not
// there.
type sent struct {
	Set   *string `json:"Set_Account"`
	Get   *string `json:"Get_Account"`
	C2C   *uint32 `json:"C2CmsgNospeakingTime"`
	Group *uint32 `json:"GroupmsgNospeakingTime"`
	Check []struct {
		UserID string `json:"UserID"`
	} `json:"CheckItem"`
}

func (c *call) decoded(t *testing.T) sent {
	t.Helper()
	var body sent
	require.NoError(t, json.Unmarshal([]byte(c.body), &body), "%s", c.body)
	return body
}
