package audit

import (
	"time"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// Kind says what an entry records.
type Kind string

// The kinds of entry. Every entry is about at most one account and one case;
// what belongs together shares a Batch.
const (
	KindRefused  Kind = "refused"  // policy said no; a case of its own, nothing was sent
	KindQuestion Kind = "question" // a confirmation was asked; the case waits
	KindClosed   Kind = "closed"   // a question ended without an action: declined, void, lapsed
	KindBatch    Kind = "batch"    // the accounts of one command, listed before the first of them begins
	KindIntent   Kind = "intent"   // a call to Tencent is about to be made
	KindUnknown  Kind = "unknown"  // no clear answer yet; never final
	KindOutcome  Kind = "outcome"  // the one final outcome of an intent
	KindLate     Kind = "late"     // an answer that came after its case was settled, and what was read then
	KindExpired  Kind = "expired"  // a mute ended by itself, seen at Tencent
	KindDrift    Kind = "drift"    // Tencent's state differs from ours
	KindNote     Kind = "note"     // somebody's words appended to a case
	KindLinked   Kind = "linked"   // a member of a platform stands for an account from now on
	KindUnlinked Kind = "unlinked" // a member stands for no account any more
	KindRedacted Kind = "redacted" // the personal fields of an entry were lawfully erased
)

// Outcome is what became of a case.
type Outcome string

// The outcomes. Unknown is never final.
const (
	OutcomeNone       Outcome = ""
	OutcomeDone       Outcome = "done"
	OutcomeFailed     Outcome = "failed"
	OutcomePartial    Outcome = "partial"
	OutcomeUnverified Outcome = "unverified"
	OutcomeUnknown    Outcome = "unknown"
	OutcomeRefused    Outcome = "refused"
	OutcomeDeclined   Outcome = "declined"
	OutcomeVoid       Outcome = "void"
	OutcomeLapsed     Outcome = "lapsed"
)

// Final reports whether the outcome ends an intent.
func (o Outcome) Final() bool {
	switch o {
	case OutcomeDone, OutcomeFailed, OutcomePartial, OutcomeUnverified:
		return true
	case OutcomeNone, OutcomeUnknown, OutcomeRefused, OutcomeDeclined, OutcomeVoid, OutcomeLapsed:
		return false
	}
	return false
}

// Origin is where a command came from.
type Origin struct {
	Platform  chat.Platform
	Workspace chat.Workspace
	Channel   chat.Channel
	// Client is what the CLI knows about its caller (the OS uid).
	Client string
}

// Entry is one record of the ledger, as read back.
type Entry struct {
	Seq   int64     // gap-free, commit order, from 1
	ID    string    // ULID, made by whoever appended it
	Time  time.Time // the store's time, microseconds, UTC
	Kind  Kind
	Case  int64 // 0 where the entry is about no case
	Batch int64 // seq of the batch entry (or of the first question of one command); 0 if alone
	About int64 // seq of the entry that this one answers, ends, or redacts
	// Acct numbers the account: the seq of the first entry about it. It ties
	// the entries of one account together without naming it, so that replay
	// works beyond an erasure. 0 where the entry is about no account.
	Acct int64

	Key    string // invocation key; unique where not empty
	Origin Origin

	Verb     string
	Scope    mute.Scope
	Term     mute.Term // zero for an unmute
	Deadline time.Time // zero for permanent and for an unmute
	// Planned is the account's version that a question was planned on, and
	// Expires when the question lapses.
	Planned int64
	Expires time.Time

	Role   chat.Role // the modbot role under which it was allowed
	Rule   string    // the rule that decided
	Choice string    // what was answered to a question

	Outcome  Outcome
	Code     int        // Tencent's code, 0 when none
	Attempts int        // calls made
	Effect   mute.Scope // outcome, late: the fields that now are as asked
	Before   *mute.State
	After    *mute.State // what was read back, where something was

	Replica string

	// Personal is nil when it was erased.
	Personal *Personal

	// Hash is the tree's leaf: SHA-256 over 0x00 and the stored body (RFC 6962).
	Hash [32]byte
}

// Personal holds the fields that may have to be erased one day. The body of
// an entry holds only salted commitments to them.
type Personal struct {
	Actor     string // platform-qualified: "slack:T1/U1", "discord:77", "console:mia"
	ActorName string
	Account   mute.Account
	Member    string // who was mentioned or linked, qualified as Actor is
	Reason    string
	Note      string
	// Snapshot is JSON: what Plan saw and the actor was shown (question: the
	// plan and its choices; batch: the accounts), for whoever asks later why.
	Snapshot string
}
