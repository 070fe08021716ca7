package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"modbot/internal/audit"
)

const (
	// busyWait is how long a writer waits for its turn when other processes
	// write, and busyPause the longest pause between two tries. SQLite's own
	// waiting lets some starve for seconds, because its pauses grow while
	// whoever has just written writes again at once. Ours are short and random,
	// and who sees that others write pauses before it begins again.
	busyWait  = 10 * time.Second
	busyPause = 4 * time.Millisecond
)

// reader reads rows in a transaction. It is the part that write transactions
// and snapshots share.
type reader struct {
	store    *Store
	sess     *session
	lockHead string
}

// tx is an audit.Tx.
type tx struct {
	reader
	turn  int64
	ended bool
}

// snapshot is an audit.Snapshot.
type snapshot struct{ reader }

var (
	_ audit.Tx       = (*tx)(nil)
	_ audit.Snapshot = (*snapshot)(nil)
)

// Begin opens the write transaction.
func (s *Store) Begin(ctx context.Context) (audit.Tx, error) {
	if s.readOnly {
		return nil, &Error{Fault: FaultReadOnly, Name: s.name, Err: errors.New("it was opened for reading")}
	}
	sess, err := s.take(ctx, s.writer)
	if err != nil {
		return nil, err
	}
	if sess.contended {
		pause(ctx, busyPause)
	}
	if err := s.begin(ctx, sess, s.dialect.beginWrite); err != nil {
		s.give(s.writer, sess, true)
		return nil, explain(s.name, fmt.Errorf("beginning to write: %w", err))
	}
	t := &tx{reader: reader{store: s, sess: sess, lockHead: s.dialect.lockHead}}
	if err := t.look(ctx); err != nil {
		t.Rollback() //nolint:contextcheck // it has to happen also when the context has ended
		return nil, explain(s.name, fmt.Errorf("beginning to write: %w", err))
	}
	return t, nil
}

// look asks the database whether anybody else has written since this
// connection did.
func (t *tx) look(ctx context.Context) error {
	defer func() {
		t.store.turn++
		t.turn = t.store.turn
	}()
	if t.store.dialect.version == "" {
		t.store.turn++ // nobody knows
		return nil
	}
	var now int64
	if err := t.sess.one(ctx, t.store.dialect.version, nil, &now); err != nil {
		return err
	}
	undisturbed := t.sess.looked && now == t.sess.version
	t.sess.contended = t.sess.looked && !undisturbed
	t.sess.version, t.sess.looked = now, true
	if !undisturbed {
		t.store.turn++
	}
	return nil
}

// Turn implements audit.Tx.
func (t *tx) Turn() int64 { return t.turn }

// Snapshot opens a view of one moment.
func (s *Store) Snapshot(ctx context.Context) (audit.Snapshot, error) {
	sess, err := s.take(ctx, s.readers)
	if err != nil {
		return nil, err
	}
	if err := s.begin(ctx, sess, s.dialect.beginRead); err != nil {
		s.give(s.readers, sess, true)
		return nil, explain(s.name, fmt.Errorf("beginning to read: %w", err))
	}
	return &snapshot{reader{store: s, sess: sess}}, nil
}

// begin starts a transaction and waits a bounded time while another process
// is in the way.
func (s *Store) begin(ctx context.Context, sess *session, q string) error {
	var err error
	for giveUp := time.Now().Add(s.busyWait); ; pause(ctx, busyPause) {
		if err = sess.exec(ctx, q); err == nil || !busy(err) {
			return err
		}
		if time.Now().After(giveUp) || ctx.Err() != nil {
			return err
		}
	}
}

// pause waits a random time, up to most.
func pause(ctx context.Context, most time.Duration) {
	t := time.NewTimer(rand.N(most)) //nolint:gosec // jitter
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Commit writes the changes.
func (t *tx) Commit(ctx context.Context, c audit.Changes) error {
	if t.ended {
		return errors.New("sqlstore: the transaction has ended")
	}
	if err := t.flush(ctx, c); err != nil {
		return explain(t.store.name, fmt.Errorf("writing: %w", err))
	}
	if err := t.sess.exec(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("%w: %w", audit.ErrUncertain, explain(t.store.name, fmt.Errorf("committing: %w", err)))
	}
	t.ended = true
	t.store.give(t.store.writer, t.sess, false)
	return nil
}

// Rollback forgets the transaction.
func (t *tx) Rollback() {
	if t.ended {
		return
	}
	t.ended = true
	t.store.rollback(t.store.writer, t.sess)
}

// Close ends the snapshot.
func (s *snapshot) Close() { s.store.rollback(s.store.readers, s.sess) }

// rollback ends a transaction and puts its session back. SQLite ends some
// transactions by itself when they fail; then there is nothing to roll back,
// and the session is thrown away to be sure.
func (s *Store) rollback(idle chan *session, sess *session) {
	err := sess.exec(context.Background(), "ROLLBACK")
	if err != nil {
		s.log.Debug("rolling back", zap.Error(err))
	}
	s.give(idle, sess, err != nil)
}
