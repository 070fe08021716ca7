package audit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// VerifyOptions say what a ledger is verified against, beyond itself.
type VerifyOptions struct {
	// Checkpoint holds checkpoints from outside, in any form that
	// ParseCheckpoints reads: the ledger has to extend each of them.
	Checkpoint string
	// Verifier is the public key that the ledger's checkpoints have to be
	// signed with; empty takes the ledger's own word for it.
	Verifier string
	// Hold is how many rows of the projections may be held in memory before those
	// that the store has just so are dropped; 0 is a number that suits machines of
	// today. What is found does not depend on it.
	Hold int
	// Progress is called now and then with the number of entries read.
	Progress func(entries int64)
}

// Report is what a verification found.
type Report struct {
	OK      bool
	Entries int64     // how many were read
	Root    tlog.Hash // of the tree over them; what it should be only when OK
	// FirstBad is the seq of the first entry that is not as it was written;
	// nil when it cannot be told, because the root does not match.
	FirstBad *int64
	Problem  string // in words for people; empty when OK

	Checked Checked
	// Given are the checkpoints from outside, in order of their size, with what
	// was found of each; none when the verification ended before.
	Given []Given
	// Notes say what is odd about the messages that the given checkpoints are
	// from, which is no fault of the ledger.
	Notes []string
}

// Checked is how much was compared.
type Checked struct {
	Verifier    string // the public key that all kept checkpoints are signed with
	Checkpoints int64  // that the ledger keeps
	Personal    int64  // entries with personal values, as they were committed to
	Erased      int64  // entries whose personal values an entry says were erased
	// Rows of the projections, as a replay makes them.
	Cases, Accounts, Mutes, Links int64
}

// Given is a checkpoint from outside.
type Given struct {
	Claim
	Problem string // why the ledger does not extend it; empty when it does
}

// finding is why a ledger is not as it was written.
type finding struct {
	seq  int64 // 0 when it cannot be told
	text string
}

func (f *finding) Error() string { return f.text }

func bad(seq int64, format string, args ...any) error {
	return &finding{seq: seq, text: fmt.Sprintf(format, args...)}
}

// Verify reads the whole ledger, as of one moment, and compares everything
// that Verify can know: each entry with its hash, its columns and its
// commitments; the tree with the head, the kept checkpoints and the one from
// outside; and the projections with a replay of the log. An error says that
// the store could not be read; whether it was altered is in the Report.
func Verify(ctx context.Context, store Store, opts VerifyOptions) (Report, error) {
	s, err := store.Snapshot(ctx)
	if err != nil {
		return Report{}, err
	}
	defer s.Close()
	v := &verifier{
		s: s, opts: opts, replay: &state{}, missing: map[int64]struct{}{}, erased: map[int64]int64{},
		holding: holding{most: opts.hold(), cases: numbers{}, accounts: numbers{}},
	}
	err = v.run(ctx)
	r := v.report()
	var f *finding
	var row *RowError
	switch {
	case err == nil:
		r.OK = true
		return r, nil
	case errors.As(err, &f):
		r.Problem = f.text
		if f.seq > 0 {
			r.FirstBad = &f.seq
		}
		return r, nil
	case errors.As(err, &row):
		r.Problem = row.Error()
		r.FirstBad = &row.Seq
		return r, nil
	case errors.Is(err, ErrRow):
		r.Problem = err.Error()
		return r, nil
	}
	return r, fmt.Errorf("verifying the audit log: %w", err)
}

// verifier is one run of Verify.
type verifier struct {
	// s is read by one goroutine at a time. Only readEntries has two; they take
	// reading for each read.
	s       Snapshot
	reading sync.Mutex

	opts VerifyOptions

	head    HeadRow // as stored
	replay  *state  // as the log says, but for the rows that were dropped
	holding holding

	given       []Given // the checkpoints from outside, by size
	compared    int     // how many of them
	notes       []string
	checkpoints []CheckpointRow
	kept        int64 // checkpoints compared so far
	lastGood    int64 // size of the last that matched

	personal int64              // side rows seen
	rows     Checked            // rows of the projections seen
	missing  map[int64]struct{} // entries whose side row is gone
	erased   map[int64]int64    // by seq: the entry that says it was erased
}

func (v *verifier) run(ctx context.Context) error {
	steps := []func(context.Context) error{
		v.readHead, v.readGiven, v.readEntries, v.checkEnd, v.checkErased,
		v.checkCases, v.checkAccounts, v.checkMutes, v.checkLinks, v.checkGiven,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) readHead(ctx context.Context) (err error) {
	if v.head, err = v.s.Head(ctx); err != nil {
		return err
	}
	if want := v.opts.Verifier; want != "" && v.head.Verifier != want {
		return bad(0, "the ledger names the public key %s, it should be %s", v.head.Verifier, want)
	}
	if v.head.Verifier != "" {
		if err := wellWritten(v.head.Verifier); err != nil {
			return bad(0, "the ledger's head was altered: %v", err)
		}
	}
	v.replay.head.Origin, v.replay.head.Verifier = v.head.Origin, v.head.Verifier
	v.checkpoints, err = v.s.Checkpoints(ctx, math.MinInt64, checkpointPage)
	if err != nil {
		return err
	}
	return v.checkCheckpoints(ctx)
}

// checkpointPage is how many kept checkpoints are read in one go.
const checkpointPage = 256

// checkCheckpoints compares the tree with the kept checkpoints of its size.
func (v *verifier) checkCheckpoints(ctx context.Context) error {
	at := &v.replay.head
	for len(v.checkpoints) > 0 && v.checkpoints[0].Size <= at.Size {
		row := v.checkpoints[0]
		size, root, err := genuine(row.Note, v.head.Origin, v.head.Verifier)
		switch {
		case err != nil:
			return bad(0, "the kept checkpoint of %d entries is not genuine: %v", row.Size, err)
		case size != row.Size:
			return bad(0, "the kept checkpoint of %d entries is one of %d", row.Size, size)
		case size != at.Size:
			return bad(0, "there is a kept checkpoint of %d entries, which cannot be", size)
		case root != at.Frontier.root():
			return bad(0, "over %d entries the root is %s, the kept checkpoint says %s: %s", size, at.Frontier.root(), root, v.bracket(size))
		}
		v.kept++
		v.lastGood = size
		if v.checkpoints = v.checkpoints[1:]; len(v.checkpoints) > 0 {
			break
		}
		v.reading.Lock()
		v.checkpoints, err = v.s.Checkpoints(ctx, size, checkpointPage)
		v.reading.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// bracket says between which sizes the tree left its path.
func (v *verifier) bracket(size int64) string {
	return fmt.Sprintf("one of the entries %d to %d was altered, and its hash with it", v.lastGood+1, size)
}

// checkEnd compares the tree with the head, when all entries are read.
func (v *verifier) checkEnd(ctx context.Context) error {
	got := &v.replay.head
	switch {
	case got.Size < v.head.Size:
		return bad(got.Size+1, "entry %d is missing: the head counts %d entries, the last is %d", got.Size+1, v.head.Size, got.Size)
	case len(v.checkpoints) > 0:
		return bad(got.Size+1, "there is a kept checkpoint of %d entries, the ledger has %d: it was truncated", v.checkpoints[0].Size, got.Size)
	case got.Frontier != v.head.Frontier:
		return bad(0, "the root of the entries is %s, the head says %s: %s", got.Frontier.root(), v.head.Frontier.root(), v.bracket(got.Size))
	case v.kept != v.head.Checkpoints:
		return bad(0, "the head counts %d kept checkpoints, there are %d", v.head.Checkpoints, v.kept)
	case got.At != v.head.At:
		return bad(0, "the head's time is not that of the last entry")
	case got.Cases != v.head.Cases:
		return bad(0, "the head counts %d cases, the log %d", v.head.Cases, got.Cases)
	}
	if v.head.Verifier != "" && v.kept == 0 {
		return bad(0, "the checkpoint that the ledger began with is gone")
	}
	n, err := v.s.PersonalRows(ctx)
	if err != nil {
		return err
	}
	if n != v.personal {
		return bad(0, "there are %d rows of personal values, %d belong to an entry", n, v.personal)
	}
	return nil
}

// checkErased compares the personal values that are gone with the entries
// that say so.
func (v *verifier) checkErased(context.Context) error {
	var first int64
	for seq := range v.missing {
		if _, said := v.erased[seq]; !said && (first == 0 || seq < first) {
			first = seq
		}
	}
	if first != 0 {
		return bad(first, "the personal values of entry %d are gone, and no entry says that they were erased", first)
	}
	for seq := range v.erased {
		if _, gone := v.missing[seq]; !gone && (first == 0 || seq < first) {
			first = seq
		}
	}
	if first != 0 {
		return bad(first, "entry %d says that the personal values of entry %d were erased, but they are there, or never were", v.erased[first], first)
	}
	return nil
}
