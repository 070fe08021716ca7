//go:build unix

package console

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// newFileInput waits for a file with poll. The file is never made
// non-blocking: that would also hold for the shell that shares it.
func newFileInput(f *os.File) (*input, error) {
	fd, err := descriptor(f)
	if err != nil {
		return nil, err
	}
	woken, wake, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe to be woken by: %w", err)
	}
	wakes, err := descriptor(woken)
	if err != nil {
		return nil, errors.Join(err, woken.Close(), wake.Close())
	}
	read := func(p []byte) (int, error) {
		if err := awaitInput(fd, wakes); err != nil {
			return 0, err
		}
		return f.Read(p)
	}
	var once sync.Once
	interrupt := func() { once.Do(func() { _ = wake.Close() }) }
	return &input{read: read, interrupt: interrupt, done: func() {
		interrupt()
		_ = woken.Close()
	}}, nil
}

// awaitInput returns when fd can be read, or fails when the other end of wakes
// was closed. What cannot be polled is taken as readable.
func awaitInput(fd, wakes int) error {
	fds := []unix.PollFd{
		{Fd: int32(fd), Events: unix.POLLIN},    //nolint:gosec // descriptors are small
		{Fd: int32(wakes), Events: unix.POLLIN}, //nolint:gosec // descriptors are small
	}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("waiting for input: %w", err)
		case fds[1].Revents != 0:
			return errInterrupted
		case fds[0].Revents != 0:
			return nil
		}
	}
}
