//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package console

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// keysAlone makes a terminal deliver keys one by one and unseen, as a line
// editor needs them. Unlike raw mode it leaves the signals of Ctrl-C and Ctrl-\
// on, so that they also end a command that hangs, and leaves output processing
// on, so that log lines of other writers still begin at the left. Ctrl-Z is
// off: a stopped program would come back to a terminal in the shell's mode.
func keysAlone(fd int) (restore func() error, err error) {
	old, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, fmt.Errorf("reading the terminal's mode: %w", err)
	}
	mode := *old
	mode.Iflag &^= unix.ISTRIP | unix.IXON
	mode.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.IEXTEN
	mode.Cc[unix.VMIN], mode.Cc[unix.VTIME] = 1, 0
	mode.Cc[unix.VSUSP] = disabled
	if err := unix.IoctlSetTermios(fd, setTermios, &mode); err != nil {
		return nil, fmt.Errorf("setting the terminal's mode: %w", err)
	}
	return func() error {
		if err := unix.IoctlSetTermios(fd, setTermios, old); err != nil {
			return fmt.Errorf("restoring the terminal's mode: %w", err)
		}
		return nil
	}, nil
}
