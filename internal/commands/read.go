package commands

import (
	"context"
	"slices"

	"modbot/internal/chat"
	"modbot/internal/commands/policy"
	"modbot/internal/texts"
)

// reads makes a verb of one that changes no account: whoever may not use it is
// refused, and reading is not recorded, because it is not an action.
func reads(answer func(*Dispatcher, context.Context, *request) result) func(*Dispatcher, context.Context, *request) outcome {
	return func(d *Dispatcher, ctx context.Context, r *request) outcome {
		if refused := d.mayRead(r); refused != nil {
			return one(*refused)
		}
		return one(answer(d, ctx, r))
	}
}

// mayRead refuses whoever has no role that lists the verb, unless anyone may
// use it.
func (d *Dispatcher) mayRead(r *request) *result {
	if r.verb.spec.Access == chat.AccessAnyone {
		return nil
	}
	if r.rolesErr != nil {
		return &result{state: chat.StateNotDone, code: "roles_unknown", lines: texts.RolesUnknown(texts.Refusal{})}
	}
	decision := d.policy.Decide(r.roles, policy.Request{Verb: r.cmd.Verb})
	if decision.Allowed {
		return nil
	}
	return &result{
		state: chat.StateNotDone, code: "refused_" + codeOf(decision.Failed),
		lines: refusal(d.policy, decision, texts.Refusal{Verb: r.cmd.Verb}, false, nil),
	}
}

// verbsOf lists what the roles may type, in the order of the specs.
func (d *Dispatcher) verbsOf(roles []chat.Role) []string {
	listed := d.policy.Verbs(roles)
	var out []string
	for _, s := range d.specs {
		if s.Access == chat.AccessAnyone || slices.Contains(listed, s.Verb) ||
			(s.Access == chat.AccessImplied && (slices.Contains(listed, verbMute) || slices.Contains(listed, verbUnmute))) {
			out = append(out, s.Verb)
		}
	}
	return out
}
