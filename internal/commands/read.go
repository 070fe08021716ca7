package commands

import (
	"context"
	"errors"
	"slices"
	"strings"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands/policy"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// read answers the verbs that change no account. Reading is not an action and
// is not recorded; a note is recorded by the ledger itself.
func (d *Dispatcher) read(ctx context.Context, r *request) outcome {
	switch r.cmd.Verb {
	case verbHelp:
		return one(d.help(r))
	case verbWhoami:
		return one(d.whoami(r))
	}
	if res := d.mayRead(r); res != nil {
		return one(*res)
	}
	switch r.cmd.Verb {
	case verbStatus:
		return one(d.status(ctx, r))
	case verbMutes:
		return one(d.mutes(ctx, r))
	case verbHistory:
		return one(d.history(ctx, r))
	case verbCase:
		return one(d.showCase(ctx, r))
	case verbHealth:
		return one(d.health(ctx, r))
	}
	return one(result{state: chat.StateError, code: "internal", lines: texts.Internal(r.ref)})
}

// mayRead refuses whoever has no role that lists the verb.
func (d *Dispatcher) mayRead(r *request) *result {
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

// status shows what is in effect by Tencent's word, and where the ledger
// tells otherwise.
func (d *Dispatcher) status(ctx context.Context, r *request) result {
	account := r.cmd.Accounts[0].Account
	targets, err := d.resolve(ctx, r, []mute.Account{account})
	if err != nil {
		return *d.trouble(r, account, err)
	}
	f := facts{now: d.now(), policy: d.policy, roles: r.roles, actor: actorID(r.inv), place: r.place, cmd: r.cmd, target: targets[0]}
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

func (d *Dispatcher) mutes(ctx context.Context, r *request) result {
	list, err := d.ledger.Mutes(ctx, audit.MuteFilter{Actor: r.cmd.By, Scope: r.cmd.Scope}, audit.Page{Limit: listPage})
	if err != nil {
		return *d.storeTrouble(r, "", err)
	}
	return info("mutes", texts.Mutes(list, d.now()))
}

func (d *Dispatcher) history(ctx context.Context, r *request) result {
	account := r.cmd.Accounts[0].Account
	cases, err := d.ledger.History(ctx, account, audit.Page{Limit: listPage})
	if err != nil {
		return *d.storeTrouble(r, account, err)
	}
	res := info("history", texts.History(account, cases))
	for _, c := range cases {
		res.cases = append(res.cases, c.Number)
	}
	if len(cases) > 0 {
		res.try = texts.CaseCommand(cases[0].Number)
	}
	return res
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
	res := info("case", texts.Case(c))
	res.cases = []int64{c.Number}
	if c.Status == audit.StatusWaiting && c.Actor == actorID(r.inv) {
		res.choices = decodeSnapshot(c.Snapshot).Choices
	}
	return res
}

func (d *Dispatcher) note(ctx context.Context, r *request) result {
	h := d.head(r, r.key(0))
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

func (d *Dispatcher) health(ctx context.Context, r *request) result {
	h, err := d.ledger.Health(ctx)
	if err != nil {
		return *d.storeTrouble(r, "", err)
	}
	return info("health", texts.Health(h, d.now()))
}

// whoami answers anyone: a newcomer needs the ids to be let in.
func (d *Dispatcher) whoami(r *request) result {
	longest, permanent := d.policy.MaxTermOf(r.roles)
	return info("whoami", texts.WhoAmI(r.inv.Platform, r.inv.Workspace, r.inv.Actor, r.grants, r.roles, d.verbsOf(r.roles), longest, permanent))
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

// help shows what this actor may do, with this actor's limits.
func (d *Dispatcher) help(r *request) result {
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
