package audit

import (
	"context"
	"fmt"
)

// Refuse records that policy said no: a case of its own, about which nothing
// was sent. A key or id that is known returns the case that it made.
func (l *Log) Refuse(ctx context.Context, h Head) (CaseView, error) { return l.RefuseIn(ctx, h, 0) }

// RefuseIn is Refuse for an account of a batch, by the seq of its entry.
func (l *Log) RefuseIn(ctx context.Context, h Head, batch int64) (CaseView, error) {
	d := newDraft(KindRefused, h)
	d.entry.Outcome, d.entry.Batch = OutcomeRefused, batch
	return l.record(ctx, d, Keys{}, func(ctx context.Context, s *state) error {
		d.entry.Case = s.head.Cases + 1
		_, err := s.append(ctx, d)
		return err
	})
}

// Note appends somebody's words to a case.
func (l *Log) Note(ctx context.Context, n int64, h Head, text string) (CaseView, error) {
	if h.ID == "" {
		h.ID = NewID()
	}
	probe := h.draft(KindNote, text)
	return l.record(ctx, probe, Keys{Cases: []int64{n}}, func(ctx context.Context, s *state) error {
		c, err := s.theCase(ctx, n)
		if err != nil {
			return err
		}
		d := continuing(KindNote, h, text, c)
		d.entry.About = c.First
		_, err = s.append(ctx, d)
		return err
	})
}

// Close ends an open question without an action: declined, void or lapsed. It
// returns ErrNotWaiting when the case waits for nothing (any more).
func (l *Log) Close(ctx context.Context, n int64, h Head, o Outcome, choice string) (CaseView, error) {
	if h.ID == "" {
		h.ID = NewID()
	}
	return l.record(ctx, newDraft(KindClosed, h), Keys{Cases: []int64{n}}, func(ctx context.Context, s *state) error {
		return s.close(ctx, n, h, o, choice)
	})
}

// CloseBatch is Close for every open question of the command that asked this
// one. It returns the cases that it closed, this one first.
func (l *Log) CloseBatch(ctx context.Context, n int64, h Head, o Outcome, choice string) ([]CaseView, error) {
	if h.ID == "" {
		h.ID = NewID()
	}
	var closed []int64
	_, err := l.record(ctx, newDraft(KindClosed, h), Keys{Cases: []int64{n}}, func(ctx context.Context, s *state) error {
		closed = closed[:0]
		others, err := s.siblings(ctx, n)
		if err != nil {
			return err
		}
		for i, c := range append([]int64{n}, others...) {
			head := h
			if i > 0 {
				head.ID, head.Key = NewID(), ""
			}
			if err := s.close(ctx, c, head, o, choice); err != nil {
				return err
			}
			closed = append(closed, c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(closed) == 0 { // the key was known
		closed = []int64{n}
	}
	return l.cases(context.WithoutCancel(ctx), closed)
}

// siblings are the other open questions of the command that asked case n.
func (s *state) siblings(ctx context.Context, n int64) ([]int64, error) {
	c, err := s.waiting(ctx, n)
	if err != nil || c.Batch == 0 {
		return nil, err
	}
	rows, err := s.tx.Cases(ctx, CaseQuery{Batch: c.Batch, Waiting: true})
	if err != nil {
		return nil, err
	}
	var out []int64
	for _, r := range rows {
		if err := s.want(ctx, Keys{Cases: []int64{r.Number}}); err != nil {
			return nil, err
		}
		// An earlier caller of this group may have closed it.
		if now, _ := s.caseRow(r.Number); r.Number != n && now.Status == StatusWaiting {
			out = append(out, r.Number)
		}
	}
	return out, nil
}

// close is Close inside the transaction.
func (s *state) close(ctx context.Context, n int64, h Head, o Outcome, choice string) error {
	c, err := s.theCase(ctx, n)
	if err != nil {
		return err
	}
	late := c.Expires <= micros(s.now)
	if c.Status != StatusWaiting || (late && o == OutcomeDeclined) {
		return ErrNotWaiting
	}
	d := continuing(KindClosed, h, "", c)
	d.entry.About, d.entry.Outcome, d.entry.Choice = c.Asked, o, clean(choice)
	d.entry.Scope = c.Scope
	if d.entry.Term, err = termOf(c.Term); err != nil {
		return err
	}
	_, err = s.append(ctx, d)
	return err
}

// record appends an entry about a case and returns the case as it then
// stands; when the entry is there already it returns its case alone.
func (l *Log) record(ctx context.Context, d draft, keys Keys, add change) (CaseView, error) {
	keys.add(d.keys())
	var ref EntryRef
	err := l.write(ctx, keys, func(ctx context.Context, s *state) (err error) {
		var found bool
		if ref, found, err = s.find(ctx, &d); found || err != nil {
			return err
		}
		if err = add(ctx, s); err != nil {
			return err
		}
		ref, _, err = s.find(ctx, &d)
		return err
	})
	if err != nil {
		return CaseView{}, err
	}
	return l.recorded(ctx, ref)
}

// recorded is the case of an entry that is in the ledger. It is read even
// when the caller goes away meanwhile: the entry is there.
func (l *Log) recorded(ctx context.Context, ref EntryRef) (CaseView, error) {
	if ref.Case == 0 {
		return CaseView{Batch: ref.Seq, FirstSeq: ref.Seq, Key: ref.Ref}, nil
	}
	c, err := l.Case(context.WithoutCancel(ctx), ref.Case)
	if err != nil {
		return c, fmt.Errorf("reading case %d back: %w", ref.Case, err)
	}
	return c, nil
}
