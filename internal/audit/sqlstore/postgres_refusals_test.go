package sqlstore_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/pgtest"
)

// guardedURL is a database for a role that is not the superuser: rights count
// for it.
func guardedURL(tb testing.TB, c *pgtest.Cluster, raw string) string {
	tb.Helper()
	u, err := url.Parse(raw)
	require.NoError(tb, err)
	return c.GuardedURL(strings.TrimPrefix(u.Path, "/"), pgtest.Password)
}

// wordy is an intent that takes a good part of a page.
func wordy(account string) audit.Intent {
	in := intent(account)
	in.Reason = strings.Repeat("x", 1500)
	return in
}

// requireRefused: nothing is begun, for a reason that people can do something
// about, nothing of it was written, and what was written before can be read.
func requireRefused(tb testing.TB, l *audit.Log, want sqlstore.Fault, sentence string) {
	tb.Helper()
	size, root, err := l.Head(tb.Context())
	require.NoError(tb, err)
	_, err = l.Begin(tb.Context(), wordy("refused"))
	var e *sqlstore.Error
	require.ErrorAs(tb, err, &e)
	require.Equal(tb, want, e.Fault, e.Error())
	require.Contains(tb, e.People(), sentence)
	require.ErrorIs(tb, err, audit.ErrStore)
	require.NotErrorIs(tb, err, audit.ErrUncertain, "it is known that it was not recorded")
	after, rootAfter, err := l.Head(tb.Context())
	require.NoError(tb, err, "it can still be read")
	require.Equal(tb, size, after)
	require.Equal(tb, root, rootAfter)
	v, err := l.Account(tb.Context(), "refused")
	require.NoError(tb, err)
	require.Zero(tb, v.Version)
	require.Nil(tb, v.InFlight)
}

// requireGoesOn: what was refused is begun now, and what was in flight ends.
func requireGoesOn(tb testing.TB, l *audit.Log, store audit.Store, begun audit.Begun) {
	tb.Helper()
	_, err := l.Finish(tb.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone})
	require.NoError(tb, err)
	again, err := l.Begin(tb.Context(), intent("refused"))
	require.NoError(tb, err)
	_, err = l.Finish(tb.Context(), again.Token, audit.Result{Outcome: audit.OutcomeDone})
	require.NoError(tb, err)
	requireSound(tb, store)
}

// TestRightsThatAreTakenAway: an administrator takes a right from modbot's user
// while it runs, and gives it back.
func TestRightsThatAreTakenAway(t *testing.T) {
	t.Parallel()
	c := pgtest.Shared(t)
	for name, right := range map[string]string{
		"to take the head":   "UPDATE ON head",
		"to append an entry": "INSERT ON entry", // after the head was taken
		"to keep a lease":    "INSERT ON lease",
		"to change anything": "INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := pgtest.Database(t)
			require.NoError(t, openPostgres(t, raw).Close()) // the owner makes the schema
			db := besidePostgres(t, raw)
			change := func(q string) {
				t.Helper()
				_, err := db.ExecContext(t.Context(), q)
				require.NoError(t, err)
			}
			change("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + pgtest.Guarded)
			change("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO " + pgtest.Guarded)
			store := openPostgres(t, guardedURL(t, c, raw))
			l := openLog(t, store, newKey(t))
			begun, err := l.Begin(t.Context(), intent("alice"))
			require.NoError(t, err)
			change("REVOKE " + right + " FROM " + pgtest.Guarded)
			requireRefused(t, l, sqlstore.FaultDenied, "refuses modbot's user; check the user, its password and its rights")
			requireSound(t, store)
			change("GRANT " + right + " TO " + pgtest.Guarded)
			requireGoesOn(t, l, store, begun)
		})
	}
}

// TestPrimaryThatBecomesAStandby: after a failover the name in the URL may lead
// to the server that was the primary, and later to one that was promoted.
func TestPrimaryThatBecomesAStandby(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{})
	raw := c.Database(t)
	store := openPostgres(t, raw)
	l := openLog(t, store, newKey(t))
	begun, err := l.Begin(t.Context(), intent("alice"))
	require.NoError(t, err)
	require.NoError(t, c.Stop())
	data := filepath.Join(c.Dir(), "data")
	require.NoError(t, os.WriteFile(filepath.Join(data, "standby.signal"), nil, 0o644))
	require.NoError(t, c.Start())
	require.Equal(t, sqlstore.FaultReadOnly, refusal(t, raw).Fault, "who starts now is refused, too")
	requireRefused(t, l, sqlstore.FaultReadOnly, "takes no changes; point store.url at the primary server")
	requireRefused(t, l, sqlstore.FaultReadOnly, "takes no changes") // also on the connection that was made to the standby
	requireSound(t, store)
	require.NoError(t, c.Exec("SELECT pg_promote()"))
	requireGoesOn(t, l, store, begun)
}

// TestFullDiskOfAServer: the disk with the ledger's tables is full, and freed.
// (A server whose disk with the WAL is full stops: that is TestServerStopsAndStarts.)
func TestFullDiskOfAServer(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{Small: 32 << 20})
	store := openPostgres(t, c.Database(t))
	l := openLog(t, store, newKey(t))
	begun, err := l.Begin(t.Context(), intent("alice"))
	require.NoError(t, err)

	// Somebody else's rows take what is left.
	require.NoError(t, c.Exec("CREATE TABLE ballast (x TEXT) TABLESPACE "+pgtest.Small, "ALTER TABLE ballast ALTER x SET STORAGE PLAIN"))
	for n := 0; err == nil; n++ {
		require.Less(t, n, 100, "the disk is never full")
		err = c.Exec("INSERT INTO ballast SELECT repeat('x', 7000) FROM generate_series(1, 100)")
	}
	require.ErrorContains(t, err, "53100")
	var e *sqlstore.Error
	n := 1
	for ; e == nil; n++ { // the pages that are there have room for some
		require.Less(t, n, 1000, "its tables need no more space")
		if _, err = l.Begin(t.Context(), wordy(fmt.Sprint("user", n))); err != nil {
			require.ErrorAs(t, err, &e)
		}
	}
	size, _, err := l.Head(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, n-1, size, "what was refused is not there")
	requireRefused(t, l, sqlstore.FaultFull, "the database server's disk is full; free some space there")
	requireSound(t, store)

	require.NoError(t, c.Exec("DROP TABLE ballast"))
	requireGoesOn(t, l, store, begun)
}
