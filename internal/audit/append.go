package audit

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"modbot/internal/mute"
)

// append adds one entry: it gives it its place and time, applies it to the
// projections, and advances the tree. The rows that apply needs are loaded
// here, so that apply itself reads and writes nothing but the state.
func (s *state) append(ctx context.Context, d draft) (*Entry, error) {
	switch {
	case s.key == nil:
		return nil, errReadOnly
	case s.looking:
		return nil, errAbsent
	}
	e := new(d.entry)
	e.Seq = s.head.Size + 1
	e.Replica = s.replica
	// The time of entries never goes back, even when the clock does: what is
	// later in the log is never earlier in time. Deadlines and leases follow
	// the clock itself.
	e.Time = fromMicros(max(micros(s.now), s.head.At))
	if err := s.number(ctx, e, d.personal); err != nil {
		return nil, err
	}
	if e.Case == s.head.Cases+1 {
		s.cases.fill(e.Case, CaseRow{}, false) // it is about to be
	}
	if err := s.want(ctx, applyKeys(e)); err != nil {
		return nil, err
	}
	if err := apply(s, e); err != nil {
		return nil, fmt.Errorf("entry %d: %w", e.Seq, err)
	}
	if s.missed {
		return nil, errMissed
	}
	row := EntryRow{
		Seq: e.Seq, Ref: e.ref(), At: micros(e.Time), Kind: e.Kind, Acct: e.Acct, Case: e.Case,
		Body: string(appendBody(make([]byte, 0, bodySize), e, d.commits)), Personal: d.personal,
	}
	row.Leaf = leafHash(row.Body)
	e.Hash = row.Leaf
	e.Personal = &Personal{}
	if d.personal != nil {
		d.personal.Began = e.began()
		e.Personal = &d.personal.Personal
	}
	s.note(row, e)
	return e, s.advance(row.Leaf)
}

// number finds the account's number; a new account is numbered by the entry.
func (s *state) number(ctx context.Context, e *Entry, p *PersonalRow) error {
	if p == nil || p.Account == "" || e.Acct != 0 {
		return nil
	}
	acct, ok, err := s.acct(ctx, p.Account)
	if err != nil {
		return err
	}
	if !ok {
		acct = e.Seq
		s.names.put(p.Account, acct)
		s.accounts.fill(acct, AccountRow{}, false)
		s.leases.fill(acct, LeaseRow{}, false)
		for _, f := range mute.Fields() {
			s.mutes.fill(MuteKey{acct, f}, MuteRow{}, false)
		}
	}
	e.Acct = acct
	return nil
}

// acct is the number of an account, if the ledger knows it.
func (s *state) acct(ctx context.Context, name mute.Account) (int64, bool, error) {
	if err := s.want(ctx, Keys{Accounts: []mute.Account{name}}); err != nil {
		return 0, false, err
	}
	acct, ok, _ := s.names.get(name)
	return acct, ok, nil
}

// note keeps the entry for the flush, and so that later callers of the same
// group find it.
func (s *state) note(row EntryRow, e *Entry) {
	s.entries = append(s.entries, row)
	s.made = append(s.made, e)
	if row.Ref != "" {
		s.refs.put(row.Ref, EntryRef{Seq: row.Seq, Ref: row.Ref, Kind: row.Kind, Case: row.Case})
	}
	s.head.At = row.At
}

// advance moves the head over one more leaf. Every checkpointEvery entries the
// head is signed and kept, so that a mismatch can be bracketed later.
func (s *state) advance(leaf tlog.Hash) error {
	s.head.Frontier = s.head.Frontier.Add(s.head.Size, leaf)
	s.head.Size++
	if s.head.Size%checkpointEvery != 0 {
		return nil
	}
	return s.checkpoint()
}

// checkpoint signs and keeps the head as it is.
func (s *state) checkpoint() error {
	signed, err := s.key.sign(s.head.Size, s.head.Frontier.root())
	if err != nil {
		return err
	}
	s.checkpoints = append(s.checkpoints, CheckpointRow{Size: s.head.Size, Note: signed})
	s.head.Checkpoints++
	return nil
}

// signed is the signed checkpoint of the head: the one that is kept, or a new
// one that is kept from now on.
func (s *state) signed(ctx context.Context) (string, error) {
	kept, err := s.tx.Checkpoints(ctx, s.head.Size-1, 1)
	if err != nil {
		return "", err
	}
	if len(kept) == 1 { // signatures are deterministic: it would be the same
		return kept[0].Note, nil
	}
	for _, c := range s.checkpoints {
		if c.Size == s.head.Size {
			return c.Note, nil
		}
	}
	if s.key == nil {
		return "", errReadOnly
	}
	if err := s.checkpoint(); err != nil {
		return "", err
	}
	return s.checkpoints[len(s.checkpoints)-1].Note, nil
}

// entry finds an entry by seq, in this group or in the store.
func (s *state) entry(ctx context.Context, seq int64) (*Entry, error) {
	for _, e := range s.made {
		if e.Seq == seq {
			return e, nil
		}
	}
	rows, err := s.tx.Entries(ctx, EntryQuery{Seqs: []int64{seq}, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%w: entry %d is missing", ErrRow, seq)
	}
	e, err := entryOf(rows[0])
	return &e, err
}

// actions counts the intents of an actor, in the store and in this group.
func (s *state) actions(ctx context.Context, actor string, since time.Time) (int, error) {
	n, err := s.tx.Actions(ctx, actor, micros(since))
	if err != nil {
		return 0, err
	}
	for _, e := range s.made {
		if e.Kind == KindIntent && e.Personal.Actor == actor && !e.Time.Before(since) {
			n++
		}
	}
	return n, nil
}
