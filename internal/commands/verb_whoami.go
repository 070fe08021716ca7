package commands

import (
	"context"

	"modbot/internal/chat"
	"modbot/internal/texts"
)

func whoamiVerb() verb {
	return verb{run: reads((*Dispatcher).whoami), spec: chat.Spec{
		Verb:     "whoami",
		Summary:  "Show who you are here, with ids to paste into the configuration",
		Examples: []string{"whoami"},
		Access:   chat.AccessAnyone,
	}}
}

// whoami answers anyone: a newcomer needs the ids to be let in.
func (d *Dispatcher) whoami(_ context.Context, r *request) result {
	longest, permanent := d.policy.MaxTermOf(r.roles)
	return info("whoami", texts.WhoAmI(r.inv.Platform, r.inv.Workspace, r.inv.Actor, r.grants, r.roles, d.verbsOf(r.roles), longest, permanent))
}
