package commands

import (
	"context"

	"modbot/internal/chat"
	"modbot/internal/texts"
)

func healthVerb() verb {
	return verb{run: reads((*Dispatcher).health), spec: chat.Spec{
		Verb:     "health",
		Summary:  "Show whether Tencent, the ledger and the audit channels work",
		Examples: []string{"health"},
	}}
}

func (d *Dispatcher) health(ctx context.Context, r *request) result {
	h, err := d.ledger.Health(ctx)
	if err != nil {
		return *d.storeTrouble(r, "", err)
	}
	return info("health", texts.Health(h, d.now()))
}
