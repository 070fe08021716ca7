package commands

import (
	"context"
	"errors"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands/policy"
	"modbot/internal/texts"
)

func caseVerb() verb {
	return verb{run: reads((*Dispatcher).showCase), spec: chat.Spec{
		Verb:    "case",
		Summary: "Show a case, or add a note to it",
		Options: []chat.OptionSpec{
			caseOption("The number of the case, as in replies and in the audit channel"),
			{
				Name: "note", Kind: chat.OptionText, Keyword: "note",
				Summary: "A note to append; what is already written stays",
			},
		},
		Examples: []string{"case 41", "case 41 note appealed by mail, links were his own"},
	}}
}

// showCase shows a case, or appends a note to it. What was recorded before is
// never changed.
func (d *Dispatcher) showCase(ctx context.Context, r *request) result {
	if r.cmd.Note != "" {
		return d.note(ctx, r)
	}
	c, err := d.ledger.Case(ctx, r.cmd.Case)
	if errors.Is(err, audit.ErrNoCase) {
		return noCase(r.cmd.Case)
	}
	if err != nil {
		return *d.storeTrouble(r, "", err)
	}
	res := info("case", texts.Case(c, d.postLink(ctx, r.inv, c)))
	res.cases = []int64{c.Number}
	if r.inv.Click != nil && r.inv.Click.Choice == texts.PressNote {
		res.try = texts.NoteCommand(c.Number)
	}
	if c.Status == audit.StatusWaiting && c.Actor == actorID(r.inv) {
		res.choices, res.entry = decodeSnapshot(c.Snapshot).Choices, c.Question.Print
	}
	return res
}

func (d *Dispatcher) note(ctx context.Context, r *request) result {
	h := d.head(r, r.delivery(0))
	decision := d.policy.Decide(r.roles, policy.Request{Verb: r.cmd.Verb})
	h.Role, h.Rule = decision.Role, decision.Rule
	_, err := d.ledger.Note(ctx, r.cmd.Case, h, r.cmd.Note)
	if errors.Is(err, audit.ErrNoCase) {
		return noCase(r.cmd.Case)
	}
	if err != nil {
		return *d.storeTrouble(r, "", err)
	}
	return result{state: chat.StateDone, code: "noted", cases: []int64{r.cmd.Case}, lines: texts.Noted(r.cmd.Case), try: texts.CaseCommand(r.cmd.Case)}
}
