package audit

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"modbot/internal/mute"
)

// Fill appends n intents with their outcomes, many to a transaction.
func (l *Log) Fill(ctx context.Context, n int) error {
	const most = 5000
	for from := 0; from < n; from += most {
		err := l.write(ctx, Keys{}, func(ctx context.Context, s *state) error {
			for i := from; i < min(n, from+most); i++ {
				if err := s.fill(ctx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// wave is how many accounts are muted one after the other, and once more, before
// others are.
const wave = 500

// fill appends one intent and its outcome. Each account has two, however many
// there are.
func (s *state) fill(ctx context.Context, i int) error {
	term, err := mute.Seconds(7200)
	if err != nil {
		return err
	}
	h := Head{
		Key: fmt.Sprintf("console\x1f\x1f%d\x1f0", i), Origin: Origin{Platform: "console"},
		Actor: fmt.Sprintf("console:actor%d", i%11), ActorName: fmt.Sprintf("actor%d", i%11), Account: mute.Account(fmt.Sprintf("member%d", i/(2*wave)*wave+i%wave)),
		Verb: "mute", Scope: mute.ScopeGroup, Term: term, Reason: "spamming links", Role: "moderator", Rule: "role/moderator",
		Snapshot: `{"typed":{"verb":"mute","scope":1,"scope_given":true,"seconds":7200,"reason":"spamming links"},"answered":{}}`,
	}
	if i%1000 == 500 { // few mutes are one moderator's, or one-to-one
		h.Actor, h.ActorName, h.Scope = "console:rare", "rare", mute.ScopeC2C
	}
	if i%1000 == 999 { // and few are refused
		d := newDraft(KindRefused, h)
		d.entry.Case = s.head.Cases + 1
		_, err := s.append(ctx, d)
		return err
	}
	d := newDraft(KindIntent, h)
	d.entry.Case, d.entry.Deadline, d.entry.Before = s.head.Cases+1, s.now.Add(2*time.Hour), &mute.State{}
	e, err := s.append(ctx, d)
	if err != nil {
		return err
	}
	c, err := s.theCase(ctx, e.Case)
	if err != nil {
		return err
	}
	if d, err = ending(KindOutcome, NewID(), c); err != nil {
		return err
	}
	d.entry.About, d.entry.Outcome, d.entry.Effect, d.entry.Attempts = c.Intent, OutcomeDone, c.Scope, 1
	_, err = s.append(ctx, d)
	return err
}

// ReadAll reads and decodes every entry, and nothing more: what Verify is
// compared with.
func ReadAll(ctx context.Context, store Store) (int64, error) {
	s, err := store.Snapshot(ctx)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	var last int64
	for {
		rows, err := s.Entries(ctx, EntryQuery{After: last, Limit: verifyPage})
		if err != nil || len(rows) == 0 {
			return last, err
		}
		for _, row := range rows {
			if _, err := entryOf(row); err != nil {
				return last, err
			}
			last = row.Seq
		}
	}
}

// Redact appends an entry that says that the personal values of another were
// erased. The values themselves are left to the caller.
func (l *Log) Redact(ctx context.Context, seq int64) error {
	return l.write(ctx, Keys{}, func(ctx context.Context, s *state) error {
		d := newDraft(KindRedacted, Head{Actor: "cli:ada"})
		d.entry.About = seq
		_, err := s.append(ctx, d)
		return err
	})
}

// Panics runs a change that panics.
func (l *Log) Panics(ctx context.Context) error {
	return l.write(ctx, Keys{}, func(context.Context, *state) error { panic("a mistake") })
}

// PollEach sets how often waiters look at the store by themselves.
func (l *Log) PollEach(d time.Duration) { l.poll = d }

// ReconcileRound is in what time every active mute is compared.
const ReconcileRound = reconcileRound

// AtOnce leaves no time between two reads.
func (r *Reconciler) AtOnce() *Reconciler {
	r.gap = 0
	return r
}

// OpenSkewed opens a ledger whose local clock, Options.Now, is another than the
// store's own.
func OpenSkewed(log *zap.Logger, store Store, opts Options) (*Log, error) {
	now := opts.Now
	opts.Now, opts.StoreNow = nil, nil
	l, err := Open(log, store, opts)
	if err != nil {
		return nil, err
	}
	l.now, l.clock = now, &clock{local: now}
	return l, l.begin(context.Background(), opts.Origin)
}
