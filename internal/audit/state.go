package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"modbot/internal/mute"
)

// state is the ledger as a write transaction, or a replay, sees it: the head,
// the projections, and what was added. Writers load the rows that they need
// first (want); a replay begins with nothing and has no store behind it.
type state struct {
	tx Tx // nil in a replay

	head        HeadRow
	entries     []EntryRow
	made        []*Entry // the entries, decoded
	checkpoints []CheckpointRow
	postings    []PostingRow

	ids         layer[string, EntryRef]
	invocations layer[string, EntryRef]
	names       layer[mute.Account, int64]
	accounts    layer[int64, AccountRow]
	leases      layer[int64, LeaseRow]
	mutes       layer[MuteKey, MuteRow]
	cases       layer[int64, CaseRow]
	sinks       layer[string, SinkRow]
	workers     layer[string, WorkerRow]

	// missed is set when apply asked for a row that nobody had loaded: a
	// mistake in this package, which must not look like an absent row.
	missed bool

	key     *Key
	replica string
	now     time.Time // the store's time
	local   time.Time // the same moment by the local clock, with its monotonic reading

	before mark
}

// mark is what is needed to take one caller's changes back.
type mark struct {
	head                           HeadRow
	entries, checkpoints, postings int
	missed                         bool
}

// each is what all layers have in common.
type each interface {
	mark()
	back()
	written()
	size() int
}

func (s *state) layers() [9]each {
	return [...]each{
		&s.ids, &s.invocations, &s.names, &s.accounts, &s.leases, &s.mutes, &s.cases, &s.sinks, &s.workers,
	}
}

// mark begins a caller's turn.
func (s *state) mark() {
	s.before = mark{
		head: s.head, entries: len(s.entries), checkpoints: len(s.checkpoints), postings: len(s.postings), missed: s.missed,
	}
	for _, l := range s.layers() {
		l.mark()
	}
}

// back takes the current caller's changes back.
func (s *state) back() {
	b := s.before
	s.head, s.missed = b.head, b.missed
	s.entries, s.made = s.entries[:b.entries], s.made[:b.entries]
	s.checkpoints, s.postings = s.checkpoints[:b.checkpoints], s.postings[:b.postings]
	for _, l := range s.layers() {
		l.back()
	}
}

// warmMost is how many rows a state may carry into the next transaction.
const warmMost = 20_000

// rest makes a state that was written ready for the next transaction. It
// reports false when it has grown too large to be kept. Ids and invocation
// keys are asked for once, and are not kept.
func (s *state) rest() bool {
	s.tx, s.entries, s.made, s.checkpoints, s.postings = nil, nil, nil, nil, nil
	s.ids, s.invocations = layer[string, EntryRef]{}, layer[string, EntryRef]{}
	n := 0
	for _, l := range s.layers() {
		l.written()
		n += l.size()
	}
	return n <= warmMost
}

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
		s.ids.fill(r.ID, r, true)
		if r.Key != "" {
			s.invocations.fill(r.Key, r, true)
		}
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
	for _, id := range k.IDs {
		s.ids.fill(id, EntryRef{}, false)
	}
	for _, key := range k.Invocations {
		s.invocations.fill(key, EntryRef{}, false)
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

// append adds one entry: it gives it its place and time, applies it to the
// projections, and advances the tree. The rows that apply needs are loaded
// here, so that apply itself reads and writes nothing but the state.
func (s *state) append(ctx context.Context, d draft) (*Entry, error) {
	if s.key == nil {
		return nil, errReadOnly
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
		Seq: e.Seq, ID: e.ID, Key: e.Key, At: micros(e.Time), Kind: e.Kind, Acct: e.Acct, Case: e.Case,
		Body: string(appendBody(nil, e, d.commits)), Personal: d.personal,
	}
	row.Leaf = leafHash(row.Body)
	e.Hash = row.Leaf
	e.Personal = &Personal{}
	if d.personal != nil {
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
	ref := EntryRef{Seq: row.Seq, ID: row.ID, Key: row.Key, Kind: row.Kind, Case: row.Case}
	s.ids.put(row.ID, ref)
	if row.Key != "" {
		s.invocations.put(row.Key, ref)
	}
	s.head.At = row.At
}

// advance moves the head over one more leaf. Every checkpointEvery entries the
// head is signed and kept, so that a mismatch can be bracketed later.
func (s *state) advance(leaf tlog.Hash) error {
	s.head.Frontier = s.head.Frontier.add(s.head.Size, leaf)
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

// changes is what the store has to be told.
func (s *state) changes() Changes {
	c := Changes{Entries: s.entries, Checkpoints: s.checkpoints, Postings: s.postings}
	if len(s.entries) > 0 || len(s.checkpoints) > 0 {
		c.Head = &s.head
	}
	c.Cases, _ = s.cases.changes()
	c.Accounts, _ = s.accounts.changes()
	c.Mutes, c.MutesGone = s.mutes.changes()
	c.Leases, c.LeasesGone = s.leases.changes()
	c.Sinks, _ = s.sinks.changes()
	c.Workers, _ = s.workers.changes()
	return c
}

// empty reports whether there is nothing to write.
func (c *Changes) empty() bool {
	return c.Head == nil && len(c.Cases)+len(c.Accounts)+len(c.Mutes)+len(c.MutesGone)+
		len(c.Leases)+len(c.LeasesGone)+len(c.Sinks)+len(c.Postings)+len(c.Workers) == 0
}
