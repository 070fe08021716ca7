package sqlstore_test

import (
	"errors"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/pgtest"
)

// openPostgres opens a store in a database.
func openPostgres(tb testing.TB, url string) *sqlstore.Store {
	tb.Helper()
	store, err := sqlstore.Open(tb.Context(), zap.NewNop(), url, sqlstore.Options{})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, store.Close()) })
	return store
}

// refusal opens a URL that must be refused, and says why.
func refusal(tb testing.TB, url string) *sqlstore.Error {
	tb.Helper()
	store, err := sqlstore.Open(tb.Context(), zap.NewNop(), url, sqlstore.Options{})
	if err == nil {
		require.NoError(tb, store.Close())
	}
	require.ErrorIs(tb, err, audit.ErrStore)
	var e *sqlstore.Error
	require.ErrorAs(tb, err, &e)
	require.NotContains(tb, err.Error(), "secret")
	require.NotContains(tb, err.Error(), url)
	return e
}

// with is a URL with one more parameter.
func with(tb testing.TB, raw, key, value string) string {
	tb.Helper()
	u, err := url.Parse(raw)
	require.NoError(tb, err)
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestServersThatRefuse(t *testing.T) {
	t.Parallel()
	c := pgtest.Shared(t)
	for name, test := range map[string]struct {
		url   string
		fault sqlstore.Fault
	}{
		"a wrong password":         {c.GuardedURL("postgres", "wrong secret"), sqlstore.FaultDenied},
		"no right to make a table": {c.GuardedURL("postgres", pgtest.Password), sqlstore.FaultDenied},
		"no such database":         {c.URL("nothing"), sqlstore.FaultMissing},
		"no such schema":           {with(t, c.URL("postgres"), "search_path", "nowhere"), sqlstore.FaultMissing},
		"nobody there":             {"postgres://mia:secret@127.0.0.1:1/ledger", sqlstore.FaultUnreachable},
		"no such host":             {"postgres://mia:secret@host.invalid/ledger", sqlstore.FaultUnreachable},
		"a URL that is no URL":     {"postgres://mia:secret@host:port/ledger", sqlstore.FaultMissing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := refusal(t, test.url)
			require.Equal(t, test.fault, e.Fault, e.Error())
			require.NotEmpty(t, e.People())
		})
	}
}

func TestDatabasesThatAreNoLedger(t *testing.T) {
	t.Parallel()
	t.Run("another program's", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		_, err := besidePostgres(t, url).ExecContext(t.Context(), "CREATE TABLE recipe (name TEXT)")
		require.NoError(t, err)
		require.Equal(t, sqlstore.FaultForeign, refusal(t, url).Fault)
	})
	t.Run("another program's, with the same tool", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		for _, q := range []string{
			"CREATE TABLE recipe (name TEXT)", "CREATE TABLE goose_db_version (id INT, version_id BIGINT, is_applied BOOLEAN)",
			"INSERT INTO goose_db_version VALUES (1, 1, true)",
		} {
			_, err := besidePostgres(t, url).ExecContext(t.Context(), q)
			require.NoError(t, err)
		}
		require.Equal(t, sqlstore.FaultForeign, refusal(t, url).Fault)
	})
	t.Run("a schema beside another program's is one's own", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		db := besidePostgres(t, url)
		for _, q := range []string{"CREATE TABLE head (name TEXT)", "CREATE SCHEMA one", "CREATE SCHEMA other"} {
			_, err := db.ExecContext(t.Context(), q)
			require.NoError(t, err)
		}
		one := openPostgres(t, with(t, url, "search_path", "one,public"))
		_, err := openLog(t, one, newKey(t)).Begin(t.Context(), intent("alice"))
		require.NoError(t, err)
		requireSound(t, one)
		size, _, err := openLog(t, openPostgres(t, with(t, url, "search_path", "other")), newKey(t)).Head(t.Context())
		require.NoError(t, err)
		require.Zero(t, size)
	})
	t.Run("a newer schema", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		require.NoError(t, openPostgres(t, url).Close())
		_, err := besidePostgres(t, url).ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)")
		require.NoError(t, err)
		e := refusal(t, url)
		require.Equal(t, sqlstore.FaultNewer, e.Fault)
		require.Contains(t, e.Error(), "newer modbot")
	})
	t.Run("text that is not UTF-8", func(t *testing.T) {
		t.Parallel()
		c := pgtest.Shared(t)
		require.NoError(t, c.Exec("CREATE DATABASE plain TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"))
		require.Contains(t, refusal(t, c.URL("plain")).Error(), "UTF8")
	})
	t.Run("a server that forgets", func(t *testing.T) {
		t.Parallel()
		c := pgtest.New(t, pgtest.Options{Settings: []string{"fsync=off"}})
		require.Contains(t, refusal(t, c.Database(t)).Error(), "fsync")
	})
}

// TestSessionsKeepWhatTheyPromise sets everything that a server, a database or
// a role may have as its default against us.
func TestSessionsKeepWhatTheyPromise(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	db := besidePostgres(t, url)
	for _, set := range []string{
		"synchronous_commit = off", "default_transaction_isolation = 'serializable'", "default_transaction_read_only = on",
		"idle_in_transaction_session_timeout = 0", "lock_timeout = 1000", "statement_timeout = 1000", "bytea_output = 'escape'",
		"DateStyle = 'German'", "IntervalStyle = 'sql_standard'", "standard_conforming_strings = off", "extra_float_digits = -15",
	} {
		_, err := db.ExecContext(t.Context(), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET `+
			quoted(set)+`', current_database()); END $$`)
		require.NoError(t, err, set)
	}
	store := openPostgres(t, url)
	l := openLog(t, store, newKey(t))
	begun, err := l.Begin(t.Context(), intent("alice"))
	require.NoError(t, err)
	_, err = l.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone})
	require.NoError(t, err)
	for name, want := range map[string]string{
		"synchronous_commit": "on", "row_security": "off", "lock_timeout": "8s", "statement_timeout": "10s",
		"idle_in_transaction_session_timeout": "3s",
	} {
		got, err := store.Setting(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	requireSound(t, store)
}

// quoted doubles the quotes of a text within quotes.
func quoted(s string) string {
	out := ""
	for _, r := range s {
		if r == '\'' {
			out += "'"
		}
		out += string(r)
	}
	return out
}

// TestReplicasBeginADatabase opens one database many times at once, while it
// has no schema yet, and writes from all.
func TestReplicasBeginADatabase(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	key := newKey(t)
	const processes, each = 6, 10
	var wg sync.WaitGroup
	errs := make([]error, processes)
	for p := range processes {
		wg.Go(func() { errs[p] = oneProcess(t.Context(), url, key, p, each) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	store := openPostgres(t, url)
	size, _, err := openLog(t, store, key).Head(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2*processes*each, size)
	requireSound(t, store)
}
