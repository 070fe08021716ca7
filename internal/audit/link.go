package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modbot/internal/mute"
)

// ErrNotLinked says that a member stands for no account.
var ErrNotLinked = errors.New("the member is not linked to an account")

// errNotALink is a mistake of the caller's.
var errNotALink = errors.New("audit: a link needs a member and an account")

// Linking changes which account a member of a platform stands for. Its Head
// names both; to unlink, the account is the one that is linked.
type Linking struct {
	Head
	// Expect is the link that the plan saw: Link.Seq, 0 for none. Nothing is
	// written when it is not so any more.
	Expect int64
	// Case is the question that is answered, by Choice; 0 makes a case of its own.
	Case   int64
	Choice string
}

// Link is which account a member stands for, by whose doing.
type Link struct {
	Seq       int64 // of the entry that made it
	Case      int64
	Member    string // platform-qualified
	Account   mute.Account
	Time      time.Time
	Actor     string
	ActorName string
}

// Link records that a member stands for an account from now on, instead of the
// one before. It is a case, and done at once: nothing is sent anywhere.
// ErrChanged says that the member's link is not the one expected. A key or id
// that is known returns the case that it made.
func (l *Log) Link(ctx context.Context, in Linking) (CaseView, error) {
	return l.link(ctx, KindLinked, in)
}

// Unlink records that a member stands for no account any more; ErrNotLinked
// says that it did not. See Link.
func (l *Log) Unlink(ctx context.Context, in Linking) (CaseView, error) {
	return l.link(ctx, KindUnlinked, in)
}

func (l *Log) link(ctx context.Context, kind Kind, in Linking) (CaseView, error) {
	if in.Member == "" || in.Account == "" {
		return CaseView{}, errNotALink
	}
	d := newDraft(kind, in.Head)
	d.entry.Outcome, d.entry.Choice = OutcomeDone, clean(in.Choice)
	return l.record(ctx, d, Keys{Cases: nonZero(in.Case)}, func(ctx context.Context, s *state) error {
		return s.relink(ctx, d, in)
	})
}

// relink is Link and Unlink inside the transaction.
func (s *state) relink(ctx context.Context, d draft, in Linking) error {
	member := d.personal.Member
	now, err := s.linkOf(ctx, member)
	switch {
	case err != nil:
		return err
	case now != in.Expect:
		return fmt.Errorf("%w: its link is another", ErrChanged)
	case now == 0 && d.entry.Kind == KindUnlinked:
		return ErrNotLinked
	}
	d.entry.About, d.entry.Case = now, s.head.Cases+1
	if in.Case != 0 {
		c, err := s.waiting(ctx, in.Case)
		if err != nil {
			return err
		}
		d.entry.Case = c.Number
	}
	e, err := s.append(ctx, d)
	if err != nil {
		return err
	}
	if e.Kind == KindUnlinked {
		s.members.remove(member)
		return nil
	}
	s.members.put(member, e.Seq)
	return nil
}

// linkOf is the entry of a member's link, 0 when there is none.
func (s *state) linkOf(ctx context.Context, member string) (int64, error) {
	if err := s.want(ctx, Keys{Members: []string{member}}); err != nil {
		return 0, err
	}
	seq, _, _ := s.members.get(member)
	return seq, nil
}

// applyLinked is for the two kinds about links. The entry names the link that
// ends by its seq, so that a replay need not know whose it was.
func applyLinked(s *state, e *Entry) error {
	c, err := openCase(s, e)
	if err != nil {
		return err
	}
	old, ok := s.link(e.About)
	switch {
	case e.About != 0 && !ok, e.About == 0 && e.Kind == KindUnlinked:
		return fmt.Errorf("%w: entry %d is no link", errHistory, e.About)
	case e.Kind == KindUnlinked && old.Acct != e.Acct:
		return fmt.Errorf("%w: the link of entry %d is to another account", errHistory, e.About)
	}
	if ok {
		s.links.remove(e.About)
	}
	if e.Kind == KindLinked {
		s.links.put(e.Seq, LinkRow{Seq: e.Seq, Acct: e.Acct, Case: e.Case})
	}
	c.Status, c.Verb, c.Last, c.Planned, c.Expires = StatusDone, e.Verb, e.Seq, 0, 0
	s.cases.put(c.Number, c)
	return nil
}

// LinkOf is the link of a member, platform-qualified; ok is false without one.
func (l *Log) LinkOf(ctx context.Context, member string) (link Link, ok bool, err error) {
	member = clean(member)
	link, err = view(ctx, l, func(s Snapshot) (Link, error) {
		rows, err := s.Load(ctx, Keys{Members: []string{member}})
		if err != nil || rows.Members[member] == 0 {
			return Link{}, err
		}
		seq := rows.Members[member]
		from := newLoader(s)
		if err := from.fetch(ctx, []int64{seq}); err != nil {
			return Link{}, err
		}
		e := from.entries[seq]
		if e.Personal == nil {
			return Link{}, nil // it was found by them
		}
		return Link{
			Seq: seq, Case: e.Case, Member: member, Account: e.Personal.Account, Time: e.Time,
			Actor: e.Personal.Actor, ActorName: e.Personal.ActorName,
		}, nil
	})
	return link, link.Seq != 0, err
}
