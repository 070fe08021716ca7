package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"modbot/internal/audit"
)

// Fault is what is wrong with a database, as far as anybody can do something
// about it.
type Fault string

// The faults.
const (
	FaultFull        Fault = "full"
	FaultLocked      Fault = "locked"
	FaultReadOnly    Fault = "read-only"
	FaultCorrupt     Fault = "corrupt"
	FaultForeign     Fault = "foreign" // not a database, or another program's
	FaultNewer       Fault = "newer"
	FaultMissing     Fault = "missing"
	FaultUnreachable Fault = "unreachable" // the server does not answer, or goes down
	FaultDenied      Fault = "denied"      // the server refuses the user
	FaultCrowded     Fault = "crowded"     // the server takes no more connections
	FaultOther       Fault = "other"
)

// Error is an audit.ErrStore that says in words for people what is wrong.
type Error struct {
	Fault  Fault
	Name   string // the database: a path, or a URL without its password
	Server bool   // it is a server, not a file
	Err    error  // the driver's error; nil where we found out ourselves
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
	if e.Server {
		return serverWords(e.Fault)
	}
	return fileWords(e.Fault)
}

func fileWords(f Fault) string {
	switch f {
	case FaultFull:
		return "the disk is full; free some space, nothing was recorded meanwhile"
	case FaultLocked:
		return "another program holds it locked; stop that program, or wait until it is done"
	case FaultReadOnly:
		return "it is read-only; give modbot the right to write the file and its folder"
	case FaultCorrupt:
		return "the file is damaged; restore it from a backup, and verify that against a checkpoint from the audit channel"
	case FaultForeign:
		return "it is not a ledger of modbot's; check the path in store.url"
	case FaultNewer:
		return "it was written by a newer modbot; use that version, or a copy made before the upgrade"
	case FaultMissing:
		return "it is not there or cannot be opened; check the path in store.url and the rights of its folder"
	case FaultUnreachable, FaultDenied, FaultCrowded, FaultOther:
	}
	return "the database answered with an error"
}

func serverWords(f Fault) string {
	switch f {
	case FaultFull:
		return "the database server's disk is full; free some space there, nothing was recorded meanwhile"
	case FaultLocked:
		return "somebody holds it locked for too long; look for a long transaction on the database server, and try again"
	case FaultReadOnly:
		return "the database takes no changes; point store.url at the primary server"
	case FaultCorrupt:
		return "the database is damaged; restore it from a backup, and verify that against a checkpoint from the audit channel"
	case FaultForeign:
		return "it is not a ledger of modbot's; check the database and the search_path in store.url"
	case FaultNewer:
		return "it was written by a newer modbot; use that version, or a backup made before the upgrade"
	case FaultMissing:
		return "the database is not there; create it, or check its name in store.url"
	case FaultUnreachable:
		return "the database server cannot be reached; nothing is recorded or done until it is back, and then it goes on by itself"
	case FaultDenied:
		return "the database server refuses modbot's user; check the user, its password and its rights"
	case FaultCrowded:
		return "the database server takes no more connections; raise max_connections, or stop other clients"
	case FaultOther:
	}
	return "the database answered with an error"
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
func (s *Store) explain(err error) error {
	var done *Error
	if err == nil || errors.As(err, &done) || errors.Is(err, audit.ErrRow) {
		return err
	}
	e := &Error{Name: s.name, Server: s.dialect.server, Err: err}
	if e.Server {
		e.Fault = serverFault(err)
	} else {
		e.Fault = fileFault(err)
	}
	return e
}

// fault is what we found out ourselves.
func (s *Store) fault(f Fault, err error) error {
	return &Error{Fault: f, Name: s.name, Server: s.dialect.server, Err: err}
}

// fileFault classifies an error of SQLite's driver.
func fileFault(err error) Fault {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errBusySession) {
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
	return errors.As(err, &e) && fileFault(e) == FaultLocked
}

// serverFault classifies an error of PostgreSQL, by its SQLSTATE
// (postgresql.org, Appendix A), or of the way there.
func serverFault(err error) Fault {
	if known, ok := errors.AsType[*Error](err); ok {
		return known.Fault
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		switch {
		case errors.Is(err, errBusySession):
			return FaultLocked
		case lost(err):
			return FaultUnreachable
		default:
			return FaultOther
		}
	}
	switch e.Code {
	case "53100":
		return FaultFull
	case "55P03", "57014", "40001", "40P01":
		return FaultLocked // a timeout of ours, or a deadlock
	case "25006":
		return FaultReadOnly
	case "XX001", "XX002":
		return FaultCorrupt
	case "3D000", "3F000":
		return FaultMissing
	case "53300":
		return FaultCrowded
	case "42501":
		return FaultDenied
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "28":
		return FaultDenied
	case "08", "57":
		return FaultUnreachable
	}
	if e.Code == idleTimeout {
		return FaultUnreachable
	}
	return FaultOther
}

// standby classifies what a server said to BEGIN READ WRITE. One that has become
// a standby says that it has no such feature, which may mean other things to
// other statements.
func (s *Store) standby(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "0A000" {
		return s.fault(FaultReadOnly, err)
	}
	return err
}

// lost reports whether an error that is not the server's is of the way there.
func lost(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, end := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, context.DeadlineExceeded, errSlow, errSilent} {
		if errors.Is(err, end) {
			return true
		}
	}
	return pgconn.SafeToRetry(err) || pgconn.Timeout(err) // a connection that the driver has closed
}

// late reports whether a server was reached, or may be there, and did not answer
// in time.
func late(err error) bool {
	return errors.Is(err, errSlow) || errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err)
}

// idleTimeout is the SQLSTATE of idle_in_transaction_session_timeout: the
// server has closed the connection of a client that said nothing.
const idleTimeout = "25P03"

// gone reports whether an error leaves a connection to a server useless, or
// says that it was already. It is never so in a file.
func (s *Store) gone(err error) bool {
	return err != nil && s.dialect.server && !errors.Is(err, audit.ErrRow) && serverFault(err) == FaultUnreachable
}
