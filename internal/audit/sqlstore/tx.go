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
	store *Store
	sess  *session
}

// tx is an audit.Tx.
type tx struct {
	reader
	head  audit.HeadRow // as it was taken
	turn  int64
	ended bool
}

// snapshot is an audit.Snapshot.
type snapshot struct{ reader }

var (
	_ audit.Tx       = (*tx)(nil)
	_ audit.Snapshot = (*snapshot)(nil)
)

// Begin opens the write transaction and takes the head.
func (s *Store) Begin(ctx context.Context) (audit.Tx, error) {
	if s.readOnly {
		return nil, s.fault(FaultReadOnly, errors.New("it was opened for reading"))
	}
	t := &tx{}
	err := s.start(ctx, s.writer, func(sess *session) error {
		if sess.contended {
			pause(ctx, busyPause)
		}
		if err := s.begin(ctx, sess, s.dialect.beginWrite); err != nil {
			return s.standby(err)
		}
		t.reader = reader{store: s, sess: sess}
		return t.look(ctx)
	})
	if err != nil {
		return nil, s.explain(fmt.Errorf("beginning to write: %w", err))
	}
	return t, nil
}

// Snapshot opens a view of one moment.
func (s *Store) Snapshot(ctx context.Context) (audit.Snapshot, error) {
	view := &snapshot{}
	err := s.start(ctx, s.readers, func(sess *session) error {
		view.reader = reader{store: s, sess: sess}
		return s.begin(ctx, sess, s.dialect.beginRead)
	})
	if err != nil {
		return nil, s.explain(fmt.Errorf("beginning to read: %w", err))
	}
	return view, nil
}

// start takes a session and begins a transaction on it. A connection that lay
// idle may have been lost without our knowledge: then another is made, once.
func (s *Store) start(ctx context.Context, idle chan *session, begin func(*session) error) error {
	for {
		sess, fresh, err := s.take(ctx, idle)
		if err != nil {
			return err
		}
		if err = begin(sess); err == nil {
			return nil
		}
		s.rollback(idle, sess) //nolint:contextcheck // it has to happen also when the context has ended
		if fresh || !s.gone(err) || ctx.Err() != nil {
			return err
		}
	}
}

// look takes the head, and asks whether anybody else has written since this
// connection did.
func (t *tx) look(ctx context.Context) error {
	d, sess := t.store.dialect, t.sess
	defer func() {
		t.store.turn++
		t.turn = t.store.turn
	}()
	var now int64
	if !d.turn {
		if err := sess.one(ctx, d.version, nil, &now); err != nil {
			return err
		}
	}
	head, turn, err := t.headRow(ctx, d.takeHead)
	if err != nil {
		return err
	}
	t.head = head
	undisturbed := sess.looked && now == sess.version
	if d.turn {
		now = turn
		undisturbed = sess.looked && now == sess.version+1
	} else {
		sess.contended = sess.looked && !undisturbed
	}
	sess.version, sess.looked = now, true
	if !undisturbed {
		t.store.turn++
	}
	return nil
}

// Turn implements audit.Tx.
func (t *tx) Turn() int64 { return t.turn }

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
	if failed := t.sess.failed; failed != nil && t.store.dialect.server {
		return t.store.explain(fmt.Errorf("the transaction had failed: %w", failed))
	}
	if err := t.flush(ctx, c); err != nil {
		return t.store.explain(fmt.Errorf("writing: %w", err))
	}
	if err := t.sess.exec(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("%w: %w", audit.ErrUncertain, t.store.explain(fmt.Errorf("committing: %w", err)))
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
// and the session is thrown away to be sure. So is one whose server is gone.
func (s *Store) rollback(idle chan *session, sess *session) {
	if s.gone(sess.failed) {
		s.give(idle, sess, true)
		return
	}
	err := sess.exec(context.Background(), "ROLLBACK")
	if err != nil {
		s.log.Debug("rolling back", zap.Error(err))
	}
	s.give(idle, sess, err != nil)
}
