package sqlstore

import (
	"context"
	"crypto/rand"
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
	// slowTries is how often a server is asked that takes the connection and is
	// slow to answer: nobody waits for a command's answer yet.
	slowTries = 4
)

// prepare checks the database and brings its schema up to date. Several
// processes may do it at once: who comes second looks again.
func (s *Store) prepare(ctx context.Context, steps fs.FS) error {
	var err error
	slow := 0
	for try := range openTries {
		if try > 0 {
			pause(ctx, openPause)
		}
		err = s.prepareOnce(ctx, steps)
		switch {
		case late(err):
			if slow++; slow == slowTries {
				return err
			}
		case !busy(err) && !errors.Is(err, errRace):
			return err
		}
	}
	return err
}

// errRace: another process may just be making the schema of the same file.
var errRace = errors.New("somebody else may be making the schema")

func (s *Store) prepareOnce(ctx context.Context, steps fs.FS) error {
	sess, err := s.newSession(ctx, s.dialect.prepareSchema)
	if err != nil {
		return err
	}
	defer sess.discard() //nolint:errcheck // used up
	if err := s.dialect.check(ctx, s, sess); err != nil {
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
	if has == wants {
		return nil
	}
	if err := s.mayMigrate(has, wants); err != nil {
		return err
	}
	if s.dialect.lockSchema != "" {
		var got any
		if err := sess.one(ctx, s.dialect.lockSchema, nil, &got); err != nil {
			return fmt.Errorf("waiting for another modbot that brings the schema up to date: %w", err)
		}
		if has, err = s.schema(ctx, sess); err != nil || has == wants {
			return err // somebody else was faster
		}
		if err := s.mayMigrate(has, wants); err != nil {
			return err
		}
	}
	return s.migrate(ctx, sess, p, has, wants)
}

// mayMigrate refuses a schema that is not ours to change.
func (s *Store) mayMigrate(has, wants int64) error {
	switch {
	case has > wants:
		return s.fault(FaultNewer, nil)
	case s.readOnly:
		return s.fault(FaultForeign, errors.New("it has no ledger of this version"))
	}
	return nil
}

// migrateTime bounds the steps of the schema together.
const migrateTime = time.Hour

// migrate runs the steps from one version of the schema to another.
func (s *Store) migrate(ctx context.Context, sess *session, p *goose.Provider, has, wants int64) error {
	if has > 0 && s.dialect.backup != "" {
		if err := s.backup(ctx, sess, has); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, migrateTime, errors.New("bringing the schema up to date took too long"))
	defer cancel()
	_, err := p.Up(ctx)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("bringing the schema from version %d to %d: %w", has, wants, err)
	now, again := s.schema(ctx, sess)
	if again == nil && now == wants {
		return nil // somebody else was faster
	}
	if s.dialect.lockSchema == "" && (has == 0 || again == nil && now > has) {
		return fmt.Errorf("%w: %w", errRace, err)
	}
	return err
}

// schema is the version of the schema: 0 for an empty database.
func (s *Store) schema(ctx context.Context, sess *session) (int64, error) {
	var tables, versions, heads int64
	if err := sess.one(ctx, s.dialect.tables, nil, &tables, &versions, &heads); err != nil {
		return 0, err
	}
	if versions == 0 {
		if tables > 0 {
			return 0, s.fault(FaultForeign, errors.New("it has tables of another program"))
		}
		return 0, nil
	}
	var version int64
	err := sess.one(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied", nil, &version)
	if err == nil && version > 0 && heads == 0 {
		return 0, s.fault(FaultForeign, errors.New("its schema is of another program"))
	}
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
	part := fmt.Sprintf("%s.%s.part", to, rand.Text()) // several may be at it
	defer os.Remove(part)                              //nolint:errcheck // it is there only when something failed
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
