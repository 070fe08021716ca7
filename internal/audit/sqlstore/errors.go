package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"modbot/internal/audit"
)

// Fault is what is wrong with a database, as far as anybody can do something
// about it.
type Fault string

// The faults.
const (
	FaultFull     Fault = "full"
	FaultLocked   Fault = "locked"
	FaultReadOnly Fault = "read-only"
	FaultCorrupt  Fault = "corrupt"
	FaultForeign  Fault = "foreign" // not a database, or another program's
	FaultNewer    Fault = "newer"
	FaultMissing  Fault = "missing"
	FaultOther    Fault = "other"
)

// Error is an audit.ErrStore that says in words for people what is wrong.
type Error struct {
	Fault Fault
	Name  string // the database: a path, or a URL without its password
	Err   error  // the driver's error; nil where we found out ourselves
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("the ledger %s: %s", e.Name, e.People())
	}
	return fmt.Sprintf("the ledger %s: %s (%v)", e.Name, e.People(), e.Err)
}

// People is what is wrong and what to do about it, for somebody in a chat: it
// names neither the database nor what its driver said.
func (e *Error) People() string {
	return map[Fault]string{
		FaultFull:     "the disk is full; free some space, nothing was recorded meanwhile",
		FaultLocked:   "another program holds it locked; stop that program, or wait until it is done",
		FaultReadOnly: "it is read-only; give modbot the right to write the file and its folder",
		FaultCorrupt:  "the file is damaged; restore it from a backup, and verify that against a checkpoint from the audit channel",
		FaultForeign:  "it is not a ledger of modbot's; check the path in store.url",
		FaultNewer:    "it was written by a newer modbot; use that version, or a copy made before the upgrade",
		FaultMissing:  "it is not there or cannot be opened; check the path in store.url and the rights of its folder",
		FaultOther:    "the database answered with an error",
	}[e.Fault]
}

// Unwrap makes every Error an audit.ErrStore.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{audit.ErrStore}
	}
	return []error{audit.ErrStore, e.Err}
}

// explain gives a driver's error its words. Errors that have theirs, and rows
// that cannot be understood, stay as they are.
func explain(name string, err error) error {
	var done *Error
	if err == nil || errors.As(err, &done) || errors.Is(err, audit.ErrRow) {
		return err
	}
	return &Error{Fault: faultOf(err), Name: name, Err: err}
}

// faultOf classifies an error of the driver's.
func faultOf(err error) Fault {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		if errors.Is(err, context.DeadlineExceeded) {
			return FaultLocked
		}
		return FaultOther
	}
	switch e.Code() & 0xff { // the primary code of an extended one
	case sqlite3.SQLITE_FULL:
		return FaultFull
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		return FaultLocked
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return FaultReadOnly
	case sqlite3.SQLITE_CORRUPT:
		return FaultCorrupt
	case sqlite3.SQLITE_NOTADB:
		return FaultForeign
	case sqlite3.SQLITE_CANTOPEN:
		return FaultMissing
	default:
		return FaultOther
	}
}

// busy reports whether it helps to wait and try again.
func busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && faultOf(e) == FaultLocked
}
