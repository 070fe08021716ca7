package commands

import (
	"context"

	"modbot/internal/chat"
	"modbot/internal/texts"
)

func healthVerb() verb {
	return verb{run: reads((*Dispatcher).showHealth), spec: chat.Spec{
		Verb:     "health",
		Summary:  "Show whether the ledger, the platforms and the audit channels work",
		Examples: []string{"health"},
	}}
}

func (d *Dispatcher) showHealth(ctx context.Context, r *request) result {
	h, err := d.health(ctx)
	if err != nil {
		return *d.storeTrouble(r, "", err)
	}
	return info("health", texts.Health(h, d.ledger.Now()))
}
