package audit

import (
	"context"
	"strings"
	"time"

	"go.uber.org/zap"
)

// replicaPrefix begins the names of the holds by which processes are known to
// live.
const replicaPrefix = "replica/"

// deadGrace is how long after its presence has ended a process counts as gone:
// one that could not reach the store for a while, as all of them, comes back.
const deadGrace = 5 * time.Second

// forgetDead is how long the row of a process that was killed is kept.
const forgetDead = time.Hour

// Attend lets other processes know that this one lives, until the context ends.
// Call it with a context that ends last: what this process does not answer any
// more, others do then.
func (l *Log) Attend(ctx context.Context, log *zap.Logger) error {
	return NewHold(log, l, replicaPrefix+l.holder()).Keep(ctx, func(ctx context.Context) error {
		<-ctx.Done()
		return nil
	})
}

// presence is what is known of a process.
type presence uint8

const (
	// absent processes have ended in order, or never said that they live.
	absent presence = iota
	// living ones have said so since the moment in question.
	living
	// silent ones may live, and will have said so in a while.
	silent
	// dead ones were killed, or have stopped.
	dead
)

// presenceSince says of processes whether they have lived since a moment of the
// store's clock.
func (l *Log) presenceSince(ctx context.Context, since map[string]time.Time) (map[string]presence, error) {
	var k Keys
	for replica := range since {
		k.Workers = append(k.Workers, replicaPrefix+replica)
	}
	out := map[string]presence{}
	err := l.write(ctx, k, func(ctx context.Context, s *state) error {
		clear(out)
		for replica, at := range since {
			row, err := s.worker(ctx, replicaPrefix+replica)
			if err != nil {
				return err
			}
			out[replica] = row.presence(at, s.leaseNow)
		}
		return nil
	})
	return out, err
}

func (r WorkerRow) presence(since, now time.Time) presence {
	until := fromMicros(r.Until)
	switch {
	case r.Holder == "":
		return absent
	case !until.Add(-HoldTime).Before(since):
		return living
	case until.Add(deadGrace).Before(now):
		return dead
	}
	return silent
}

// bury forgets the processes that were killed long ago.
func (l *Log) bury(ctx context.Context) error {
	rows, err := view(ctx, l, func(s Snapshot) ([]WorkerRow, error) { return s.Workers(ctx, replicaPrefix) })
	if err != nil {
		return err
	}
	var k Keys
	for _, r := range rows {
		if fromMicros(r.Until).Add(forgetDead).Before(l.time()) {
			k.Workers = append(k.Workers, r.Name)
		}
	}
	if k.empty() {
		return nil
	}
	return l.write(ctx, k, func(ctx context.Context, s *state) error {
		for _, name := range k.Workers {
			row, err := s.worker(ctx, name)
			if err != nil {
				return err
			}
			if row.Holder != "" && fromMicros(row.Until).Add(forgetDead).Before(s.leaseNow) {
				s.workers.remove(name)
			}
		}
		return nil
	})
}

// ReplicaHealth is one process that serves the ledger.
type ReplicaHealth struct {
	Name string
	// Seen is when it last said that it lives.
	Seen time.Time
	// Holds are the kinds of work that it has to itself.
	Holds []string
}

// replicas lists the processes that serve the ledger, as far as is known at a
// time.
func replicas(ctx context.Context, s Snapshot, now time.Time) ([]ReplicaHealth, error) {
	rows, err := s.Workers(ctx, "")
	if err != nil {
		return nil, err
	}
	var out []ReplicaHealth
	for _, r := range rows {
		if name, ok := strings.CutPrefix(r.Name, replicaPrefix); ok && fromMicros(r.Until).Add(deadGrace).After(now) {
			out = append(out, ReplicaHealth{Name: name, Seen: fromMicros(r.Until).Add(-HoldTime)})
		}
	}
	for _, r := range rows {
		for i := range out {
			if r.Name != replicaPrefix+r.Holder && r.Holder == out[i].Name && fromMicros(r.Until).After(now) {
				out[i].Holds = append(out[i].Holds, r.Name)
			}
		}
	}
	return out, nil
}
