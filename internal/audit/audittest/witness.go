package audittest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// witness is an audit channel that keeps what it receives, as people read it.
type witness struct{ received strings.Builder }

func (w *witness) Name() string { return "witness" }

func (w *witness) Compose(posts []audit.Posted) (int, []byte, error) {
	p := posts[0]
	words := fmt.Sprintf("%s · #%d", p.Entry.Kind, p.Entry.Seq)
	if p.Full != "" {
		words = "Checkpoint"
	}
	words += fmt.Sprintf(" · size %s · message %d", p.Checkpoint, p.Message)
	if p.Before != "" {
		words += " after " + p.Before
	}
	return 1, []byte(words + "\n" + p.Full), nil
}

func (w *witness) Send(_ context.Context, body []byte, _ chat.Delivery) (chat.MessageRef, error) {
	w.received.Write(body)
	w.received.WriteString("\n")
	return chat.MessageRef{ID: "1"}, nil
}

// witnessed is a ledger that a channel was told of: 12 entries, and a full
// checkpoint in the middle.
func witnessed(tb testing.TB, open Open) (*bench, *witness) {
	tb.Helper()
	b, w := newBench(tb, open), &witness{}
	d := audit.NewDeliverer(quiet(), b.Log, w)
	for i := range 6 {
		b.act(head(mute.Account(fmt.Sprint("user", i))), audit.OutcomeFailed)
		require.NoError(tb, d.Flush(tb.Context()))
		if i == 2 {
			_, _, err := b.PostCheckpoint(tb.Context())
			require.NoError(tb, err)
		}
	}
	return b, w
}

// testWitness is every way to alter a ledger as a whole, against the ledger
// alone and against what a channel received.
func testWitness(t *testing.T, open Open) {
	for name, c := range map[string]struct {
		alter func(t *testing.T, b *bench)
		alone bool  // it is found without the channel too
		first int64 // entry that is named; 0 where it cannot be told
		words string
	}{
		"nothing":        {func(*testing.T, *bench) {}, false, -1, ""},
		"edit":           {statements(`UPDATE entry SET body = replace(body, '7200', '3600') WHERE seq = 5`), true, 5, "was altered"},
		"delete":         {statements(`DELETE FROM personal WHERE seq = 5`, `DELETE FROM entry WHERE seq = 5`), true, 5, "missing"},
		"insert":         {statements(`INSERT INTO entry SELECT 13, 'x', at, kind, acct, case_no, body, leaf FROM entry WHERE seq = 2`), true, 13, "beyond the head"},
		"reorder":        {statements(`UPDATE entry SET seq = -1 WHERE seq = 5`, `UPDATE entry SET seq = 5 WHERE seq = 7`, `UPDATE entry SET seq = 7 WHERE seq = -1`), true, 5, "number"},
		"truncate":       {statements(`DELETE FROM personal WHERE seq > 8`, `DELETE FROM entry WHERE seq > 8`), true, 9, "missing"},
		"erase unsaid":   {statements(`DELETE FROM personal WHERE seq = 5`), true, 5, "no entry says"},
		"restore an old": {restore(6, 0), false, 7, "truncated, or an old copy"},
		// As whoever has the database and the key could: the log is sound, and
		// another one.
		"truncate, and go on":      {restore(6, 4), false, 0, "is not extended by the ledger"},
		"write all of it anew":     {restore(0, 6), false, 0, "is not extended by the ledger"},
		"write anew, and more too": {restore(0, 9), false, 0, "is not extended by the ledger"},
	} {
		t.Run(name, func(t *testing.T) {
			b, w := witnessed(t, open)
			c.alter(t, b)
			alone, err := audit.Verify(t.Context(), b.Store, audit.VerifyOptions{Verifier: b.key.Verifier()})
			require.NoError(t, err)
			require.Equal(t, c.alone, !alone.OK, alone.Problem)
			r, err := audit.Verify(t.Context(), b.Store, audit.VerifyOptions{Verifier: b.key.Verifier(), Checkpoint: w.received.String()})
			require.NoError(t, err)
			require.Empty(t, r.Notes, "the channel itself is whole")
			require.Len(t, r.Given, 7, "six messages, and a full checkpoint")
			if c.first < 0 {
				require.True(t, r.OK, r.Problem)
				return
			}
			require.False(t, r.OK)
			require.Contains(t, r.Problem, c.words)
			if c.first == 0 {
				require.Nil(t, r.FirstBad, r.Problem)
				return
			}
			require.NotNil(t, r.FirstBad, r.Problem)
			require.Equal(t, c.first, *r.FirstBad, r.Problem)
		})
	}
}

// statements alters rows.
func statements(all ...string) func(*testing.T, *bench) {
	return func(_ *testing.T, b *bench) {
		for _, q := range all {
			b.exec(q)
		}
	}
}

// restore makes the ledger what it would be had it been told of only so many
// entries, and then of other actions: with the same key, and sound by itself.
func restore(keep, actions int) func(*testing.T, *bench) {
	return func(t *testing.T, b *bench) {
		t.Helper()
		for _, q := range []string{
			`DELETE FROM mute`, `DELETE FROM lease`,
			fmt.Sprintf(`DELETE FROM personal WHERE seq > %d`, keep), fmt.Sprintf(`DELETE FROM entry WHERE seq > %d`, keep),
			fmt.Sprintf(`DELETE FROM checkpoint WHERE size > %d`, keep), fmt.Sprintf(`DELETE FROM cases WHERE number > %d`, keep/2),
			fmt.Sprintf(`DELETE FROM account WHERE acct > %d`, keep),
		} {
			b.exec(q)
		}
		frontier, at := b.frontier(keep)
		var kept int
		require.NoError(t, b.DB.QueryRowContext(t.Context(), "SELECT count(*) FROM checkpoint").Scan(&kept))
		b.exec(fmt.Sprintf(`UPDATE head SET size = %d, frontier = $1, at = %d, cases = %d, checkpoints = %d`, keep, at, keep/2, kept), frontier)
		l := b.another(b.Store)
		again := *b
		again.Log = l
		for i := range actions {
			again.act(head(mute.Account(fmt.Sprint("other", i))), audit.OutcomeFailed)
		}
	}
}

// frontier is the right edge of the tree over the first entries, as stored.
func (b *bench) frontier(n int) (frontier []byte, at int64) {
	b.t.Helper()
	tree := audit.Frontier{}
	for i := range n {
		var leaf []byte
		require.NoError(b.t, b.DB.QueryRowContext(context.Background(), fmt.Sprintf("SELECT leaf, at FROM entry WHERE seq = %d", i+1)).Scan(&leaf, &at))
		tree = tree.Add(int64(i), [32]byte(leaf))
	}
	return tree.Bytes(), at
}
