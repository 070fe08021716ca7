package pgtest_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"modbot/internal/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func connect(tb testing.TB, url string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), url)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close(tb.Context()) })
	return conn
}

func TestDatabasesAreEmptyAndApart(t *testing.T) {
	t.Parallel()
	one, other := pgtest.Database(t), pgtest.Database(t)
	require.NotEqual(t, one, other)
	conn := connect(t, one)
	_, err := conn.Exec(t.Context(), "CREATE TABLE recipe (name TEXT)")
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	count := func(url string) (n int) {
		require.NoError(t, connect(t, url).QueryRow(t.Context(), "SELECT count(*) FROM pg_class WHERE relname = 'recipe'").Scan(&n))
		return n
	}
	require.Zero(t, count(other))
	require.Equal(t, 1, count(pgtest.Copy(t, one)), "a copy has what was in it")
}

func TestClusterOfOnesOwn(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{Disk: true, Settings: []string{"max_connections=17"}})
	url := c.Database(t)
	conn := connect(t, url)
	var most string
	require.NoError(t, conn.QueryRow(t.Context(), "SHOW max_connections").Scan(&most))
	require.Equal(t, "17", most)
	_, err := conn.Exec(t.Context(), "CREATE TABLE recipe (name TEXT)")
	require.NoError(t, err)
	require.NoError(t, c.Crash())
	_, err = pgx.Connect(t.Context(), url)
	require.Error(t, err)
	require.NoError(t, c.Start())
	_, err = connect(t, url).Exec(t.Context(), "SELECT * FROM recipe")
	require.NoError(t, err, "what was committed outlives a crash")
	require.NoError(t, c.Stop())
	require.DirExists(t, c.Dir())
	require.NoError(t, c.Stop(), "it is stopped already")
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{})
	_, err := pgx.Connect(t.Context(), c.GuardedURL("postgres", "wrong"))
	require.ErrorContains(t, err, "28P01")
	connect(t, c.GuardedURL("postgres", pgtest.Password))
}

func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	var dir string
	t.Run("a test with a cluster", func(t *testing.T) { dir = pgtest.New(t, pgtest.Options{}).Dir() })
	_, err := os.Stat(dir)
	require.ErrorIs(t, err, os.ErrNotExist)
}
