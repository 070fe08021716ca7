package audit

import (
	"context"
	"time"
)

// Health is how the ledger and its audit channels are.
type Health struct {
	Entries     int64
	InFlight    int64
	Unknown     int64
	Waiting     int64
	ActiveMutes int64
	Sinks       []SinkHealth
}

// SinkHealth is how one audit channel is.
type SinkHealth struct {
	Name   string
	Cursor int64 // seq of the last entry that was posted
	Behind int64 // entries after it
	// Oldest is the time of the first entry that has not been posted; zero
	// when none waits.
	Oldest    time.Time
	LastError string
	FailedAt  time.Time
	PostedAt  time.Time
}

// Health reads how the ledger is.
func (l *Log) Health(ctx context.Context) (Health, error) {
	return view(ctx, l, func(s Snapshot) (Health, error) {
		head, err := s.Head(ctx)
		if err != nil {
			return Health{}, err
		}
		n, err := s.Counts(ctx)
		if err != nil {
			return Health{}, err
		}
		h := Health{Entries: head.Size, InFlight: n.InFlight, Unknown: n.Unknown, Waiting: n.Waiting, ActiveMutes: n.Mutes}
		sinks, err := s.Sinks(ctx)
		if err != nil {
			return h, err
		}
		for _, row := range sinks {
			sink := SinkHealth{
				Name: row.Name, Cursor: row.Cursor, Behind: max(0, head.Size-row.Cursor),
				LastError: row.Error, FailedAt: fromMicros(row.FailedAt), PostedAt: fromMicros(row.PostedAt),
			}
			next, err := s.Entries(ctx, EntryQuery{After: row.Cursor, Limit: 1})
			if err != nil {
				return h, err
			}
			if len(next) > 0 {
				sink.Oldest = fromMicros(next[0].At)
			}
			h.Sinks = append(h.Sinks, sink)
		}
		return h, nil
	})
}
