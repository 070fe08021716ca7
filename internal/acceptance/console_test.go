//go:build unix

package acceptance

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/proctest"
)

// console is a running `modbot demo --json` with a hand on its input.
type console struct {
	t       *testing.T
	process *process
	in      io.WriteCloser
	typed   int64
	db      string
}

func startConsole(t *testing.T) *console {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	c := &console{t: t, in: w, db: filepath.Join(t.TempDir(), "demo.db")}
	c.process = start(t, proctest.Launch{Stdin: r, Args: []string{"demo", "--json", "--store", "sqlite:" + c.db}})
	require.NoError(t, r.Close())
	t.Cleanup(func() { _ = w.Close() })
	return c
}

// say types a line and waits for its first answer.
func (c *console) say(text string) line {
	c.t.Helper()
	return c.answer(c.typeIn(text), 0)
}

// typeIn types a line and returns its number.
func (c *console) typeIn(text string) int64 {
	c.t.Helper()
	c.typed++
	_, err := io.WriteString(c.in, text+"\n")
	require.NoError(c.t, err)
	return c.typed
}

// answer waits for the nth answer to a line, from 0.
func (c *console) answer(id int64, nth int) line {
	c.t.Helper()
	var found []line
	eventually(c.t, soon, "an answer at the console", func() bool {
		found = slices.DeleteFunc(c.process.replies(), func(l line) bool { return l.ID != id })
		return len(found) > nth || !c.process.Alive()
	})
	require.Greater(c.t, len(found), nth, "the console ended")
	return found[nth]
}

// post waits for a post of a kind about a case.
func (c *console) post(kind string, about int64) line {
	c.t.Helper()
	var found line
	eventually(c.t, soon, "a post "+kind, func() bool {
		posts := c.process.posts()
		i := slices.IndexFunc(posts, func(l line) bool { return l.Kind == kind && slices.Contains(l.Cases, about) })
		if i >= 0 {
			found = posts[i]
		}
		return i >= 0 || !c.process.Alive()
	})
	require.NotEmpty(c.t, found.Type, "the console ended")
	return found
}

// leave ends the input and requires that the log verified.
func (c *console) leave() line {
	c.t.Helper()
	require.NoError(c.t, c.in.Close())
	require.Equal(c.t, exitOK, c.process.wait())
	lines := c.process.printed()
	last := lines[len(lines)-1]
	require.Equal(c.t, "verified", last.Type)
	require.True(c.t, last.OK)
	return last
}
