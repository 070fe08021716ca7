//go:build unix

package replicas

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/pgtest"
	"modbot/internal/proctest"
)

const (
	// killEvery is how often a modbot is killed.
	killEvery = 3 * time.Second
	// paused is for how long one is stopped: past every lease that it has.
	paused = 11 * time.Second
	// settling is how long after its end the last of a run may be settled and
	// told: a lease, its grace, a turn of whoever was killed, and the posts.
	settling = 2 * time.Minute
)

// Three modbots serve one ledger while one of them is stopped past its leases,
// and the others are killed in turns.
func TestReplicas_KilledAndPaused(t *testing.T) {
	for name, sockets := range map[string]bool{"platforms call": false, "platforms are connected to": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lasts := lasting(t, 12*time.Second)
			w := newWorld(t, pgtest.Database(t), int(lasts/beat)+1, sockets)
			w.connected()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			typing := make(chan struct{})
			go func() {
				defer close(typing)
				w.crowd(ctx, lasts, int(lasts/beat))
			}()
			kills := w.trouble(typing)
			w.settled(settling)
			w.stop()
			f := w.judge()
			t.Logf("%d typed, %d acknowledged, %d begun, %d read back, %d actors not told, %d kills",
				f.typed, f.acknowledged, f.intents, f.readBack, f.untold, kills)
			require.Greater(t, f.intents, f.typed/3, "most commands are served all the same")
		})
	}
}

// connected waits until deliveries arrive somewhere.
func (w *world) connected() {
	w.t.Helper()
	if !w.sockets {
		return
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), proctest.ReadyWithin)
	defer cancel()
	require.NoError(w.t, w.slack.AwaitSockets(ctx, 2))
	require.NoError(w.t, w.discord.WaitReady(ctx))
}

// trouble stops the modbots in turns, and kills the others, until nobody types
// any more. All of them run when it returns.
func (w *world) trouble(typing <-chan struct{}) (kills int) {
	w.t.Helper()
	kill := time.NewTicker(killEvery)
	defer kill.Stop()
	wake := time.NewTimer(paused)
	defer wake.Stop()
	stopped := 0
	w.all[stopped].process.Pause()
	for {
		select {
		case <-kill.C:
			kills++
			w.kill((stopped + 1 + kills%(replicas-1)) % replicas)
		case <-wake.C:
			w.all[stopped].process.Resume()
			stopped = (stopped + 1) % replicas
			w.all[stopped].process.Pause()
			wake.Reset(paused)
		case <-typing:
			w.all[stopped].process.Resume()
			return kills
		}
	}
}
