package commands

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands/grammar"
	"modbot/internal/commands/policy"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// part is one account's way through a command.
type part struct {
	// nth tells the parts of one delivery apart: the account's place in the
	// list, or the case that is answered.
	nth      int64
	account  mute.Account
	member   string          // who was mentioned in its place, qualified; empty when it was typed
	cmd      grammar.Command // about this account alone
	answered answered
	reopened *audit.CaseView
	target   target
	step     step
	batch    int64
	listed   bool // in a file: see bulk.go
	result   *result
}

// change runs a command that changes accounts: those already known under its
// key are answered from the ledger, those refused at once are refused before
// anything is read, the rest are planned together and acted on one by one.
func (d *Dispatcher) change(ctx context.Context, r *request) outcome {
	parts := make([]*part, 0, len(r.cmd.Accounts))
	for i, a := range r.cmd.Accounts {
		parts = append(parts, &part{nth: int64(i), account: a.Account, member: r.memberOf(a), cmd: typedOf(r.cmd).command(a.Account)})
	}
	return d.work(ctx, r, parts)
}

// work sends the parts down the pipeline.
func (d *Dispatcher) work(ctx context.Context, r *request, parts []*part) outcome {
	var open []*part
	for _, p := range parts {
		if r.broken != "" {
			p.result = d.noRecord(r, p.account)
			continue
		}
		if p.result = d.redelivered(ctx, r, p); p.result == nil {
			p.result = d.early(ctx, r, p)
		}
		if p.result == nil {
			open = append(open, p)
		}
	}
	if len(open) > 0 {
		d.planAll(ctx, r, open)
		d.recordBatch(ctx, r, open)
		for _, p := range open {
			d.advance(ctx, r, p)
		}
		d.askAll(ctx, r, open)
	}
	var out outcome
	for _, p := range parts {
		out.results = append(out.results, *p.result)
	}
	return out
}

// redelivered answers a delivery that the platform sent before.
func (d *Dispatcher) redelivered(ctx context.Context, r *request, p *part) *result {
	for _, key := range []string{r.key(p.nth), r.delivery(p.nth)} {
		c, err := d.ledger.Known(ctx, key)
		if err != nil {
			return d.storeTrouble(r, p.account, err)
		}
		if c != nil {
			return d.settled(ctx, r, *c)
		}
	}
	return nil
}

// settled waits for a case that is in flight elsewhere, as long as an action
// may take, and says how it stands.
func (d *Dispatcher) settled(ctx context.Context, r *request, c audit.CaseView) *result {
	if c.Status == audit.StatusInFlight {
		wait, cancel := context.WithTimeoutCause(ctx, actTime, errors.New("waiting for the first delivery took too long"))
		defer cancel()
		if later, err := d.ledger.Wait(wait, c.Number); err == nil {
			c = later
		}
	}
	res := d.caseResult(r, c)
	if c.Status.Settled() {
		res.posted = c.LastSeq // the same answer, with the same link
	}
	return &res
}

// early refuses what needs no look at the account.
func (d *Dispatcher) early(ctx context.Context, r *request, p *part) *result {
	if r.rolesErr != nil {
		return d.recordRefusal(ctx, r, p, d.rolesUnknown(r, p.account))
	}
	f := d.facts(r, p)
	decision := f.decide(p.cmd.Verb, f.scope(), p.cmd.Term, nil)
	if decision.Allowed {
		return nil
	}
	return d.recordRefusal(ctx, r, p, f.refuse(decision, nil))
}

// planAll resolves the accounts together and plans each.
func (d *Dispatcher) planAll(ctx context.Context, r *request, parts []*part) {
	accounts := make([]mute.Account, 0, len(parts))
	for _, p := range parts {
		accounts = append(accounts, p.account)
	}
	targets, err := d.resolve(ctx, r, accounts)
	for i, p := range parts {
		if err != nil {
			p.result = d.trouble(r, p.account, err)
			continue
		}
		p.target = targets[i]
		p.step = plan(d.facts(r, p))
	}
}

// facts is what a plan about a part is made from.
func (d *Dispatcher) facts(r *request, p *part) facts {
	return facts{
		now: d.ledger.Now(), policy: d.policy, roles: r.roles, actor: actorID(r.inv), place: r.place,
		cmd: p.cmd, target: p.targetOr(), answered: p.answered, reopened: p.reopened, listed: p.listed,
	}
}

// targetOr is the target, or the bare account before it is resolved.
func (p *part) targetOr() target {
	if p.target.account == "" {
		return target{account: p.account}
	}
	return p.target
}

// recordBatch lists the accounts of one command before the first of them
// begins.
func (d *Dispatcher) recordBatch(ctx context.Context, r *request, parts []*part) {
	var heads []audit.Head
	var acting []*part
	for _, p := range parts {
		if p.result == nil && p.step.kind == stepAct {
			heads = append(heads, d.partHead(r, p, ""))
			acting = append(acting, p)
		}
	}
	if len(heads) < 2 {
		return
	}
	seq, err := d.ledger.Batch(ctx, heads)
	for _, p := range acting {
		if err != nil {
			p.result = d.storeTrouble(r, p.account, err)
		}
		p.batch = seq
	}
}

// advance takes a planned part as far as it goes by itself.
func (d *Dispatcher) advance(ctx context.Context, r *request, p *part) {
	if p.result == nil && r.broken != "" {
		p.result = d.noRecord(r, p.account)
	}
	if p.result == nil {
		d.perform(ctx, r, p)
	}
	if p.result != nil {
		return
	}
	switch p.step.kind {
	case stepRefuse:
		p.result = d.recordRefusal(ctx, r, p, p.step)
	case stepSame:
		p.result = d.settled(ctx, r, p.step.same)
		p.result.lines = append(p.result.lines, texts.Repeated())
	case stepVoid:
		p.result = d.void(ctx, r, p)
	case stepSay:
		p.result = &result{account: p.account, state: chat.StateNotDone, code: p.step.code, lines: p.step.say(0), try: p.step.try}
	case stepAct, stepBusy, stepAsk: // performed above; asked together below
	}
}

// perform begins the action, and plans again when the account is busy or not
// what it was planned on. It leaves either a result or a step that needs no
// turn of its own.
func (d *Dispatcher) perform(ctx context.Context, r *request, p *part) {
	giveUp := d.now().Add(busyWait)
	for plans := 1; p.result == nil && (p.step.kind == stepAct || p.step.kind == stepBusy); plans++ {
		busy := p.busy()
		if busy == nil {
			busy = d.attempt(ctx, r, p, plans)
		}
		if p.result != nil {
			return
		}
		if busy != nil && !d.awaitTurn(ctx, busy, giveUp) {
			p.result = d.busy(r, p, busy)
			return
		}
		d.planAll(ctx, r, []*part{p})
	}
}

// busy is who holds the account by the plan; nil when nobody does.
func (p *part) busy() *audit.BusyError {
	c := p.target.view.InFlight
	if p.step.kind != stepBusy || c == nil {
		return nil
	}
	return &audit.BusyError{Account: p.account, Case: c.Number, Actor: c.Actor, ActorName: c.ActorName}
}

// attempt begins the action and does it. Without a result it has to be planned
// again: after a wait where it returns who holds the account.
func (d *Dispatcher) attempt(ctx context.Context, r *request, p *part, plans int) *audit.BusyError {
	intent := d.intent(r, p)
	begun, err := d.ledger.Begin(ctx, intent)
	var busy *audit.BusyError
	switch {
	case err == nil && begun.Known != nil:
		p.result = d.settled(ctx, r, *begun.Known)
	case err == nil:
		p.result = d.do(ctx, r, p, begun)
	case errors.As(err, &busy):
		return busy
	case errors.Is(err, audit.ErrChanged):
		if plans >= maxPlans {
			p.result = d.raced(r, p)
		}
	case errors.Is(err, audit.ErrNotWaiting):
		p.result = d.current(ctx, r, p)
	case errors.Is(err, audit.ErrUncertain):
		p.result = d.undecided(r, p.account, intent.Head, err)
	default:
		p.result = d.storeTrouble(r, p.account, err)
	}
	return nil
}

// awaitTurn waits until the account may be free. It reports false when the
// time to give up has come.
func (d *Dispatcher) awaitTurn(ctx context.Context, busy *audit.BusyError, giveUp time.Time) bool {
	left := giveUp.Sub(d.now())
	if left <= 0 {
		return false
	}
	wait, cancel := context.WithTimeoutCause(ctx, left, errors.New("the account stayed busy"))
	defer cancel()
	if _, err := d.ledger.Wait(wait, busy.Case); err != nil {
		return false
	}
	// The case has its outcome, but an unclear attempt may keep the account
	// locked beyond it: look again shortly.
	select {
	case <-time.After(min(busyPoll, left)):
		return true
	case <-ctx.Done():
		return false
	}
}

// recordRefusal writes the refusal down and says it.
func (d *Dispatcher) recordRefusal(ctx context.Context, r *request, p *part, s step) *result {
	p.step = s
	c, err := d.ledger.RefuseIn(ctx, d.partHead(r, p, r.delivery(p.nth)), p.batch)
	if err != nil {
		d.log.Error("a refusal could not be recorded", zap.String("ref", r.ref), zap.Error(err))
		if errors.Is(err, audit.ErrStore) {
			r.broken = storeReason(err)
		}
		return &result{account: p.account, state: chat.StateNotDone, code: s.code, lines: s.say(0)}
	}
	return &result{account: p.account, state: chat.StateNotDone, code: s.code, cases: []int64{c.Number}, lines: s.say(c.Number)}
}

// rolesUnknown is the refusal of an actor whose roles nobody knows right now.
func (d *Dispatcher) rolesUnknown(_ *request, account mute.Account) step {
	return step{
		kind: stepRefuse, code: "roles_unknown", decision: policy.Decision{Rule: "deny/roles-unknown"},
		say: func(n int64) []chat.Line {
			return texts.RolesUnknown(texts.Refusal{Account: account, Case: n})
		},
	}
}
