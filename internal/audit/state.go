package audit

import (
	"time"

	"modbot/internal/mute"
)

// state is the ledger as a write transaction, or a replay, sees it: the head,
// the projections, and what was added. Writers load the rows that they need
// first (want); a replay begins with nothing and has no store behind it.
type state struct {
	tx   Tx // nil in a replay
	turn int64

	head        HeadRow
	entries     []EntryRow
	made        []*Entry // the entries, decoded
	checkpoints []CheckpointRow
	postings    []PostingRow
	erased      []int64 // entries whose side rows go

	refs     layer[string, EntryRef]
	names    layer[mute.Account, int64]
	accounts layer[int64, AccountRow]
	leases   layer[int64, LeaseRow]
	mutes    layer[MuteKey, MuteRow]
	members  layer[string, int64]
	links    layer[int64, LinkRow]
	cases    layer[int64, CaseRow]
	sinks    layer[string, SinkRow]
	workers  layer[string, WorkerRow]

	// missed is set when apply asked for a row that nobody had loaded: a
	// mistake in this package, which must not look like an absent row.
	missed bool

	// looking says that nothing may be appended: see lookGroup.
	looking bool

	key     *Key
	replica string
	now     time.Time // the store's time
	local   time.Time // the same moment by the local clock, with its monotonic reading
	// leaseNow is the time by which leases are judged: now, but for the moments
	// after the clock was set forward.
	leaseNow time.Time

	before mark
}

// mark is what is needed to take one caller's changes back.
type mark struct {
	head                                   HeadRow
	entries, checkpoints, postings, erased int
}

// each is what all layers have in common.
type each interface {
	mark()
	back()
	written()
	changed() bool
	size() int
}

func (s *state) layers() [10]each {
	return [...]each{
		&s.refs, &s.names, &s.accounts, &s.leases, &s.mutes, &s.members, &s.links, &s.cases, &s.sinks, &s.workers,
	}
}

// mark begins a caller's turn.
func (s *state) mark() {
	s.before = mark{
		head: s.head, entries: len(s.entries), checkpoints: len(s.checkpoints), postings: len(s.postings), erased: len(s.erased),
	}
	s.missed = false
	for _, l := range s.layers() {
		l.mark()
	}
}

// back takes the current caller's changes back.
func (s *state) back() {
	b := s.before
	s.head = b.head
	s.entries, s.made = s.entries[:b.entries], s.made[:b.entries]
	s.checkpoints, s.postings, s.erased = s.checkpoints[:b.checkpoints], s.postings[:b.postings], s.erased[:b.erased]
	for _, l := range s.layers() {
		l.back()
	}
}

// changed reports whether the current caller wrote anything.
func (s *state) changed() bool {
	for _, l := range s.layers() {
		if l.changed() {
			return true
		}
	}
	return len(s.entries) > s.before.entries || len(s.checkpoints) > s.before.checkpoints || len(s.postings) > s.before.postings
}

// warmMost is how many rows a state may carry into the next transaction.
const warmMost = 20_000

// rest makes a state that was written ready for the next transaction. It
// reports false when it has grown too large to be kept. Refs are asked for once,
// and are not kept.
func (s *state) rest() bool {
	for _, e := range s.made {
		if e.Kind == KindRedacted {
			return false // it may have been the last entry that names its account
		}
	}
	s.tx, s.entries, s.made, s.checkpoints, s.postings, s.erased = nil, nil, nil, nil, nil, nil
	s.refs = layer[string, EntryRef]{}
	n := 0
	for _, l := range s.layers() {
		l.written()
		n += l.size()
	}
	return n <= warmMost
}

// changes is what the store has to be told.
func (s *state) changes() Changes {
	c := Changes{Entries: s.entries, Checkpoints: s.checkpoints, Postings: s.postings, PersonalGone: s.erased}
	if len(s.entries) > 0 || len(s.checkpoints) > 0 {
		c.Head = &s.head
	}
	c.Cases, _ = s.cases.changes()
	c.Accounts, _ = s.accounts.changes()
	c.Mutes, c.MutesGone = s.mutes.changes()
	c.Links, c.LinksGone = s.links.changes()
	c.Leases, c.LeasesGone = s.leases.changes()
	c.Sinks, _ = s.sinks.changes()
	c.Workers, c.WorkersGone = s.workers.changes()
	return c
}

// empty reports whether there is nothing to write.
func (c *Changes) empty() bool {
	return c.Head == nil && len(c.Cases)+len(c.Accounts)+len(c.Mutes)+len(c.MutesGone)+len(c.Links)+len(c.LinksGone)+
		len(c.Leases)+len(c.LeasesGone)+len(c.Sinks)+len(c.Postings)+len(c.Workers)+len(c.WorkersGone)+len(c.PersonalGone) == 0
}
