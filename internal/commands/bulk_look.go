package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands/policy"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

const (
	// lookRows is how many accounts are looked at in one go: with their case
	// variants they are a few calls of account_check.
	lookRows = 100
	// lookAtOnce is how many of those go on at the same time.
	lookAtOnce = 4
)

// look asks which of the open rows' accounts exist, which variants they have, and
// what the ledger says of them.
func (b *Bulk) look(ctx context.Context, o Order) error {
	var open []*bulkRow
	for _, w := range b.rows {
		if w.open() {
			open = append(open, w)
		}
	}
	var done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lookAtOnce)
	for some := range slices.Chunk(open, lookRows) {
		group.Go(func() error {
			if err := b.lookAt(ctx, some); err != nil {
				return err
			}
			if n := done.Add(int64(len(some))); o.Checked != nil {
				o.Checked(int(n))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return b.d.orderTrouble(b.r, err)
	}
	return nil
}

func (b *Bulk) lookAt(ctx context.Context, rows []*bulkRow) error {
	ctx, cancel := context.WithTimeoutCause(ctx, resolveTime, errors.New("looking accounts up took too long"))
	defer cancel()
	accounts := make([]mute.Account, 0, len(rows))
	for _, w := range rows {
		accounts = append(accounts, w.row.Account())
	}
	exist, variants, err := b.d.existing(ctx, accounts)
	if err != nil {
		return err
	}
	for _, w := range rows {
		a := w.row.Account()
		w.part.target = target{account: a, exists: exist[a], variants: variants[a]}
		if !exist[a] {
			continue
		}
		if w.part.target.view, err = b.d.ledger.Account(ctx, a); err != nil {
			return fmt.Errorf("reading account %s: %w", a, err)
		}
		w.part.target.state = recordedState(w.part.target.view, b.d.ledger.Now())
	}
	return nil
}

// recordedState is what is in effect by the ledger's word.
func recordedState(v audit.AccountView, now time.Time) mute.State {
	var s mute.State
	for _, m := range v.Mutes {
		term := mute.Permanent()
		if !m.Permanent {
			var err error
			if term, err = mute.Seconds(int64((m.Until.Sub(now) + time.Second - 1) / time.Second)); err != nil {
				continue // it is over
			}
		}
		if wire, ok := term.From(now).Wire(now); ok {
			s = s.With(m.Field, mute.ReadingOf(wire))
		}
	}
	return s
}

// project plans each open row on what the ledger knows, and refuses the file when
// the role has not so many actions left in this hour. What Tencent says is read
// right before a row begins, and the row planned again.
func (b *Bulk) project(ctx context.Context) error {
	counted, count := b.d.ledger.Now().Add(-countWindow), 0
	if b.d.policy.Counts(b.r.roles) {
		var err error
		if count, err = b.d.ledger.Actions(ctx, actorID(b.r.inv), counted); err != nil {
			return b.d.orderTrouble(b.r, err)
		}
	}
	begun := count
	for _, w := range b.rows {
		if !w.open() {
			continue
		}
		p := w.part
		p.target.count, p.target.counted = count, counted
		p.step = plan(b.d.facts(b.r, p))
		if p.step.kind != stepAct {
			continue
		}
		p.target.count = begun
		if d := plan(b.d.facts(b.r, p)); d.kind == stepRefuse && d.decision.Failed == policy.CheckPerHour {
			return b.tooMany(ctx, count, d.decision)
		}
		p.target.count = count
		begun++
	}
	return nil
}

// tooMany refuses the file because of the actions an hour.
func (b *Bulk) tooMany(ctx context.Context, count int, decision policy.Decision) error {
	left := 0
	for _, w := range b.rows {
		if w.open() {
			left++
		}
	}
	role, _ := b.d.policy.Role(decision.Role)
	return b.refuse(ctx, &OrderError{}, decision, texts.TooManyRows(texts.Refusal{
		Verb: b.r.cmd.Verb, Role: decision.Role, Can: decision.Can, PerHour: role.PerHour,
	}, left, count))
}

// limited reports whether a row would be begun under a role that counts actions.
func (b *Bulk) limited() bool {
	return slices.ContainsFunc(b.rows, func(w *bulkRow) bool {
		role, ok := b.d.policy.Role(w.part.step.decision.Role)
		return w.open() && ok && role.PerHour > 0
	})
}

// Batch is the number of the batch's entry; 0 before Run wrote it.
func (b *Bulk) Batch() int64 { return b.seq }

// Finished reports whether every row of a batch that was begun earlier has its
// case, so that nothing is left to do.
func (b *Bulk) Finished() bool {
	return b.seq != 0 && !slices.ContainsFunc(b.rows, (*bulkRow).open)
}

// Promising reports whether any row would be begun, by what the ledger knows. A
// batch that was begun is always gone on with.
func (b *Bulk) Promising() bool {
	return b.seq != 0 || slices.ContainsFunc(b.rows, func(w *bulkRow) bool {
		return w.open() && (w.part.step.kind == stepAct || w.part.step.kind == stepBusy || w.part.step.kind == stepRefuse)
	})
}

// Begun reports how many rows have a case from an earlier run.
func (b *Bulk) Begun() int {
	n := 0
	for _, w := range b.rows {
		if w.known != nil {
			n++
		}
	}
	return n
}

// Expected says what would become of each row, by what the ledger knows: rows
// that would be begun are RowExpected.
func (b *Bulk) Expected() []RowResult {
	out := make([]RowResult, 0, len(b.rows))
	for _, w := range b.rows {
		switch {
		case !w.open():
			out = append(out, b.before(w))
		case w.part.step.kind == stepAct, w.part.step.kind == stepBusy:
			out = append(out, RowResult{Line: w.row.Line, Account: w.row.Account(), Outcome: RowExpected, Code: "expected"})
		default:
			s := unasked(w.part.step)
			res := &result{account: w.row.Account(), state: chat.StateNotDone, code: s.code, lines: s.say(0)}
			out = append(out, rowResult(w, res, false))
		}
	}
	return out
}
