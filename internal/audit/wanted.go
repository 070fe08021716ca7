package audit

import (
	"context"
	"errors"

	"modbot/internal/mute"
)

// want loads rows that are not known yet.
func (s *state) want(ctx context.Context, k Keys) error {
	if s.tx == nil {
		return nil
	}
	k = s.unknown(k)
	if k.empty() {
		return nil
	}
	rows, err := s.tx.Load(ctx, k)
	if err != nil {
		return err
	}
	for _, r := range rows.Entries {
		s.refs.fill(r.Ref, r, true)
	}
	for name, acct := range rows.Names {
		s.names.fill(name, acct, true)
		k.Accts = append(k.Accts, acct)
	}
	for _, r := range rows.Accounts {
		s.accounts.fill(r.Acct, r, true)
	}
	for _, r := range rows.Leases {
		s.leases.fill(r.Acct, r, true)
	}
	for _, r := range rows.Mutes {
		s.mutes.fill(MuteKey{r.Acct, r.Field}, r, true)
	}
	for member, seq := range rows.Members {
		s.members.fill(member, seq, true)
	}
	for _, r := range rows.Links {
		s.links.fill(r.Seq, r, true)
	}
	for _, r := range rows.Cases {
		s.cases.fill(r.Number, r, true)
	}
	for _, r := range rows.Sinks {
		s.sinks.fill(r.Name, r, true)
	}
	for _, r := range rows.Workers {
		s.workers.fill(r.Name, r, true)
	}
	s.fillAbsent(k)
	return nil
}

// fillAbsent notes that what was asked for and not found does not exist.
func (s *state) fillAbsent(k Keys) {
	for _, ref := range k.Refs {
		s.refs.fill(ref, EntryRef{}, false)
	}
	for _, name := range k.Accounts {
		s.names.fill(name, 0, false)
	}
	for _, acct := range k.Accts {
		s.accounts.fill(acct, AccountRow{}, false)
		s.leases.fill(acct, LeaseRow{}, false)
	}
	for _, acct := range k.Mutes {
		for _, f := range mute.Fields() {
			s.mutes.fill(MuteKey{acct, f}, MuteRow{}, false)
		}
	}
	for _, member := range k.Members {
		s.members.fill(member, 0, false)
	}
	for _, seq := range k.Links {
		s.links.fill(seq, LinkRow{}, false)
	}
	for _, n := range k.Cases {
		s.cases.fill(n, CaseRow{}, false)
	}
	for _, name := range k.Sinks {
		s.sinks.fill(name, SinkRow{}, false)
	}
	for _, name := range k.Workers {
		s.workers.fill(name, WorkerRow{}, false)
	}
}

// account is the row of an account, as apply sees it.
func (s *state) account(acct int64) AccountRow {
	r, ok, known := s.accounts.get(acct)
	s.need(known)
	if !ok {
		r = AccountRow{Acct: acct}
	}
	return r
}

func (s *state) caseRow(n int64) (CaseRow, bool) {
	r, ok, known := s.cases.get(n)
	s.need(known)
	return r, ok
}

func (s *state) mute(acct int64, f mute.Field) (MuteRow, bool) {
	r, ok, known := s.mutes.get(MuteKey{acct, f})
	s.need(known)
	return r, ok
}

// link is the link that an entry made, if it is in force; entry 0 made none.
func (s *state) link(seq int64) (LinkRow, bool) {
	if seq == 0 {
		return LinkRow{}, false
	}
	r, ok, known := s.links.get(seq)
	s.need(known)
	return r, ok
}

func (s *state) lease(acct int64) (LeaseRow, bool) {
	r, ok, known := s.leases.get(acct)
	s.need(known)
	return r, ok
}

// need notes that a row was asked for before it was loaded.
func (s *state) need(known bool) {
	if !known && s.tx != nil {
		s.missed = true
	}
}

// errMissed is a mistake of this package, never of a caller.
var errMissed = errors.New("audit: a row was used before it was loaded")
