package audit

import (
	"context"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// draft is an entry before it has its place: everything that can be made
// outside the write transaction is made there, the salts above all.
type draft struct {
	entry    Entry
	personal *PersonalRow // nil where nothing is personal
	commits  commitments
}

// newDraft makes the entry of a command.
func newDraft(kind Kind, h Head) draft { return h.draft(kind, "") }

// draft makes the entry; note is the text of a note.
func (h Head) draft(kind Kind, note string) draft {
	d := draft{entry: Entry{
		ID: clean(h.ID), Kind: kind, Key: clean(h.Key),
		Origin: Origin{
			Platform:  chat.Platform(clean(string(h.Origin.Platform))),
			Workspace: chat.Workspace(clean(string(h.Origin.Workspace))),
			Channel:   chat.Channel{ID: clean(h.Origin.Channel.ID), Name: clean(h.Origin.Channel.Name)},
			Client:    clean(h.Origin.Client),
		},
		Verb: clean(h.Verb), Scope: h.Scope, Term: h.Term,
		Role: chat.Role(clean(string(h.Role))), Rule: clean(h.Rule),
	}}
	if d.entry.ID == "" {
		d.entry.ID = NewID()
	}
	p := Personal{
		Actor: h.Actor, ActorName: h.ActorName, Account: h.Account, Member: h.Member, Reason: h.Reason, Note: note, Snapshot: h.Snapshot,
	}
	if p != (Personal{}) {
		d.personal, d.commits = seal(p)
	}
	return d
}

// keys are the rows to load for an append of the draft.
func (d *draft) keys() Keys {
	k := Keys{Refs: refs(d.entry.ref())}
	if d.personal != nil && d.personal.Account != "" {
		k.Accounts = []mute.Account{d.personal.Account}
	}
	if d.entry.Kind == KindLinked || d.entry.Kind == KindUnlinked {
		k.Members = []string{d.personal.Member}
	}
	return k
}

// continuing makes an entry about a case that is there already. Its account is
// the case's, by number; naming it again would be one more place to erase.
func continuing(kind Kind, h Head, note string, c CaseRow) draft {
	h.Account = ""
	if h.Verb == "" {
		h.Verb = c.Verb
	}
	d := h.draft(kind, note)
	d.entry.Case, d.entry.Acct, d.entry.Batch = c.Number, c.Acct, c.Batch
	return d
}

// ending makes an entry of the ledger's own about a case: nobody's words.
func ending(kind Kind, id string, c CaseRow) (draft, error) {
	term, err := termOf(c.Term)
	return draft{entry: Entry{
		ID: id, Kind: kind, Case: c.Number, Acct: c.Acct, Batch: c.Batch,
		Verb: c.Verb, Scope: c.Scope, Term: term, Deadline: fromMicros(c.Deadline),
	}}, err
}

// ref is by what an append that is sent again is found: the invocation key,
// or, where there is none, the id that its maker gave it. What the ledger makes
// by itself nobody sends again.
func (e *Entry) ref() string {
	if e.Key != "" {
		return e.Key
	}
	switch e.Kind {
	case KindUnknown, KindOutcome, KindLate, KindExpired, KindDrift:
		return ""
	case KindRefused, KindQuestion, KindClosed, KindBatch, KindIntent, KindNote, KindLinked, KindUnlinked, KindRedacted:
	}
	return e.ID
}

// began is the case that the entry began; 0 where it began none.
func (e *Entry) began() int64 {
	if e.Kind == KindIntent {
		return e.Case
	}
	return 0
}

// refs is what to look for by a ref: nothing, when nobody sends it again.
func refs(ref string) []string {
	if ref == "" {
		return nil
	}
	return []string{ref}
}

// find looks for an entry that the draft was appended as before.
func (s *state) find(ctx context.Context, d *draft) (EntryRef, bool, error) {
	r := d.entry.ref()
	if err := s.want(ctx, Keys{Refs: refs(r)}); err != nil {
		return EntryRef{}, false, err
	}
	ref, ok, _ := s.refs.get(r)
	return ref, ok, nil
}

// committed reports whether the entry that an earlier try of the same group
// made is in the store: seq is 0 on the first try.
func (s *state) committed(ctx context.Context, id string, seq int64) (bool, error) {
	if seq == 0 {
		return false, nil
	}
	rows, err := s.tx.Entries(ctx, EntryQuery{Seqs: []int64{seq}, Limit: 1})
	if err != nil || len(rows) == 0 {
		return false, err
	}
	e, err := entryOf(rows[0])
	return e.ID == id, err
}

// theCase loads a case.
func (s *state) theCase(ctx context.Context, n int64) (CaseRow, error) {
	if err := s.want(ctx, Keys{Cases: []int64{n}}); err != nil {
		return CaseRow{}, err
	}
	c, ok := s.caseRow(n)
	if !ok {
		return c, ErrNoCase
	}
	return c, nil
}

// waiting loads a case whose question is open and has not lapsed.
func (s *state) waiting(ctx context.Context, n int64) (CaseRow, error) {
	c, err := s.theCase(ctx, n)
	if err != nil {
		return c, err
	}
	if c.Status != StatusWaiting || c.Expires <= micros(s.now) {
		return c, ErrNotWaiting
	}
	return c, nil
}
