package audit

import (
	"time"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// Status is where a case stands.
type Status string

// The statuses of a case (design, section 3).
const (
	StatusRefused    Status = "refused"
	StatusWaiting    Status = "waiting"
	StatusDeclined   Status = "declined"
	StatusVoid       Status = "void"
	StatusLapsed     Status = "lapsed"
	StatusInFlight   Status = "in_flight"
	StatusUnknown    Status = "unknown"
	StatusDone       Status = "done"
	StatusFailed     Status = "failed"
	StatusPartial    Status = "partial"
	StatusUnverified Status = "unverified"
)

// Settled reports whether nothing more is expected of the case by itself.
func (s Status) Settled() bool {
	return s != StatusInFlight && s != StatusUnknown && s != StatusWaiting
}

// CaseView is a case as the projections have it, with the personal fields of
// the entry that opened or began it (empty when erased).
type CaseView struct {
	Number   int64
	Status   Status
	Verb     string
	Scope    mute.Scope
	Term     mute.Term
	Deadline time.Time
	Opened   time.Time // time of its first entry
	Began    time.Time // time of its intent; zero when it never began
	Ended    time.Time // time of its final entry; zero while open
	FirstSeq int64
	LastSeq  int64 // last entry of the case that changed its status
	Intent   int64 // seq of its intent, 0 when it never began
	Batch    int64
	Key      string // key of the invocation that opened it

	Platform  string
	Workspace chat.Workspace
	Channel   chat.Channel // where it was asked for
	Actor     string
	ActorName string
	Role      string
	Rule      string
	Account   mute.Account
	Member    string // who was mentioned or linked
	Reason    string
	Snapshot  string
	Choice    string

	Outcome  Outcome
	Code     int
	Attempts int
	Effect   mute.Scope
	Before   *mute.State
	After    *mute.State

	Question *OpenQuestion // while waiting
	Notes    []Note        // filled by Case only
	Erased   bool
}

// About reports whether the case is about an account, be it erased. A refusal
// of a command that named none is not.
func (c *CaseView) About() bool { return c.Account != "" || c.Erased }

// OpenQuestion is what a waiting case waits for.
type OpenQuestion struct {
	Seq     int64
	Version int64 // the account's version that it was planned on
	Expires time.Time
	Batch   int64  // questions of one command share it; answering one answers all
	Print   string // of its entry: what its buttons carry
}

// Note is somebody's words appended to a case.
type Note struct {
	Seq       int64
	Time      time.Time
	Actor     string
	ActorName string
	Text      string
}

// Mute is an active mute of one field of one account, owned by the last case
// that changed it.
type Mute struct {
	Account   mute.Account
	Field     mute.Field
	Case      int64
	Permanent bool
	Until     time.Time // zero when Permanent
	// Since is when the first mute of the unbroken chain began: a role's
	// longest term counts from here.
	Since     time.Time
	Actor     string
	ActorName string
	Reason    string
	// Drifted says that Tencent was seen to differ and this row follows Tencent.
	Drifted bool

	made int64 // seq of the intent of its case
}

// AccountView is what the ledger knows about an account when a plan is made.
type AccountView struct {
	Account mute.Account
	// Version changes with every entry that changes what may be decided about
	// the account. 0 = never seen.
	Version int64
	Mutes   []Mute // group first
	// InFlight is the case that holds the account's lease, if any.
	InFlight *CaseView
	// Last is the case that began last.
	Last *CaseView
	// Prior is the number of cases that began.
	Prior int
}

// MuteOf is the active mute of a field, if there is one.
func (v AccountView) MuteOf(f mute.Field) (Mute, bool) {
	for _, m := range v.Mutes {
		if m.Field == f {
			return m, true
		}
	}
	return Mute{}, false
}

// Page asks for a part of a list: at most Limit items, from the one after the
// cursor. The zero Before starts at the newest.
type Page struct {
	Before int64
	Limit  int
}

// MuteFilter narrows the list of active mutes; zero values do not narrow.
type MuteFilter struct {
	Actor   string // platform-qualified id, or a name
	Scope   mute.Scope
	Account mute.Account
}
