package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"
)

// Full checkpoints are messages of their own in every audit channel. One is
// signed and kept first, over the ledger as it is then, and marked as due in
// the sink's row; whichever process delivers there posts it as soon as the
// entries that it is over have been posted, and before any later one.

// ErrEmpty says that there is nothing yet that a checkpoint could be over.
var ErrEmpty = errors.New("the audit log is empty")

// full reports whether the message of a nonce is a full checkpoint.
func full(nonce string) bool { return strings.HasPrefix(nonce, nonceFull) }

func (a *Attempt) full() bool { return full(a.Nonce) }

// PostCheckpoint signs the head as it is, keeps the checkpoint, and makes it
// due in every audit channel that the ledger knows, whose names it returns.
// It returns ErrEmpty where the ledger has no entry.
func (l *Log) PostCheckpoint(ctx context.Context) (signed string, sinks []string, err error) {
	err = l.write(ctx, Keys{}, func(ctx context.Context, s *state) error {
		if s.head.Size == 0 {
			return ErrEmpty
		}
		rows, err := s.tx.Sinks(ctx)
		if err != nil {
			return err
		}
		if signed, err = s.signed(ctx); err != nil {
			return err
		}
		sinks = sinks[:0]
		for _, row := range rows {
			sinks = append(sinks, row.Name)
			if err := s.due(ctx, row.Name); err != nil {
				return err
			}
		}
		return nil
	})
	return signed, sinks, err
}

// due makes the head's checkpoint due in a sink.
func (s *state) due(ctx context.Context, name string) error {
	if err := s.want(ctx, Keys{Sinks: []string{name}}); err != nil {
		return err
	}
	row, known, _ := s.sinks.get(name)
	if !known {
		return fmt.Errorf("audit: there is no sink %q", name)
	}
	row.Due = s.head.Size
	s.sinks.put(name, row)
	return nil
}

// overdue reports whether the schedule wants a full checkpoint in a sink, the
// ledger being of that size.
func (l *Log) overdue(row SinkRow, size int64, now time.Time) bool {
	return l.every > 0 && row.Due == 0 && row.Last == 0 && size > row.FullSize &&
		now.Sub(fromMicros(row.FullAt)) >= l.every
}

// schedule makes a full checkpoint due in a sink when it is time. The look
// before costs no transaction, and every process may take it.
func (l *Log) schedule(ctx context.Context, name string) error {
	if l.every <= 0 {
		return nil
	}
	due, err := view(ctx, l, func(s Snapshot) (bool, error) {
		head, err := s.Head(ctx)
		if err != nil {
			return false, err
		}
		rows, err := s.Load(ctx, Keys{Sinks: []string{name}})
		return err == nil && len(rows.Sinks) == 1 && l.overdue(rows.Sinks[0], head.Size, l.time()), err
	})
	if err != nil || !due {
		return err
	}
	return l.write(ctx, Keys{Sinks: []string{name}}, func(ctx context.Context, s *state) error {
		row, known, _ := s.sinks.get(name)
		if !known || !l.overdue(row, s.head.Size, s.now) {
			return nil // another process was faster
		}
		if _, err := s.signed(ctx); err != nil {
			return err
		}
		return s.due(ctx, name)
	})
}

// fullPost is the full checkpoint of a size, ready to be composed; nil when it
// is not kept.
func (l *Log) fullPost(ctx context.Context, size int64) ([]Posted, error) {
	return view(ctx, l, func(s Snapshot) ([]Posted, error) {
		head, err := s.Head(ctx)
		if err != nil {
			return nil, err
		}
		kept, err := s.Checkpoints(ctx, size-1, 1)
		if err != nil || len(kept) == 0 || kept[0].Size != size {
			return nil, err
		}
		return []Posted{{
			Entry: Entry{Seq: size}, Full: kept[0].Note, Checkpoint: ShortCheckpoint(head.Size, head.Frontier.root()),
		}}, nil
	})
}

// forgo gives up the full checkpoint that is due in a sink until the next.
func (l *Log) forgo(ctx context.Context, name string, size int64) error {
	_, err := l.onSink(ctx, name, func(s *state, row SinkRow, _ bool) (SinkRow, error) {
		if row.Due == size && row.Last == 0 {
			row.Due, row.FullAt = 0, micros(s.now)
		}
		return row, nil
	})
	return err
}

// chain numbers a message and ties it to the one before.
func chain(posts []Posted, sink Sink) {
	for i := range posts {
		posts[i].Message, posts[i].Before = sink.Messages+1, sink.Said
	}
}

// openFull is the full checkpoint that is due.
func (d *Deliverer) openFull(ctx context.Context, size int64) ([]Posted, error) {
	posts, err := d.ledger.fullPost(ctx, size)
	if err == nil && len(posts) == 0 {
		d.log.Warn("the checkpoint that is to be posted is not kept any more", zap.Int64("size", size))
		err = d.ledger.forgo(ctx, d.name, size)
	}
	return posts, err
}
