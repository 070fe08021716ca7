package commands_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/commands"
)

// The same file again is the same batch, whatever its form and order; it does
// nothing, and answers from the ledger.
func TestBulk_TheSameFileAgainDoesNothing(t *testing.T) {
	h := wave(t, 5)
	first, _ := h.ran("ada", order(t, "mute", list(5)))
	changes := len(h.tencent.changes())
	entries := len(h.kinds())
	o := order(t, "mute", "account,reason\ns004,\ns003,spam wave\ns002\ns001\ns000\n")
	second, got := h.ran("ada", o)
	require.True(t, second.Finished())
	require.Equal(t, first.Batch(), second.Batch())
	require.Len(t, h.tencent.changes(), changes)
	require.Len(t, h.kinds(), entries)
	for _, r := range got {
		require.Equal(t, commands.RowDone, r.Outcome)
		require.True(t, r.Earlier)
	}
	// Another's batch, another content and another name are others.
	for name, of := range map[string]func() (string, commands.Order){
		"another actor":   func() (string, commands.Order) { return "moe", o },
		"another content": func() (string, commands.Order) { return "ada", order(t, "mute", list(4)) },
		"a name":          func() (string, commands.Order) { o := o; o.Name = "wave 2"; return "ada", o },
		"again":           func() (string, commands.Order) { o := o; o.Again = true; return "ada", o },
	} {
		t.Run(name, func(t *testing.T) {
			who, o := of()
			b, err := h.dispatcher.Plan(t.Context(), by(who), o)
			require.NoError(t, err)
			require.Zero(t, b.Batch())
			require.False(t, b.Finished())
		})
	}
}

// A batch that was begun again is gone on with, not the finished one before it.
func TestBulk_AgainIsGoneOnWith(t *testing.T) {
	h := wave(t, 3)
	o := order(t, "unmute", list(3))
	h.ran("ada", order(t, "mute", list(3)))
	first, _ := h.ran("ada", o)
	h.clock.advance(time.Hour)
	h.ran("ada", func() commands.Order { o := order(t, "mute", list(3)); o.Again = true; return o }())
	o.Again = true
	second, got := h.ran("ada", o)
	require.NotEqual(t, first.Batch(), second.Batch())
	require.Equal(t, []string{"s000 done unmuted", "s001 done unmuted", "s002 done unmuted"}, got.outcomes())
	o.Again = false
	third, err := h.dispatcher.Plan(t.Context(), by("ada"), o)
	require.NoError(t, err)
	require.Equal(t, second.Batch(), third.Batch())
	require.True(t, third.Finished())
}

// A run that is told to stop begins no further row, sees through what it began,
// and the same file goes on with the rest.
func TestBulk_StopsAndGoesOn(t *testing.T) {
	h := wave(t, 40)
	o := order(t, "mute", list(40))
	b, err := h.dispatcher.Plan(t.Context(), by("ada"), o)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	var once sync.Once
	h.tencent.before = func(string) { once.Do(stop) }
	got := told{}
	require.NoError(t, b.Run(ctx, commands.Running{Workers: 4, Result: func(r commands.RowResult) { got[r.Account] = r }}))
	require.Len(t, got, 40)
	done := len(h.tencent.changes())
	require.LessOrEqual(t, done, 4)
	for a, r := range got {
		if r.Outcome != commands.RowDone {
			require.Equal(t, commands.RowNotBegun, r.Outcome, a)
			require.Zero(t, r.Case)
		}
	}
	h.tencent.before = nil
	again, rest := h.ran("ada", o)
	require.Equal(t, b.Batch(), again.Batch())
	require.Len(t, h.tencent.changes(), 40, "each account once")
	earlier := 0
	for _, r := range rest {
		require.Equal(t, commands.RowDone, r.Outcome)
		if r.Earlier {
			earlier++
		}
	}
	require.Equal(t, done, earlier)
}

// Two runs of one file at the same time do each row once.
func TestBulk_TwiceAtOnce(t *testing.T) {
	h := wave(t, 60)
	o := order(t, "mute", list(60))
	var all sync.WaitGroup
	for range 2 {
		b, err := h.dispatcher.Plan(t.Context(), by("ada"), o)
		require.NoError(t, err)
		all.Go(func() { _ = b.Run(t.Context(), commands.Running{}) })
	}
	all.Wait()
	require.Len(t, h.tencent.changes(), 60)
	kinds := h.kinds()
	require.Equal(t, 1, count(kinds, "batch"))
	require.Equal(t, 60, count(kinds, "intent"))
	require.Equal(t, 60, count(kinds, "outcome done"))
}

func count(in []string, what string) int {
	n := 0
	for _, s := range in {
		if s == what {
			n++
		}
	}
	return n
}

// While Tencent cannot be reached the run pauses, with a word, and goes on; when
// that lasts it gives up, and nothing is lost.

// A name stands for one file.
func TestBulk_ANameStandsForOneFile(t *testing.T) {
	h := wave(t, 5)
	o := order(t, "mute", list(5))
	o.Name = "november"
	h.ran("ada", o)
	other := order(t, "mute", list(4))
	other.Name = "november"
	_, err := h.dispatcher.Plan(t.Context(), by("ada"), other)
	e, ok := errors.AsType[*commands.OrderError](err)
	require.True(t, ok)
	require.Equal(t, "batch_differs", e.Code)
	require.Contains(t, e.Why, "Batch 1 was begun under this name, with another file of 5 rows.")
}

// Roles that cannot be looked up refuse the whole.
