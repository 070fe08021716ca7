package commands

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/mute"
)

// names answers after a while.
type names struct {
	after  time.Duration
	err    error
	asked  atomic.Int32
	called map[mute.Account]string
}

func (s *names) Nicknames(ctx context.Context, _ []mute.Account) (map[mute.Account]string, error) {
	s.asked.Add(1)
	select {
	case <-time.After(s.after):
		return s.called, s.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func TestNicknames(t *testing.T) {
	alice := []mute.Account{"alice"}
	for name, c := range map[string]struct {
		source  *names
		waited  time.Duration
		want    map[mute.Account]string
		askedAt int32 // after asking twice
	}{
		"one that is there at once": {&names{called: map[mute.Account]string{"alice": "A"}}, time.Nanosecond, map[mute.Account]string{"alice": "A"}, 1},
		"one that comes in time":    {&names{after: 499 * time.Millisecond, called: map[mute.Account]string{"alice": "A"}}, 500 * time.Millisecond, map[mute.Account]string{"alice": "A"}, 1},
		"one that is not there yet": {&names{after: 400 * time.Millisecond, called: map[mute.Account]string{"alice": "A"}}, 300 * time.Millisecond, map[mute.Account]string{}, 2},
		"one that comes too late":   {&names{after: 501 * time.Millisecond, called: map[mute.Account]string{"alice": "A"}}, time.Second, map[mute.Account]string{}, 2},
		"none is remembered too":    {&names{called: nil}, time.Second, map[mute.Account]string{}, 1},
		"a failure is asked again":  {&names{err: errors.New("down")}, time.Second, map[mute.Account]string{}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stop, cancel := context.WithCancel(t.Context())
				n := newNicknames(zap.NewNop(), c.source, time.Now)
				before := time.Now()
				n.fetch(stop, alice)
				require.Zero(t, time.Since(before), "nobody waits")
				time.Sleep(c.waited)
				synctest.Wait()
				require.Equal(t, c.want, n.of(alice))
				n.fetch(stop, alice)
				synctest.Wait()
				require.Equal(t, c.askedAt, c.source.asked.Load())
				cancel()
				n.close()
			})
		})
	}
}

func TestNicknames_AreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &names{called: map[mute.Account]string{"alice": "A"}}
		n := newNicknames(zap.NewNop(), source, time.Now)
		n.fetch(t.Context(), []mute.Account{"alice", ""})
		n.close()
		require.NotEmpty(t, n.of([]mute.Account{"alice"}))
		time.Sleep(nickLife)
		require.Empty(t, n.of([]mute.Account{"alice"}))
		n.fetch(t.Context(), []mute.Account{"alice"})
		n.close()
		require.EqualValues(t, 2, source.asked.Load())
	})
}

func TestNicknames_AreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &names{}
		n := newNicknames(zap.NewNop(), source, time.Now)
		for i := range 5 * nickMost {
			n.fetch(t.Context(), []mute.Account{mute.Account(fmt.Sprint(i))})
			n.close()
		}
		require.LessOrEqual(t, len(n.young)+len(n.old), 2*nickMost)

		slow := &names{after: time.Hour}
		n = newNicknames(zap.NewNop(), slow, time.Now)
		for i := range 10 * nickAsking {
			n.fetch(t.Context(), []mute.Account{mute.Account(fmt.Sprint(i))})
		}
		synctest.Wait()
		require.EqualValues(t, nickAsking, slow.asked.Load(), "a crowd does not wait in line for names")
		n.close()
	})
}
