//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package console

import (
	"fmt"

	"golang.org/x/term"
)

// keysAlone makes a terminal deliver keys one by one and unseen. Ctrl-C arrives
// as a key, which ends the input.
func keysAlone(fd int) (restore func() error, err error) {
	state, err := term.MakeRaw(fd)
	if err != nil {
		return nil, fmt.Errorf("setting the terminal's mode: %w", err)
	}
	return func() error { return term.Restore(fd, state) }, nil
}
