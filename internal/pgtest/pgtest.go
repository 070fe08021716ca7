// Package pgtest gives tests a PostgreSQL of their own.
//
// The model: the first test of a binary that asks for a database starts one
// private cluster, and every test gets an empty database in it. The programs
// are those of the machine; where there are none, and the tests run as root on
// Debian, its package is installed. A cluster listens on a free port of
// 127.0.0.1 alone, keeps its files in a folder of its own, and runs as an
// unprivileged user, because PostgreSQL refuses root.
//
// Nothing is left behind: between the test's process and the server stands a
// shell that holds a pipe. When the pipe ends, because the tests are over or
// were killed, it stops the server and removes the files.
//
// The server always runs with fsync on, like any that a ledger accepts. The
// cluster that tests share has its files in memory where the machine has a
// file system for that, which makes it quick; New makes one on the disk, for
// those who measure or want to pull its plug.
//
// Where no PostgreSQL can be had a test is skipped with the reason, or fails,
// if the environment says CI=true.
package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// statementTime bounds what is asked of a server for a test.
const statementTime = time.Minute

// shared is the cluster of this test binary, or why there is none.
var shared = sync.OnceValues(func() (*Cluster, error) { //nolint:gochecknoglobals // one for all tests of a binary
	return start(Options{})
})

// Database makes an empty database in the cluster that the tests of this
// binary share, and returns its URL. It is dropped at the end of the test.
func Database(tb testing.TB) string {
	tb.Helper()
	return Shared(tb).Database(tb)
}

// Shared is the cluster that the tests of this binary share.
func Shared(tb testing.TB) *Cluster {
	tb.Helper()
	c, err := shared()
	need(tb, err)
	return c
}

// Copy makes a database with all that another of the same cluster holds.
// Nobody may be connected to that one.
func Copy(tb testing.TB, from string) string {
	tb.Helper()
	c := Shared(tb)
	u, err := url.Parse(from)
	if err != nil {
		tb.Fatalf("copying a database: %v", err)
	}
	return c.create(tb, strings.TrimPrefix(u.Path, "/"))
}

// New starts a cluster for one test, and stops it at the end.
func New(tb testing.TB, opts Options) *Cluster {
	tb.Helper()
	if opts.Small > 0 && os.Getuid() != 0 {
		tb.Skip("SKIPPED, only root can have a disk of its own")
	}
	c, err := start(opts)
	need(tb, err)
	tb.Cleanup(func() {
		if err := c.remove(); err != nil {
			tb.Errorf("removing a cluster: %v", err)
		}
	})
	return c
}

// need skips a test that needs a PostgreSQL where there is none.
func need(tb testing.TB, err error) {
	tb.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		tb.Fatalf("PostgreSQL is needed: %v", err)
	default:
		tb.Skipf("SKIPPED, there is no PostgreSQL: %v", err)
	}
}

// databases counts the databases of this process, over all clusters.
var databases atomic.Int64 //nolint:gochecknoglobals // names must differ

// Database makes an empty database, and returns its URL. It is dropped at the
// end of the test.
func (c *Cluster) Database(tb testing.TB) string {
	tb.Helper()
	return c.create(tb, "template0")
}

func (c *Cluster) create(tb testing.TB, template string) string {
	tb.Helper()
	name := fmt.Sprintf("ledger%d", databases.Add(1))
	create := "CREATE DATABASE " + name + " TEMPLATE " + pgx.Identifier{template}.Sanitize() + c.strategy
	if c.opts.Small > 0 {
		create += " TABLESPACE " + Small
	}
	if err := c.Exec(create); err != nil {
		tb.Fatalf("making a database: %v", err)
	}
	tb.Cleanup(func() {
		// A server that was stopped takes its databases with it.
		if err := c.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			tb.Logf("dropping a database: %v", err)
		}
	})
	return c.URL(name)
}

// Exec runs statements in the cluster's own database, as its superuser.
func (c *Cluster) Exec(statements ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), statementTime)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has said what it had to
	for _, q := range statements {
		if _, err := conn.Exec(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}
