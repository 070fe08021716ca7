package audit

import (
	"context"
	"time"
)

// LeadMost is the longest that a worker is led without a renewal.
const LeadMost = time.Minute

// Lead takes or prolongs the lease of a background worker (settle, expire,
// one sink …) for a while, LeadMost at most. It returns until when the holder leads, by the
// local clock; ok is false when somebody else does.
func (l *Log) Lead(ctx context.Context, worker, holder string, term time.Duration) (until time.Time, ok bool, err error) {
	err = l.write(ctx, Keys{Workers: []string{worker}}, func(ctx context.Context, s *state) error {
		row, err := s.worker(ctx, worker)
		if err != nil {
			return err
		}
		ok = row.Holder == holder || row.Holder == "" || row.Until <= micros(s.leaseNow)
		if !ok {
			// What reaches further was written by a clock that has been set back.
			if most := micros(s.now.Add(LeadMost)); row.Until > most {
				row.Until = most
				s.workers.put(worker, row)
			}
			until = s.local.Add(time.Duration(row.Until-micros(s.leaseNow)) * time.Microsecond)
			return nil
		}
		term = min(term, LeadMost)
		row.Name, row.Holder, row.Until = worker, holder, micros(s.now.Add(term))
		s.workers.put(worker, row)
		until = s.local.Add(term)
		return nil
	})
	return until, ok && err == nil, err
}

// Resign gives the lease of a worker back, so that the next need not wait. Its
// row goes: there are leases named after processes, which come and go.
func (l *Log) Resign(ctx context.Context, worker, holder string) error {
	return l.write(ctx, Keys{Workers: []string{worker}}, func(ctx context.Context, s *state) error {
		row, err := s.worker(ctx, worker)
		if err != nil || row.Holder != holder {
			return err
		}
		if row.Place != 0 || row.GoesOn != 0 {
			row.Holder, row.Until = "", 0
			s.workers.put(worker, row) // how far it has come is for the next
			return nil
		}
		s.workers.remove(worker)
		return nil
	})
}

func (s *state) worker(ctx context.Context, name string) (WorkerRow, error) {
	if err := s.want(ctx, Keys{Workers: []string{name}}); err != nil {
		return WorkerRow{}, err
	}
	row, _, _ := s.workers.get(name)
	return row, nil
}
