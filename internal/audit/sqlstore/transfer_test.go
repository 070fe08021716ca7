package sqlstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/chat"
	"modbot/internal/mute"
	"modbot/internal/pgtest"
)

// filled is a ledger with some of everything, more than one statement writes.
func filled(t *testing.T, store *sqlstore.Store, key *audit.Key) *audit.Log {
	t.Helper()
	l := openLog(t, store, key)
	for i := range 100 {
		begun, err := l.Begin(t.Context(), intent(fmt.Sprint("user", i)))
		require.NoError(t, err)
		_, err = l.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone})
		require.NoError(t, err)
	}
	_, err := l.Ask(t.Context(), []audit.Question{{Head: audit.Head{Actor: "cli:mia", Account: "bob", Verb: "mute", Scope: mute.ScopeGroup, Term: mute.Permanent()}}})
	require.NoError(t, err)
	for _, sink := range []string{"slack:C1", "discord:C2", "cli"} {
		_, err = l.Register(t.Context(), sink, 0)
		require.NoError(t, err)
	}
	_, err = l.Link(t.Context(), audit.Linking{Head: audit.Head{Actor: "cli:mia", Account: "bob", Verb: "link", Member: "slack:T1/U1"}})
	require.NoError(t, err)
	_, err = l.Freeze(t.Context(), "discord:C2", audit.Attempt{First: 1, Last: 3, Nonce: "d", Body: []byte("posted")})
	require.NoError(t, err)
	_, err = l.Posted(t.Context(), "discord:C2", "d", []chat.MessageRef{{Channel: "C2", ID: "7"}})
	require.NoError(t, err)
	begun, err := l.Begin(t.Context(), intent("gone"))
	require.NoError(t, err)
	_, err = l.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeFailed})
	require.NoError(t, err)
	_, err = l.Erase(t.Context(), audit.Erasure{Head: audit.Head{Actor: "cli:ada", Verb: "redact", Reason: "request 7"}, Account: "gone"})
	require.NoError(t, err)
	_, err = l.Freeze(t.Context(), "slack:C1", audit.Attempt{First: 1, Last: 2, Nonce: "n", Body: []byte{0, 1, 255}})
	require.NoError(t, err)
	_, err = l.Checkpoint(t.Context())
	require.NoError(t, err)
	return l
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	path := filepath.Join(t.TempDir(), "modbot.db")
	from := openStore(t, path)
	l := filled(t, from, key)
	size, root, err := l.Head(t.Context())
	require.NoError(t, err)
	to := openPostgres(t, pgtest.Database(t))
	var told []int64
	require.NoError(t, sqlstore.Transfer(t.Context(), from, to, func(done, total int64) {
		require.LessOrEqual(t, done, total)
		told = append(told, total-done)
	}))
	require.Zero(t, told[len(told)-1])
	for _, table := range sqlstore.Transferred() {
		var n int
		require.NoError(t, beside(t, path).QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
		require.Positive(t, n, "%s: a table that is empty shows nothing", table)
	}
	r, err := audit.Verify(t.Context(), to, audit.VerifyOptions{Verifier: key.Verifier()})
	require.NoError(t, err)
	require.True(t, r.OK, r.Problem)
	require.Equal(t, size, r.Entries)
	require.Equal(t, root, r.Root)

	moved := openLog(t, to, key)
	was, err := l.Health(t.Context())
	require.NoError(t, err)
	is, err := moved.Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, was, is)
	wasTold, err := l.Sinks(t.Context())
	require.NoError(t, err)
	isTold, err := moved.Sinks(t.Context())
	require.NoError(t, err)
	require.Equal(t, wasTold, isTold, "frozen attempts too")
	_, err = moved.Begin(t.Context(), intent("carol"))
	require.NoError(t, err, "it goes on")
	require.ErrorIs(t, sqlstore.Transfer(t.Context(), from, to, func(int64, int64) {}), sqlstore.ErrNotEmpty)
	requireSound(t, from)
}

func TestTransferWaitsForWhatIsInFlight(t *testing.T) {
	t.Parallel()
	from := openStore(t, filepath.Join(t.TempDir(), "modbot.db"))
	_, err := openLog(t, from, newKey(t)).Begin(t.Context(), intent("alice"))
	require.NoError(t, err)
	to := openPostgres(t, pgtest.Database(t))
	require.ErrorIs(t, sqlstore.Transfer(t.Context(), from, to, func(int64, int64) {}), sqlstore.ErrInFlight)
	size, _, err := openLog(t, to, newKey(t)).Head(t.Context())
	require.NoError(t, err)
	require.Zero(t, size)
}

// TestEveryTableIsMovedOrLeft: who adds a table says which.
func TestEveryTableIsMovedOrLeft(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "modbot.db")
	openStore(t, path)
	rows, err := beside(t, path).QueryContext(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	require.NoError(t, err)
	defer rows.Close() //nolint:errcheck // read to the end
	known := slices.Concat(sqlstore.Transferred(), sqlstore.LeftBehind(), []string{"head", "goose_db_version"})
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		require.Contains(t, known, name)
	}
	require.NoError(t, rows.Err())
}

// TestBackups: what docs/how-to/backup.md says.
func TestBackups(t *testing.T) {
	t.Parallel()
	verified := func(t *testing.T, restored *sqlstore.Store, short string) {
		t.Helper()
		r, err := audit.Verify(t.Context(), restored, audit.VerifyOptions{Checkpoint: short})
		require.NoError(t, err)
		require.True(t, r.OK, r.Problem)
	}
	t.Run("SQLite, while it is written", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		store := openStore(t, filepath.Join(dir, "modbot.db"))
		size, root, err := filled(t, store, newKey(t)).Head(t.Context())
		require.NoError(t, err)
		_, err = beside(t, filepath.Join(dir, "modbot.db")).ExecContext(t.Context(), "VACUUM INTO $1", filepath.Join(dir, "copy.db"))
		require.NoError(t, err)
		verified(t, openStore(t, filepath.Join(dir, "copy.db")), audit.ShortCheckpoint(size, root))
	})
	t.Run("SQLite, stopped", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		store, err := sqlstore.Open(t.Context(), zap.NewNop(), "sqlite:"+filepath.Join(dir, "modbot.db"), sqlstore.Options{})
		require.NoError(t, err)
		size, root, err := filled(t, store, newKey(t)).Head(t.Context())
		require.NoError(t, err)
		require.NoError(t, store.Close())
		content, err := os.ReadFile(filepath.Join(dir, "modbot.db"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "copy.db"), content, 0o600))
		verified(t, openStore(t, filepath.Join(dir, "copy.db")), audit.ShortCheckpoint(size, root))
	})
	t.Run("PostgreSQL, dumped and restored", func(t *testing.T) {
		t.Parallel()
		from, to := pgtest.Database(t), pgtest.Database(t)
		size, root, err := filled(t, openPostgres(t, from), newKey(t)).Head(t.Context())
		require.NoError(t, err)
		dump := filepath.Join(t.TempDir(), "ledger.dump")
		pgtest.Run(t, "pg_dump", "--format=custom", "--file="+dump, from)
		pgtest.Run(t, "pg_restore", "--dbname="+to, dump)
		verified(t, openPostgres(t, to), audit.ShortCheckpoint(size, root))
	})
}
