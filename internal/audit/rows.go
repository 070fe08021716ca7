package audit

import (
	"time"

	"modbot/internal/mute"
)

// The rows of the ledger, as a store keeps them. Times are microseconds since
// 1970 in UTC, 0 for none. All rows but personal ones and the operational ones
// (leases, sinks, postings, workers) are checked by Verify, column by column.

// HeadRow is the one row that every write transaction takes first.
type HeadRow struct {
	Origin   string   // name of the ledger, also the name of its key
	Verifier string   // public key in the text form of sumdb/note
	Size     int64    // number of entries
	Frontier Frontier // of the tree over them
	At       int64    // time of the last entry
	Cases    int64    // number of the last case
	// Checkpoints is how many signed checkpoints the store keeps.
	Checkpoints int64
	// Clock is the store's own time when the row was read, and nothing that is
	// stored; 0 where the store has no clock.
	Clock int64
	// Asked is when, by the local monotonic clock, the store was asked for Clock:
	// a moment before it read it. The zero time says: just now.
	Asked time.Time
}

// age is how long ago the store was asked for its Clock.
func (h HeadRow) age() time.Duration {
	if h.Asked.IsZero() {
		return 0
	}
	return time.Since(h.Asked)
}

// EntryRow is an entry as stored: the body that is hashed, and beside it the
// columns that are searched by, which repeat what the body says.
type EntryRow struct {
	Seq int64
	// Ref is by what an append that is sent again is found (see Entry.ref);
	// unique where it is not empty.
	Ref  string
	At   int64
	Kind Kind
	Acct int64
	Case int64
	Body string
	Leaf [32]byte
	// Personal is nil where the entry never had any, or it was erased.
	Personal *PersonalRow
}

// PersonalRow is the side row of an entry: the values that its body commits
// to, and one salt for each that is not empty, in the order of their names.
type PersonalRow struct {
	Personal
	Salts []byte
	// Began is the case that the entry began, 0 where it began none. It repeats what
	// the body says, to be searched by.
	Began int64
}

// EntryRef is what an append has to know of an entry that is there already.
type EntryRef struct {
	Seq  int64
	Ref  string
	Kind Kind
	Case int64
}

// CheckpointRow is a stored checkpoint: the signed note over the tree of Size
// entries.
type CheckpointRow struct {
	Size int64
	Note string
}

// CaseRow is the projection of a case. It holds nothing personal: who, whom
// and why are read from the entries that it points to.
type CaseRow struct {
	Number   int64
	Acct     int64
	Status   Status
	Verb     string
	Scope    mute.Scope
	Term     int64 // seconds, or one of the term constants
	Deadline int64
	Began    int64
	First    int64 // seq of its first entry
	Asked    int64 // seq of the question asked last
	Intent   int64 // seq of its intent
	Last     int64 // seq of the entry that changed its status last
	Batch    int64
	Planned  int64 // version that the open question was planned on
	Expires  int64 // when the open question lapses
}

// AccountRow is the projection of an account.
type AccountRow struct {
	Acct    int64
	Version int64 // seq of the last entry that changed what may be decided about it
	Last    int64 // case that began last
	Prior   int64 // how many cases began
}

// MuteRow is the projection of an active mute of one field.
type MuteRow struct {
	Acct    int64
	Field   mute.Field
	Case    int64
	Until   int64 // 0 = permanent
	Since   int64
	Drifted bool
}

// MuteKey names a MuteRow.
type MuteKey struct {
	Acct  int64
	Field mute.Field
}

// LinkRow is the projection of a link in force.
type LinkRow struct {
	Seq  int64 // of the entry that made it, whose side row names the member
	Acct int64
	Case int64
}

// LeaseState says why an account is held.
type LeaseState string

// The states of a lease.
const (
	LeaseFlight   LeaseState = "flight"   // attempts are being made
	LeaseUnknown  LeaseState = "unknown"  // no clear answer; to be read back from Until on
	LeaseSettling LeaseState = "settling" // somebody reads it back
	LeaseLocked   LeaseState = "locked"   // settled, but an attempt may be inside the service until Until
	LeaseLate     LeaseState = "late"     // a late answer is to be read back from Until on
)

// LeaseRow is the right to act on one account (operational).
type LeaseRow struct {
	Acct  int64
	Case  int64
	Fence int64 // see fenceOf
	State LeaseState
	Until int64
	// Late is the seq of a late answer that has not been read back yet, and
	// LateUntil until when what it is about may still be inside the service.
	Late      int64
	LateUntil int64
}

// SinkRow is one audit channel: how far it was told, and the frozen attempt
// that is under way, if Last is not 0 (operational).
type SinkRow struct {
	Name     string
	Cursor   int64 // seq of the last entry that was delivered or skipped
	PostedAt int64
	Error    string // empty since the last success
	FailedAt int64
	// The frozen attempt.
	First   int64
	Last    int64
	Nonce   string
	Body    []byte
	Started int64 // when it may have left for the first time; 0 = surely not sent
	// The chain of its messages: how many arrived, the short checkpoint of the
	// last, and that of the frozen attempt.
	Messages int64
	Said     string
	Saying   string
	// Due is the size of the full checkpoint to be posted once the entries that
	// it is over are; 0 for none. FullSize and FullAt are of the last one posted.
	Due      int64
	FullSize int64
	FullAt   int64
}

// PostingRow is where a platform put a message about entries (operational).
type PostingRow struct {
	Sink    string
	First   int64
	Last    int64
	Channel string
	Message string
	Link    string
	At      int64
}

// WorkerRow is the lease of a background worker (operational).
type WorkerRow struct {
	Name   string
	Holder string
	Until  int64
	// Place is how far it has come in what it walks through, and GoesOn when it
	// does; 0 for others.
	Place  int64
	GoesOn int64
}

// Terms as stored: a finite one is its seconds.
const (
	termNone      int64 = 0
	termPermanent int64 = -1
)

// storedTerm is a term as a number.
func storedTerm(t mute.Term) int64 {
	if t.IsPermanent() {
		return termPermanent
	}
	n, _ := t.Seconds()
	return n
}

// termOf reads a stored term.
func termOf(n int64) (mute.Term, error) {
	switch n {
	case termNone:
		return mute.Term{}, nil
	case termPermanent:
		return mute.Permanent(), nil
	default:
		return mute.Seconds(n)
	}
}

// micros is a time as stored; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromMicros reads a stored time.
func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
