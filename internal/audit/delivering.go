package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// Posted reports whether entries of this kind are told to the audit channels.
// Intents and batches are not: their outcomes are.
func (k Kind) Posted() bool { return k != KindIntent && k != KindBatch }

// postedKinds are the kinds that are told.
func postedKinds() []Kind {
	var out []Kind
	for _, k := range Kinds() {
		if k.Posted() {
			out = append(out, k)
		}
	}
	return out
}

// Posted is an entry on its way to an audit channel.
type Posted struct {
	Entry Entry
	// Case is the entry's case as it stands when the post is composed; nil
	// where the entry is about none.
	Case *CaseView
	// Prior is how many actions had begun on the account before that case.
	Prior int
	// Checkpoint is the short form of the ledger's head when the post was
	// composed. Roots of earlier sizes are not kept, and this one covers the
	// entry: whoever keeps the post can prove that the entry is still there.
	Checkpoint string
	// Message is the number of the channel's message that the post is in, from 1
	// on, and Before the short checkpoint that the message before it ended with,
	// empty where there was none: whoever changes or deletes one contradicts the
	// next.
	Message int64
	Before  string
	// Full is a signed checkpoint, which the message is about in place of an
	// entry; Entry has nothing but its size as Seq.
	Full string
	// Stub asks for words that only name the entry: the platform refused the
	// post for its content.
	Stub bool
}

// sink is how far a sink was told; one that is not known was told nothing.
func (l *Log) sink(ctx context.Context, name string) (Sink, error) {
	return view(ctx, l, func(s Snapshot) (Sink, error) {
		rows, err := s.Load(ctx, Keys{Sinks: []string{name}})
		if err != nil || len(rows.Sinks) == 0 {
			return Sink{Name: name}, err
		}
		return rows.Sinks[0].sink(), nil
	})
}

// toPost reads entries that a sink has not been told of, oldest first, as of
// one moment, and the size of the ledger at that moment.
func (l *Log) toPost(ctx context.Context, after int64, limit int) ([]Posted, int64, error) {
	var size int64
	posts, err := view(ctx, l, func(s Snapshot) ([]Posted, error) {
		head, err := s.Head(ctx)
		if err != nil {
			return nil, err
		}
		size = head.Size
		rows, err := s.Entries(ctx, EntryQuery{After: after, Kinds: postedKinds(), Limit: limit})
		if err != nil {
			return nil, err
		}
		short := ShortCheckpoint(head.Size, head.Frontier.root())
		out := make([]Posted, 0, len(rows))
		for _, row := range rows {
			e, err := entryOf(row)
			if err != nil {
				return nil, err
			}
			out = append(out, Posted{Entry: e, Checkpoint: short})
		}
		return out, addCases(ctx, s, out)
	})
	return posts, size, err
}

// addCases finds the cases of entries, and how many came before.
func addCases(ctx context.Context, s Snapshot, posts []Posted) error {
	var k Keys
	for _, p := range posts {
		k.Cases = append(k.Cases, nonZero(p.Entry.Case)...)
		k.Accts = append(k.Accts, nonZero(p.Entry.Acct)...)
	}
	k.Cases, k.Accts = distinct(k.Cases, never), distinct(k.Accts, never)
	if k.empty() {
		return nil
	}
	rows, err := s.Load(ctx, k)
	if err != nil {
		return err
	}
	views, err := newLoader(s).views(ctx, rows.Cases)
	if err != nil {
		return err
	}
	cases := map[int64]*CaseView{}
	for i := range views {
		cases[views[i].Number] = &views[i]
	}
	accounts := map[int64]AccountRow{}
	for _, a := range rows.Accounts {
		accounts[a.Acct] = a
	}
	for i := range posts {
		p := &posts[i]
		if p.Case = cases[p.Entry.Case]; p.Case == nil {
			continue
		}
		if p.Prior, err = prior(ctx, s, accounts[p.Entry.Acct], p.Case.Number); err != nil {
			return err
		}
	}
	return nil
}

func never(int64) bool { return false }

// prior counts the cases of an account that began before this one.
func prior(ctx context.Context, s Snapshot, a AccountRow, n int64) (int, error) {
	switch {
	case a.Last < n:
		return int(a.Prior), nil
	case a.Last == n:
		return int(a.Prior) - 1, nil
	}
	older, err := s.Cases(ctx, CaseQuery{Acct: a.Acct, Before: n, Limit: pageMost})
	count := 0
	for _, c := range older {
		if c.Intent != 0 {
			count++
		}
	}
	return count, err
}

// The first letter of a nonce says what the frozen bytes are, also to a later
// process.
const (
	nonceWhole = "m"
	nonceStub  = "s"
	nonceFull  = "c" // a full checkpoint
)

// nonceBytes is how much of the hash a nonce shows: with the letter it has 23
// characters, of which Discord takes 25.
const nonceBytes = 16

// nonceOf names an attempt: the same sink, entries and kind of words are the
// same message.
func nonceOf(sink string, posts []Posted) string {
	h := sha256.New()
	var n [8]byte
	h.Write(binary.BigEndian.AppendUint64(n[:0], uint64(len(sink))))
	h.Write([]byte(sink))
	letter := nonceWhole
	for _, p := range posts {
		if p.Stub {
			letter = nonceStub
		}
		h.Write(binary.BigEndian.AppendUint64(n[:0], uint64(p.Entry.Seq))) //nolint:gosec // from 1 on
		h.Write(p.Entry.Hash[:])
		if p.Full != "" {
			letter = nonceFull
			h.Write([]byte(p.Full))
		}
	}
	return letter + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:nonceBytes])
}

// recast gives a frozen attempt other bytes about its entries, or the first of
// them. When it may have left stays as it was: what is posted next may repeat
// it.
func (l *Log) recast(ctx context.Context, name, nonce string, a Attempt) error {
	_, err := l.onSink(ctx, name, func(_ *state, row SinkRow, _ bool) (SinkRow, error) {
		if row.Nonce == a.Nonce && len(row.Body) > 0 { // by an earlier try of this very group
			return row, nil
		}
		if row.Last == 0 || row.Nonce != nonce || a.First != row.First || a.Last > row.Last {
			return row, ErrNotFrozen
		}
		row.Last, row.Nonce, row.Body, row.Saying = a.Last, a.Nonce, bytes.Clone(a.Body), clean(a.Says)
		return row, nil
	})
	return err
}
