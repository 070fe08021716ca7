package audit

import "context"

// doubt records that nobody knows what became of an intent whose process has
// gone, when it could not be read back at once: until then the log only says
// that a call was about to be made. It does nothing when the log says so
// already.
func (l *Log) doubt(ctx context.Context, t Token) error {
	id := NewID()
	var seq int64
	return l.write(ctx, t.keys(), func(ctx context.Context, s *state) error {
		if done, err := s.committed(ctx, id, seq); done || err != nil {
			return err
		}
		c, err := s.theCase(ctx, t.Case)
		if err != nil {
			return err
		}
		lease, held, err := s.held(ctx, t)
		if err != nil {
			return err
		}
		if !held || lease.State != LeaseSettling {
			return ErrLeaseLost
		}
		if c.Status != StatusInFlight {
			return nil
		}
		d, err := ending(KindUnknown, id, c)
		if err != nil {
			return err
		}
		d.entry.About, d.entry.Outcome = c.Intent, OutcomeUnknown
		e, err := s.append(ctx, d)
		if err == nil {
			seq = e.Seq
		}
		return err
	})
}

// sweep removes the locks whose time is over: nothing is read for them, and
// whoever lists what is held should not have to pass them for ever.
func (l *Log) sweep(ctx context.Context) error {
	now := micros(l.now())
	over := func(r LeaseRow, now int64) bool { return r.State == LeaseLocked && r.Until <= now && r.Late == 0 }
	accts, err := view(ctx, l, func(s Snapshot) ([]int64, error) {
		rows, err := s.Leases(ctx, leasesMost)
		var out []int64
		for _, r := range rows {
			if over(r, now) {
				out = append(out, r.Acct)
			}
		}
		return out, err
	})
	if err != nil || len(accts) == 0 {
		return err
	}
	return l.write(ctx, Keys{Accts: accts}, func(ctx context.Context, s *state) error {
		if err := s.want(ctx, Keys{Accts: accts}); err != nil {
			return err
		}
		for _, acct := range accts {
			if r, ok := s.lease(acct); ok && over(r, micros(s.now)) {
				s.leases.remove(acct)
			}
		}
		return nil
	})
}
