package commands

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"modbot/internal/audit"
)

// intent is what a part is about to do.
func (d *Dispatcher) intent(r *request, p *part) audit.Intent {
	intent := audit.Intent{
		Head:   d.partHead(r, p, r.key(p.nth)),
		Expect: audit.Expect{Version: p.target.view.Version},
		Batch:  p.batch, Before: p.target.state,
	}
	if role, ok := d.policy.Role(p.step.decision.Role); ok && role.PerHour > 0 {
		intent.Expect.Count, intent.Expect.CountSince = p.target.count, p.target.counted
	}
	if p.reopened != nil {
		intent.Case, intent.Choice = p.reopened.Number, r.cmd.Choice
	}
	return intent
}

// partHead is the head of an entry about this part.
func (d *Dispatcher) partHead(r *request, p *part, key string) audit.Head {
	h := d.head(r, key)
	h.Member = p.member
	h.Account, h.Verb, h.Scope, h.Term, h.Reason = p.account, p.cmd.Verb, p.cmd.Scope, p.cmd.Term, p.cmd.Reason
	h.Role, h.Rule = p.step.decision.Role, p.step.decision.Rule
	if p.answered.Scope != 0 {
		h.Scope = p.answered.Scope
	}
	if p.step.kind == stepAct {
		h.Scope, h.Term = p.step.action.scope, p.step.action.term
	}
	h.Snapshot = snapshotOf(p.cmd, p.answered, p.step)
	return h
}

// do calls Tencent and records what came of it. It goes on when the caller
// goes away: an intent that is durable is seen through.
func (d *Dispatcher) do(ctx context.Context, r *request, p *part, begun audit.Begun) *result {
	acting, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), actTime, errors.New("the attempts took too long"))
	defer cancel()
	guard := func(ctx context.Context) (time.Time, error) { return d.ledger.Renew(ctx, begun.Token) }
	var answer Answer
	if p.step.action.verb == verbUnmute {
		answer = d.actor.Unmute(acting, p.account, p.step.action.scope, guard)
	} else {
		answer = d.actor.Mute(acting, p.account, p.step.action.scope, p.step.action.term.From(begun.Began), guard)
	}
	recording, cancelRecord := context.WithTimeoutCause(context.WithoutCancel(ctx), recordTime, errors.New("recording the outcome took too long"))
	defer cancelRecord()
	finished, err := d.ledger.Finish(recording, begun.Token, resultOf(answer))
	if err != nil {
		d.log.Error("the outcome could not be recorded", zap.String("ref", r.ref), zap.Int64("case", begun.Case), zap.Error(err))
		return d.unrecorded(p, begun)
	}
	c := p.finished(begun, finished, answer)
	if finished.Late { // somebody else settles or has settled it
		if c, err = d.ledger.Case(recording, begun.Case); err != nil {
			return d.unrecorded(p, begun)
		}
	}
	res := d.caseResult(r, c)
	if answer.Why != "" && c.Code == 0 && c.Status == audit.StatusFailed {
		res = d.failedResult(r, c, answer.Why)
	}
	if !res.pending {
		res.posted = finished.Seq
	}
	return &res
}

// finished is the case as it was just recorded.
func (p *part) finished(begun audit.Begun, f audit.Finished, a Answer) audit.CaseView {
	c := audit.CaseView{
		Number: begun.Case, Status: audit.StatusUnknown, Outcome: f.Outcome, Code: a.Code, Attempts: a.Attempts,
		Verb: p.step.action.verb, Scope: p.step.action.scope, Term: p.step.action.term, Deadline: begun.Deadline,
		Account: p.account, Reason: p.cmd.Reason, Snapshot: snapshotOf(p.cmd, p.answered, p.step),
	}
	switch f.Outcome {
	case audit.OutcomeDone:
		c.Status = audit.StatusDone
	case audit.OutcomeFailed:
		c.Status = audit.StatusFailed
	case audit.OutcomeNone, audit.OutcomePartial, audit.OutcomeUnverified, audit.OutcomeUnknown, audit.OutcomeRefused,
		audit.OutcomeDeclined, audit.OutcomeVoid, audit.OutcomeLapsed: // Finish records none of these as final
	}
	return c
}

// resultOf turns the verdict of the attempts into what the ledger records.
func resultOf(a Answer) audit.Result {
	out := audit.Result{Outcome: audit.OutcomeUnknown, Code: a.Code, Attempts: a.Attempts, LockedUntil: a.LockedUntil}
	switch a.Verdict {
	case VerdictDone:
		out.Outcome = audit.OutcomeDone
	case VerdictNo:
		out.Outcome = audit.OutcomeFailed
	case VerdictUnknown:
	}
	return out
}
