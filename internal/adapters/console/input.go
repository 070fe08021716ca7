package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// errInterrupted is what a read returns that was told to stop waiting.
var errInterrupted = errors.New("told to stop reading")

// input is a reader whose wait can be broken off, so that Run ends promptly and
// leaves no goroutine behind although nobody types. How depends on what is
// read:
//
//   - a file (a terminal, a pipe) is waited for with poll, beside a pipe of our
//     own that wakes it. Its deadlines, where it has any, stop working when
//     anybody asks for its descriptor, so they are not relied on;
//   - anything else with read deadlines (a socket) gets one that has passed;
//   - anything else that can be closed (io.Pipe) is closed;
//   - the rest is read in a goroutine that is left to its read. Readers in
//     memory never block; what does, keeps that one goroutine until it returns.
type input struct {
	read      func([]byte) (int, error)
	interrupt func()
	done      func() // gives back what waiting needed
}

type deadliner interface{ SetReadDeadline(t time.Time) error }

func newInput(r io.Reader) (*input, error) {
	if f, ok := r.(*os.File); ok {
		return newFileInput(f)
	}
	if d, ok := r.(deadliner); ok && d.SetReadDeadline(time.Time{}) == nil {
		return &input{
			read: r.Read,
			interrupt: func() {
				_ = d.SetReadDeadline(time.Unix(1, 0)) // it has worked before
			},
			done: func() { _ = d.SetReadDeadline(time.Time{}) },
		}, nil
	}
	if c, ok := r.(io.Closer); ok {
		return &input{read: r.Read, interrupt: func() { _ = c.Close() }, done: func() {}}, nil
	}
	return newDetached(r), nil
}

// Read waits for input or for interrupt.
func (in *input) Read(p []byte) (int, error) { return in.read(p) }

func (in *input) close() { in.done() }

// interruptWith breaks off the wait when ctx ends. release waits until that can
// no longer happen.
func interruptWith(ctx context.Context, in *input) (release func()) {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		in.interrupt()
	})
	return func() {
		if !stop() {
			<-interrupted
		}
	}
}

// detached reads r in goroutines, one read at a time.
type detached struct {
	r       io.Reader
	buf     []byte
	pending bool
	results chan result
	stopped chan struct{}
}

type result struct {
	n   int
	err error
}

// detachedRead is how much a detached reader reads at once.
const detachedRead = 4 << 10

func newDetached(r io.Reader) *input {
	d := &detached{
		r: r, buf: make([]byte, detachedRead), results: make(chan result, 1), stopped: make(chan struct{}),
	}
	var once sync.Once
	return &input{read: d.read, interrupt: func() { once.Do(func() { close(d.stopped) }) }, done: func() {}}
}

func (d *detached) read(p []byte) (int, error) {
	if !d.pending {
		d.pending = true
		buf := d.buf[:min(len(p), len(d.buf))]
		go func() {
			n, err := d.r.Read(buf)
			d.results <- result{n, err}
		}()
	}
	select {
	case res := <-d.results:
		d.pending = false
		return copy(p, d.buf[:res.n]), res.err
	case <-d.stopped:
		return 0, errInterrupted
	}
}

// descriptor is a file's descriptor, for as long as the file is open. Unlike Fd
// it leaves the file in the mode that it is in.
func descriptor(f *os.File) (int, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("looking at %s: %w", f.Name(), err)
	}
	var fd int
	if err := conn.Control(func(d uintptr) { fd = int(d) }); err != nil {
		return 0, fmt.Errorf("looking at %s: %w", f.Name(), err)
	}
	return fd, nil
}
