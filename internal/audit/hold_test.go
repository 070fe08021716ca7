package audit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
)

// errGone is what a store says that cannot be reached.
var errGone = fmt.Errorf("%w: nobody answers", audit.ErrStore)

// wire is a store that can be cut off.
type wire struct {
	audit.Store
	mu  sync.Mutex
	cut bool
}

func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
}

func (w *wire) gone() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		return errGone
	}
	return nil
}

func (w *wire) Begin(ctx context.Context) (audit.Tx, error) {
	if err := w.gone(); err != nil {
		return nil, err
	}
	return w.Store.Begin(ctx)
}

func (w *wire) Snapshot(ctx context.Context) (audit.Snapshot, error) {
	if err := w.gone(); err != nil {
		return nil, err
	}
	return w.Store.Snapshot(ctx)
}

// member is one of several processes with a ledger.
type member struct {
	*audit.Log
	wire *wire
	// working counts what has the work right now, at most one of all members.
	working *working
}

// working is who works, in order.
type working struct {
	mu  sync.Mutex
	now map[string]bool
	log []string
}

func (w *working) set(name string, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	verb := "ends"
	if on {
		verb = "begins"
	}
	w.now[name] = on
	w.log = append(w.log, name+" "+verb)
}

func (w *working) who() (out []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, on := range w.now {
		if on {
			out = append(out, name)
		}
	}
	return out
}

// members are several processes with one ledger, in a bubble of time.
func members(t *testing.T, names ...string) map[string]member {
	t.Helper()
	url := "sqlite:" + t.TempDir() + "/ledger.db"
	key, err := audit.NewKey(testOrigin)
	require.NoError(t, err)
	out := map[string]member{}
	w := &working{now: map[string]bool{}}
	for _, name := range names {
		store, err := sqlstore.Open(t.Context(), zaptest.NewLogger(t), url, sqlstore.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		m := member{wire: &wire{Store: store}, working: w}
		m.Log, err = audit.Open(zaptest.NewLogger(t), m.wire, audit.Options{Origin: testOrigin, Signer: key, Replica: name})
		require.NoError(t, err)
		out[name] = m
	}
	return out
}

// keep keeps the work until the context ends; ended gets what Keep returned.
func (m member) keep(t *testing.T, ctx context.Context, name string, result func() error) (ended chan error) { //nolint:revive // the test is first
	t.Helper()
	ended = make(chan error, 1)
	go func() {
		ended <- audit.NewHold(zaptest.NewLogger(t), m.Log, "work").Keep(ctx, func(ctx context.Context) error {
			m.working.set(name, true)
			defer m.working.set(name, false)
			if result != nil {
				return result()
			}
			<-ctx.Done()
			return nil
		})
	}()
	return ended
}

func TestHold_OneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := members(t, "a", "b", "c")
		ctxA, endA := context.WithCancel(t.Context())
		endedA := all["a"].keep(t, ctxA, "a", nil)
		synctest.Wait()
		ctx, end := context.WithCancel(t.Context())
		endedB, endedC := all["b"].keep(t, ctx, "b", nil), all["c"].keep(t, ctx, "c", nil)
		time.Sleep(time.Minute)
		require.Equal(t, []string{"a begins"}, all["a"].working.log, "whoever renews keeps it")

		endA()
		require.NoError(t, <-endedA)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Len(t, all["a"].working.who(), 1, "what is given back is taken at once")
		require.NotEqual(t, []string{"a"}, all["a"].working.who())
		require.Equal(t, []string{"a begins", "a ends"}, all["a"].working.log[:2], "it is given back after the work has ended")
		end()
		require.NoError(t, errors.Join(<-endedB, <-endedC))
	})
}

func TestHold_IsLeftInTimeByWhoCannotRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := members(t, "a", "b")
		ctx, end := context.WithCancel(t.Context())
		endedA := all["a"].keep(t, ctx, "a", nil)
		synctest.Wait()
		endedB := all["b"].keep(t, ctx, "b", nil)
		time.Sleep(time.Second)
		all["a"].wire.set(true)
		cut := time.Now()
		var left time.Time
		for len(all["a"].working.who()) > 0 {
			time.Sleep(10 * time.Millisecond)
			left = time.Now()
		}
		for len(all["a"].working.who()) == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		require.Equal(t, []string{"b"}, all["a"].working.who())
		require.LessOrEqual(t, time.Since(cut), audit.HoldTime+time.Second)
		require.Greater(t, time.Since(left), 2*time.Second, "there is time to close a connection")
		all["a"].wire.set(false)
		time.Sleep(time.Minute)
		require.Equal(t, []string{"b"}, all["a"].working.who(), "who comes back waits")
		end()
		require.NoError(t, errors.Join(<-endedA, <-endedB))
	})
}

// A process that was killed gives nothing back.
func TestHold_OutlivesTheKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := members(t, "a", "b")
		_, ok, err := all["a"].Lead(t.Context(), "work", "a", audit.HoldTime)
		require.NoError(t, err)
		require.True(t, ok)
		ctx, end := context.WithCancel(t.Context())
		ended := all["b"].keep(t, ctx, "b", nil)
		time.Sleep(audit.HoldTime - time.Second)
		require.Empty(t, all["b"].working.who())
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, []string{"b"}, all["b"].working.who())
		end()
		require.NoError(t, <-ended)
	})
}

func TestHold_EndsWithItsWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := members(t, "a", "b")
		refused := errors.New("the token was revoked")
		require.ErrorIs(t, <-all["a"].keep(t, t.Context(), "a", func() error { return refused }), refused)
		require.NoError(t, <-all["b"].keep(t, t.Context(), "b", func() error { return nil }), "it was given back")
		require.Equal(t, []string{"a begins", "a ends", "b begins", "b ends"}, all["a"].working.log)
	})
}

// Whenever it is given back, and however long the lease would have lasted: the
// next one has it within a second.
func TestHold_IsTakenAsSoonAsItIsGivenBack(t *testing.T) {
	for after := range 10 {
		synctest.Test(t, func(t *testing.T) {
			all := members(t, "a", "b")
			ctxA, endA := context.WithCancel(t.Context())
			endedA := all["a"].keep(t, ctxA, "a", nil)
			synctest.Wait()
			ctx, end := context.WithCancel(t.Context())
			endedB := all["b"].keep(t, ctx, "b", nil)
			time.Sleep(time.Duration(after)*time.Second + 100*time.Millisecond)
			endA()
			require.NoError(t, <-endedA)
			time.Sleep(time.Second)
			require.Equal(t, []string{"b"}, all["a"].working.who(), "given back after %d s", after)
			end()
			require.NoError(t, <-endedB)
		})
	}
}
