package commands

import (
	"context"
	"slices"
	"strconv"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands/bulk"
	"modbot/internal/commands/policy"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// A file of accounts goes through the pipeline like a list that was typed, with
// three differences. It asks nothing: a row that would need an answer is
// refused, on record, with the command that asks. It is a batch with an identity
// of its own, the same for the same content by the same actor, and each row's
// key is its place in the batch's list: who runs it again goes on with the rows
// that have not begun. And it is checked whole before its entry is written.

// Bulk is a file that was checked whole. Nothing of it is on record before Run.
type Bulk struct {
	d    *Dispatcher
	r    *request // its invocation's key is that of the batch
	seq  int64    // of the batch's entry; 0 before it is written
	list audit.BatchList
	rows []*bulkRow
}

// bulkRow is one row on its way.
type bulkRow struct {
	row  bulk.Row
	part *part
	// known is the case that the row has from an earlier run; nil otherwise.
	known *audit.CaseView
	out   *result // why the row is no part of the batch; nil otherwise
}

// open reports whether the row has not begun and could.
func (w *bulkRow) open() bool { return w.known == nil && w.out == nil }

// Plan checks a whole file: who asks, whether the batch is known, whether the
// accounts exist, and what the ledger says of each. The error is an *OrderError.
func (d *Dispatcher) Plan(ctx context.Context, inv chat.Invocation, o Order) (*Bulk, error) {
	b := &Bulk{d: d, r: d.request(inv)}
	b.r.verb, b.r.cmd.Verb = d.verbs[o.Verb], o.Verb
	d.identify(ctx, b.r)
	if b.r.rolesErr != nil {
		return nil, d.orderTrouble(b.r, b.r.rolesErr)
	}
	if err := b.mayAll(ctx, o.Rows); err != nil {
		return nil, err
	}
	if err := b.find(ctx, o); err != nil {
		return nil, err
	}
	if err := b.look(ctx, o); err != nil {
		return nil, err
	}
	if b.seq == 0 {
		if err := b.unknown(ctx, o); err != nil {
			return nil, err
		}
		b.enlist()
	}
	if err := b.project(ctx); err != nil {
		return nil, err
	}
	return b, nil
}

// mayAll refuses the file when no role of the actor's allows what a row asks for,
// whatever its account. That is one refusal, and one case.
func (b *Bulk) mayAll(ctx context.Context, rows []bulk.Row) error {
	var refused *policy.Decision
	e := &OrderError{}
	decided := map[grammarKey]policy.Decision{}
	for _, row := range rows {
		key := grammarKey{row.Command.Scope, row.Command.Term}
		decision, known := decided[key]
		if !known {
			decision = b.d.policy.Decide(b.r.roles, policy.Request{Verb: b.r.cmd.Verb, Scope: key.scope, Term: key.term, Now: b.d.ledger.Now()})
			decided[key] = decision
		}
		if decision.Allowed {
			continue
		}
		if refused == nil {
			refused = &decision
			b.r.cmd.Scope, b.r.cmd.Term = key.scope, key.term
		}
		e.note(bulk.Fault{Line: row.Line, Message: "refused by " + decision.Rule})
	}
	if refused == nil {
		return nil
	}
	return b.refuse(ctx, e, *refused, refusal(b.d.policy, *refused, texts.Refusal{
		Verb: b.r.cmd.Verb, Scope: b.r.cmd.Scope, Term: b.r.cmd.Term,
	}, false, nil))
}

// grammarKey is what the policy decides by before it looks at an account.
type grammarKey struct {
	scope mute.Scope
	term  mute.Term
}

// find looks for the batch: the last one of this identity, or the place of a new
// one behind it.
func (b *Bulk) find(ctx context.Context, o Order) error {
	fresh := audit.BatchList{Digest: bulk.Digest(o.Verb, o.Rows), Rows: len(o.Rows)}
	name := joinKey("content", fresh.Digest)
	if o.Name != "" {
		name = joinKey("name", o.Verb, o.Name)
	}
	identity, err := b.d.ledger.Blind(joinKey("bulk", actorID(b.r.inv), name))
	if err != nil {
		return b.d.orderTrouble(b.r, err)
	}
	last, earlier := int64(0), map[mute.Account]*audit.CaseView{}
	for n := 1; ; n++ {
		key := joinKey("bulk", identity, strconv.Itoa(n))
		c, err := b.d.ledger.Known(ctx, key)
		if err != nil {
			return b.d.orderTrouble(b.r, err)
		}
		if c != nil {
			last, b.r.inv.Key = c.Batch, key
			if err := b.resume(ctx, last, fresh.Digest, o.Rows, earlier); err != nil {
				return err
			}
			continue
		}
		anew := last == 0 || o.Again && b.Finished()
		switch {
		case anew:
			b.fill(o.Rows)
		case !o.Retry || !b.Finished() || !b.reopen():
			return nil
		}
		b.seq, b.list, b.r.inv.Key = 0, fresh, key
		return nil
	}
}

// reopen opens the rows that failed for another batch. It reports false when
// there are none.
func (b *Bulk) reopen() bool {
	some := false
	for _, w := range b.rows {
		if w.known == nil {
			continue
		}
		switch w.known.Status {
		case audit.StatusFailed, audit.StatusPartial, audit.StatusUnverified:
			w.known, some = nil, true
		case audit.StatusDone, audit.StatusRefused, audit.StatusInFlight, audit.StatusUnknown, audit.StatusWaiting,
			audit.StatusDeclined, audit.StatusVoid, audit.StatusLapsed:
		}
	}
	return some
}

// resume takes up a batch that is in the ledger. earlier has what became of the
// rows in the batches before it: a batch of those that failed lists no others.
func (b *Bulk) resume(ctx context.Context, seq int64, digest string, rows []bulk.Row, earlier map[mute.Account]*audit.CaseView) error {
	list, err := b.d.ledger.BatchList(ctx, seq)
	if err != nil {
		return b.d.orderTrouble(b.r, err)
	}
	switch list.Digest {
	case digest:
	case "":
		return &OrderError{Code: "batch_erased", Why: texts.BatchErased(seq)}
	default:
		return &OrderError{Code: "batch_differs", Why: texts.BatchDiffers(seq, list.Rows)}
	}
	cases, err := b.d.ledger.BatchCases(ctx, seq)
	if err != nil {
		return b.d.orderTrouble(b.r, err)
	}
	known := make(map[string]*audit.CaseView, len(cases))
	for i := range cases {
		known[cases[i].Key] = &cases[i]
	}
	b.seq, b.list = seq, list
	b.fill(rows)
	place := places(list.Accounts)
	for _, w := range b.rows {
		a := w.row.Account()
		n, listed := place[a]
		if w.known = earlier[a]; !listed && w.known == nil {
			w.out = b.absent(w, nil)
		}
		if !listed {
			continue
		}
		w.part.nth, w.part.batch = n, seq
		w.known = known[b.r.delivery(n)]
		earlier[a] = w.known
	}
	return nil
}

// places is where each account stands in a list.
func places(list []mute.Account) map[mute.Account]int64 {
	out := make(map[mute.Account]int64, len(list))
	for i, a := range list {
		out[a] = int64(i)
	}
	return out
}

func (b *Bulk) fill(rows []bulk.Row) {
	b.rows = make([]*bulkRow, 0, len(rows))
	for _, row := range rows {
		b.rows = append(b.rows, &bulkRow{row: row, part: &part{account: row.Account(), cmd: row.Command, listed: true}})
	}
}

// enlist makes the list of a new batch: the accounts that exist, in an order
// that does not depend on the file's.
func (b *Bulk) enlist() {
	for _, w := range b.rows {
		if w.open() {
			b.list.Accounts = append(b.list.Accounts, w.row.Account())
		}
	}
	slices.Sort(b.list.Accounts)
	place := places(b.list.Accounts)
	for _, w := range b.rows {
		if w.open() {
			w.part.nth = place[w.row.Account()]
		}
	}
}

// absent says that an account is left out because it does not exist.
func (b *Bulk) absent(w *bulkRow, near []mute.Account) *result {
	f := b.d.facts(b.r, w.part)
	return &result{
		account: w.row.Account(), state: chat.StateNotDone, code: "no_such_account",
		lines: texts.UnknownAccount(b.r.place, w.row.Account(), near, f.again)[:1],
	}
}

// unknown leaves out accounts that do not exist, or returns them as an error.
func (b *Bulk) unknown(ctx context.Context, o Order) error {
	e := &OrderError{Code: "no_such_account"}
	asked := 0
	for _, w := range b.rows {
		if !w.open() {
			continue
		}
		if asked++; w.part.target.exists {
			continue
		}
		var near []mute.Account
		if len(e.Rows) < FaultsShown {
			var err error
			if near, err = b.d.nearby(ctx, w.row.Account(), w.part.target.variants); err != nil {
				return b.d.orderTrouble(b.r, err)
			}
		}
		w.out = b.absent(w, near)
		e.note(bulk.Fault{Line: w.row.Line, Message: plain(w.out.lines)})
	}
	n := len(e.Rows) + e.More
	switch {
	case n == 0:
		return nil
	case n == asked:
		e.Why = texts.NoneExists()
		return e
	case !o.SkipUnknown:
		e.Why = texts.SomeAbsent(n, asked)
		return e
	}
	return nil
}
