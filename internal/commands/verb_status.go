package commands

import (
	"context"

	"modbot/internal/chat"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

func statusVerb() verb {
	return verb{run: reads((*Dispatcher).status), spec: chat.Spec{
		Verb:     "status",
		Summary:  "Show whether an account is muted, where, until when and by whom",
		Options:  []chat.OptionSpec{accountOption()},
		Examples: []string{"status alice"},
	}}
}

// status shows what is in effect by Tencent's word, and where the ledger
// tells otherwise.
func (d *Dispatcher) status(ctx context.Context, r *request) result {
	account := r.cmd.Accounts[0].Account
	targets, err := d.resolve(ctx, r, []mute.Account{account})
	if err != nil {
		return *d.trouble(r, account, err)
	}
	f := facts{now: d.ledger.Now(), policy: d.policy, roles: r.roles, actor: actorID(r.inv), place: r.place, cmd: r.cmd, target: targets[0]}
	f.cmd.Scope = mute.ScopeAll
	if !f.target.exists {
		return result{account: account, state: chat.StateError, code: "no_such_account", lines: texts.UnknownAccount(r.place, account, f.target.near, f.again)}
	}
	if c := f.target.view.InFlight; c != nil {
		lines := append([]chat.Line{texts.StillInFlight(c.Number), texts.CaseLine(*c)}, texts.Mutes(f.target.view.Mutes, f.now)...)
		return info("status", lines)
	}
	lines := texts.Fields(account, f.fields(), f.now)
	for _, field := range mute.Fields() {
		if differs, recorded := f.drift(field); differs {
			lines = append(lines, texts.Drifted(field, recorded))
		}
	}
	res := info("status", append(lines, texts.Prior(f.target.view.Prior)))
	res.try = about(verbHistory, account)
	return res
}

// drift reports whether Tencent and the ledger tell different things of a field.
func (f facts) drift(field mute.Field) (differs, recorded bool) {
	m, recorded := f.target.view.MuteOf(field)
	for _, h := range f.heldFields(mute.ScopeOf(field)) {
		return h.known == nil, recorded
	}
	due := recorded && !m.Permanent && !m.Until.After(f.now.Add(agree))
	return recorded && !due, recorded
}
