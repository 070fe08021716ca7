package audit

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"

	"modbot/internal/mute"
)

// ErrNoEntry says that there is no such entry.
var ErrNoEntry = errors.New("no such entry")

// EntryFilter narrows a list of entries; zero values do not narrow.
type EntryFilter struct {
	After   int64 // seq over
	Before  int64 // seq under
	Kinds   []Kind
	Case    int64
	Account mute.Account
	Actor   string // platform-qualified id
	Since   time.Time
	// Newest lists the newest first; else the oldest.
	Newest bool
	Limit  int // 10 when 0, 1000 at most
}

// Entries lists entries. What comes after a cursor is EntryFilter{After: seq}:
// seqs have no gaps and grow in commit order, so nothing can appear below one.
func (l *Log) Entries(ctx context.Context, f EntryFilter) ([]Entry, error) {
	q := EntryQuery{
		After: f.After, Before: f.Before, Kinds: f.Kinds, Case: f.Case, Actor: clean(f.Actor),
		Since: micros(f.Since), Newest: f.Newest, Limit: Page{Limit: f.Limit}.limit(),
	}
	if f.Account != "" {
		acct, err := view(ctx, l, func(s Snapshot) (int64, error) {
			acct, _, err := acctOf(ctx, s, f.Account)
			return acct, err
		})
		if err != nil || acct == 0 {
			return nil, err
		}
		q.Acct = acct
	}
	return l.entries(ctx, q)
}

func (l *Log) entries(ctx context.Context, q EntryQuery) ([]Entry, error) {
	return view(ctx, l, func(s Snapshot) ([]Entry, error) {
		rows, err := s.Entries(ctx, q)
		if err != nil {
			return nil, err
		}
		out := make([]Entry, 0, len(rows))
		for _, row := range rows {
			e, err := entryOf(row)
			if err != nil {
				return nil, err
			}
			out = append(out, e)
		}
		return out, nil
	})
}

// Entry is one entry, or ErrNoEntry.
func (l *Log) Entry(ctx context.Context, seq int64) (Entry, error) {
	out, err := l.entries(ctx, EntryQuery{Seqs: []int64{seq}, Limit: 1})
	if err != nil {
		return Entry{}, err
	}
	if len(out) == 0 {
		return Entry{}, ErrNoEntry
	}
	return out[0], nil
}

// Stored is an entry with its body and leaf as stored, for whoever checks
// them without this program.
func (l *Log) Stored(ctx context.Context, seq int64) (EntryRow, error) {
	return view(ctx, l, func(s Snapshot) (EntryRow, error) {
		rows, err := s.Entries(ctx, EntryQuery{Seqs: []int64{seq}, Limit: 1})
		if err != nil || len(rows) == 0 {
			return EntryRow{}, cmp.Or(err, ErrNoEntry)
		}
		return rows[0], nil
	})
}

const (
	// similarPool is how many accounts are looked at for a likeness.
	similarPool = 500
	// similarEdits is how many letters may differ.
	similarEdits = 2
)

// maxSpellings is how many accounts that differ in case alone are looked for.
const maxSpellings = 8

// Spellings lists accounts of the ledger that differ from the text in case
// alone.
func (l *Log) Spellings(ctx context.Context, account string) ([]mute.Account, error) {
	found, err := view(ctx, l, func(s Snapshot) ([]mute.Account, error) {
		return s.Accounts(ctx, NameQuery{Like: account, Equal: true, Limit: maxSpellings})
	})
	return slices.DeleteFunc(found, func(a mute.Account) bool { return string(a) == account }), err
}

// Similar lists accounts of the ledger that the text may have meant, the
// likeliest first: equal but for case, beginning with it, a slip or two away.
// The account of exactly that name is not among them.
func (l *Log) Similar(ctx context.Context, account string, limit int) ([]mute.Account, error) {
	if account == "" || limit <= 0 {
		return nil, nil
	}
	pool, err := view(ctx, l, func(s Snapshot) ([]mute.Account, error) {
		return s.Accounts(ctx, NameQuery{Like: account, Limit: similarPool})
	})
	if err != nil {
		return nil, err
	}
	type candidate struct {
		account mute.Account
		away    int
	}
	var out []candidate
	for _, a := range pool {
		if d, ok := distance(account, string(a)); ok && string(a) != account {
			out = append(out, candidate{a, d})
		}
	}
	slices.SortStableFunc(out, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.away, b.away), cmp.Compare(a.account, b.account))
	})
	names := make([]mute.Account, 0, min(len(out), limit))
	for _, c := range out[:min(len(out), limit)] {
		names = append(names, c.account)
	}
	return names, nil
}

// distance is how unlike two names are: 0 equal but for case, 1 the one begins
// with the other, more for each slip; ok is false beyond similarEdits.
func distance(typed, known string) (d int, ok bool) {
	typed, known = strings.ToLower(typed), strings.ToLower(known)
	if typed == known {
		return 0, true
	}
	if strings.HasPrefix(known, typed) {
		return 1, true
	}
	edits := levenshtein.ComputeDistance(typed, known)
	return 1 + edits, edits <= similarEdits && edits < len(typed)
}
