package commands

import (
	"context"
	"slices"
	"strings"

	"modbot/internal/chat"
	"modbot/internal/texts"
)

func helpVerb() verb {
	return verb{run: reads((*Dispatcher).help), spec: chat.Spec{
		Verb:    "help",
		Summary: "Show what you can do here, or how one command works",
		Options: []chat.OptionSpec{
			{
				Name: "verb", Kind: chat.OptionVerb, Suggests: true,
				Summary: "The command to explain",
			},
		},
		Examples: []string{"help", "help mute"},
		Access:   chat.AccessAnyone,
	}}
}

// help shows what this actor may do, with this actor's limits.
func (d *Dispatcher) help(_ context.Context, r *request) result {
	if r.cmd.Topic != "" {
		for _, s := range d.specs {
			if s.Verb == r.cmd.Topic {
				return info("help", texts.HelpVerb(r.place, s))
			}
		}
	}
	verbs := d.verbsOf(r.roles)
	in := texts.HelpInput{Place: r.place}
	for _, s := range d.specs {
		if slices.Contains(verbs, s.Verb) {
			in.Specs = append(in.Specs, s)
		}
	}
	names := make([]string, 0, len(r.roles))
	for _, role := range r.roles {
		names = append(names, string(role))
	}
	in.Role = strings.Join(names, ", ")
	in.Longest, in.Permanent = d.policy.MaxTermOf(r.roles)
	return info("help", texts.Help(in))
}
