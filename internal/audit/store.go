package audit

import (
	"context"
	"errors"
	"fmt"

	"modbot/internal/mute"
)

// Store is a database that keeps the ledger's rows. It decides nothing: what
// is written, and when, is the ledger's. Its errors wrap ErrStore.
type Store interface {
	// Begin opens the write transaction and takes the head row. There is one
	// at a time; Begin waits a bounded time for its turn.
	Begin(ctx context.Context) (Tx, error)
	// Snapshot opens a view of one moment, beside any writer.
	Snapshot(ctx context.Context) (Snapshot, error)
}

// Tx is an open write transaction. It ends with Commit or Rollback.
type Tx interface {
	Reader
	// Turn is a number that is one more than that of the transaction before,
	// when the store is sure that nobody has written between the two: rows that
	// the one knew are as they were for the other. Else it is more than that.
	Turn() int64
	// Commit writes the changes, all or none. It returns an error that is
	// ErrUncertain when it is not known which.
	Commit(ctx context.Context, c Changes) error
	// Rollback forgets the transaction; after Commit it does nothing.
	Rollback()
}

// Snapshot is a view of one moment. It is used by one goroutine at a time.
type Snapshot interface {
	Reader
	Close()
}

// Reader reads rows.
type Reader interface {
	KeyReader
	EntryReader
	CaseReader
	OperationReader
}

// KeyReader reads what an append needs to know.
type KeyReader interface {
	Head(ctx context.Context) (HeadRow, error)
	Load(ctx context.Context, k Keys) (Rows, error)
	// Actions counts the intents that the actor began since.
	Actions(ctx context.Context, actor string, since int64) (int, error)
}

// EntryReader reads the log itself.
type EntryReader interface {
	Entries(ctx context.Context, q EntryQuery) ([]EntryRow, error)
	// Checkpoints returns stored checkpoints with a size over after.
	Checkpoints(ctx context.Context, after int64, limit int) ([]CheckpointRow, error)
	// PersonalRows counts the side rows.
	PersonalRows(ctx context.Context) (int64, error)
	// Accounts returns known accounts, the like-named first.
	Accounts(ctx context.Context, q NameQuery) ([]mute.Account, error)
}

// CaseReader reads the projections.
type CaseReader interface {
	Cases(ctx context.Context, q CaseQuery) ([]CaseRow, error)
	Mutes(ctx context.Context, q MuteQuery) ([]MuteRow, error)
	// AccountRows returns rows with a number over after.
	AccountRows(ctx context.Context, after int64, limit int) ([]AccountRow, error)
	// LinkRows returns links in force with a seq over after.
	LinkRows(ctx context.Context, after int64, limit int) ([]LinkRow, error)
	Counts(ctx context.Context) (Counts, error)
}

// OperationReader reads operational rows: there are few of each.
type OperationReader interface {
	// Leases returns the leases that end in a read-back, which locked ones do
	// not, and all that end after a time.
	Leases(ctx context.Context, after int64, limit int) ([]LeaseRow, error)
	Sinks(ctx context.Context) ([]SinkRow, error)
	// Backlog counts the entries of these kinds with a seq over after, up to
	// most of them, and says when the first was appended.
	Backlog(ctx context.Context, after int64, kinds []Kind, most int) (entries, oldest int64, err error)
	// Postings returns where entries from first to last were posted.
	Postings(ctx context.Context, first, last int64) ([]PostingRow, error)
	// Workers returns the leases of workers whose name begins so.
	Workers(ctx context.Context, prefix string) ([]WorkerRow, error)
}

// What a store may say besides ErrStore.
var (
	// ErrUncertain: the answer to a COMMIT was lost.
	ErrUncertain = errors.New("it is not known whether the transaction was committed")
	// ErrRow: a row holds what the ledger never writes. The ledger was altered.
	ErrRow = errors.New("a row cannot be understood")
)

// RowError is an ErrRow that knows the entry whose row it is.
type RowError struct {
	Seq int64
	Err error
}

func (e *RowError) Error() string { return fmt.Sprintf("entry %d: %v", e.Seq, e.Err) }

// Unwrap makes every RowError an ErrRow.
func (e *RowError) Unwrap() []error { return []error{ErrRow, e.Err} }

// Keys names the rows that an append needs. Accounts brings the number of each
// account and with it the account's row and lease.
type Keys struct {
	Refs     []string // entries by EntryRow.Ref
	Accounts []mute.Account
	Accts    []int64  // accounts by number: row and lease
	Mutes    []int64  // accounts by number: active mutes
	Members  []string // members by name: the link in force
	Links    []int64  // links by LinkRow.Seq
	Cases    []int64
	Sinks    []string
	Workers  []string
}

// Rows is what was found of Keys; what is not in it is not in the store.
type Rows struct {
	Entries  []EntryRef
	Names    map[mute.Account]int64
	Accounts []AccountRow
	Leases   []LeaseRow
	Mutes    []MuteRow
	Members  map[string]int64 // LinkRow.Seq of each
	Links    []LinkRow        // those of Keys.Members too
	Cases    []CaseRow
	Sinks    []SinkRow
	Workers  []WorkerRow
}

// Changes is what one write transaction does to the store. Rows of the log are
// only ever added.
type Changes struct {
	Head        *HeadRow // nil when no entry was added
	Entries     []EntryRow
	Checkpoints []CheckpointRow
	// PersonalGone are entries whose side rows are deleted.
	PersonalGone []int64

	Cases     []CaseRow
	Accounts  []AccountRow
	Mutes     []MuteRow
	MutesGone []MuteKey
	Links     []LinkRow
	LinksGone []int64

	Leases      []LeaseRow
	LeasesGone  []int64
	Sinks       []SinkRow
	Postings    []PostingRow
	Workers     []WorkerRow
	WorkersGone []string
}

// EntryQuery asks for entries; zero values do not narrow, except After: only
// entries with a seq over it are returned.
type EntryQuery struct {
	After  int64
	Before int64
	Seqs   []int64
	Kinds  []Kind
	Case   int64
	Acct   int64
	Actor  string
	Since  int64
	Newest bool // newest first
	Limit  int
}

// CaseQuery asks for cases: of one account newest first, all others by number.
type CaseQuery struct {
	After  int64 // number over
	Before int64 // number under
	Acct   int64
	Batch  int64
	// Waiting narrows to cases that wait, Acting to those in flight or unknown:
	// for the latter the store looks at every case.
	Waiting bool
	Acting  bool
	Limit   int
}

// MuteQuery asks for active mutes, of the newest case first, or with DueBy
// those that end first.
type MuteQuery struct {
	Scope  mute.Scope
	Acct   int64
	Actor  string // id or name
	Before int64  // case number under
	// DueBy narrows to mutes that end by then, DueAfter (with DueBy) to those
	// that end after that.
	DueBy    int64
	DueAfter int64
	// Walk lists all by account and field instead, of accounts with a number over
	// AfterAcct.
	Walk      bool
	AfterAcct int64
	Limit     int
}

// NameQuery asks for known accounts: first those equal to Like but for case,
// then those that begin with it, then the others, the recent first.
type NameQuery struct {
	Like string
	// Equal narrows to those equal to Like but for case.
	Equal bool
	Limit int
}

// Counts is how much is open and active.
type Counts struct {
	Mutes    int64
	InFlight int64
	Unknown  int64
	Waiting  int64
}
