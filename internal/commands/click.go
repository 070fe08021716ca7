package commands

import (
	"context"
	"errors"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands/grammar"
	"modbot/internal/commands/policy"
	"modbot/internal/texts"
)

// ruleForeign is recorded of a button that is not this ledger's.
const ruleForeign = "deny/foreign-button"

// codeForeign is the code of its refusal.
const codeForeign = "foreign_button"

// pressed is the command that a click stands for. A question's buttons answer
// it; those of a post ask what could be typed as well, so whoever presses one
// is authorised as if it had been.
func pressed(c chat.Click) grammar.Command {
	switch c.Choice {
	case texts.PressHistory:
		return grammar.Command{Verb: verbHistory, Case: c.Case}
	case texts.PressNote: // where no form could be opened for it
		return grammar.Command{Verb: verbCase, Case: c.Case}
	}
	return grammar.Command{Verb: verbConfirm, Case: c.Case, Choice: c.Choice}
}

// marked reports whether a click names the ledger and the entry that its
// button belongs to. One that does neither was typed.
func marked(c *chat.Click) bool { return c != nil && (c.Origin != "" || c.Entry != "") }

// ours reports whether the button of a click was made by this ledger, about an
// entry of that case which it still has.
func (d *Dispatcher) ours(ctx context.Context, c *chat.Click) (bool, error) {
	if c.Origin != d.ledger.OriginPrint() {
		return false, nil
	}
	_, err := d.ledger.Printed(ctx, c.Case, c.Entry)
	if errors.Is(err, audit.ErrNoEntry) {
		return false, nil
	}
	return err == nil, err
}

// foreign refuses a click that is not ours, and records that: somebody meant
// to act.
func (d *Dispatcher) foreign(ctx context.Context, r *request) *result {
	if !marked(r.inv.Click) {
		return nil
	}
	ok, err := d.ours(ctx, r.inv.Click)
	switch {
	case err != nil:
		return d.storeTrouble(r, "", err)
	case ok:
		return nil
	}
	return d.recordRefusal(ctx, r, &part{cmd: r.cmd}, step{
		kind: stepRefuse, code: codeForeign, decision: policy.Decision{Rule: ruleForeign}, say: texts.ForeignButton,
	})
}

// aim finds what a click on a post is about: the account of its case. Where
// that was erased, the case itself is shown.
func (d *Dispatcher) aim(ctx context.Context, r *request) *result {
	if r.inv.Click == nil || r.cmd.Verb != verbHistory {
		return nil
	}
	c, err := d.ledger.Case(ctx, r.cmd.Case)
	switch {
	case errors.Is(err, audit.ErrNoCase):
		return new(noCase(r.cmd.Case))
	case err != nil:
		return d.storeTrouble(r, "", err)
	case c.Account == "":
		r.cmd.Verb, r.verb = verbCase, d.verbs[verbCase]
	default:
		r.cmd.Accounts = []grammar.AccountArg{{Account: c.Account}}
	}
	return nil
}

// another reports whether a click answers a question that is not the one that
// the case waits with: an earlier one, whose buttons are still to be seen.
func another(click *chat.Click, c audit.CaseView) bool {
	return marked(click) && c.Question != nil && c.Question.Print != click.Entry
}
