package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"modbot/internal/chat"
)

// ErrNotFrozen says that the attempt is not the one that the sink has frozen:
// somebody else delivers there, or it was concluded before.
var ErrNotFrozen = errors.New("the attempt is not the sink's any more")

// Sink is one audit channel, as far as it was told.
type Sink struct {
	Name   string
	Cursor int64 // seq of the last entry that was delivered or skipped
	// Attempt is frozen and not concluded; nil when nothing is under way.
	Attempt   *Attempt
	LastError string // empty since the last success
	FailedAt  time.Time
	PostedAt  time.Time
	// Messages is how many arrived, and Said the short checkpoint of the last:
	// the next one repeats it.
	Messages int64
	Said     string
	// Due is the size of the full checkpoint that is to be posted; 0 for none.
	Due int64
}

// Attempt is a message about entries with its bytes, fixed before the first
// post, so that a later one can say the same, under the same nonce.
type Attempt struct {
	First int64
	Last  int64
	Nonce string
	Body  []byte
	// Says is the short checkpoint that the message ends with.
	Says string
	// Started is when it may have left for the first time; zero when the
	// platform has surely not taken it.
	Started time.Time
}

func (r SinkRow) sink() Sink {
	s := Sink{
		Name: r.Name, Cursor: r.Cursor, LastError: r.Error,
		FailedAt: fromMicros(r.FailedAt), PostedAt: fromMicros(r.PostedAt),
		Messages: r.Messages, Said: r.Said, Due: r.Due,
	}
	if r.Last != 0 {
		s.Attempt = &Attempt{
			First: r.First, Last: r.Last, Nonce: r.Nonce, Body: bytes.Clone(r.Body), Says: r.Saying, Started: fromMicros(r.Started),
		}
	}
	return s
}

// Register makes a sink known; a new one begins after the entry from.
func (l *Log) Register(ctx context.Context, name string, from int64) (Sink, error) {
	return l.onSink(ctx, name, func(s *state, row SinkRow, known bool) (SinkRow, error) {
		if known {
			return row, nil
		}
		return SinkRow{Name: name, Cursor: from, FullAt: micros(s.now)}, nil
	})
}

// Sinks lists the audit channels.
func (l *Log) Sinks(ctx context.Context) ([]Sink, error) {
	return view(ctx, l, func(s Snapshot) ([]Sink, error) {
		rows, err := s.Sinks(ctx)
		out := make([]Sink, 0, len(rows))
		for _, r := range rows {
			out = append(out, r.sink())
		}
		return out, err
	})
}

// Freeze fixes the next attempt of a sink: it has to begin after the cursor, or
// to be the full checkpoint that is due. What is frozen already stays, and is
// returned.
func (l *Log) Freeze(ctx context.Context, name string, a Attempt) (Sink, error) {
	return l.onSink(ctx, name, func(s *state, row SinkRow, _ bool) (SinkRow, error) {
		if row.Last != 0 {
			return row, nil
		}
		begins := a.First > row.Cursor
		if a.full() {
			begins = a.First == row.Due && a.Last == row.Due
		}
		if !begins || a.Last < a.First || a.Last > s.head.Size || a.Nonce == "" {
			return row, fmt.Errorf("audit: entries %d to %d are not what comes after %d", a.First, a.Last, row.Cursor)
		}
		row.First, row.Last, row.Nonce, row.Body = a.First, a.Last, a.Nonce, bytes.Clone(a.Body)
		row.Started, row.Saying = 0, clean(a.Says)
		return row, nil
	})
}

// Sending notes that a frozen attempt is about to be posted: from now on it
// may have arrived. Only the first call moves Started.
func (l *Log) Sending(ctx context.Context, name, nonce string) (Sink, error) {
	return l.onAttempt(ctx, name, nonce, func(s *state, row SinkRow) SinkRow {
		if row.Started == 0 {
			row.Started = micros(s.now)
		}
		return row
	})
}

// Posted concludes a frozen attempt that arrived: the cursor moves behind it,
// and where its messages are is kept. The bytes are forgotten. A full checkpoint
// is about no entries: where it stands is not kept.
func (l *Log) Posted(ctx context.Context, name, nonce string, refs []chat.MessageRef) (Sink, error) {
	return l.onAttempt(ctx, name, nonce, func(s *state, row SinkRow) SinkRow {
		if full(row.Nonce) {
			refs = nil
			row.FullSize, row.FullAt = row.Last, micros(s.now)
			if row.Due <= row.Last {
				row.Due = 0
			}
		}
		for _, ref := range refs {
			s.postings = append(s.postings, PostingRow{
				Sink: name, First: row.First, Last: row.Last,
				Channel: clean(ref.Channel), Message: clean(ref.ID), Link: clean(ref.Link), At: micros(s.now),
			})
		}
		row.Cursor, row.PostedAt, row.Error, row.FailedAt = max(row.Cursor, row.Last), micros(s.now), "", 0
		row.Messages++
		if row.Saying != "" { // frozen by a modbot that kept none
			row.Said = row.Saying
		}
		return row.thawed()
	})
}

// Failed notes why an attempt did not arrive. It stays frozen. With unsent the
// platform has surely not taken it; else it may have.
func (l *Log) Failed(ctx context.Context, name, nonce, why string, unsent bool) (Sink, error) {
	return l.onAttempt(ctx, name, nonce, func(s *state, row SinkRow) SinkRow {
		row.Error, row.FailedAt = clean(why), micros(s.now)
		if unsent {
			row.Started = 0
		}
		return row
	})
}

// Thaw gives up the frozen bytes, so that others can be made of the same
// entries: the platform refused these for their content. A full checkpoint can
// be said in one way only, and is given up until the next.
func (l *Log) Thaw(ctx context.Context, name, nonce string) (Sink, error) {
	return l.onAttempt(ctx, name, nonce, func(s *state, row SinkRow) SinkRow {
		if full(row.Nonce) {
			row.Due, row.FullAt = 0, micros(s.now)
		}
		return row.thawed()
	})
}

// Skip moves the cursor over entries that are not posted. It does nothing
// while an attempt is frozen, or when the cursor is there already.
func (l *Log) Skip(ctx context.Context, name string, to int64) (Sink, error) {
	return l.onSink(ctx, name, func(s *state, row SinkRow, _ bool) (SinkRow, error) {
		if row.Last == 0 {
			row.Cursor = max(row.Cursor, min(to, s.head.Size))
		}
		return row, nil
	})
}

func (r SinkRow) thawed() SinkRow {
	r.First, r.Last, r.Nonce, r.Body, r.Started, r.Saying = 0, 0, "", nil, 0, ""
	return r
}

// onSink changes the row of a sink.
func (l *Log) onSink(ctx context.Context, name string, f func(s *state, row SinkRow, known bool) (SinkRow, error)) (Sink, error) {
	var out Sink
	err := l.write(ctx, Keys{Sinks: []string{name}}, func(ctx context.Context, s *state) error {
		if err := s.want(ctx, Keys{Sinks: []string{name}}); err != nil {
			return err
		}
		old, known, _ := s.sinks.get(name)
		row, err := f(s, old, known)
		if err != nil {
			return err
		}
		if row.Name == "" {
			return fmt.Errorf("audit: there is no sink %q", name)
		}
		s.sinks.put(name, row)
		out = row.sink()
		return nil
	})
	return out, err
}

// onAttempt changes the row of a sink that has this attempt frozen.
func (l *Log) onAttempt(ctx context.Context, name, nonce string, f func(*state, SinkRow) SinkRow) (Sink, error) {
	concluded := false
	return l.onSink(ctx, name, func(s *state, row SinkRow, _ bool) (SinkRow, error) {
		if row.Last == 0 && concluded { // by an earlier try of this very group
			return row, nil
		}
		if row.Last == 0 || row.Nonce != nonce {
			return row, ErrNotFrozen
		}
		row = f(s, row)
		concluded = row.Last == 0
		return row, nil
	})
}

// Postings is where messages about entries were posted.
func (l *Log) Postings(ctx context.Context, first, last int64) ([]Posting, error) {
	return view(ctx, l, func(s Snapshot) ([]Posting, error) {
		rows, err := s.Postings(ctx, first, last)
		out := make([]Posting, 0, len(rows))
		for _, r := range rows {
			out = append(out, r.posting())
		}
		return out, err
	})
}

// Posting is one message about entries.
type Posting struct {
	Sink  string
	First int64
	Last  int64
	Ref   chat.MessageRef
	At    time.Time
}

func (r PostingRow) posting() Posting {
	return Posting{
		Sink: r.Sink, First: r.First, Last: r.Last, At: fromMicros(r.At),
		Ref: chat.MessageRef{Channel: r.Channel, ID: r.Message, Link: r.Link},
	}
}
