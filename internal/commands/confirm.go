package commands

import (
	"context"
	"errors"
	"slices"
	"strings"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// confirm answers a question. Only the actor who was asked may; the roles and
// the account are looked at again, and what was asked is planned again with
// the answer in it.
func (d *Dispatcher) confirm(ctx context.Context, r *request) outcome {
	c, err := d.ledger.Case(ctx, r.cmd.Case)
	if errors.Is(err, audit.ErrNoCase) {
		return one(noCase(r.cmd.Case))
	}
	if err != nil {
		return one(*d.storeTrouble(r, "", err))
	}
	if res := d.answerable(ctx, r, c); res != nil {
		return one(*res)
	}
	snap := decodeSnapshot(c.Snapshot)
	choice, problem := pick(snap.Choices, r.cmd.Choice, c.Number)
	if problem != nil {
		return one(result{
			account: c.Account, state: chat.StateError, code: problem.Code, cases: []int64{c.Number},
			lines: problem.In(r.place).Lines, choices: snap.Choices, entry: c.Question.Print,
		})
	}
	r.cmd.Choice = choice
	cases, err := d.questions(ctx, c)
	if err != nil {
		return one(*d.storeTrouble(r, c.Account, err))
	}
	accounts := make([]mute.Account, 0, len(cases))
	for _, each := range cases {
		accounts = append(accounts, each.Account)
	}
	d.call(r, accounts)
	if choice == choiceKeep {
		return d.decline(ctx, r, cases)
	}
	if c.Verb == verbLink {
		return d.relink(ctx, r, c)
	}
	parts := make([]*part, 0, len(cases))
	for _, each := range cases {
		s := decodeSnapshot(each.Snapshot)
		parts = append(parts, &part{
			nth: each.Number, account: each.Account, member: each.Member, cmd: s.Typed.command(each.Account),
			answered: s.with(choice), reopened: new(each),
		})
	}
	return d.work(ctx, r, parts)
}

// questions are the open questions that one answer covers: those that were
// asked together.
func (d *Dispatcher) questions(ctx context.Context, c audit.CaseView) ([]audit.CaseView, error) {
	if c.Question == nil || c.Question.Batch == 0 {
		return []audit.CaseView{c}, nil
	}
	together, err := d.ledger.BatchCases(ctx, c.Question.Batch)
	return slices.DeleteFunc(together, func(o audit.CaseView) bool { return o.Status != audit.StatusWaiting }), err
}

// answerable refuses an answer that cannot count: the case waits for nothing
// (a second click gets the same answer as the first), or for somebody else.
func (d *Dispatcher) answerable(ctx context.Context, r *request, c audit.CaseView) *result {
	if c.Status != audit.StatusWaiting {
		return d.settled(ctx, r, c)
	}
	if r.rolesErr != nil {
		p := &part{account: c.Account, cmd: decodeSnapshot(c.Snapshot).Typed.command(c.Account)}
		return d.recordRefusal(ctx, r, p, d.rolesUnknown(r, c.Account))
	}
	if c.Actor != actorID(r.inv) {
		return &result{
			account: c.Account, state: chat.StateNotDone, code: "not_yours", cases: []int64{c.Number},
			lines: texts.NotYours(c.Number, personName(c.ActorName, c.Actor)),
		}
	}
	if another(r.inv.Click, c) {
		return new(d.waitingResult(c))
	}
	return nil
}

// pick finds the choice that was meant. Where only one acts, it needs no name.
func pick(choices []texts.Choice, typed string, caseNumber int64) (string, *texts.Problem) {
	names := make([]string, 0, len(choices))
	for _, c := range choices {
		names = append(names, c.Name)
	}
	switch {
	case slices.Contains(names, typed):
		return typed, nil
	case typed == "no" && slices.Contains(names, choiceKeep):
		return choiceKeep, nil
	case (typed == "" || typed == choiceYes) && len(names) == 2:
		return names[0], nil
	}
	return "", texts.NoSuchChoice(caseNumber, typed, names)
}

// with adds a choice to what was answered already.
func (s snapshot) with(choice string) answered {
	a := s.Answered
	switch s.Code {
	case "case_variant":
		a.Variant = true
	case "scope_doubt":
		a.Scope = mute.ScopeAll
		if scope, err := mute.ParseScope(choice); err == nil {
			a.Scope = scope
		}
	case "already_muted", "lifts_other":
		a.Held = choice
	case "above_threshold":
		a.Threshold = true
	}
	return a
}

// decline closes the questions without doing anything.
func (d *Dispatcher) decline(ctx context.Context, r *request, cases []audit.CaseView) outcome {
	var out outcome
	for _, c := range cases {
		h := d.head(r, r.key(c.Number))
		h.Account, h.Verb, h.Scope, h.Term = c.Account, c.Verb, c.Scope, c.Term
		closed, err := d.ledger.Close(ctx, c.Number, h, audit.OutcomeDeclined, choiceKeep)
		switch {
		case errors.Is(err, audit.ErrNotWaiting):
			out.results = append(out.results, d.caseResult(r, closed))
		case err != nil:
			out.results = append(out.results, *d.storeTrouble(r, c.Account, err))
		default:
			out.results = append(out.results, result{
				account: c.Account, state: chat.StateNotDone, code: "declined", cases: []int64{c.Number},
				lines: texts.Declined(c.Account, c.Number),
			})
		}
	}
	return out
}

// void closes a question that the account has outrun, and shows what is now.
func (d *Dispatcher) void(ctx context.Context, r *request, p *part) *result {
	_, err := d.ledger.Close(ctx, p.reopened.Number, d.partHead(r, p, r.key(p.nth)), audit.OutcomeVoid, r.cmd.Choice)
	if err != nil && !errors.Is(err, audit.ErrNotWaiting) {
		return d.storeTrouble(r, p.account, err)
	}
	return &result{
		account: p.account, state: chat.StateNotDone, code: "void", cases: []int64{p.reopened.Number},
		lines: p.step.say(p.reopened.Number), try: p.step.try,
	}
}

// current says how the case stands that was being answered.
func (d *Dispatcher) current(ctx context.Context, r *request, p *part) *result {
	if p.reopened == nil {
		return d.raced(r, p)
	}
	c, err := d.ledger.Case(ctx, p.reopened.Number)
	if err != nil {
		return d.storeTrouble(r, p.account, err)
	}
	return d.settled(ctx, r, c)
}

// askAll records the questions of one command. Those that ask the same with
// the same choices are recorded together, so that one answer covers them.
func (d *Dispatcher) askAll(ctx context.Context, r *request, parts []*part) {
	groups := map[string][]*part{}
	var order []string
	for _, p := range parts {
		if p.result != nil || p.step.kind != stepAsk {
			continue
		}
		names := []string{p.step.code}
		for _, c := range p.step.choices {
			names = append(names, c.Name)
		}
		key := strings.Join(names, " ")
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], p)
	}
	for _, key := range order {
		d.ask(ctx, r, groups[key])
	}
}

// ask records one question about one account or several.
func (d *Dispatcher) ask(ctx context.Context, r *request, parts []*part) {
	if r.broken != "" {
		for _, p := range parts {
			p.result = d.noRecord(r, p.account)
		}
		return
	}
	questions := make([]audit.Question, 0, len(parts))
	for _, p := range parts {
		q := audit.Question{Head: d.partHead(r, p, r.key(p.nth)), Version: p.target.view.Version, Before: p.target.state}
		if p.reopened != nil {
			q.Case = p.reopened.Number
		}
		questions = append(questions, q)
	}
	cases, err := d.ledger.Ask(ctx, questions)
	for i, p := range parts {
		if err != nil {
			p.result = d.storeTrouble(r, p.account, err)
			continue
		}
		n := cases[i].Number
		p.result = &result{
			account: p.account, state: chat.StateNeedsConfirm, code: p.step.code, cases: []int64{n}, lines: p.step.say(n),
		}
		if i == 0 { // one answer covers all of them
			p.result.choices, p.result.entry = p.step.choices, cases[i].Question.Print
		}
	}
}

func noCase(n int64) result {
	p := texts.NoSuchCase(n)
	return result{state: chat.StateError, code: p.Code, lines: p.In(texts.Place{Prefix: "/"}).Lines}
}
