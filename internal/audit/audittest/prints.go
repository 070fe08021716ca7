package audittest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
)

func testPrints(t *testing.T, open Open) {
	b := newBench(t, open)
	n := b.act(head("alice"), audit.OutcomeDone)
	other := b.act(head("bob"), audit.OutcomeDone)
	entries, err := b.CaseEntries(t.Context(), n)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	t.Run("an entry is found by its print, in its case", func(t *testing.T) {
		for _, e := range entries {
			found, err := b.Printed(t.Context(), n, e.Print())
			require.NoError(t, err)
			require.Equal(t, e.Seq, found.Seq)
		}
	})
	t.Run("nothing else is", func(t *testing.T) {
		first := entries[0].Print()
		for _, c := range []struct {
			n     int64
			short string
		}{
			{other, first}, {0, first}, {-1, first}, {99, first}, {n, ""}, {n, first[1:]}, {n, first[1:] + "_"}, {n, first + "A"},
		} {
			_, err := b.Printed(t.Context(), c.n, c.short)
			require.ErrorIs(t, err, audit.ErrNoEntry, c.short)
		}
	})
	t.Run("ledgers differ by their names", func(t *testing.T) {
		require.Equal(t, audit.OriginPrint(origin), b.OriginPrint())
		require.NotEqual(t, b.OriginPrint(), audit.OriginPrint(origin+"x"))
	})
	t.Run("an open question has the print of its entry", func(t *testing.T) {
		asked := b.in(t).ask("q", "carol")
		found, err := b.Printed(t.Context(), asked[0].Number, asked[0].Question.Print)
		require.NoError(t, err)
		require.Equal(t, asked[0].Question.Seq, found.Seq)
	})
}
