package audit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// lossy is a store whose answers to COMMIT get lost as scripted.
type lossy struct {
	audit.Store
	mu sync.Mutex
	// commits are what happens to the next ones: true, it is applied; false, it
	// is not. In both cases nobody hears of it.
	commits []bool
	// away is how many transactions cannot be begun after such a commit.
	away int
	cut  int
}

func (l *lossy) Begin(ctx context.Context) (audit.Tx, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut > 0 {
		l.cut--
		return nil, errGone
	}
	tx, err := l.Store.Begin(ctx)
	return &lossyTx{Tx: tx, from: l}, err
}

type lossyTx struct {
	audit.Tx
	from *lossy
}

func (t *lossyTx) Commit(ctx context.Context, c audit.Changes) error {
	t.from.mu.Lock()
	defer t.from.mu.Unlock()
	if len(t.from.commits) == 0 {
		return t.Tx.Commit(ctx, c)
	}
	applied := t.from.commits[0]
	t.from.commits, t.from.cut = t.from.commits[1:], t.from.away
	if applied {
		if err := t.Tx.Commit(ctx, c); err != nil {
			return err
		}
	}
	return errors.Join(audit.ErrUncertain, errGone)
}

// far opens the house's ledger over a store that loses answers.
func (h *house) far(patience time.Duration) (*audit.Log, *lossy) {
	h.t.Helper()
	store := &lossy{Store: h.store}
	l, err := audit.Open(zaptest.NewLogger(h.t), store, audit.Options{
		Origin: testOrigin, Signer: h.key, Replica: "far", Now: h.clock.Now, Patience: patience,
	})
	require.NoError(h.t, err)
	return l, store
}

func TestBegin_WhenTheAnswerToCommitIsLost(t *testing.T) {
	const tries = 3
	for name, c := range map[string]struct {
		commits  []bool
		away     int
		want     error
		entries  int64
		withdraw int64 // the case that Withdraw finds
	}{
		"it was applied, and is found":                   {commits: []bool{true}, entries: 1},
		"it was not, and is written again":               {commits: []bool{false}, entries: 1},
		"it was applied, and nobody answers for a while": {commits: []bool{true}, away: 2, entries: 1},
		"it cannot be written, and is not there":         {commits: []bool{false, false, false}, want: audit.ErrStore},
		"it was applied the last time":                   {commits: []bool{false, false, true}, entries: 1},
		"it was applied, and nobody answers any more":    {commits: []bool{true}, away: 1 << 20, want: audit.ErrUncertain, entries: 1, withdraw: 1},
		"it was not, and nobody answers any more":        {commits: []bool{false}, away: 1 << 20, want: audit.ErrUncertain},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			l, store := h.far(600 * time.Millisecond)
			require.LessOrEqual(t, len(c.commits), tries)
			store.mu.Lock()
			store.commits, store.away = c.commits, c.away
			store.mu.Unlock()
			in := audit.Intent{Head: audit.Head{
				ID: audit.NewID(), Actor: "console:mia", Account: "alice", Verb: "mute", Scope: mute.ScopeGroup, Term: seconds(t, 60),
			}}
			begun, err := l.Begin(t.Context(), in)
			if c.want == nil {
				require.NoError(t, err)
				require.Nil(t, begun.Known)
				require.EqualValues(t, 1, begun.Case)
				h.finish(begun, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
				c.entries++
			} else {
				require.ErrorIs(t, err, c.want)
				require.Equal(t, c.want == audit.ErrUncertain, errors.Is(err, audit.ErrUncertain), "doubt is said where there is doubt: %v", err) //nolint:errorlint // the value of the table
			}
			store.mu.Lock()
			store.cut = 0
			store.mu.Unlock()
			if errors.Is(c.want, audit.ErrUncertain) {
				for range 2 { // once more is the same
					n, err := l.Withdraw(t.Context(), in.Head)
					require.NoError(t, err)
					require.Equal(t, c.withdraw, n)
				}
				if n := c.withdraw; n != 0 {
					require.Equal(t, audit.StatusFailed, h.caseOf(n).Status)
					require.Zero(t, h.caseOf(n).Attempts)
					c.entries++
				}
			}
			size, _, err := h.ledger.Head(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.entries, size)
			h.begin("bob", mute.ScopeGroup, mute.Term{}) // it goes on
		})
	}
}

// What another delivery of the same command has begun is not withdrawn.
func TestWithdraw_LeavesTheOthersAlone(t *testing.T) {
	h := newHouse(t)
	head := audit.Head{ID: audit.NewID(), Key: "slack\x1f1", Actor: "slack:U1", Account: "alice", Verb: "mute", Scope: mute.ScopeGroup, Term: mute.Permanent()}
	begun, err := h.ledger.Begin(t.Context(), audit.Intent{Head: head})
	require.NoError(t, err)
	head.ID = audit.NewID()
	n, err := h.ledger.Withdraw(t.Context(), head)
	require.NoError(t, err)
	require.Equal(t, begun.Case, n)
	require.Equal(t, audit.StatusInFlight, h.caseOf(n).Status)
}

// An outcome is written down once, however often its COMMIT is not answered.
func TestFinish_OutlastsAnOutage(t *testing.T) {
	h := newHouse(t)
	l, store := h.far(0)
	begun, err := begin(t.Context(), l, "alice", mute.ScopeGroup, mute.Permanent())
	require.NoError(t, err)
	store.mu.Lock()
	store.commits, store.away = []bool{true}, 3
	store.mu.Unlock()
	f, err := l.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
	require.NoError(t, err)
	require.False(t, f.Late)
	store.mu.Lock()
	store.cut = 2
	store.mu.Unlock()
	begun, err = begin(t.Context(), h.ledger, "bob", mute.ScopeGroup, mute.Permanent())
	require.NoError(t, err)
	f, err = l.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
	require.NoError(t, err)
	require.False(t, f.Late)
	require.Equal(t, []string{
		"intent 1", "outcome 1 done in effect: group", "intent 2", "outcome 2 done in effect: group",
	}, h.log(0))
}

// slow is a store that does not let anybody begin.
type slow struct {
	audit.Store
	open chan struct{}
}

func (s *slow) Begin(ctx context.Context) (audit.Tx, error) {
	select {
	case <-s.open:
		return s.Store.Begin(ctx)
	case <-ctx.Done():
		return nil, errors.Join(audit.ErrStore, context.Cause(ctx))
	}
}

// Whoever is patient for a second is told after a second, and not after twenty;
// those who wait behind him are told as well, and nothing of theirs is written.
func TestPatience(t *testing.T) {
	h := newHouse(t)
	store := &slow{Store: h.store, open: make(chan struct{})}
	close(store.open)
	l, err := audit.Open(zaptest.NewLogger(t), store, audit.Options{
		Origin: testOrigin, Signer: h.key, Replica: "far", Now: h.clock.Now, Patience: 200 * time.Millisecond,
	})
	require.NoError(t, err)
	store.open = make(chan struct{})
	var all sync.WaitGroup
	begun := time.Now()
	for range 20 {
		all.Go(func() {
			_, err := begin(t.Context(), l, "alice", mute.ScopeGroup, mute.Permanent())
			if !errors.Is(err, audit.ErrStore) || errors.Is(err, audit.ErrUncertain) {
				t.Errorf("it should be the store, and certain: %v", err)
			}
		})
	}
	all.Wait()
	require.Less(t, time.Since(begun), 5*time.Second)
	close(store.open)
	require.Empty(t, h.log(0))
	_, err = begin(t.Context(), l, "alice", mute.ScopeGroup, mute.Permanent())
	require.NoError(t, err)
}

// Of what is no entry nobody knows whether it was committed, and nobody says so.
func TestLead_IsInDoubtWhenTheAnswerToCommitIsLost(t *testing.T) {
	h := newHouse(t)
	l, store := h.far(0)
	store.mu.Lock()
	store.commits = []bool{false, false, false}
	store.mu.Unlock()
	_, ok, err := l.Lead(t.Context(), "work", "far", audit.HoldTime)
	require.ErrorIs(t, err, audit.ErrUncertain)
	require.False(t, ok)
}
