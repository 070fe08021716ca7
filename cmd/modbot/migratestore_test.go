package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/mute"
	"modbot/internal/pgtest"
)

func migrateStore(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	var buf strings.Builder
	env := &environment{in: strings.NewReader(""), out: &buf, err: &buf, lookupEnv: func(string) (string, bool) { return "", false }, variables: []string{}}
	code = executeOnly(t.Context(), env, newMigrateStoreCommand, append([]string{"migrate-store"}, args...))
	return buf.String(), code
}

func TestMigrateStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "modbot.db")
	store, err := sqlstore.Open(t.Context(), zap.NewNop(), "sqlite:"+path, sqlstore.Options{})
	require.NoError(t, err)
	key, err := audit.NewKey("example.org/modbot")
	require.NoError(t, err)
	l, err := audit.Open(zap.NewNop(), store, audit.Options{Signer: key})
	require.NoError(t, err)
	begun, err := l.Begin(t.Context(), audit.Intent{Head: audit.Head{
		Actor: "cli:mia", Account: "alice", Verb: "mute", Scope: mute.ScopeGroup, Term: mute.Permanent(),
	}})
	require.NoError(t, err)
	url := pgtest.Database(t)

	out, code := migrateStore(t, "--from", "sqlite:"+path, "--to", url)
	require.Equal(t, exitUnavailable, code, out)
	require.Contains(t, out, "in flight")

	_, err = l.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone})
	require.NoError(t, err)
	release, err := holdLedger("sqlite:"+path, true)
	require.NoError(t, err)
	out, code = migrateStore(t, "--from", "sqlite:"+path, "--to", url)
	require.Equal(t, exitConfig, code, out)
	require.Contains(t, out, "in use")
	require.NoError(t, release())
	require.NoError(t, store.Close())

	out, code = migrateStore(t, "--from", "sqlite:"+path, "--to", url)
	require.Equal(t, exitOK, code, out)
	require.Contains(t, out, "Moved and verified: 2 entries")
	out, code = migrateStore(t, "--from", "sqlite:"+path, "--to", url, "--json")
	require.Equal(t, exitConfig, code, out)
	require.Contains(t, out, `"not_empty"`)

	for _, args := range [][]string{{}, {"--from", path, "--to", url}, {"--from", "sqlite:" + path, "--to", "sqlite:x.db"}} {
		out, code = migrateStore(t, args...)
		require.Equal(t, exitUsage, code, out)
	}
	out, code = migrateStore(t, "--from", "sqlite:"+path+".x", "--to", url)
	require.Equal(t, exitUnavailable, code, out)
}
