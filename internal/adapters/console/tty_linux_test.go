package console

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"modbot/internal/chat"
)

// pseudoTerminal opens a terminal of this width, and the side that a person
// sits at.
func pseudoTerminal(t *testing.T, width uint16) (person, tty *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("this system has no pseudo-terminals: %v", err)
	}
	fd, err := descriptor(person)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: width}))
	return person, tty
}

func modeOf(t *testing.T, tty *os.File) unix.Termios {
	t.Helper()
	fd, err := descriptor(tty)
	require.NoError(t, err)
	mode, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	require.NoError(t, err)
	return *mode
}

func TestTerminal_IsUsedAndGivenBack(t *testing.T) {
	const width = 60
	for name, end := range map[string]func(person io.Writer, cancel func()){
		"when somebody leaves":   func(person io.Writer, _ func()) { _, _ = io.WriteString(person, "exit\r") },
		"when the context ends":  func(_ io.Writer, cancel func()) { cancel() },
		"when the input is over": func(person io.Writer, _ func()) { _, _ = io.WriteString(person, ctrlD) },
	} {
		t.Run(name, func(t *testing.T) {
			person, tty := pseudoTerminal(t, width)
			screen := newScreen(width)
			var watching sync.WaitGroup
			watching.Go(func() { _, _ = io.Copy(screen, person) })
			before := modeOf(t, tty)
			c, err := New(zap.NewNop(), Config{In: tty, Out: tty, Terminal: true, People: []Person{{ID: "mia"}}})
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error, 1)
			go func() { ended <- c.Run(ctx, echoCore()) }()

			screen.await(t, "mia>")
			during := modeOf(t, tty)
			require.Zero(t, during.Lflag&(unix.ECHO|unix.ICANON), "keys are edited by us")
			require.NotZero(t, during.Lflag&unix.ISIG, "Ctrl-C stays a signal")
			require.NotZero(t, during.Oflag&unix.OPOST, "log lines still begin at the left")
			_, err = io.WriteString(person, "mutes")
			require.NoError(t, err)
			screen.await(t, "mia> mutes")
			_, body, err := c.Render([]chat.Post{{Message: chat.Text(strings.Repeat("eight ch ", 8))}})
			require.NoError(t, err)
			_, err = c.Send(t.Context(), body, chat.Delivery{})
			require.NoError(t, err)
			screen.await(t, `
  #audit │ eight ch eight ch eight ch eight ch eight ch
  #audit │ eight ch eight ch eight ch
mia> mutes`)
			_, err = io.WriteString(person, "\r")
			require.NoError(t, err)
			screen.await(t, `
  #audit │ eight ch eight ch eight ch eight ch eight ch
  #audit │ eight ch eight ch eight ch
mia> mutes
heard mutes
mia>`)
			end(person, cancel)
			require.NoError(t, await(t, ended))
			require.Equal(t, before, modeOf(t, tty))
			require.NoError(t, tty.Close())
			require.NoError(t, person.Close())
			watching.Wait()
		})
	}
}
