package audit_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"modernc.org/sqlite"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/mute"
)

// erasure is a ledger whose side rows can be deleted.
type erasure struct {
	*audit.Log
	t     *testing.T
	store *sqlstore.Store
	db    *sql.DB
}

func newErasure(t *testing.T) *erasure {
	t.Helper()
	path := filepath.Join(t.TempDir(), "modbot.db")
	store, err := sqlstore.Open(t.Context(), zap.NewNop(), "sqlite:"+path, sqlstore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	key, err := audit.NewKey("example.org/modbot")
	require.NoError(t, err)
	l, err := audit.Open(zap.NewNop(), store, audit.Options{Signer: key})
	require.NoError(t, err)
	c, err := sqlite.NewConnector("file:" + path + "?_busy_timeout=5000")
	require.NoError(t, err)
	e := &erasure{Log: l, t: t, store: store, db: sql.OpenDB(c)}
	t.Cleanup(func() { require.NoError(t, e.db.Close()) })
	return e
}

// act begins and finishes an action with what the account is at now.
func (e *erasure) act(verb string, term mute.Term) int64 {
	e.t.Helper()
	v, err := e.Account(e.t.Context(), "alice")
	require.NoError(e.t, err)
	begun, err := e.Begin(e.t.Context(), audit.Intent{
		Head:   audit.Head{Actor: "cli:mia", Account: "alice", Verb: verb, Scope: mute.ScopeAll, Term: term, Reason: "spam"},
		Expect: audit.Expect{Version: v.Version},
	})
	require.NoError(e.t, err)
	_, err = e.Finish(e.t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone})
	require.NoError(e.t, err)
	return begun.Case
}

func (e *erasure) erase(seqs ...int64) {
	e.t.Helper()
	for _, seq := range seqs {
		_, err := e.db.ExecContext(e.t.Context(), "DELETE FROM personal WHERE seq = ?", seq)
		require.NoError(e.t, err)
	}
}

func (e *erasure) verify() audit.Report {
	e.t.Helper()
	r, err := audit.Verify(e.t.Context(), e.store, audit.VerifyOptions{})
	require.NoError(e.t, err)
	return r
}

func TestErasure(t *testing.T) {
	t.Parallel()
	t.Run("what was erased by an entry is no tampering, and replay still works", func(t *testing.T) {
		t.Parallel()
		e := newErasure(t)
		muted := e.act("mute", mute.Permanent())
		e.act("unmute", mute.Term{})
		require.NoError(t, e.Redact(t.Context(), 1))
		r := e.verify()
		require.False(t, r.OK, "the values are still there")
		require.EqualValues(t, 1, *r.FirstBad)
		e.erase(1)
		r = e.verify()
		require.True(t, r.OK, r.Problem)
		c, err := e.Case(t.Context(), muted)
		require.NoError(t, err)
		require.True(t, c.Erased)
		require.Empty(t, c.Account)
		require.Empty(t, c.Reason)
		require.Equal(t, audit.StatusDone, c.Status, "what happened stays")
		again := e.act("mute", mute.Permanent())
		cases, err := e.History(t.Context(), "alice", audit.Page{})
		require.NoError(t, err)
		require.Len(t, cases, 3, "the account is known by its other entries")
		require.Equal(t, again, cases[0].Number)
		require.True(t, e.verify().OK)
	})
	t.Run("an account that was erased altogether is a new one", func(t *testing.T) {
		t.Parallel()
		e := newErasure(t)
		e.act("mute", mute.Permanent())
		e.act("unmute", mute.Term{})
		require.NoError(t, e.Redact(t.Context(), 1))
		require.NoError(t, e.Redact(t.Context(), 3))
		e.erase(1, 3)
		v, err := e.Account(t.Context(), "alice")
		require.NoError(t, err)
		require.Zero(t, v.Version)
		e.act("mute", mute.Permanent())
		cases, err := e.History(t.Context(), "alice", audit.Page{})
		require.NoError(t, err)
		require.Len(t, cases, 1)
		r := e.verify()
		require.True(t, r.OK, r.Problem)
	})
	t.Run("what is gone without a word, or beside it, is tampering", func(t *testing.T) {
		t.Parallel()
		e := newErasure(t)
		e.act("mute", mute.Permanent())
		e.act("unmute", mute.Term{})
		require.NoError(t, e.Redact(t.Context(), 1))
		e.erase(1, 3)
		r := e.verify()
		require.False(t, r.OK)
		require.EqualValues(t, 3, *r.FirstBad)
		require.Contains(t, r.Problem, "no entry says that they were erased")
	})
}
