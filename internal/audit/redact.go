package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"modbot/internal/mute"
)

// Lawful erasure takes away the personal values of entries, and nothing else:
// the commitments in the bodies stay, so the tree still verifies, and an entry
// says of each that it was erased, by whom and why. What still needs the values
// keeps them: an account that is muted or acted on, an open question, a link in
// force.

// Erasure is what is to be erased. Its Head says by whom; the Reason is
// recorded and posted, so that it must not name anybody.
type Erasure struct {
	Head
	Seqs []int64
	// Account brings every entry about the account, and the lists of accounts of
	// the commands that it was one of.
	Account mute.Account
}

// Erased is what an erasure did, or would do.
type Erased struct {
	Seqs    []int64 // entries whose personal values are erased by it, in order
	Already []int64 // entries that were asked for, and erased before
	Entries []int64 // the entries that say so; none of a plan
	// Posted is where messages about these entries, or their cases, were posted.
	// They cannot be unposted from here.
	Posted []Posting
	// Mentions are other entries in whose words the account's name occurs, at
	// most mentionsMost.
	Mentions []int64
}

// ErasureError says why an entry cannot be erased.
type ErasureError struct {
	Seq int64
	Why string
}

func (e *ErasureError) Error() string {
	return fmt.Sprintf("the personal values of entry %d cannot be erased: %s", e.Seq, e.Why)
}

// ErrNobody says that no entry is about the account.
var ErrNobody = errors.New("no entry is about that account")

// errBeside says that others write in the same transaction; erasing waits for
// one of its own, where the store is all there is to look at.
var errBeside = errors.New("others write to the audit log at the same moment")

const (
	// eraseTries and erasePause are how an erasure waits for a transaction of
	// its own.
	eraseTries = 50
	erasePause = 20 * time.Millisecond
	// mentionsMost is how many mentions are listed, and mentionLeast the
	// shortest name that is looked for in words.
	mentionsMost = 50
	mentionLeast = 3
)

// PlanErasure says what Erase would do, and writes nothing.
func (l *Log) PlanErasure(ctx context.Context, in Erasure) (Erased, error) {
	return view(ctx, l, func(s Snapshot) (Erased, error) {
		out, err := planErasure(ctx, s, in)
		if err != nil {
			return Erased{}, err
		}
		if out.Posted, err = postedAbout(ctx, s, slices.Concat(out.Seqs, out.Already)); err != nil {
			return Erased{}, err
		}
		out.Mentions, err = mentions(ctx, s, in.Account, slices.Concat(out.Seqs, out.Already))
		return out, err
	})
}

// Erase takes the personal values of entries away and appends an entry about
// each. All of them are erased, or none is. Those that were erased before are
// left alone. It returns an *ErasureError when one has to stay. The values are
// gone from the rows; Scrub of the store makes them go from its files.
func (l *Log) Erase(ctx context.Context, in Erasure) (Erased, error) {
	plan, err := l.PlanErasure(ctx, in)
	if err != nil {
		return plan, err
	}
	drafts := map[int64]draft{}
	for try := 0; ; try++ {
		var done Erased
		err = l.write(ctx, Keys{}, func(ctx context.Context, s *state) (err error) {
			done, err = s.erase(ctx, in, drafts)
			return err
		})
		if errors.Is(err, errBeside) && try < eraseTries && ctx.Err() == nil {
			pause(ctx, erasePause)
			continue
		}
		if err != nil {
			return plan, fmt.Errorf("erasing personal values: %w", err)
		}
		plan.Seqs, plan.Already, plan.Entries = done.Seqs, done.Already, done.Entries
		return plan, nil
	}
}

// erase is Erase inside the transaction. The drafts are those of an earlier try
// of the same group, whose commit may have been done.
func (s *state) erase(ctx context.Context, in Erasure, drafts map[int64]draft) (Erased, error) {
	if len(s.made) > 0 {
		return Erased{}, errBeside
	}
	if done, err := s.erasedBefore(ctx, drafts); err != nil || len(done.Entries) > 0 {
		return done, err
	}
	out, err := planErasure(ctx, s.tx, in)
	if err != nil {
		return out, err
	}
	for _, seq := range out.Seqs {
		d, made := drafts[seq]
		if !made {
			h := in.Head
			h.ID, h.Key, h.Account = NewID(), "", ""
			d = newDraft(KindRedacted, h)
			d.entry.About = seq
			drafts[seq] = d
		}
		e, err := s.append(ctx, d)
		if err != nil {
			return out, err
		}
		out.Entries = append(out.Entries, e.Seq)
		s.erased = append(s.erased, seq)
	}
	return out, s.unfreeze(ctx, len(out.Seqs) > 0)
}

// erasedBefore is what an earlier try of the same group did, when the answer to
// its commit was lost.
func (s *state) erasedBefore(ctx context.Context, drafts map[int64]draft) (Erased, error) {
	var out Erased
	for _, seq := range slices.Sorted(maps.Keys(drafts)) {
		d := drafts[seq]
		ref, found, err := s.find(ctx, &d)
		if err != nil {
			return out, err
		}
		if found {
			out.Seqs, out.Entries = append(out.Seqs, seq), append(out.Entries, ref.Seq)
		}
	}
	return out, nil
}

// unfreeze forgets the bytes of messages that are not posted yet: they may hold
// what was erased. They are composed anew; see Deliverer.
func (s *state) unfreeze(ctx context.Context, erased bool) error {
	if !erased {
		return nil
	}
	rows, err := s.tx.Sinks(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := s.want(ctx, Keys{Sinks: []string{r.Name}}); err != nil {
			return err
		}
		row, known, _ := s.sinks.get(r.Name)
		if !known || row.Last == 0 || full(row.Nonce) {
			continue
		}
		row.Body = nil
		s.sinks.put(row.Name, row)
	}
	return nil
}

// planErasure finds the entries, and whether they may be erased.
func planErasure(ctx context.Context, r Reader, in Erasure) (Erased, error) {
	var out Erased
	rows, err := toErase(ctx, r, in)
	if err != nil {
		return out, err
	}
	for _, row := range rows {
		_, commits, err := parseBody(row.Body)
		if err != nil {
			return out, fmt.Errorf("%w: entry %d: %w", ErrRow, row.Seq, err)
		}
		asked := slices.Contains(in.Seqs, row.Seq)
		switch {
		case commits.none() && asked:
			return out, &ErasureError{row.Seq, "it has none"}
		case commits.none():
		case row.Personal == nil && asked:
			out.Already = append(out.Already, row.Seq)
		case row.Personal == nil:
		default:
			if err := mayErase(ctx, r, row); err != nil {
				return out, err
			}
			out.Seqs = append(out.Seqs, row.Seq)
		}
	}
	return out, nil
}

// toErase reads the entries that are meant, in order.
func toErase(ctx context.Context, r Reader, in Erasure) ([]EntryRow, error) {
	seqs := slices.Clone(in.Seqs)
	if in.Account != "" {
		about, err := entriesAbout(ctx, r, in.Account)
		if err != nil {
			return nil, err
		}
		seqs = append(seqs, about...)
	}
	slices.Sort(seqs)
	seqs = slices.Compact(seqs)
	if len(seqs) == 0 {
		return nil, nil
	}
	rows, err := r.Entries(ctx, EntryQuery{Seqs: seqs})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b EntryRow) int { return int(a.Seq - b.Seq) })
	for i, seq := range seqs {
		if i >= len(rows) || rows[i].Seq != seq {
			return nil, fmt.Errorf("%w: %d", ErrNoEntry, seq)
		}
	}
	return rows, nil
}

// entriesAbout are the entries of an account's cases, and of the commands that
// these were part of.
func entriesAbout(ctx context.Context, r Reader, a mute.Account) ([]int64, error) {
	acct, _, err := acctOf(ctx, r, a)
	if err != nil {
		return nil, err
	}
	if acct == 0 {
		return nil, ErrNobody
	}
	var seqs, batches []int64
	for after := int64(0); ; {
		rows, err := r.Entries(ctx, EntryQuery{Acct: acct, After: after, Limit: verifyPage})
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			e, _, err := parseBody(row.Body)
			if err != nil {
				return nil, fmt.Errorf("%w: entry %d: %w", ErrRow, row.Seq, err)
			}
			seqs, batches, after = append(seqs, row.Seq), append(batches, nonZero(e.Batch)...), row.Seq
		}
		if len(rows) < verifyPage {
			break
		}
	}
	rows, err := r.Entries(ctx, EntryQuery{Seqs: distinct(batches, never)})
	if len(batches) == 0 || err != nil {
		return seqs, err
	}
	for _, row := range rows {
		if row.Kind == KindBatch {
			seqs = append(seqs, row.Seq)
		}
	}
	return seqs, nil
}

// mayErase returns an *ErasureError when something still needs the values.
func mayErase(ctx context.Context, r Reader, row EntryRow) error {
	var queries []CaseQuery
	if row.Acct != 0 {
		mutes, err := r.Mutes(ctx, MuteQuery{Acct: row.Acct, Limit: 1})
		if err != nil {
			return err
		}
		if len(mutes) > 0 {
			return &ErasureError{row.Seq, fmt.Sprintf("its account is muted by case %d; unmute it first", mutes[0].Case)}
		}
		found, err := r.Load(ctx, Keys{Accts: []int64{row.Acct}, Links: []int64{row.Seq}})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(found.Leases, func(l LeaseRow) bool { return l.State != LeaseLocked }) {
			return &ErasureError{row.Seq, "its account is being acted on; wait until that is settled"}
		}
		if len(found.Links) > 0 {
			return &ErasureError{row.Seq, fmt.Sprintf("it made a link that is in force (case %d); unlink the member first", found.Links[0].Case)}
		}
		queries = []CaseQuery{{Acct: row.Acct, Waiting: true, Limit: 1}, {Acct: row.Acct, Acting: true, Limit: 1}}
	}
	if row.Kind == KindBatch {
		queries = append(queries, CaseQuery{Batch: row.Seq, Waiting: true, Limit: 1}, CaseQuery{Batch: row.Seq, Acting: true, Limit: 1})
	}
	for _, q := range queries {
		open, err := r.Cases(ctx, q)
		if err != nil {
			return err
		}
		if len(open) > 0 {
			return &ErasureError{row.Seq, fmt.Sprintf("case %d is open (%s)", open[0].Number, open[0].Status)}
		}
	}
	return nil
}
