//go:build linux

package crash

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/proctest"
)

// lossesOf is how many power losses there are.
func lossesOf() int {
	if long() {
		return 40
	}
	return 5
}

// enoughWithin bounds how long a process appends before the power goes.
const enoughWithin = time.Minute

// outages are the power losses of one run.
type outages struct{ losses, lossy, acknowledged, lost, survived, gone, syncs int }

// No power loss takes an entry that was acknowledged, and none leaves a ledger
// that does not verify.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	o := powerLosses(t, false)
	require.Zero(t, o.lost, "acknowledged entries are gone")
	require.Positive(t, o.gone, "no page was lost: nothing was tried")
}

// With SQLite's synchronous=NORMAL, which syncs no commit, entries are lost: the
// file system and the test see what they are there to see.
func TestPowerLoss_IsSeen(t *testing.T) {
	if !long() {
		t.Skip("make crash runs it: how many losses it takes to lose an entry is a matter of chance")
	}
	t.Parallel()
	require.Positive(t, powerLosses(t, true).lost)
}

func powerLosses(t *testing.T, sloppy bool) outages {
	t.Helper()
	random := randomOf(seedOf(t), 3)
	folder := t.TempDir()
	var o outages
	for range lossesOf() {
		o.one(t, folder, random, sloppy)
	}
	t.Logf("sloppy=%t: %+v", sloppy, o)
	return o
}

// one appends for a while, cuts the power, and looks at what is left.
func (o *outages) one(t *testing.T, folder string, random *rand.Rand, sloppy bool) {
	t.Helper()
	at, d, unmount := mountLossy(t, folder)
	enough := int64(20 + random.IntN(400))
	last := o.appendUntil(t, filepath.Join(at, "modbot.db"), d, enough, sloppy)
	survived, gone, err := d.loses(random)
	require.NoError(t, err)
	unmount()
	o.losses, o.survived, o.gone, o.syncs = o.losses+1, o.survived+survived, o.gone+gone, o.syncs+d.syncs

	store, err := sqlstore.Open(t.Context(), zap.NewNop(), "sqlite:"+filepath.Join(folder, "modbot.db"), sqlstore.Options{})
	require.NoError(t, err, "after power loss %d", o.losses)
	defer func() { require.NoError(t, store.Close()) }()
	r, err := audit.Verify(t.Context(), store, audit.VerifyOptions{})
	require.NoError(t, err)
	require.True(t, r.OK, "after power loss %d: %s", o.losses, r.Problem)
	if r.Entries < last {
		o.lossy++
		o.lost += int(last - r.Entries)
	}
}

// appendUntil lets a process append until enough was acknowledged, and cuts the
// power. It returns the number of the last acknowledged entry.
func (o *outages) appendUntil(t *testing.T, path string, d *disk, enough int64, sloppy bool) int64 {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = append(os.Environ(), envAppender+"="+path, "TMPDIR="+filepath.Dir(d.folder))
	if sloppy {
		cmd.Env = append(cmd.Env, envSloppy+"=1")
	}
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var count, last atomic.Int64
	over := make(chan error, 1)
	go func() {
		over <- readAcknowledged(out, func(seq int64) {
			count.Add(1)
			last.Store(max(last.Load(), seq))
		})
	}()
	stop := func() {
		_ = cmd.Process.Kill() // it may have ended by what it was told
		require.NoError(t, <-over)
		_ = cmd.Wait() // it was killed
	}
	giveUp := time.Now().Add(enoughWithin)
	for count.Load() < enough {
		if time.Now().After(giveUp) {
			stop()
			require.FailNow(t, "the appender is slow, or has ended", "%d entries of %d: %s", count.Load(), enough, problems.String())
		}
		proctest.Pass(t, time.Millisecond)
	}
	d.cut()
	stop()
	o.acknowledged += int(count.Load())
	return last.Load()
}
