package audittest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
)

// lossy is a store that loses answers. fault is asked at each COMMIT: whether
// the transaction is committed, and whether the answer arrives.
type lossy struct {
	audit.Store
	mu    sync.Mutex
	fault func() (applied bool, err error)
}

func (l *lossy) Begin(ctx context.Context) (audit.Tx, error) {
	tx, err := l.Store.Begin(ctx)
	return &lossyTx{Tx: tx, store: l}, err
}

type lossyTx struct {
	audit.Tx
	store *lossy
}

func (t *lossyTx) Commit(ctx context.Context, c audit.Changes) error {
	t.store.mu.Lock()
	applied, fault := true, error(nil)
	if t.store.fault != nil {
		applied, fault = t.store.fault()
	}
	t.store.mu.Unlock()
	if applied {
		if err := t.Tx.Commit(ctx, c); err != nil {
			return err
		}
	} else {
		t.Rollback()
	}
	return fault
}

// next makes the next COMMITs go as told, and the others well.
func (l *lossy) next(faults ...func() (bool, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = func() (bool, error) {
		if len(faults) == 0 {
			return true, nil
		}
		f := faults[0]
		faults = faults[1:]
		return f()
	}
}

func answerLost() (bool, error) { return true, fmt.Errorf("%w: connection reset", audit.ErrUncertain) }

func neitherDone() (bool, error) {
	return false, fmt.Errorf("%w: connection reset", audit.ErrUncertain)
}
func diskFull() (bool, error) { return false, fmt.Errorf("%w: the disk is full", audit.ErrStore) }

// newLossyBench is a bench whose store can be told to lose answers.
func newLossyBench(tb testing.TB, open Open) (*bench, *lossy) {
	tb.Helper()
	b := newBench(tb, open)
	l := &lossy{Store: b.Store}
	b.Log = b.another(l)
	return b, l
}

func testFaults(t *testing.T, open Open) {
	t.Run("a commit whose answer is lost is found and not doubled", func(t *testing.T) {
		for name, faults := range map[string][]func() (bool, error){
			"applied":               {answerLost},
			"not applied":           {neitherDone},
			"not applied, then yes": {neitherDone, answerLost},
		} {
			t.Run(name, func(t *testing.T) {
				b, store := newLossyBench(t, open)
				store.next(faults...)
				begun := b.begin(head("alice"))
				require.EqualValues(t, 1, begun.Case)
				store.next(faults...)
				_, err := b.Renew(t.Context(), begun.Token)
				require.NoError(t, err, "the token is good")
				store.next(faults...)
				require.Equal(t, audit.Finished{Seq: 2, Outcome: audit.OutcomeUnknown}, b.finish(begun, audit.OutcomeUnknown))
				store.next(faults...)
				token := b.takeOver(begun.Case)
				store.next(faults...)
				_, err = b.Settle(t.Context(), token, audit.Settlement{Outcome: audit.OutcomeDone, Effect: 1, After: reading(7200)})
				require.NoError(t, err)
				store.next(faults...)
				require.Len(t, b.ask("k", "bob", "carol"), 2)
				store.next(faults...)
				_, err = b.CloseBatch(t.Context(), 2, head(""), audit.OutcomeDeclined, "")
				require.NoError(t, err)
				store.next(faults...)
				_, err = b.Refuse(t.Context(), head("dave"))
				require.NoError(t, err)
				store.next(faults...)
				_, err = b.Note(t.Context(), 1, head(""), "words")
				require.NoError(t, err)
				require.Equal(t, []string{
					"1 intent case 1", "2 unknown unknown case 1", "3 outcome done case 1", "4 question case 2", "5 question case 3",
					"6 closed declined case 2", "7 closed declined case 3", "8 refused refused case 4", "9 note case 1",
				}, b.trace())
				_, err = b.Register(t.Context(), "console", 0)
				require.NoError(t, err)
				_, err = b.Freeze(t.Context(), "console", audit.Attempt{First: 1, Last: 2, Nonce: "n"})
				require.NoError(t, err)
				store.next(faults...)
				_, err = b.Posted(t.Context(), "console", "n", nil)
				require.NoError(t, err)
				b.sound()
			})
		}
	})
	t.Run("when the store cannot write, nothing begins and nothing is lost", func(t *testing.T) {
		b, store := newLossyBench(t, open)
		begun := b.begin(head("alice"))
		store.next(diskFull)
		_, err := b.Begin(t.Context(), b.planned(head("bob")))
		require.ErrorIs(t, err, audit.ErrStore)
		require.Equal(t, []string{"1 intent case 1"}, b.trace())
		store.next(diskFull, diskFull)
		b.finish(begun, audit.OutcomeDone) // it tries again
		require.Equal(t, []string{"1 intent case 1", "2 outcome done case 1"}, b.trace())
		b.sound()
	})
	t.Run("an answer that never comes is an error", func(t *testing.T) {
		b, store := newLossyBench(t, open)
		store.next(neitherDone, neitherDone, neitherDone, neitherDone)
		_, err := b.Begin(t.Context(), b.planned(head("alice")))
		require.ErrorIs(t, err, audit.ErrUncertain)
		require.Empty(t, b.trace())
	})
}

func testIdentity(t *testing.T, open Open) {
	t.Run("a ledger belongs to one origin and one key", func(t *testing.T) {
		b := newBench(t, open)
		other, err := audit.NewKey(origin)
		require.NoError(t, err)
		_, err = audit.Open(quiet(), b.Store, audit.Options{Origin: origin, Signer: other})
		require.ErrorIs(t, err, audit.ErrKey)
		elsewhere, err := audit.NewKey("example.net/other")
		require.NoError(t, err)
		_, err = audit.Open(quiet(), b.Store, audit.Options{Signer: elsewhere})
		require.ErrorIs(t, err, audit.ErrKey)
		_, err = audit.Open(quiet(), b.Store, audit.Options{Origin: "example.net/other"})
		require.ErrorIs(t, err, audit.ErrOrigin)
		_, err = audit.Open(quiet(), b.Store, audit.Options{Origin: "example.net/other", Signer: b.key})
		require.ErrorIs(t, err, audit.ErrKey)
	})
	t.Run("without its key it can be read and not written", func(t *testing.T) {
		b := newBench(t, open)
		b.act(head("alice"), audit.OutcomeDone)
		l, err := audit.Open(quiet(), b.Store, audit.Options{})
		require.NoError(t, err)
		c, err := l.Case(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, audit.StatusDone, c.Status)
		_, err = l.Refuse(t.Context(), head("alice"))
		require.Error(t, err)
		require.NotErrorIs(t, err, audit.ErrStore)
		_, err = l.Checkpoint(t.Context())
		require.Error(t, err)
		name, verifier, err := l.Origin(t.Context())
		require.NoError(t, err)
		require.Equal(t, origin, name)
		require.Equal(t, b.key.Verifier(), verifier)
	})
	t.Run("a checkpoint is the same for the same entries", func(t *testing.T) {
		b := newBench(t, open)
		b.act(head("alice"), audit.OutcomeDone)
		first, err := b.Checkpoint(t.Context())
		require.NoError(t, err)
		again, err := b.Checkpoint(t.Context())
		require.NoError(t, err)
		require.Equal(t, first, again)
		size, root, err := b.Head(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 2, size)
		require.Contains(t, first, origin+"\n2\n"+root.String()+"\n\n— "+origin+" ")
		b.sound()
	})
}
