package commands

import (
	"context"
	"errors"
	"slices"
	"strings"

	"modbot/internal/chat"
	"modbot/internal/commands/grammar"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// templateID is what a member's id takes the place of in a link template.
const templateID = "{id}"

// stand is a mentioned member with the account that it stands for.
type stand struct {
	name    string
	member  string // qualified
	account mute.Account
}

// memberID is a member as the ledger knows it.
func memberID(inv chat.Invocation, m grammar.MemberArg) string {
	if m.ID != "" {
		return m.ID
	}
	return qualified(inv, m.Mention)
}

// mentioned puts accounts in the place of mentioned members: what they are
// linked to, else what the platform's template makes of their ids, where that
// exists. Whoever may not use the verb is told neither: the refusal that follows
// records what the ledger knows.
func (d *Dispatcher) mentioned(ctx context.Context, r *request) *result {
	stranger := d.mayRead(r) != nil
	for i, a := range r.cmd.Accounts {
		if a.Mention == "" {
			continue
		}
		s, res := d.standsFor(ctx, r, a, stranger)
		if res != nil {
			return res
		}
		r.cmd.Accounts[i].Account = s.account
		if !stranger {
			r.stands = append(r.stands, s)
		}
	}
	r.cmd.Accounts = onceEach(r.cmd.Accounts)
	return nil
}

// standsFor finds one member's account.
func (d *Dispatcher) standsFor(ctx context.Context, r *request, a grammar.AccountArg, stranger bool) (stand, *result) {
	s := stand{name: personName(a.Name, a.Mention), member: qualified(r.inv, a.Mention)}
	link, ok, err := d.ledger.LinkOf(ctx, s.member)
	switch {
	case err != nil:
		return s, d.storeTrouble(r, "", err)
	case ok || stranger:
		s.account = link.Account
		return s, nil
	}
	s.account, err = d.templated(ctx, r.inv.Platform, a.Mention)
	switch {
	case err != nil:
		return s, d.trouble(r, "", err)
	case s.account == "":
		p := texts.NotLinked(s.name, a.String())
		return s, &result{state: chat.StateError, code: p.Code, lines: p.In(r.place).Lines}
	}
	return s, nil
}

// templated is the account that the platform's template makes of a member's
// id; empty where there is no template, or no such account.
func (d *Dispatcher) templated(ctx context.Context, platform chat.Platform, id string) (mute.Account, error) {
	template := d.templates[platform]
	if template == "" {
		return "", nil
	}
	account, err := mute.ParseAccount(strings.ReplaceAll(template, templateID, id))
	if err != nil {
		return "", nil // an id that makes no account is an account that does not exist
	}
	ctx, cancel := context.WithTimeoutCause(ctx, resolveTime, errors.New("reading Tencent took too long"))
	defer cancel()
	exist, err := d.lookup.Exist(ctx, []mute.Account{account})
	if err != nil || !exist[account] {
		return "", err
	}
	return account, nil
}

// memberOf is the mentioned member whose account this is; empty where it was
// typed.
func (r *request) memberOf(a grammar.AccountArg) string {
	if a.Mention == "" {
		return ""
	}
	return qualified(r.inv, a.Mention)
}

// onceEach drops accounts that came up twice, by name and by mention.
func onceEach(args []grammar.AccountArg) []grammar.AccountArg {
	seen := map[mute.Account]bool{}
	return slices.DeleteFunc(args, func(a grammar.AccountArg) bool {
		twice := a.Account != "" && seen[a.Account]
		seen[a.Account] = true
		return twice
	})
}

// named has the nicknames of the command's accounts looked up beside it, where
// the actor may use the verb at all.
func (d *Dispatcher) named(_ context.Context, r *request) *result {
	if d.mayRead(r) != nil || r.verb.spec.Access != chat.AccessRole {
		return nil
	}
	accounts := make([]mute.Account, 0, len(r.cmd.Accounts))
	for _, a := range r.cmd.Accounts {
		accounts = append(accounts, a.Account)
	}
	d.call(r, accounts)
	return nil
}

// call looks up the nicknames of accounts and has them shown in the answer.
func (d *Dispatcher) call(r *request, accounts []mute.Account) {
	r.nicks = d.nicks
	d.nicks.fetch(d.stop, accounts)
}
