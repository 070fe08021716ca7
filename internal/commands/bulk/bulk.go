// Package bulk reads a file of many accounts.
//
// The model. A file is a list, one account a line, or CSV whose header names its
// columns; which of the two is decided by its first line. Each row is one command
// about one account: what the row leaves out is taken from the defaults, and the
// whole is held against the grammar like a command that was typed. Reading does
// nothing but read: no account is looked up, nobody's rights are asked.
//
// Invariants: the file is taken whole or not at all, unless the caller leaves
// faulty rows out himself; every fault has its line; no account is in a file
// twice; a row that leaves something open which a person would be asked about is
// a fault. Reading never panics, whatever the bytes, and its memory is bounded
// by MaxBytes and MaxRows.
package bulk

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"modbot/internal/commands/grammar"
	"modbot/internal/mute"
)

// Bounds of a file.
const (
	MaxBytes = 16 << 20
	// MaxRows keeps a run under ten minutes at a hundred accounts a second, and
	// the list in its entry under some megabytes.
	MaxRows = 50_000
	// MaxLineBytes is the longest line; a reason has room in it.
	MaxLineBytes = grammar.MaxLineBytes
)

// Row is one command about one account.
type Row struct {
	Line    int // in the file, from 1
	Command grammar.Command
}

// Account is the account of the row.
func (r Row) Account() mute.Account { return r.Command.Accounts[0].Account }

// Defaults are what rows leave out, as typed; empty for none.
type Defaults struct{ Term, Scope, Reason string }

// Fault is something wrong, with its line (0: with the file, or the defaults).
type Fault struct {
	Line    int
	Message string // whole sentences, with the fix
}

// String is the fault for people.
func (f Fault) String() string {
	if f.Line == 0 {
		return f.Message
	}
	return fmt.Sprintf("line %d: %s", f.Line, f.Message)
}

// File is a file as read.
type File struct {
	Rows   []Row
	Faults []Fault // by line
	// TermIgnored says that the file has terms, which an unmute has no use for.
	TermIgnored bool
}

// Read reads a file for the verb, mute or unmute. The error is the reader's; what
// is wrong with the text is in File.Faults.
func Read(in io.Reader, parser *grammar.Parser, verb string, d Defaults) (File, error) {
	text, err := io.ReadAll(io.LimitReader(in, MaxBytes+1))
	if err != nil {
		return File{}, fmt.Errorf("reading the accounts: %w", err)
	}
	r := reading{parser: parser, verb: verb, defaults: d, first: map[mute.Account]int{}, commands: map[columns]command{}}
	if r.checkDefaults(); len(r.file.Faults) == 0 {
		r.text(string(text))
	}
	slices.SortStableFunc(r.file.Faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	return r.file, nil
}

// Digest tells the content of a file from others: the same verb and rows have
// the same digest, in whatever order and form they were written.
func Digest(verb string, rows []Row) string {
	sorted := slices.SortedFunc(slices.Values(rows), func(a, b Row) int { return cmp.Compare(a.Account(), b.Account()) })
	h := sha256.New()
	enc := json.NewEncoder(h)
	write := func(fields ...string) {
		if err := enc.Encode(fields); err != nil {
			panic(err) // strings into a hash: cannot happen
		}
	}
	write("modbot bulk v1", verb)
	for _, r := range sorted {
		c := r.Command
		write(string(r.Account()), c.Term.String(), c.Scope.String(), c.Reason)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// trim removes the white space around a value.
func trim(s string) string { return strings.TrimSpace(s) }
