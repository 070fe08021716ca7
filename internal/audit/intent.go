package audit

import (
	"errors"
	"fmt"
	"time"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// Times of the ledger (design: one mind per account).
const (
	// LeaseTime is how long an account's lease lasts from Begin and from each
	// renewal; an attempt has to end within it.
	LeaseTime = 10 * time.Second
	// SettleGrace is how long after the end of a lease a crashed process's
	// intent is read back.
	SettleGrace = 5 * time.Second
	// ReadTolerance is how far a read-back may be from the deadline and still
	// show it in effect. Seconds are counted from when the service applies a
	// request, and one that nobody heard back of may be applied until the end of
	// its life: an attempt of 5 s and 1 s of margin. Another second is what
	// whole seconds round away.
	ReadTolerance = 7 * time.Second
	// QuestionLife is how long a confirmation waits.
	QuestionLife = 10 * time.Minute
)

// What can go wrong in the ledger.
var (
	// ErrChanged: the account or the counts are not what Plan saw. Nothing was
	// written; plan again.
	ErrChanged = errors.New("the account changed since it was planned")
	// ErrLeaseLost: the fencing token is not the account's any more. Make no call.
	ErrLeaseLost = errors.New("the account's lease was lost")
	// ErrNoCase: there is no such case.
	ErrNoCase = errors.New("no such case")
	// ErrNotWaiting: the case has no open question (any more).
	ErrNotWaiting = errors.New("the case waits for nothing")
	// ErrStore: the store cannot be read or written (full disk, locked,
	// read-only, gone). Nothing was recorded, so nothing may be done.
	ErrStore = errors.New("the audit log cannot be written")
	// ErrNoAccount is what a Reader returns for an account that does not exist.
	ErrNoAccount = errors.New("no such account")
)

// BusyError says that another intent on the account is in flight, or that an
// unclear attempt may still be inside the service.
type BusyError struct {
	Account   mute.Account
	Case      int64
	Actor     string
	ActorName string
	Until     time.Time // when the account is free at the latest, as far as is known
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("case %d on account %s is in flight", e.Case, e.Account)
}

// Head is what every new entry of a command carries.
type Head struct {
	// ID is made by the caller (NewID), so that an append whose COMMIT answer
	// was lost can be sent again and is found instead of doubled.
	ID     string
	Key    string // invocation key; empty = never the same as another
	Origin Origin

	Actor     string // platform-qualified
	ActorName string
	Role      chat.Role
	Rule      string

	Account mute.Account
	Member  string // who was mentioned or linked, platform-qualified
	Verb    string
	Scope   mute.Scope
	Term    mute.Term // zero for an unmute
	Reason  string
	// Snapshot is JSON for whoever asks later why.
	Snapshot string
}

// Expect is what Plan saw. Begin writes nothing when it is not so any more.
type Expect struct {
	Version int64 // AccountView.Version
	// Count is the number of actions that the actor began since CountSince;
	// it is not compared when CountSince is zero.
	Count      int
	CountSince time.Time
}

// Intent is an action about to be taken on one account.
type Intent struct {
	Head
	Expect Expect
	// Case is the number that a question has already; 0 asks for a new one.
	Case int64
	// Choice answers the question that Case waits for.
	Choice string
	Batch  int64 // seq of the batch entry; 0 if alone
	Before mute.State
}

// Begun is an intent made durable.
type Begun struct {
	Case  int64
	Seq   int64
	Token Token
	// Began carries the monotonic clock: Term.From(Began) is what is left.
	Began    time.Time
	Deadline time.Time // the store's time + term; zero for permanent and unmute
	// FreshUntil is when the lease ends, by the local monotonic clock.
	FreshUntil time.Time
	// Known is not nil when the key or id was in the ledger already: nothing
	// was begun, this is the case as it stands.
	Known *CaseView
}

// Token is the right to act on one account: it fences off whoever held it before.
type Token struct {
	Account mute.Account
	Case    int64
	Fence   int64

	// acct spares looking the account up by name; 0 where it is not known.
	acct int64
	// late is the late answer that the holder reads for; 0 where there is none.
	late int64
}

// Result is what came of the attempts.
type Result struct {
	Outcome  Outcome // done, failed or unknown: what the answers say, not what was read
	Code     int     // Tencent's last code
	Attempts int
	// LockedUntil is until when an unclear attempt may still be inside the
	// service (local clock). The account stays locked until then, whatever the
	// outcome. Zero when every attempt was clear.
	LockedUntil time.Time
}

// Finished is what Finish recorded.
type Finished struct {
	Seq     int64
	Outcome Outcome
	// Late says that the token was lost: the case had its outcome already (or
	// will get it from whoever settles it), and the answer was appended as late.
	Late bool
}

// Question is a confirmation asked of the actor about one account.
type Question struct {
	Head
	// Version is the account's version that the question was planned on; of one
	// about a link, the link's.
	Version int64
	// Case is not 0 when an answer led to a further question of the same case.
	Case   int64
	Before mute.State
	Life   time.Duration // QuestionLife when 0
}
