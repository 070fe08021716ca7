package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"modbot/internal/mute"
)

// BatchList is what the entry of a batch lists: the accounts of one command. It
// is personal as a whole, so the body commits to it, and erasing the entry
// erases the list.
type BatchList struct {
	Accounts []mute.Account `json:"accounts"`
	// Digest tells a list that somebody comes back with from another; Rows is
	// how many rows it had. Both are empty where a command was typed.
	Digest string `json:"digest,omitempty"`
	Rows   int    `json:"rows,omitempty"`
}

// Batch lists the accounts of one command before the first of them begins; all
// heads are about one command. See BatchOf.
func (l *Log) Batch(ctx context.Context, heads []Head) (seq int64, err error) {
	var list BatchList
	for _, h := range heads {
		list.Accounts = append(list.Accounts, h.Account)
	}
	if len(heads) == 0 {
		return 0, errNoAccounts
	}
	return l.BatchOf(ctx, heads[0], list)
}

// errNoAccounts is a mistake of the caller's.
var errNoAccounts = errors.New("audit: a batch needs accounts")

// BatchOf lists the accounts of a batch before the first of them begins, in the
// snapshot of an entry about no account. It returns the entry's seq, which the
// intents name as theirs. A key or id that is known returns the entry that it
// made.
func (l *Log) BatchOf(ctx context.Context, h Head, list BatchList) (seq int64, err error) {
	if len(list.Accounts) == 0 {
		return 0, errNoAccounts
	}
	snapshot, err := json.Marshal(list)
	if err != nil {
		return 0, fmt.Errorf("listing the accounts of a batch: %w", err)
	}
	h.Account, h.Snapshot = "", string(snapshot)
	d := newDraft(KindBatch, h)
	err = l.write(ctx, d.keys(), func(ctx context.Context, s *state) error {
		ref, found, err := s.find(ctx, &d)
		if err != nil {
			return err
		}
		if found {
			seq = ref.Seq
			return nil
		}
		e, err := s.append(ctx, d)
		if err != nil {
			return err
		}
		seq = e.Seq
		return nil
	})
	return seq, err
}

// BatchList is what the entry of a batch lists; it is empty where that was
// erased.
func (l *Log) BatchList(ctx context.Context, batch int64) (BatchList, error) {
	var list BatchList
	e, err := l.Entry(ctx, batch)
	if err != nil || e.Personal == nil {
		return list, err
	}
	if err := json.Unmarshal([]byte(e.Personal.Snapshot), &list); err != nil {
		return list, fmt.Errorf("%w: the list of batch %d: %w", ErrRow, batch, err)
	}
	return list, nil
}

// BatchCases are the cases of one command, in order.
func (l *Log) BatchCases(ctx context.Context, batch int64) ([]CaseView, error) {
	return view(ctx, l, func(s Snapshot) ([]CaseView, error) {
		var out []CaseView
		for after := int64(0); ; after = out[len(out)-1].Number {
			rows, err := s.Cases(ctx, CaseQuery{Batch: batch, After: after, Limit: pageMost})
			if err != nil {
				return nil, err
			}
			page, err := newLoader(s).views(ctx, rows)
			if err != nil {
				return nil, err
			}
			if out = append(out, page...); len(rows) < pageMost {
				return out, nil
			}
		}
	})
}
