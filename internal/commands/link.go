package commands

import (
	"context"
	"errors"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands/grammar"
	"modbot/internal/commands/policy"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// Linking changes what mentions mean, and nothing at Tencent, so there is no
// intent and no lease: the entry that records a link is the link. All else is
// as with any action: who may not is refused on record, a link in the way is
// asked about, and one delivery is one change.

// link links a member to an account, or asks first when it is linked already.
func (d *Dispatcher) link(ctx context.Context, r *request) outcome {
	return one(d.linkPart(ctx, r, &part{
		account: r.cmd.Accounts[0].Account, member: memberID(r.inv, r.cmd.Member), cmd: r.cmd,
	}))
}

// relink goes on with a link that was asked about.
func (d *Dispatcher) relink(ctx context.Context, r *request, c audit.CaseView) outcome {
	cmd := decodeSnapshot(c.Snapshot).Typed.command(c.Account)
	cmd.Member = grammar.MemberArg{ID: c.Member}
	return one(d.linkPart(ctx, r, &part{nth: c.Number, account: c.Account, member: c.Member, cmd: cmd, reopened: &c}))
}

func (d *Dispatcher) linkPart(ctx context.Context, r *request, p *part) result {
	for _, step := range []func(context.Context, *request, *part) *result{d.redelivered, d.mayLink, d.mustExist, d.record} {
		if res := step(ctx, r, p); res != nil {
			return *res
		}
	}
	return *d.raced(r, p)
}

// mayLink refuses, on record, whoever may not use the verb.
func (d *Dispatcher) mayLink(ctx context.Context, r *request, p *part) *result {
	if r.rolesErr != nil {
		return d.recordRefusal(ctx, r, p, d.rolesUnknown(r, p.account))
	}
	decision := d.policy.Decide(r.roles, policy.Request{Verb: p.cmd.Verb})
	if decision.Allowed {
		p.step = step{decision: decision}
		return nil
	}
	return d.recordRefusal(ctx, r, p, step{
		kind: stepRefuse, code: "refused_" + codeOf(decision.Failed), decision: decision,
		say: func(n int64) []chat.Line {
			return refusal(d.policy, decision, texts.Refusal{Verb: p.cmd.Verb, Account: p.account, Case: n}, false, nil)
		},
	})
}

// mustExist refuses to link to an account that the app does not have.
func (d *Dispatcher) mustExist(ctx context.Context, r *request, p *part) *result {
	ctx, cancel := context.WithTimeoutCause(ctx, resolveTime, errors.New("reading Tencent took too long"))
	defer cancel()
	exist, variants, err := d.existing(ctx, []mute.Account{p.account})
	if err != nil {
		return d.trouble(r, p.account, err)
	}
	if exist[p.account] {
		return nil
	}
	near, err := d.nearby(ctx, p.account, variants[p.account])
	if err != nil {
		return d.trouble(r, p.account, err)
	}
	again := facts{cmd: p.cmd}.again
	return &result{
		account: p.account, state: chat.StateError, code: "no_such_account",
		lines: texts.UnknownAccount(r.place, p.account, near, again),
	}
}

// record writes the link, or the question about the one in its way. Without a
// result somebody else changed it at the same moment.
func (d *Dispatcher) record(ctx context.Context, r *request, p *part) *result {
	now, linked, err := d.ledger.LinkOf(ctx, p.member)
	switch {
	case err != nil:
		return d.storeTrouble(r, p.account, err)
	case p.reopened != nil && now.Seq != p.reopened.Question.Version:
		return d.outrun(ctx, r, p, now.Account)
	case linked && now.Account == p.account:
		return &result{
			account: p.account, state: chat.StateInfo, code: texts.CodeAlreadyLinked, cases: []int64{now.Case},
			lines: texts.AlreadyLinked(p.who(), p.account, now.Case),
		}
	case linked && p.reopened == nil:
		return d.askLink(ctx, r, p, now)
	}
	in := audit.Linking{Head: d.partHead(r, p, r.key(p.nth)), Expect: now.Seq}
	if p.reopened != nil {
		in.Case, in.Choice = p.reopened.Number, r.cmd.Choice
	}
	c, err := d.ledger.Link(ctx, in)
	return d.linkRecorded(ctx, r, p, c, err)
}

// linkRecorded says what became of a change of a link; nothing where it met
// another.
func (d *Dispatcher) linkRecorded(ctx context.Context, r *request, p *part, c audit.CaseView, err error) *result {
	switch {
	case err == nil:
		return new(d.caseResult(r, c))
	case errors.Is(err, audit.ErrNotWaiting):
		return d.current(ctx, r, p)
	case errors.Is(err, audit.ErrChanged), errors.Is(err, audit.ErrNotLinked):
		return nil
	}
	return d.storeTrouble(r, p.account, err)
}

// askLink asks before a member is linked to another account.
func (d *Dispatcher) askLink(ctx context.Context, r *request, p *part, now audit.Link) *result {
	p.step.kind, p.step.code = stepAsk, "relink"
	p.step.choices = []texts.Choice{texts.ChoiceRelink(p.account, now.Account), texts.ChoiceKeep()}
	p.step.say = func(n int64) []chat.Line {
		return texts.AskRelink(n, questionLife, p.who(), p.account, now.Account)
	}
	cases, err := d.ledger.Ask(ctx, []audit.Question{{Head: d.partHead(r, p, r.key(p.nth)), Version: now.Seq}})
	if err != nil {
		return d.storeTrouble(r, p.account, err)
	}
	c := cases[0]
	return &result{
		account: p.account, state: chat.StateNeedsConfirm, code: p.step.code, cases: []int64{c.Number},
		lines: p.step.say(c.Number), choices: p.step.choices, entry: c.Question.Print,
	}
}

// outrun closes a question about a link that is not the one any more.
func (d *Dispatcher) outrun(ctx context.Context, r *request, p *part, now mute.Account) *result {
	n := p.reopened.Number
	_, err := d.ledger.Close(ctx, n, d.partHead(r, p, r.key(p.nth)), audit.OutcomeVoid, r.cmd.Choice)
	if err != nil && !errors.Is(err, audit.ErrNotWaiting) {
		return d.storeTrouble(r, p.account, err)
	}
	return &result{
		account: p.account, state: chat.StateNotDone, code: "void", cases: []int64{n},
		lines: texts.LinkOutrun(p.who(), now, n), try: p.cmd.String(),
	}
}

// unlink ends a member's link.
func (d *Dispatcher) unlink(ctx context.Context, r *request) outcome {
	p := &part{member: memberID(r.inv, r.cmd.Member), cmd: r.cmd}
	for _, step := range []func(context.Context, *request, *part) *result{d.redelivered, d.mayLink, d.removeLink} {
		if res := step(ctx, r, p); res != nil {
			return one(*res)
		}
	}
	return one(*d.raced(r, p))
}

func (d *Dispatcher) removeLink(ctx context.Context, r *request, p *part) *result {
	now, linked, err := d.ledger.LinkOf(ctx, p.member)
	if err != nil {
		return d.storeTrouble(r, "", err)
	}
	if !linked {
		return &result{state: chat.StateNotDone, code: "not_linked", lines: texts.NobodyLinked(p.who())}
	}
	p.account = now.Account
	c, err := d.ledger.Unlink(ctx, audit.Linking{Head: d.partHead(r, p, r.key(p.nth)), Expect: now.Seq})
	return d.linkRecorded(ctx, r, p, c, err)
}

// who is the part's member for people.
func (p *part) who() texts.Member {
	return texts.Member{Name: p.cmd.Member.Name, ID: p.member}
}
