//go:build unix

package crash

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/pgtest"
	"modbot/internal/proctest"
)

// drainWithin is what modbot promises of its end, and forcedWithin bounds what
// takes no time.
const (
	drainWithin  = 25 * time.Second
	forcedWithin = 3 * time.Second
)

// many is enough people for commands to be under way whenever the end comes, and
// few enough for a slow database server to record what they began.
const many = 24

// muteMany has people mute until the returned function ends them.
func (w *world) muteMany() (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	var all sync.WaitGroup
	for n := range many {
		all.Go(func() { w.person(ctx, n) })
	}
	return func() { cancel(); all.Wait() }
}

// onEachStore runs a test on a ledger in a file, and on one in PostgreSQL.
func onEachStore(t *testing.T, test func(t *testing.T, store string)) {
	t.Helper()
	t.Parallel()
	for name, store := range map[string]func(testing.TB) string{
		"SQLite":     func(testing.TB) string { return "sqlite:modbot.db" },
		"PostgreSQL": pgtest.Database,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, store(t))
		})
	}
}

// An operator's end drains: everything that was begun has its outcome when the
// process is gone, and nobody has to settle anything after it.
func TestEnded_UnderLoad(t *testing.T) { onEachStore(t, endedUnderLoad) }

func endedUnderLoad(t *testing.T, store string) {
	t.Helper()
	w := newWorld(t, many, store)
	slow := imsim.Fault{API: imwire.SetNoSpeaking, Kind: imsim.KindLatency, Delay: 300 * time.Millisecond, Times: imsim.Forever}
	require.NoError(t, w.app.AddFault(slow))
	w.start()
	stop := w.muteMany()
	defer stop()
	proctest.Await(t, proctest.ReadyWithin, "commands to be under way", func() bool { now, _ := w.app.InFlight(); return now > 4 })
	asked := time.Now()
	w.serve.Terminate()
	require.Zero(t, w.serve.Wait(drainWithin), "%s", w.serve.Logged())
	t.Logf("drained in %s", time.Since(asked).Round(time.Millisecond))

	cases, _ := proctest.ReadCases(w.Entries())
	require.NotEmpty(t, cases)
	for _, c := range cases {
		require.Len(t, c.Intents, 1, c.Account())
		require.Len(t, c.Outcomes, 1, "%s was begun and not ended", c.Account())
		require.Equal(t, "done", c.Outcome(), c.Account())
		require.NotZero(t, w.app.Snapshot().Accounts[c.Account()].Group, c.Account())
	}
	exit, v := w.Verify()
	require.Zero(t, exit, "%+v", v)
}

// A second signal does not wait for what is under way: what was begun is settled
// by the next start.
func TestEnded_ByASecondSignal(t *testing.T) { onEachStore(t, endedByASecondSignal) }

func endedByASecondSignal(t *testing.T, store string) {
	t.Helper()
	w := newWorld(t, many, store)
	held := w.app.Hold(imwire.SetNoSpeaking, imsim.BeforeAnswer)
	w.start()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var typing sync.WaitGroup
	typing.Go(func() { w.person(ctx, 0) })
	defer typing.Wait()
	select {
	case <-held.Arrived():
	case <-time.After(proctest.ReadyWithin):
		t.Fatal("no call came")
	}
	w.serve.Terminate()
	// The listener is closed when the drain has begun, and the handler of the
	// second signal is gone.
	proctest.Await(t, proctest.ReadyWithin, "the drain to begin", func() bool { return !w.reachable() })
	require.True(t, w.serve.Alive(), "it waits for what is under way")
	w.serve.Terminate()
	require.Equal(t, -1, w.serve.Wait(forcedWithin), "a signal ended it")
	held.Release()
	require.Equal(t, map[string]int{"intent": 1}, w.kinds())

	w.ended()
	w.start() // the same person delivers the same again, and is told
	select {
	case <-w.people.of(proctest.Player(0)).final:
	case <-time.After(time.Minute):
		t.Fatal("nobody is told what became of it")
	}
	require.Equal(t, map[string]int{"intent": 1, "outcome done": 1}, w.kinds())
	require.Zero(t, w.serve.Stop())
}

// kinds counts the entries of the ledger.
func (w *world) kinds() map[string]int {
	w.t.Helper()
	return proctest.Kinds(w.Entries())
}
