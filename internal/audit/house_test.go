package audit_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/pgtest"
	"modbot/internal/testclock"
)

// dialect is the kind of database that a house has its ledger in.
type dialect struct {
	name string
	// database makes a database for one ledger, and returns its URL.
	database func(t *testing.T) string
	// clock says that the database has a clock of its own, which the ledger then
	// goes by.
	clock bool
}

func onSQLite() dialect {
	return dialect{name: "SQLite", database: func(t *testing.T) string {
		t.Helper()
		return "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")
	}}
}

func onPostgres() dialect {
	return dialect{name: "PostgreSQL", clock: true, database: func(t *testing.T) string {
		t.Helper()
		url, err := plots.take(pgtest.Shared(t))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, plots.give(url)) })
		return url
	}}
}

// plots are the databases for houses on PostgreSQL: to clear one for the next
// house is much quicker than to make it. They go with their cluster.
var plots ground

type ground struct {
	mu     sync.Mutex
	made   int
	vacant []string
}

// take is a database with the schema, or soon with it, and nothing else.
func (g *ground) take(c *pgtest.Cluster) (url string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := len(g.vacant); n > 0 {
		url, g.vacant = g.vacant[n-1], g.vacant[:n-1]
		return url, nil
	}
	g.made++
	name := fmt.Sprintf("house%d", g.made)
	return c.URL(name), c.Exec("CREATE DATABASE " + name + " TEMPLATE template0")
}

// give clears a database: a schema that was just made has one row, that of the
// head.
func (g *ground) give(url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(context.Background(), `DO $$ DECLARE name TEXT; BEGIN
		PERFORM set_config('session_replication_role', 'replica', true);
		FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('goose_db_version', 'head') LOOP
			EXECUTE format('DELETE FROM %I', name);
		END LOOP;
		UPDATE head SET origin = '', verifier = '', size = 0, frontier = '', at = 0, cases = 0, checkpoints = 0;
	END $$`)
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.vacant = append(g.vacant, url)
	return nil
}

// onBoth runs a test on each kind of database.
func onBoth(t *testing.T, test func(t *testing.T, on dialect)) {
	t.Helper()
	for _, on := range []dialect{onSQLite(), onPostgres()} {
		t.Run(on.name, func(t *testing.T) { test(t, on) })
	}
}

// wall is a clock on a wall: somebody may set it, which changes nothing about
// how time passes.
type wall struct {
	passes *testclock.Clock
	mu     sync.Mutex
	off    time.Duration
}

func (w *wall) set(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.off += by
}

func (w *wall) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.passes.Now().Add(w.off)
}

// onBothSet runs a test on each kind of database, with a clock that is to be set
// by an hour, forward and back.
func onBothSet(t *testing.T, test func(t *testing.T, h *house, w *wall, by time.Duration)) {
	t.Helper()
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		for name, by := range map[string]time.Duration{"forward": time.Hour, "back": -time.Hour} {
			t.Run(name, func(t *testing.T) {
				h, w := on.walled(t)
				test(t, h, w, by)
			})
		}
	})
}

// house is a ledger in a real database, with a clock of its own and Tencent
// played. The ledger's time is that of a wall; Tencent's passes and is never
// set.
type house struct {
	t       *testing.T
	on      dialect
	clock   *testclock.Clock
	wall    *wall
	tencent *tencent
	url     string
	key     *audit.Key
	store   *sqlstore.Store
	ledger  *audit.Log
}

// newHouse makes a house on SQLite.
func newHouse(t *testing.T) *house {
	t.Helper()
	return onSQLite().house(t)
}

func (d dialect) house(t *testing.T) *house {
	t.Helper()
	key, err := audit.NewKey(testOrigin)
	require.NoError(t, err)
	c := newClock()
	h := &house{
		t: t, on: d, clock: c, wall: &wall{passes: c}, key: key, url: d.database(t),
		tencent: newTencent(c, "alice", "bob", "carol", "dave"),
	}
	h.store, h.ledger = h.process("one")
	t.Cleanup(h.verify)
	return h
}

// walled is a house whose wall's clock somebody is going to set.
func (d dialect) walled(t *testing.T) (*house, *wall) {
	t.Helper()
	h := d.house(t)
	return h, h.wall
}

// process opens the ledger as one more process would.
func (h *house) process(name string) (*sqlstore.Store, *audit.Log) {
	h.t.Helper()
	store, err := sqlstore.Open(h.t.Context(), zaptest.NewLogger(h.t), h.url, sqlstore.Options{})
	require.NoError(h.t, err)
	h.t.Cleanup(func() { require.NoError(h.t, store.Close()) })
	return store, h.open(store, name)
}

// reopened is the ledger as a new process opens it: it knows of no clock that
// was set before.
func (h *house) reopened() *audit.Log {
	h.t.Helper()
	return h.open(h.store, "next")
}

// open opens the ledger. On a file its time is what the machine says, on a
// server what the server says; the wall plays both.
func (h *house) open(store audit.Store, name string) *audit.Log {
	h.t.Helper()
	log := zaptest.NewLogger(h.t)
	opts := audit.Options{Origin: testOrigin, Signer: h.key, Replica: name, Now: h.clock.Now, StoreNow: h.wall.Now}
	var l *audit.Log
	var err error
	if h.on.clock {
		l, err = audit.OpenSkewed(log, &clocked{store, h.wall}, opts)
	} else {
		l, err = audit.Open(log, store, opts)
	}
	require.NoError(h.t, err)
	return l
}

// clocked is a database whose own clock is on a wall.
type clocked struct {
	audit.Store
	wall *wall
}

func (c *clocked) Begin(ctx context.Context) (audit.Tx, error) {
	tx, err := c.Store.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return &clockedTx{tx, c.wall}, nil
}

func (c *clocked) Snapshot(ctx context.Context) (audit.Snapshot, error) {
	s, err := c.Store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return &clockedSnapshot{s, c.wall}, nil
}

type clockedTx struct {
	audit.Tx
	wall *wall
}

func (t *clockedTx) Head(ctx context.Context) (audit.HeadRow, error) {
	h, err := t.Tx.Head(ctx)
	return t.wall.tells(h), err
}

type clockedSnapshot struct {
	audit.Snapshot
	wall *wall
}

func (s *clockedSnapshot) Head(ctx context.Context) (audit.HeadRow, error) {
	h, err := s.Snapshot.Head(ctx)
	return s.wall.tells(h), err
}

// tells is a head with the wall's time. It does not say when it was asked for:
// the house's time stands still while the database works.
func (w *wall) tells(h audit.HeadRow) audit.HeadRow {
	h.Clock, h.Asked = w.Now().UnixMicro(), time.Time{}
	return h
}
