package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands/policy"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// RowOutcome is what became of a row.
type RowOutcome string

// The outcomes of rows. All but RowNotBegun and RowExpected stay.
const (
	RowDone       RowOutcome = "done"
	RowPartlyDone RowOutcome = "partly_done"
	RowFailed     RowOutcome = "failed"    // Tencent said no
	RowUnknown    RowOutcome = "unknown"   // nobody knows yet; the ledger will
	RowNotDone    RowOutcome = "not_done"  // refused, or it needs an answer
	RowNotBegun   RowOutcome = "not_begun" // the same file again goes on with it
	RowExpected   RowOutcome = "expected"  // of a plan: it would be begun
)

// RowResult is what is said about a row.
type RowResult struct {
	Line    int
	Account mute.Account
	Outcome RowOutcome
	Case    int64 // 0 where it has none
	Code    string
	Detail  string // sentences
	Try     string // a command that does it, or asks
	Earlier bool   // it is the answer of an earlier run
}

// notBegun says why a row has no case.
func (w *run) notBegun(row *bulkRow) RowResult {
	out := RowResult{Line: row.row.Line, Account: row.row.Account(), Outcome: RowNotBegun, Code: "not_begun", Detail: texts.RowNotBegun()}
	res := w.last[row]
	if res == nil || res.code == "timeout" { // it was not its own turn that failed
		res = w.gate.given()
	}
	if res != nil {
		out.Code, out.Detail = res.code, plain(res.lines)
	}
	return out
}

// before is the answer of an earlier run, or why the row is no part of the batch.
func (b *Bulk) before(w *bulkRow) RowResult {
	if w.out != nil {
		return rowResult(w, w.out, false)
	}
	res := b.d.caseResult(b.r, *w.known)
	return rowResult(w, &res, true)
}

// rowResult is a result as said about a row.
func rowResult(w *bulkRow, res *result, earlier bool) RowResult {
	out := RowResult{
		Line: w.row.Line, Account: w.row.Account(), Outcome: RowNotBegun, Code: res.code, Detail: plain(res.lines),
		Earlier: earlier,
	}
	if len(res.cases) > 0 {
		out.Case = res.cases[0]
	}
	switch res.state {
	case chat.StateDone, chat.StateInfo:
		out.Outcome = RowDone
	case chat.StatePartlyDone:
		out.Outcome = RowPartlyDone
	case chat.StateUnknown:
		out.Outcome = RowUnknown
	case chat.StateNotDone, chat.StateNeedsConfirm, chat.StateNeedsApproval:
		out.Outcome = RowNotDone
		if res.code == string(audit.StatusFailed) {
			out.Outcome = RowFailed
		}
	case chat.StateBusy, chat.StateError:
	}
	switch {
	case out.Outcome == RowNotDone && asks(res.code):
		out.Try = w.part.cmd.String()
	case out.Outcome != RowDone:
		out.Try = res.try
	}
	return out
}

// asks reports whether the code is that of a question: the same command, typed,
// asks it.
func asks(code string) bool {
	return slices.Contains([]string{"already_muted", "lifts_other", "case_variant", "above_threshold"}, code)
}

// row takes one account of a file through the pipeline. It is read again right
// before it begins; what would be asked or only said is refused, on record.
func (d *Dispatcher) row(ctx context.Context, r *request, p *part) *result {
	p.result = nil
	if err := d.lookAgain(ctx, r, p); err != nil {
		if ctx.Err() != nil { // told to stop, which is no trouble
			return &result{account: p.account, state: chat.StateError, code: "timeout"}
		}
		return d.trouble(r, p.account, err)
	}
	p.step = plan(d.facts(r, p))
	d.perform(ctx, r, p)
	if p.result == nil {
		if p.step.kind == stepAct || p.step.kind == stepBusy {
			return d.raced(r, p)
		}
		res := d.recordRefusal(ctx, r, p, unasked(p.step))
		if len(res.cases) == 0 { // without a record it is not even refused
			return d.storeTrouble(r, p.account, audit.ErrStore)
		}
		return res
	}
	return p.result
}

// lookAgain reads what is in effect, and counts what the actor has begun.
func (d *Dispatcher) lookAgain(ctx context.Context, r *request, p *part) error {
	ctx, cancel := context.WithTimeoutCause(ctx, resolveTime, errors.New("reading Tencent took too long"))
	defer cancel()
	if d.policy.Counts(r.roles) {
		var err error
		p.target.counted = d.ledger.Now().Add(-countWindow)
		if p.target.count, err = d.ledger.Actions(ctx, actorID(r.inv), p.target.counted); err != nil {
			return fmt.Errorf("counting actions: %w", err)
		}
	}
	if !p.target.exists {
		return nil
	}
	return d.inspect(ctx, &p.target)
}

// unasked is a step that nobody is there to answer, as a refusal.
func unasked(s step) step {
	switch s.kind {
	case stepRefuse, stepAct, stepBusy, stepSame:
		return s
	case stepAsk, stepSay, stepVoid:
	}
	say, kind := s.say, s.kind
	return step{
		kind: stepRefuse, code: s.code,
		decision: policy.Decision{Role: s.decision.Role, Rule: "deny/bulk/" + s.code},
		say: func(n int64) []chat.Line {
			if kind == stepAsk {
				return texts.Unasked(say(0), n)
			}
			return texts.InCase(say(n)[:1], n)
		},
	}
}
