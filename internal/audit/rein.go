package audit

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// most is how far ahead a lease can end, by whoever wrote it.
func (r LeaseRow) most() time.Duration {
	if r.State == LeaseUnknown || r.State == LeaseLate {
		return max(LeaseTime, readPatience().most)
	}
	return LeaseTime
}

// far reports (within what is no step) whether a lease ends later than any can: it was written by a
// clock that has been set back since.
func (r LeaseRow) far(now time.Time) bool {
	most := micros(now.Add(r.most() + stepLeast))
	return r.Until > most || r.LateUntil > most
}

// rein shortens leases that end later than any can, so that no account is
// locked for longer than a lease lasts from when this was first seen.
func (l *Log) rein(ctx context.Context) error {
	if l.key == nil {
		return nil
	}
	var now time.Time
	held, err := view(ctx, l, func(s Snapshot) ([]LeaseRow, error) {
		at, err := l.instant(ctx, s)
		if err != nil {
			return nil, err
		}
		now = at.store
		return s.Leases(ctx, micros(now.Add(LeaseTime)), leasesMost)
	})
	if err != nil {
		return err
	}
	var keys Keys
	for _, r := range held {
		if r.far(now) {
			keys.Accts = append(keys.Accts, r.Acct)
		}
	}
	if len(keys.Accts) == 0 {
		return nil
	}
	l.log.Warn("accounts are held for longer than can be: the clock was set back", zap.Int("accounts", len(keys.Accts)))
	return l.write(ctx, keys, func(_ context.Context, s *state) error {
		for _, acct := range keys.Accts {
			r, ok := s.lease(acct)
			if !ok || !r.far(s.now) {
				continue
			}
			most := micros(s.now.Add(r.most()))
			r.Until, r.LateUntil = min(r.Until, most), min(r.LateUntil, most)
			s.leases.put(acct, r)
		}
		return nil
	})
}
