package sqlstore

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing/fstest"
	"time"

	"go.uber.org/zap"
)

// WaitNoLonger bounds the wait for another process's transaction.
func (s *Store) WaitNoLonger(d time.Duration) { s.busyWait = d }

// LimitPages makes the database full at so many pages, as a disk would.
func (s *Store) LimitPages(ctx context.Context, n int) error {
	sess, _, err := s.take(ctx, s.writer)
	if err != nil {
		return err
	}
	defer s.give(s.writer, sess, false)
	var now int
	return sess.one(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", n), nil, &now)
}

// Pragma reads a setting of the write connection.
func (s *Store) Pragma(ctx context.Context, name string) (string, error) {
	sess, _, err := s.take(ctx, s.writer)
	if err != nil {
		return "", err
	}
	defer s.give(s.writer, sess, false)
	var v string
	err = sess.one(ctx, "PRAGMA "+name, nil, &v)
	return v, err
}

// OpenSteps opens a store whose schema has steps beyond those of this version.
func OpenSteps(ctx context.Context, url string, more fstest.MapFS) (*Store, error) {
	d := sqliteDialect()
	own, err := d.steps()
	if err != nil {
		return nil, err
	}
	steps := maps.Clone(more)
	err = fs.WalkDir(own, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(own, path)
		steps[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		return nil, err
	}
	return open(ctx, zap.NewNop(), url, Options{}, d, steps)
}

// OpenTimeless opens a store that keeps its server's clock to itself: the
// ledger's local clock, which a test moves, is then the store's time.
func OpenTimeless(ctx context.Context, log *zap.Logger, url string) (*Store, error) {
	d := postgresDialect()
	d.takeHead = strings.Replace(d.takeHead, postgresClock, "CAST(0 AS BIGINT)", 1)
	d.readHead = strings.Replace(d.readHead, postgresClock, "CAST(0 AS BIGINT)", 1)
	steps, err := d.steps()
	if err != nil {
		return nil, err
	}
	return open(ctx, log, url, Options{}, d, steps)
}

// Setting reads a setting of the write connection to a server.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	sess, _, err := s.take(ctx, s.writer)
	if err != nil {
		return "", err
	}
	defer s.give(s.writer, sess, false)
	var v string
	err = sess.one(ctx, "SHOW "+name, nil, &v)
	return v, err
}

// Transferred and LeftBehind are the tables that Transfer copies, and does not.
func Transferred() []string { return transferred() }

// LeftBehind see Transferred.
func LeftBehind() []string { return leftBehind() }
