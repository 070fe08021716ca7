package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// target is one account with all that a plan about it needs.
type target struct {
	account mute.Account
	exists  bool
	near    []mute.Account // accounts that exist and look like it, when it does not
	// variants are accounts that exist besides it and differ in case alone.
	variants []mute.Account
	state    mute.State
	view     audit.AccountView
	recent   []audit.CaseView // newest first
	count    int              // actions that the actor began since counted
	counted  time.Time
}

// recentCases is how many of an account's cases Resolve looks through for the
// same plan.
const recentCases = 5

// resolve gathers what the plans about the accounts need, in the same order.
func (d *Dispatcher) resolve(ctx context.Context, r *request, accounts []mute.Account) ([]target, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, resolveTime, errors.New("reading Tencent took too long"))
	defer cancel()
	exist, variants, err := d.existing(ctx, accounts)
	if err != nil {
		return nil, err
	}
	counted, count := d.ledger.Now().Add(-countWindow), 0
	if d.policy.Counts(r.roles) {
		if count, err = d.ledger.Actions(ctx, actorID(r.inv), counted); err != nil {
			return nil, fmt.Errorf("counting actions: %w", err)
		}
	}
	out := make([]target, 0, len(accounts))
	for _, a := range accounts {
		t := target{account: a, exists: exist[a], variants: variants[a], count: count, counted: counted}
		if !t.exists {
			t.near, err = d.nearby(ctx, a, variants[a])
		} else {
			err = d.inspect(ctx, &t)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// inspect reads what is in effect. The ledger and Tencent have to tell of the
// same moment: what a case does between the two readings would else look as if
// somebody had done it outside modbot.
func (d *Dispatcher) inspect(ctx context.Context, t *target) error {
	for range maxPlans {
		if same, err := d.inspectOnce(ctx, t); same || err != nil {
			return err
		}
	}
	return nil // it changes faster than it can be read: Begin will say so
}

// inspectOnce reads first the ledger, whose version guards the plan, then
// Tencent. While a request may still be inside the service, what Tencent says
// may be wrong a moment later, and nothing is read. same says that the ledger
// did not change meanwhile; where nothing is muted by anybody's word, that is
// left to Begin.
func (d *Dispatcher) inspectOnce(ctx context.Context, t *target) (same bool, err error) {
	if t.view, err = d.ledger.Account(ctx, t.account); err != nil {
		return false, fmt.Errorf("reading account %s: %w", t.account, err)
	}
	if t.recent, err = d.ledger.History(ctx, t.account, audit.Page{Limit: recentCases}); err != nil {
		return false, fmt.Errorf("reading the cases of account %s: %w", t.account, err)
	}
	if t.view.InFlight != nil {
		return true, nil
	}
	if t.state, err = d.lookup.State(ctx, t.account); errors.Is(err, ErrNoSuchAccount) {
		t.exists = false // deleted between the two questions
		return true, nil
	}
	if err != nil || len(t.view.Mutes) == 0 && !t.state.Group.Muted() && !t.state.C2C.Muted() {
		return true, err
	}
	now, err := d.ledger.Account(ctx, t.account)
	return now.Version == t.view.Version, err
}

// existing asks for the accounts and for their case variants in one call.
func (d *Dispatcher) existing(ctx context.Context, accounts []mute.Account) (map[mute.Account]bool, map[mute.Account][]mute.Account, error) {
	ask := slices.Clone(accounts)
	candidates := map[mute.Account][]mute.Account{}
	for _, a := range accounts {
		known, err := d.ledger.Spellings(ctx, string(a))
		if err != nil {
			return nil, nil, fmt.Errorf("looking for accounts like %s: %w", a, err)
		}
		candidates[a] = caseVariants(a, known)
		ask = append(ask, candidates[a]...)
	}
	slices.Sort(ask)
	exist, err := d.lookup.Exist(ctx, slices.Compact(ask))
	if err != nil {
		return nil, nil, err
	}
	for a, cs := range candidates {
		candidates[a] = slices.DeleteFunc(cs, func(c mute.Account) bool { return !exist[c] })
	}
	return exist, candidates, nil
}

// caseVariants are the account's usual spellings in other case, and those that
// the ledger knows.
func caseVariants(a mute.Account, known []mute.Account) []mute.Account {
	s := string(a)
	lower := strings.ToLower(s)
	spellings := []string{lower, strings.ToUpper(s), strings.ToUpper(lower[:1]) + lower[1:]}
	for _, k := range known {
		spellings = append(spellings, string(k))
	}
	var out []mute.Account
	for _, v := range spellings {
		if v != s && !slices.Contains(out, mute.Account(v)) {
			out = append(out, mute.Account(v))
		}
	}
	return out
}

// maxNear is how many look-alikes are offered, and maxCandidates how many are
// asked for (one account_check takes 100).
const (
	maxNear       = 3
	maxCandidates = 100
)

// nearby finds accounts that exist and are one slip away from one that does
// not: other case, accounts of the ledger, one letter too many, two swapped.
func (d *Dispatcher) nearby(ctx context.Context, a mute.Account, variants []mute.Account) ([]mute.Account, error) {
	if len(variants) > 0 {
		return variants[:min(len(variants), maxNear)], nil
	}
	known, err := d.ledger.Similar(ctx, string(a), maxNear)
	if err != nil {
		return nil, fmt.Errorf("looking for accounts like %s: %w", a, err)
	}
	candidates := append(known, slips(string(a))...)
	candidates = candidates[:min(len(candidates), maxCandidates)]
	exist, err := d.lookup.Exist(ctx, dedup(candidates))
	if err != nil {
		return nil, err
	}
	var out []mute.Account
	for _, c := range dedup(candidates) {
		if exist[c] && len(out) < maxNear {
			out = append(out, c)
		}
	}
	return out, nil
}

// slips are the texts that s may be a slip of the keyboard for.
func slips(s string) []mute.Account {
	var out []mute.Account
	add := func(v string) {
		if a, err := mute.ParseAccount(v); err == nil && v != s {
			out = append(out, a)
		}
	}
	for i := range s {
		add(s[:i] + s[i+1:])
		if i+1 < len(s) {
			add(s[:i] + s[i+1:i+2] + s[i:i+1] + s[i+2:])
		}
	}
	return out
}

func dedup(in []mute.Account) []mute.Account {
	var out []mute.Account
	for _, a := range in {
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}
