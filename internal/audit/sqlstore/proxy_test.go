package sqlstore_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between a store and its server, and reads what it forwards.
type proxy struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	count int // connections that were taken
	// commit is asked when a COMMIT is on its way: whether the server gets it,
	// and whether its answer comes back.
	commit func() (there, back bool)
	// open lets bytes through; a stalled proxy keeps it closed.
	open chan struct{}
}

// newProxy returns a proxy and the URL that leads through it.
func newProxy(t *testing.T, to string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(to)
	require.NoError(t, err)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: l, server: u.Host, conns: map[net.Conn]struct{}{}}
	p.resume()
	var wg sync.WaitGroup
	wg.Go(func() { p.serve(&wg) })
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		p.resume()
		p.cut()
		wg.Wait()
	})
	u.Host = l.Addr().String()
	return p, u.String()
}

func (p *proxy) serve(wg *sync.WaitGroup) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = struct{}{}, struct{}{}
		p.count++
		p.mu.Unlock()
		muted := make(chan struct{}) // closed: the client hears no more
		wg.Go(func() { p.forward(client, server, muted) })
		wg.Go(func() { p.answer(server, client, muted) })
	}
}

// taken is how many connections were made so far.
func (p *proxy) taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

// stall makes a network of it that carries nothing, and says so to nobody.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = make(chan struct{})
}

func (p *proxy) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		p.open = make(chan struct{})
	}
	select {
	case <-p.open:
	default:
		close(p.open)
	}
}

func (p *proxy) gate() {
	p.mu.Lock()
	open := p.open
	p.mu.Unlock()
	<-open
}

// next says what becomes of the next COMMIT.
func (p *proxy) next(there, back bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commit = func() (bool, bool) { return there, back }
}

func (p *proxy) fate() (there, back bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.commit == nil {
		return true, true
	}
	f := p.commit
	p.commit = nil
	return f()
}

// forward carries what the client says, message by message: a type, but in
// the first message, a length, and the rest (postgresql.org, "Message Formats").
func (p *proxy) forward(client, server net.Conn, muted chan struct{}) {
	defer client.Close() //nolint:errcheck // it is over
	defer server.Close() //nolint:errcheck // it is over
	statements := map[string]string{}
	for first := true; ; first = false {
		kind, message, err := read(client, first)
		if err != nil {
			return
		}
		p.gate()
		switch kind {
		case 'P': // prepare: name, statement
			parts := strings.SplitN(string(message[5:]), "\x00", 3)
			statements[parts[0]] = parts[1]
		case 'B': // bind: portal, name
			parts := strings.SplitN(string(message[5:]), "\x00", 3)
			if statements[parts[1]] != "COMMIT" {
				break
			}
			there, back := p.fate()
			if !there {
				return
			}
			if !back {
				close(muted)
			}
		}
		if _, err := server.Write(message); err != nil {
			return
		}
	}
}

func read(r io.Reader, first bool) (kind byte, message []byte, err error) {
	head := make([]byte, 5)
	if first {
		head = head[:4]
	}
	if _, err := io.ReadFull(r, head); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint32(head[len(head)-4:])
	message = append(head, make([]byte, length-4)...)
	_, err = io.ReadFull(r, message[len(head):])
	return head[0], message, err
}

// answer carries what the server says, and ends the connection instead when
// the client shall not hear it.
func (p *proxy) answer(server, client net.Conn, muted chan struct{}) {
	defer client.Close() //nolint:errcheck // it is over
	defer server.Close() //nolint:errcheck // it is over
	buf := make([]byte, 1<<16)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		p.gate()
		select {
		case <-muted:
			return
		default:
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
