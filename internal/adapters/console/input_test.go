package console

import (
	"context"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// patience is only ever waited out by a test that fails.
const patience = 20 * time.Second

// source is something to read, and what feeds it.
type source struct {
	r    io.Reader
	feed io.WriteCloser
}

// blockingPipe is a pipe that blocks, as one does that a shell made.
func blockingPipe(t *testing.T) source {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	_ = r.Fd() // sets blocking mode, in which deadlines are set but do nothing
	return source{r, w}
}

func sources() map[string]func(t *testing.T) source {
	return map[string]func(t *testing.T) source{
		"a pipe of Go's": func(t *testing.T) source {
			t.Helper()
			r, w, err := os.Pipe()
			require.NoError(t, err)
			t.Cleanup(func() { _ = r.Close() })
			return source{r, w}
		},
		"a pipe from a shell": blockingPipe,
		"a connection": func(*testing.T) source {
			r, w := net.Pipe()
			return source{r, w}
		},
		"a reader that can be closed": func(*testing.T) source {
			r, w := io.Pipe()
			return source{r, w}
		},
		"a reader that can do nothing but read": func(*testing.T) source {
			r, w := io.Pipe()
			return source{struct{ io.Reader }{r}, w}
		},
	}
}

func TestInput_ReadsWhatComes(t *testing.T) {
	for name, open := range sources() {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			s := open(t)
			in, err := newInput(s.r)
			require.NoError(t, err)
			defer in.close()
			go func() {
				_, _ = io.WriteString(s.feed, strings.Repeat("mutes\n", 2000))
				_ = s.feed.Close()
			}()
			all, err := io.ReadAll(in)
			require.NoError(t, err)
			require.Len(t, all, 12_000)
		})
	}
}

func TestInput_WaitIsBrokenOff(t *testing.T) {
	for name, open := range sources() {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			s := open(t)
			defer func() { _ = s.feed.Close() }()
			in, err := newInput(s.r)
			require.NoError(t, err)
			defer in.close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			release := interruptWith(ctx, in)
			defer release()

			read := make(chan error, 2)
			go func() {
				buf := []byte{0}
				_, err := in.Read(buf)
				if err == nil { // the first byte says that reading works
					read <- nil
					_, err = in.Read(buf)
				}
				read <- err
			}()
			_, err = s.feed.Write([]byte("x"))
			require.NoError(t, err)
			require.NoError(t, await(t, read))
			cancel()
			require.Error(t, await(t, read))
		})
	}
}

func TestInput_OfAFileOnDisk(t *testing.T) {
	path := t.TempDir() + "/lines"
	require.NoError(t, os.WriteFile(path, []byte("mutes\n"), 0o600))
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	in, err := newInput(f)
	require.NoError(t, err)
	defer in.close()
	all, err := io.ReadAll(in)
	require.NoError(t, err)
	require.Equal(t, "mutes\n", string(all))
}

func TestInput_InterruptedBeforeTheFirstRead(t *testing.T) {
	s := blockingPipe(t)
	defer func() { _ = s.feed.Close() }()
	in, err := newInput(s.r)
	require.NoError(t, err)
	defer in.close()
	in.interrupt()
	in.interrupt() // twice is once
	_, err = in.Read([]byte{0})
	require.ErrorIs(t, err, errInterrupted)
}

// await receives, within reason.
func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case v := <-c:
		return v
	case <-timeout.C:
		require.FailNow(t, "waited too long")
	}
	var zero T
	return zero
}
