package commands

import (
	"context"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/texts"
)

func mutesVerb() verb {
	return verb{run: reads((*Dispatcher).mutes), spec: chat.Spec{
		Verb:    "mutes",
		Summary: "List the mutes in effect",
		Options: []chat.OptionSpec{
			{
				Name: "by", Kind: chat.OptionActor, Keyword: "by",
				Summary: "Only those that this person set",
			},
			scopeOption("Only those in this scope: group, c2c (one-to-one) or all"),
		},
		Examples: []string{"mutes", "mutes by mia", "mutes group"},
	}}
}

func (d *Dispatcher) mutes(ctx context.Context, r *request) result {
	asked := audit.MuteFilter{Actor: r.cmd.By, Scope: r.cmd.Scope}
	list, err := d.ledger.Mutes(ctx, asked, audit.Page{Limit: listPage})
	if err != nil {
		return *d.storeTrouble(r, "", err)
	}
	return info("mutes", texts.MutesFound(asked, list, d.ledger.Now()))
}
