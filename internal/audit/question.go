package audit

import (
	"context"
	"errors"
)

// Ask opens one question for each account of a command, all in one
// transaction, or asks a further question of a case that waits already. The
// questions of several accounts share a Batch, so that one answer can close
// all. Where the heads have the same key, the first entry keeps it and finds
// the others. A key or id that is known returns the cases that it made.
func (l *Log) Ask(ctx context.Context, questions []Question) ([]CaseView, error) {
	if len(questions) == 0 {
		return nil, errors.New("audit: there is nothing to ask")
	}
	drafts, keys, err := questionDrafts(questions)
	if err != nil {
		return nil, err
	}
	var made []int64
	var known EntryRef
	err = l.write(ctx, keys, func(ctx context.Context, s *state) error {
		made, known = made[:0], EntryRef{}
		ref, found, err := s.find(ctx, &drafts[0])
		if err != nil {
			return err
		}
		if found {
			known = ref
			return nil
		}
		first := s.head.Size + 1
		for i, q := range questions {
			n, err := s.ask(ctx, drafts[i], q, len(questions) > 1, first)
			if err != nil {
				return err
			}
			made = append(made, n)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // the questions are asked, whoever waits
	if known.Seq != 0 {
		return l.asked(ctx, known)
	}
	return l.cases(ctx, made)
}

func questionDrafts(questions []Question) ([]draft, Keys, error) {
	var drafts []draft
	var keys Keys
	seen := map[string]bool{}
	for _, q := range questions {
		if q.Account == "" || q.Scope == 0 && q.Member == "" {
			return nil, Keys{}, errors.New("audit: a question needs an account, and a scope or a member")
		}
		if seen[q.Key] {
			q.Key = ""
		}
		seen[q.Key] = true
		d := newDraft(KindQuestion, q.Head)
		d.entry.Before, d.entry.Planned = new(q.Before), q.Version
		drafts = append(drafts, d)
		keys.add(d.keys())
		keys.add(Keys{Cases: nonZero(q.Case)})
	}
	return drafts, keys, nil
}

// ask appends one question and returns its case.
func (s *state) ask(ctx context.Context, d draft, q Question, several bool, first int64) (int64, error) {
	d.entry.Case = s.head.Cases + 1
	if several {
		d.entry.Batch = first
	}
	if q.Case != 0 {
		c, err := s.waiting(ctx, q.Case)
		if err != nil {
			return 0, err
		}
		d.entry.Case, d.entry.About, d.entry.Batch = c.Number, c.Asked, c.Batch
	}
	life := q.Life
	if life == 0 {
		life = QuestionLife
	}
	d.entry.Expires = s.now.Add(life)
	e, err := s.append(ctx, d)
	if err != nil {
		return 0, err
	}
	return e.Case, nil
}

// asked are the cases that a question entry and its siblings opened.
func (l *Log) asked(ctx context.Context, ref EntryRef) ([]CaseView, error) {
	c, err := l.recorded(ctx, ref)
	if err != nil || c.Batch == 0 {
		return []CaseView{c}, err
	}
	return l.BatchCases(ctx, c.Batch)
}
