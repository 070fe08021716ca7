package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/mute"
)

const origin = "example.org/modbot"

func newKey(tb testing.TB) *audit.Key {
	tb.Helper()
	key, err := audit.NewKey(origin)
	require.NoError(tb, err)
	return key
}

func openLog(tb testing.TB, store audit.Store, key *audit.Key) *audit.Log {
	tb.Helper()
	l, err := audit.Open(zap.NewNop(), store, audit.Options{Signer: key})
	require.NoError(tb, err)
	return l
}

func intent(account string) audit.Intent {
	return audit.Intent{Head: audit.Head{
		Actor: "cli:mia", Account: mute.Account(account), Verb: "mute", Scope: mute.ScopeGroup, Term: mute.Permanent(),
	}}
}

// fault opens a path that must fail, and says why.
func fault(tb testing.TB, path string) *sqlstore.Error {
	tb.Helper()
	store, err := sqlstore.Open(tb.Context(), zap.NewNop(), "sqlite:"+path, sqlstore.Options{})
	if err == nil {
		require.NoError(tb, store.Close())
	}
	require.ErrorIs(tb, err, audit.ErrStore)
	var e *sqlstore.Error
	require.ErrorAs(tb, err, &e)
	require.Contains(tb, e.Error(), path)
	return e
}

func TestFullDiskRefusesAndLosesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "modbot.db")
	store := openStore(t, path)
	l := openLog(t, store, newKey(t))
	begun, err := l.Begin(t.Context(), intent("alice"))
	require.NoError(t, err)
	require.NoError(t, store.LimitPages(t.Context(), 1)) // never under what is used
	var e *sqlstore.Error
	n := 0
	for ; e == nil; n++ {
		require.Less(t, n, 1000, "the disk is never full")
		in := intent(fmt.Sprintf("user%d", n))
		in.Reason = strings.Repeat("x", 2000)
		if _, err = l.Begin(t.Context(), in); err != nil {
			require.ErrorAs(t, err, &e)
		}
	}
	require.Equal(t, sqlstore.FaultFull, e.Fault)
	require.ErrorIs(t, err, audit.ErrStore)
	require.Contains(t, err.Error(), "the disk is full; free some space")
	size, _, err := l.Head(t.Context())
	require.NoError(t, err, "it can still be read")
	require.EqualValues(t, n, size, "what was refused is not there")
	require.NoError(t, store.LimitPages(t.Context(), 1<<30))
	_, err = l.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone})
	require.NoError(t, err, "and written again when there is space")
	requireSound(t, store)
}

func requireSound(tb testing.TB, store audit.Store) {
	tb.Helper()
	r, err := audit.Verify(tb.Context(), store, audit.VerifyOptions{})
	require.NoError(tb, err)
	require.True(tb, r.OK, r.Problem)
}

// Whoever waits for a share of the rate is told that the file is held, whenever
// the time for waiting ends.
func TestRate_OfALockedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "modbot.db")
	rate := openStore(t, path).Rate(100)
	holder, err := beside(t, path).Conn(t.Context())
	require.NoError(t, err)
	defer holder.Close() //nolint:errcheck // the test is over
	_, err = holder.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	for range 8 { // long enough for the file to be asked at least once
		ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errors.New("enough"))
		_, _, err := rate.Take(ctx, "setnospeaking", 1)
		cancel()
		var e *sqlstore.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, sqlstore.FaultLocked, e.Fault, "%v", err)
	}
}

func TestLockedByAnotherProgram(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "modbot.db")
	store := openStore(t, path)
	l := openLog(t, store, newKey(t))
	holder, err := beside(t, path).Conn(t.Context())
	require.NoError(t, err)
	defer holder.Close() //nolint:errcheck // the test is over
	_, err = holder.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	store.WaitNoLonger(50 * time.Millisecond)
	_, err = l.Begin(t.Context(), intent("alice"))
	var e *sqlstore.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, sqlstore.FaultLocked, e.Fault)
	_, err = l.Account(t.Context(), "alice")
	require.NoError(t, err, "readers are beside any writer")
	_, err = holder.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	_, err = l.Begin(t.Context(), intent("alice"))
	require.NoError(t, err)
}

func TestFilesThatAreNoLedger(t *testing.T) {
	t.Parallel()
	write := func(t *testing.T, content []byte) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "modbot.db")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	t.Run("another kind of file", func(t *testing.T) {
		t.Parallel()
		path := write(t, []byte(strings.Repeat("this is no database\n", 100)))
		require.Equal(t, sqlstore.FaultForeign, fault(t, path).Fault)
	})
	t.Run("another program's database", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "modbot.db")
		_, err := beside(t, path).ExecContext(t.Context(), "CREATE TABLE recipe (name TEXT)")
		require.NoError(t, err)
		require.Equal(t, sqlstore.FaultForeign, fault(t, path).Fault)
	})
	t.Run("a newer schema", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "modbot.db")
		require.NoError(t, openStore(t, path).Close())
		_, err := beside(t, path).ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
		require.NoError(t, err)
		e := fault(t, path)
		require.Equal(t, sqlstore.FaultNewer, e.Fault)
		require.Contains(t, e.Error(), "newer modbot")
	})
	t.Run("a damaged file", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "modbot.db")
		store := openStore(t, path)
		l := openLog(t, store, newKey(t))
		for i := range 50 {
			_, err := l.Begin(t.Context(), intent(fmt.Sprint("user", i)))
			require.NoError(t, err)
		}
		require.NoError(t, store.Close())
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		for i := 4096; i < len(content); i++ {
			content[i] = 0xa5
		}
		damaged := write(t, content)
		require.Equal(t, sqlstore.FaultCorrupt, fault(t, damaged).Fault)
	})
	t.Run("a folder that is not there", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, sqlstore.FaultMissing, fault(t, filepath.Join(t.TempDir(), "no", "modbot.db")).Fault)
	})
	t.Run("an address that is not understood", func(t *testing.T) {
		t.Parallel()
		for _, url := range []string{"", "modbot.db", "sqlite:", "postgres:", "mysql://host/db"} {
			_, err := sqlstore.Open(t.Context(), zap.NewNop(), url, sqlstore.Options{})
			require.ErrorContains(t, err, "sqlite:PATH")
		}
	})
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "modbot.db")
	_, err := sqlstore.Open(t.Context(), zap.NewNop(), "sqlite:"+path, sqlstore.Options{ReadOnly: true})
	var e *sqlstore.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, sqlstore.FaultMissing, e.Fault)
	require.NoFileExists(t, path, "looking does not make it")
	key := newKey(t)
	l := openLog(t, openStore(t, path), key)
	_, err = l.Begin(t.Context(), intent("alice"))
	require.NoError(t, err)
	store, err := sqlstore.Open(t.Context(), zap.NewNop(), "sqlite:"+path, sqlstore.Options{ReadOnly: true})
	require.NoError(t, err)
	defer store.Close() //nolint:errcheck // the test is over
	requireSound(t, store)
	_, err = openLog(t, store, key).Begin(t.Context(), intent("bob"))
	require.ErrorAs(t, err, &e)
	require.Equal(t, sqlstore.FaultReadOnly, e.Fault)
}

func TestReadOnlyFile(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root may write everything")
	}
	path := filepath.Join(t.TempDir(), "modbot.db")
	require.NoError(t, openStore(t, path).Close())
	require.NoError(t, os.Chmod(path, 0o400))
	require.Equal(t, sqlstore.FaultReadOnly, fault(t, path).Fault)
}

func TestPathsWithSigns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?c#d%20é.db")
	require.NoError(t, openStore(t, path).Close())
	require.FileExists(t, path)
}

// TestProcessesShareAFile opens one file many times at once, while it has no
// schema yet, and writes from all.
func TestProcessesShareAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "modbot.db")
	key := newKey(t)
	const processes, each = 6, 10
	var wg sync.WaitGroup
	errs := make([]error, processes)
	for p := range processes {
		wg.Go(func() { errs[p] = oneProcess(t.Context(), "sqlite:"+path, key, p, each) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	store := openStore(t, path)
	l := openLog(t, store, key)
	size, _, err := l.Head(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2*processes*each, size)
	requireSound(t, store)
}

func oneProcess(ctx context.Context, url string, key *audit.Key, p, each int) (err error) {
	store, err := sqlstore.Open(ctx, zap.NewNop(), url, sqlstore.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	l, err := audit.Open(zap.NewNop(), store, audit.Options{Signer: key}) //nolint:contextcheck // opening is bounded by itself
	if err != nil {
		return err
	}
	for i := range each {
		begun, err := l.Begin(ctx, intent(fmt.Sprintf("user%d-%d", p, i)))
		if err != nil {
			return err
		}
		if _, err := l.Finish(ctx, begun.Token, audit.Result{Outcome: audit.OutcomeDone}); err != nil {
			return err
		}
	}
	return nil
}

func TestDurability(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "modbot.db")
	store := openStore(t, path)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		got, err := store.Pragma(t.Context(), pragma)
		require.NoError(t, err)
		require.Equal(t, want, got, pragma)
	}
}

func TestCopyBeforeUpgrade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "modbot.db")
	store := openStore(t, path)
	_, err := openLog(t, store, newKey(t)).Begin(t.Context(), intent("alice"))
	require.NoError(t, err)
	require.NoError(t, store.Close())

	broken := fstest.MapFS{"00099_more.sql": {Data: []byte("-- +goose Up\nCREATE TABLE entry (x INTEGER);\n")}}
	_, err = sqlstore.OpenSteps(t.Context(), "sqlite:"+path, broken)
	require.ErrorIs(t, err, audit.ErrStore)
	require.NoError(t, openStore(t, path).Close(), "a step that fails leaves everything as it was")

	good := fstest.MapFS{"00099_more.sql": {Data: []byte("-- +goose Up\nCREATE TABLE more (x INTEGER);\n")}}
	store, err = sqlstore.OpenSteps(t.Context(), "sqlite:"+path, good)
	require.NoError(t, err)
	requireSound(t, store)
	require.NoError(t, store.Close())
	require.Equal(t, sqlstore.FaultNewer, fault(t, path).Fault, "the old program does not touch it")

	copies, err := filepath.Glob(path + ".schema-*")
	require.NoError(t, err)
	require.Len(t, copies, 2, "one for each time that it was tried")
	require.Equal(t, copies[0]+".2", copies[1])
	requireSound(t, openStore(t, copies[1]))
	left, err := filepath.Glob(path + "*.part")
	require.NoError(t, err)
	require.Empty(t, left)
}
