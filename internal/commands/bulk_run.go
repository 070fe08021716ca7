package commands

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// BulkWorkers is how many rows are under way at once: enough for the vendor's
// rate at a tenth of a second for each of a row's calls.
const BulkWorkers = 32

const (
	// followRows bounds the wait, at the end, for outcomes that were not known
	// at once; a run that is told to stop waits as long as an action may take.
	followRows = 2 * time.Minute
)

// Running is how a file is run.
type Running struct {
	Workers int // BulkWorkers when 0
	// Result is told of each row when its outcome is final, one at a time.
	Result func(RowResult)
	// Paused is told when nothing can be begun for a while, and Resumed when it
	// goes on. Both may be nil.
	Paused  func(why string, wait time.Duration)
	Resumed func()
	// Patience is how long nothing may succeed before the run gives up;
	// bulkPatience when 0.
	Patience time.Duration
}

// run is one Run of a Bulk.
type run struct {
	*Bulk
	Running
	gate *gate

	mu      sync.Mutex
	queue   []*bulkRow
	pending []*bulkRow // begun, and without a final outcome
	told    map[*bulkRow]bool
	last    map[*bulkRow]*result
}

// Run writes the batch's entry and takes the rows through the pipeline. It
// returns when each has its outcome, or when no more can be begun: because the
// context ended, or because nothing succeeds any more, which is the error then,
// an *OrderError. Rows that were begun are always seen through.
func (b *Bulk) Run(ctx context.Context, how Running) error {
	w := &run{Bulk: b, Running: how, told: map[*bulkRow]bool{}, last: map[*bulkRow]*result{}}
	w.gate = newGate(how)
	if err := b.record(ctx); err != nil {
		return err
	}
	for _, row := range b.rows {
		switch {
		case row.open():
			w.queue = append(w.queue, row)
		case row.known != nil && !row.known.Status.Settled():
			w.pending = append(w.pending, row)
		default:
			w.tell(row, b.before(row))
		}
	}
	busy := w.pass(ctx)
	if len(busy) > 0 && ctx.Err() == nil && w.gate.given() == nil {
		w.queue = busy // whoever held them may be done now
		w.pass(ctx)
	}
	w.settle(ctx)
	for _, row := range b.rows {
		if !w.told[row] {
			w.tell(row, w.notBegun(row))
		}
	}
	if why := w.gate.given(); why != nil && ctx.Err() == nil {
		return &OrderError{Code: why.code, Why: plain(why.lines)}
	}
	return nil
}

// record writes the batch's entry, once.
func (b *Bulk) record(ctx context.Context) error {
	if b.seq != 0 {
		return nil
	}
	h := b.d.head(b.r, b.r.inv.Key)
	if i := slices.IndexFunc(b.rows, func(w *bulkRow) bool { return w.open() }); i >= 0 {
		first := b.rows[i].part
		h.Role, h.Rule = first.step.decision.Role, first.step.decision.Rule
		h.Scope, h.Term, h.Reason = b.common(first)
	}
	seq, err := b.d.ledger.BatchOf(ctx, h, b.list)
	if err != nil {
		return b.d.orderTrouble(b.r, err)
	}
	b.seq = seq
	for _, w := range b.rows {
		w.part.batch = seq
	}
	return nil
}

// common is what all rows ask for alike.
func (b *Bulk) common(first *part) (scope mute.Scope, term mute.Term, reason string) {
	scope, term, reason = first.cmd.Scope, first.cmd.Term, first.cmd.Reason
	for _, w := range b.rows {
		if w.part.cmd.Scope != scope {
			scope = 0
		}
		if w.part.cmd.Term != term {
			term = mute.Term{}
		}
		if w.part.cmd.Reason != reason {
			reason = ""
		}
	}
	return scope, term, reason
}

// pass works off the queue and returns the rows whose account was busy.
func (w *run) pass(ctx context.Context) (busy []*bulkRow) {
	workers := w.Workers
	if workers <= 0 {
		workers = BulkWorkers
	}
	if w.limited() {
		workers = 1 // each counts those before it
	}
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for row := w.take(); row != nil; row = w.take() {
				if w.gate.wait(ctx) != nil {
					return
				}
				if w.work(ctx, row) {
					continue
				}
				w.mu.Lock()
				busy = append(busy, row)
				w.mu.Unlock()
			}
		})
	}
	all.Wait()
	return busy
}

func (w *run) take() *bulkRow {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		return nil
	}
	row := w.queue[0]
	w.queue = w.queue[1:]
	return row
}

// work takes one row through the pipeline, as often as something is in the way
// that passes. It reports false when the account is busy.
func (w *run) work(ctx context.Context, row *bulkRow) bool {
	for {
		res := w.d.row(ctx, w.r, row.part)
		w.keep(row, res)
		switch {
		case res.pending:
			w.gate.fine(w.Resumed)
			w.await(row)
			return true
		case len(res.cases) > 0:
			w.gate.fine(w.Resumed)
			w.tell(row, rowResult(row, res, false))
			return true
		case res.state == chat.StateBusy:
			return false
		case ctx.Err() != nil, w.gate.trouble(res, w.Paused), w.gate.wait(ctx) != nil:
			return true // told at the end: it has not begun
		}
	}
}

func (w *run) keep(row *bulkRow, res *result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last[row] = res
}

func (w *run) await(row *bulkRow) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = append(w.pending, row)
}

func (w *run) tell(row *bulkRow, r RowResult) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told[row] = true
	if w.Result != nil {
		w.Result(r)
	}
}

// settle waits for the outcomes that were not known at once. The ledger's worker
// finds them out, whether or not anybody waits.
func (w *run) settle(ctx context.Context) {
	waiting, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), followRows, errors.New("an outcome stayed unknown"))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(actTime, cancel) })()
	for _, row := range w.pending {
		c, err := w.d.ledger.Wait(waiting, w.number(row))
		switch res := w.last[row]; {
		case err == nil || c.Number != 0:
			w.tell(row, rowResult(row, new(w.d.caseResult(w.r, c)), row.known != nil))
		case res != nil: // the ledger cannot be read: it stays as it was
			w.tell(row, rowResult(row, res, false))
		default:
			w.tell(row, w.before(row))
		}
	}
}

func (w *run) number(row *bulkRow) int64 {
	if row.known != nil {
		return row.known.Number
	}
	return w.last[row].cases[0]
}
