//go:build linux

package crash

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/proctest"
	"modbot/internal/proctest/stage"
)

// The exit codes, as documented.
const (
	exitFailed      = 1
	exitUnavailable = 69
)

// troubleWithin bounds a test of a bad disk.
const troubleWithin = 40 * time.Second

// few is how many accounts the tests of a bad disk mute.
const few = 40

// A disk that is full while modbot serves stops it from acting, and from nothing
// else: as soon as there is room it goes on, and nothing is lost.
func TestDisk_FullAndFreed(t *testing.T) {
	t.Parallel()
	at, d, unmount := mountLossy(t, t.TempDir())
	w := newWorld(t, few, "sqlite:"+filepath.Join(at, "modbot.db"))
	defer unmount() // before the folders go, after modbot has ended
	w.start()
	ctx, cancel := context.WithTimeout(t.Context(), troubleWithin)
	defer cancel()
	require.True(t, w.person(ctx, 0))
	d.fill(true)
	var insisting sync.WaitGroup
	for n := 1; n < few; n++ {
		insisting.Go(func() { w.person(ctx, n) })
	}
	proctest.Await(t, time.Minute, "somebody to be refused", func() bool {
		return strings.Contains(strings.Join(w.people.unheard(), "\n"), "Not done:")
	})
	require.Contains(t, w.serve.Logged(), "the disk is full; free some space")
	require.True(t, w.serve.Alive())
	exit, v := w.Verify()
	require.Zero(t, exit, "it can be read all the while: %+v", v)
	d.fill(false)
	insisting.Wait()
	require.NoError(t, ctx.Err(), "it does not go on by itself:\n%s", strings.Join(w.people.unheard(), "\n"))
	proctest.AwaitSettled(t, troubleWithin, w.serve.Admin)
	require.Zero(t, w.serve.Stop(), "%s", w.serve.Logged())
	w.Judge(w.evidence(few)).Show(t)
}

// Pages that a disk gives back as something else are an error in words: nothing
// is done without a record, the next start refuses, and when the disk is right
// again everything that was said is there.
func TestDisk_CorruptedPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, few, "sqlite:modbot.db")
	w.start()
	ctx, cancel := context.WithTimeout(t.Context(), troubleWithin)
	defer cancel()
	var all sync.WaitGroup
	for n := range few / 2 {
		all.Go(func() { w.person(ctx, n) })
	}
	all.Wait()
	require.NoError(t, ctx.Err())
	require.Zero(t, w.serve.Stop()) // the log of the ledger is folded into its file
	w.ended()

	path := filepath.Join(w.Dir, "modbot.db")
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	// Not any page: an index that verify has no use for is found when it is used.
	// Where a record once was its words may still stand, beside where it is.
	record := []byte(stage.Mute(few / 4).Reason)
	require.True(t, bytes.Contains(before, record))
	for page := range int64(len(before)) / pageSize {
		if bytes.Contains(before[page*pageSize:(page+1)*pageSize], record) {
			w.overwrite(path, page, 1)
		}
	}
	exit, lines, _ := proctest.Run(t, w.Launch("audit", "verify", "--json", "-c", stage.Settings))
	require.Equal(t, exitFailed, exit, "%v", lines)
	require.Contains(t, strings.Join(lines, ""), "damaged")
	require.NoError(t, os.WriteFile(path, before, 0o600))

	w.start()
	w.overwrite(path, 1, int64(len(before))/pageSize-1)
	for n := few / 2; n < few; n++ {
		typed := w.onSlack(n)
		all.Go(func() { typed(ctx, w.now().public) })
	}
	all.Wait()
	proctest.Await(t, time.Minute, "everybody to be answered", func() bool { return w.people.answered() == few })
	told := strings.Join(w.people.unheard(), "\n")
	require.Contains(t, told, "restore it from a backup")
	w.serve.Kill()
	w.ended()
	w.refusesToStart()

	// Whatever was written meanwhile stands beside the file.
	require.NoError(t, w.restore(path, before))
	w.start()
	for n := few / 2; n < few; n++ {
		all.Go(func() { w.person(ctx, n) })
	}
	all.Wait()
	require.NoError(t, ctx.Err(), "%s", strings.Join(w.people.unheard(), "\n"))
	proctest.AwaitSettled(t, troubleWithin, w.serve.Admin)
	require.Zero(t, w.serve.Stop())
	w.Judge(w.evidence(few)).Show(t)
}

// overwrite puts noise into pages of a file while others may have it open.
func (w *world) overwrite(path string, from, pages int64) {
	w.t.Helper()
	noise := make([]byte, pages*pageSize)
	_, err := rand.Read(noise)
	require.NoError(w.t, err)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(w.t, err)
	_, err = f.WriteAt(noise, from*pageSize)
	require.NoError(w.t, err)
	require.NoError(w.t, f.Close())
}

// restore writes back what a file held.
func (w *world) restore(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(content, 0); err != nil {
		return err
	}
	return f.Close()
}

// refusesToStart requires that modbot says what is wrong with its ledger, and
// ends as documented.
func (w *world) refusesToStart() {
	w.t.Helper()
	exit, lines, stderr := proctest.Run(w.t, w.Launch("serve", "--json", "-c", stage.Settings))
	require.Equal(w.t, exitUnavailable, exit, "%v\n%s", lines, stderr)
	require.NotEmpty(w.t, lines)
	var said struct {
		Error struct{ Code, Message, Suggestion string }
	}
	require.NoError(w.t, json.Unmarshal([]byte(lines[len(lines)-1]), &said), "%v", lines)
	require.Equal(w.t, "store_corrupt", said.Error.Code)
	require.Contains(w.t, said.Error.Message, "restore it from a backup")
}
