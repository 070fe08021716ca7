package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	"go.uber.org/zap"
)

const (
	// openTries is how often a schema is looked at again when another process
	// makes it at the same moment, openPause the longest pause between.
	openTries = 20
	openPause = 100 * time.Millisecond
)

// prepare checks the database and brings its schema up to date. Several
// processes may do it at once: who comes second looks again.
func (s *Store) prepare(ctx context.Context, steps fs.FS) error {
	var err error
	for try := range openTries {
		if try > 0 {
			pause(ctx, openPause)
		}
		if err = s.prepareOnce(ctx, steps); !busy(err) && !errors.Is(err, errRace) {
			return err
		}
	}
	return err
}

// errRace: another process may just be making the schema of the same file.
var errRace = errors.New("somebody else may be making the schema")

func (s *Store) prepareOnce(ctx context.Context, steps fs.FS) error {
	sess, err := s.newSession(ctx)
	if err != nil {
		return err
	}
	defer sess.close() //nolint:errcheck // used up
	if err := s.dialect.check(ctx, sess, s.readOnly); err != nil {
		return err
	}
	has, err := s.schema(ctx, sess)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(s.dialect.goose, s.db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("reading the schema's steps: %w", err)
	}
	sources := p.ListSources()
	wants := sources[len(sources)-1].Version
	switch {
	case has == wants:
		return nil
	case has > wants:
		return &Error{Fault: FaultNewer, Name: s.name}
	case s.readOnly:
		return &Error{Fault: FaultForeign, Name: s.name, Err: errors.New("it has no ledger of this version")}
	}
	if has > 0 && s.dialect.backup != "" {
		if err := s.backup(ctx, sess, has); err != nil {
			return err
		}
	}
	if _, err = p.Up(ctx); err == nil {
		return nil
	}
	err = fmt.Errorf("bringing the schema from version %d to %d: %w", has, wants, err)
	if now, again := s.schema(ctx, sess); again == nil && now == wants {
		return nil // somebody else was faster
	}
	if has == 0 {
		return fmt.Errorf("%w: %w", errRace, err)
	}
	return err
}

// schema is the version of the schema: 0 for an empty database.
func (s *Store) schema(ctx context.Context, sess *session) (int64, error) {
	var tables, versions int64
	if err := sess.one(ctx, s.dialect.tables, nil, &tables, &versions); err != nil {
		return 0, err
	}
	if versions == 0 {
		if tables > 0 {
			return 0, &Error{Fault: FaultForeign, Name: s.name, Err: errors.New("it has tables of another program")}
		}
		return 0, nil
	}
	var version int64
	err := sess.one(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied", nil, &version)
	return version, err
}

// maxCopies is how many copies of one version of the schema are kept apart.
const maxCopies = 100

// backup copies the database, as of one moment, beside the file.
func (s *Store) backup(ctx context.Context, sess *session, version int64) error {
	to := fmt.Sprintf("%s.schema-%d", s.name, version)
	for n := 2; exists(to); n++ {
		if n > maxCopies {
			return fmt.Errorf("there are %d copies of the ledger beside %s already", maxCopies, s.name)
		}
		to = fmt.Sprintf("%s.schema-%d.%d", s.name, version, n)
	}
	part := fmt.Sprintf("%s.%d.part", to, os.Getpid())
	defer os.Remove(part) //nolint:errcheck // it is there only when something failed
	err := sess.exec(ctx, s.dialect.backup, part)
	if err == nil {
		err = os.Rename(part, to)
	}
	if err != nil {
		return fmt.Errorf("copying the ledger before its schema is changed: %w", err)
	}
	s.log.Info("the ledger was copied before its schema is changed", zap.String("copy", to))
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
