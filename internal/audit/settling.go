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
		c, _, err := s.taken(ctx, t)
		if err != nil {
			return err
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
