package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Scrub makes what was deleted go from the database's files, as far as the
// database can do that. SQLite writes the whole file anew, without the deleted
// rows and what was left of them between others, and empties its journal; other
// processes wait meanwhile. PostgreSQL frees the space, which is overwritten
// when it is used again; its journal and its standbys have what they have. Copies
// elsewhere are beyond it in both.
func (s *Store) Scrub(ctx context.Context) error {
	sess, err := s.newSession(ctx, "")
	if err != nil {
		return err
	}
	defer sess.close() //nolint:errcheck // used up
	for _, q := range s.dialect.scrub {
		if _, err := sess.conn.ExecContext(ctx, q); err != nil {
			return s.explain(fmt.Errorf("%s: %w", q, err))
		}
	}
	if s.dialect.emptyJournal == "" {
		return nil
	}
	for giveUp := time.Now().Add(s.busyWait); ; pause(ctx, busyPause) {
		var blocked, frames, moved int64
		if err := sess.one(ctx, s.dialect.emptyJournal, nil, &blocked, &frames, &moved); err != nil {
			return s.explain(fmt.Errorf("emptying the journal: %w", err))
		}
		if blocked == 0 {
			return nil
		}
		if time.Now().After(giveUp) || ctx.Err() != nil {
			return s.explain(errors.New("emptying the journal: somebody reads the ledger all the while; end that, and try again"))
		}
	}
}
