package commands

import (
	"context"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/texts"
)

func historyVerb() verb {
	return verb{run: reads((*Dispatcher).history), spec: chat.Spec{
		Verb:     "history",
		Summary:  "List everything that was done about an account",
		Options:  []chat.OptionSpec{accountOption()},
		Examples: []string{"history alice"},
	}}
}

func (d *Dispatcher) history(ctx context.Context, r *request) result {
	account := r.cmd.Accounts[0].Account
	cases, err := d.ledger.History(ctx, account, audit.Page{Limit: listPage})
	if err != nil {
		return *d.storeTrouble(r, account, err)
	}
	links := map[int64]string{}
	for _, c := range cases {
		links[c.Number] = d.postLink(ctx, r.inv, c)
	}
	res := info("history", texts.History(account, cases, links))
	for _, c := range cases {
		res.cases = append(res.cases, c.Number)
	}
	if len(cases) > 0 {
		res.try = texts.CaseCommand(cases[0].Number)
	}
	return res
}
