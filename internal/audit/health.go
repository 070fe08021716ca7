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
	// Replicas are the processes that serve the ledger; none where it is served
	// by nobody right now.
	Replicas []ReplicaHealth
}

// SinkHealth is how one audit channel is.
type SinkHealth struct {
	Name   string
	Cursor int64 // seq of the last entry that was posted
	// Behind is how many entries wait to be posted, backlogMost where there are
	// more. Entries that are not posted (intents, batches) do not wait.
	Behind int64
	// Oldest is the time of the first that waits; zero when none does.
	Oldest    time.Time
	LastError string
	FailedAt  time.Time
	PostedAt  time.Time
}

// backlogMost is how far a backlog is counted, which bounds the time it takes.
const backlogMost = 100_000

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
		if h.Replicas, err = replicas(ctx, s, l.time()); err != nil {
			return h, err
		}
		sinks, err := s.Sinks(ctx)
		if err != nil {
			return h, err
		}
		for _, row := range sinks {
			sink := SinkHealth{
				Name: row.Name, Cursor: row.Cursor, LastError: row.Error, FailedAt: fromMicros(row.FailedAt), PostedAt: fromMicros(row.PostedAt),
			}
			waiting, oldest, err := s.Backlog(ctx, row.Cursor, postedKinds(), backlogMost)
			if err != nil {
				return h, err
			}
			sink.Behind, sink.Oldest = waiting, fromMicros(oldest)
			h.Sinks = append(h.Sinks, sink)
		}
		return h, nil
	})
}
