//go:build unix

package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/proctest"
)

// nonsense is how many bytes of a broken ledger are none.
const nonsense = 1 << 14

// A ledger that cannot be written means that nothing is done. When it can be
// written again, everything is there.
func TestBadInput_Ledger(t *testing.T) {
	t.Parallel()
	const command = "mute carol 2h group"
	tests := map[string]struct {
		// spoil makes the ledger bad and returns how to run modbot then, and
		// what makes it good again.
		spoil   func(w *world) (proctest.Launch, func())
		code    string
		exit    int
		says    string
		prepare func(w *world) // comes before; may be nil
	}{
		"broken: not a database": {
			func(w *world) (proctest.Launch, func()) {
				kept := copyTo(w.t, w.ledger.path(), w.path("kept.db"))
				w.write("modbot.db", strings.Repeat("nonsense", nonsense/8))
				return proctest.Launch{}, func() { require.NoError(w.t, os.Rename(kept, w.ledger.path())) }
			}, "store_foreign", exitUnavailable, "not a ledger of modbot's", nil,
		},
		"broken: pages overwritten": {
			func(w *world) (proctest.Launch, func()) {
				kept := copyTo(w.t, w.ledger.path(), w.path("kept.db"))
				f, err := os.OpenFile(w.ledger.path(), os.O_WRONLY, 0)
				require.NoError(w.t, err)
				_, err = f.WriteAt([]byte(strings.Repeat("\xff", nonsense)), 4096)
				require.NoError(w.t, err)
				require.NoError(w.t, f.Close())
				return proctest.Launch{}, func() { require.NoError(w.t, os.Rename(kept, w.ledger.path())) }
			}, "store_corrupt", exitUnavailable, "restore it from a backup", nil,
		},
		"of another program": {
			func(w *world) (proctest.Launch, func()) {
				kept := w.path("kept.db")
				require.NoError(w.t, os.Rename(w.ledger.path(), kept))
				w.write("modbot.db", "")
				w.ledger.alter(w.t, "CREATE TABLE songs (title TEXT)")
				return proctest.Launch{}, func() { require.NoError(w.t, os.Rename(kept, w.ledger.path())) }
			}, "store_foreign", exitUnavailable, "another program", nil,
		},
		"of a newer modbot": {
			func(w *world) (proctest.Launch, func()) {
				w.ledger.alter(w.t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999999, 1)")
				return proctest.Launch{}, func() { w.ledger.alter(w.t, "DELETE FROM goose_db_version WHERE version_id = 999999") }
			}, "store_newer", exitConfig, "newer modbot", nil,
		},
		"locked by another program": {
			func(w *world) (proctest.Launch, func()) { return proctest.Launch{}, w.lock() },
			"no_record", exitUnavailable, "holds it locked", nil,
		},
		"read-only": {
			func(w *world) (proctest.Launch, func()) {
				require.NoError(w.t, os.Chmod(w.ledger.path(), 0o444))
				return w.powerless(), w.ownAgain
			}, "no_record", exitUnavailable, "it is read-only", nil,
		},
		"in a folder that cannot be written": {
			func(w *world) (proctest.Launch, func()) {
				l := w.powerless()
				require.NoError(w.t, os.Chmod(w.dir, 0o555))
				mend := func() { require.NoError(w.t, os.Chmod(w.dir, 0o755)) }
				w.t.Cleanup(mend)
				return l, mend
			}, "store_read_only", exitUnavailable, "the right to write the file and its folder", nil,
		},
		"on a disk that takes no more": {
			func(*world) (proctest.Launch, func()) {
				return proctest.Launch{Before: []string{"sh", "-c", `ulimit -f 80 && exec "$@"`, "sh"}}, func() {}
			},
			"no_record", exitUnavailable, "the audit log cannot be written", (*world).outgrow,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.done("mia", "mute alice 2h group spamming links")
			if tt.prepare != nil {
				tt.prepare(w)
			}
			before := w.entries()
			l, mend := tt.spoil(w)
			r := w.ended(w.begin(l, "mia", command))
			mend()

			code, text := r.said(t)
			require.Equal(t, tt.code, code, "%s", text)
			require.Contains(t, text, tt.says)
			require.Equal(t, tt.exit, r.exit)
			require.Empty(t, w.proxy.seen(setCall, "carol"), "no record, no call")
			w.sound()
			after := w.entries()
			require.Len(t, after, len(before), "nothing is lost, and nothing was written")
			for i, e := range before {
				require.Equal(t, e.raw, after[i].raw)
			}
			w.done("mia", command)
			w.sound()
		})
	}
}

// nobody is a user without rights.
const nobody = 65534

// powerless is how modbot runs as somebody whom file modes stop: the test's
// own user, unless that is root, whom they don't.
func (w *world) powerless() proctest.Launch {
	w.t.Helper()
	require.NoError(w.t, os.Chmod(filepath.Dir(w.dir), 0o755)) // the other user has to get there
	w.run("mia", "status alice")                               // whatever a run makes is there
	if os.Geteuid() != 0 {
		return proctest.Launch{}
	}
	require.NoError(w.t, os.Chmod(w.dir, 0o755)) // the same
	files, err := os.ReadDir(w.dir)
	require.NoError(w.t, err)
	for _, f := range files {
		require.NoError(w.t, os.Chown(w.path(f.Name()), nobody, nobody))
	}
	require.NoError(w.t, os.Chown(w.dir, nobody, nobody))
	return proctest.Launch{As: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: true}}}
}

// ownAgain gives back the right to write the ledger: what SQLite keeps beside
// it has the rights that the file had.
func (w *world) ownAgain() {
	w.t.Helper()
	files, err := filepath.Glob(w.ledger.path() + "*")
	require.NoError(w.t, err)
	for _, f := range files {
		require.NoError(w.t, os.Chmod(f, 0o600))
	}
}

// outgrow makes the log of the ledger longer than what `ulimit -f 80` lets a
// process write: a reader keeps what was written from being folded into the
// file. It needs no right that a test might not have.
func (w *world) outgrow() {
	w.t.Helper()
	const blocks, size = 80, 512 // of ulimit -f, by POSIX
	reader, err := w.ledger.open(w.t).Conn(w.t.Context())
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = reader.Close() })
	for _, s := range []string{"BEGIN", "SELECT count(*) FROM entry"} {
		_, err := reader.ExecContext(w.t.Context(), s)
		require.NoError(w.t, err)
	}
	for _, command := range []string{"mute bob 1h c2c", "unmute bob c2c", "mute bob 2h c2c", "unmute bob c2c", "mute bob 3h c2c"} {
		w.done("mia", command)
		info, err := os.Stat(w.ledger.path() + "-wal")
		require.NoError(w.t, err)
		if info.Size() > 2*blocks*size {
			return
		}
	}
	w.t.Fatal("the log stays short")
}

// A full disk is said to be one. Only a file system of one's own can be
// filled; where a test may not make one, TestBadInput_Ledger has to do.
func TestBadInput_FullDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.done("mia", "mute alice 2h group spamming links")
	before := w.entries()
	attr := &syscall.SysProcAttr{}
	ownNamespace(attr)
	if probe := probeMount(t, attr); probe != "" {
		t.Skipf("this machine lets no test mount a file system (%s); the limit on a file's size is tested in its place", probe)
	}
	// The ledger moves to a disk of 256 KiB, of which all but room for the
	// index of a log is taken. What is left on it is copied back, to be looked at.
	script := `set -e
mount -t tmpfs -o size=256k tmpfs disk
cp modbot.db disk/modbot.db
dd if=/dev/zero of=disk/filler bs=1024 count=1000 2>/dev/null || true
truncate -s -44k disk/filler
code=0; "$@" || code=$?
rm disk/filler
cp disk/modbot.db after.db
exit $code`
	require.NoError(t, os.Mkdir(w.path("disk"), 0o755)) // a place to mount on
	w.ledger = fileStore(w.path("disk/modbot.db"))
	w.configure()
	r := w.ended(w.begin(proctest.Launch{As: attr, Before: []string{"sh", "-c", script, "sh"}}, "mia", "mute carol 2h group"))
	code, text := r.said(t)
	require.Equal(t, "no_record", code, "%s", text)
	require.Contains(t, text, "the disk is full")
	require.Equal(t, exitUnavailable, r.exit)
	require.Empty(t, w.proxy.seen(setCall, "carol"), "no record, no call")
	exit, v := verifyAt(w, fileStore(w.path("after.db")), "")
	require.Equal(t, exitOK, exit, "%+v", v)
	require.EqualValues(t, len(before), v.Entries)
}

// probeMount is why a process started so cannot mount, empty when it can.
func probeMount(t *testing.T, attr *syscall.SysProcAttr) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "mount -t tmpfs -o size=64k tmpfs .")
	cmd.Dir, cmd.SysProcAttr = t.TempDir(), attr
	out, err := cmd.CombinedOutput()
	if err == nil {
		return ""
	}
	return strings.TrimSpace(err.Error() + " " + string(out))
}
