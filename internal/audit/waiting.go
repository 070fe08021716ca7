package audit

import "context"

// Waiting lists the cases whose open question the actor was asked, by number.
func (l *Log) Waiting(ctx context.Context, actor string, limit int) ([]CaseView, error) {
	return view(ctx, l, func(s Snapshot) ([]CaseView, error) {
		rows, err := s.Cases(ctx, CaseQuery{Waiting: true, Limit: pageMost})
		if err != nil {
			return nil, err
		}
		open, err := newLoader(s).views(ctx, rows)
		if err != nil {
			return nil, err
		}
		var out []CaseView
		for _, c := range open {
			if c.Status == StatusWaiting && c.Actor == clean(actor) && len(out) < limit {
				out = append(out, c)
			}
		}
		return out, nil
	})
}
