package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/grammar"
	"modbot/internal/commands/policy"
	"modbot/internal/config"
	"modbot/internal/im"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// readConfig reads modbot.yaml with what the other packages know about its
// values. Only names the sections that the command needs.
func readConfig(env *environment, path string, only ...string) (*config.Config, error) {
	return config.Load(path, config.Options{
		Environ: env.environ(), Only: only,
		Verbs: verbNames(), Scopes: []string{"group", "c2c", "all"}, Regions: regions(),
		ParseTerm: parseTerm, ParseAccount: parseAccount,
	})
}

// loadConfig is readConfig for a command that goes on: it prints the warnings,
// and its error has the exit code.
func loadConfig(env *environment, path string, only ...string) (*config.Config, error) {
	cfg, err := readConfig(env, path, only...)
	if err != nil {
		return nil, configError(err)
	}
	for _, w := range cfg.Warnings {
		_, _ = fmt.Fprintf(env.err, "modbot: %s\n", w)
	}
	return cfg, nil
}

// configError is a configuration that cannot be used, with its exit code.
func configError(err error) error {
	if problems, ok := errors.AsType[*config.Errors](err); ok {
		return failWith(exitConfig, "config", problems.Error(), "modbot --help", err)
	}
	return failWith(exitConfig, "config", err.Error(), "modbot run -c modbot.yaml …", err)
}

// verbNames are the verbs that a role may list: those that there are, and those
// that are announced, so that a configuration can be written ahead of them.
func verbNames() []string {
	out := []string{"undo", "extend", "approve", "reject", "bulk", redactVerb}
	for _, s := range commands.Specs() {
		out = append(out, s.Verb)
	}
	return out
}

func regions() []string {
	var out []string
	for _, r := range imwire.Regions() {
		out = append(out, r.Name)
	}
	return out
}

func parseTerm(text string) (seconds int64, permanent bool, err error) {
	t, problem := grammar.ParseTerm(text)
	if problem != nil {
		return 0, false, problem
	}
	seconds, _ = t.Seconds()
	return seconds, t.IsPermanent(), nil
}

func parseAccount(text string) error {
	_, err := mute.ParseAccount(text)
	return err
}

// clientConfig is the client's part of the configuration.
func clientConfig(t config.Tencent) im.Config {
	return im.Config{
		Region: t.Region, Host: t.Host, SDKAppID: t.SDKAppID, Identifier: t.Identifier,
		SecretKey: imwire.NewSecretKey(t.SecretKey.Reveal()), RatePerSecond: t.RatePerSecond,
	}
}

// checkpointEvery is how often full checkpoints are posted; 0 is never.
func checkpointEvery(l config.Ledger) time.Duration {
	return time.Duration(l.CheckpointEvery.Seconds) * time.Second
}

// policyOf is the configured policy.
func policyOf(cfg *config.Config) (*policy.Policy, error) {
	roles := make([]policy.Role, 0, len(cfg.Roles))
	for _, name := range cfg.RoleNames() {
		r, err := roleOf(name, cfg.Roles[name])
		if err != nil {
			return nil, fmt.Errorf("role %s: %w", name, err)
		}
		roles = append(roles, r)
	}
	protect := make([]policy.Protected, 0, len(cfg.Protect))
	for _, p := range cfg.Protect {
		item := policy.Protected{Account: mute.Account(p.Account)}
		for _, r := range p.Roles {
			item.Roles = append(item.Roles, chat.Role(r))
		}
		protect = append(protect, item)
	}
	confirm := policy.Confirm{Permanent: cfg.Confirm.Permanent}
	if !cfg.Confirm.LongerThan.IsZero() {
		var err error
		if confirm.LongerThan, err = mute.Seconds(cfg.Confirm.LongerThan.Seconds); err != nil {
			return nil, fmt.Errorf("confirm.longer_than: %w", err)
		}
	}
	return policy.New(roles, protect, confirm)
}

// roleOf is one configured role.
func roleOf(name string, r config.Role) (policy.Role, error) {
	out := policy.Role{
		Name: chat.Role(name), Verbs: r.Verbs, Permanent: r.Permanent, PerHour: r.PerHour,
		Grants: map[chat.Platform][]chat.Grant{
			chat.Slack:   append(granted(chat.GrantMember, r.Slack.Users), granted(chat.GrantUsergroup, r.Slack.UserGroups)...),
			chat.Discord: granted(chat.GrantRole, r.Discord.Roles),
			chat.CLI:     granted(chat.GrantMember, r.CLI.Users),
			chat.Console: granted(chat.GrantMember, r.CLI.Users),
		},
	}
	for _, s := range r.Scopes {
		scope, err := mute.ParseScope(s)
		if err != nil {
			return policy.Role{}, err
		}
		out.Scopes |= scope
	}
	longest := r.MaxTerm.Seconds
	if r.MaxTerm.IsZero() && r.Permanent { // whoever may mute for ever may mute for any time
		longest = mute.MaxSeconds
	}
	if longest > 0 {
		var err error
		if out.MaxTerm, err = mute.Seconds(longest); err != nil {
			return policy.Role{}, err
		}
	}
	return out, nil
}

func granted(kind chat.GrantKind, ids []string) []chat.Grant {
	out := make([]chat.Grant, 0, len(ids))
	for _, id := range ids {
		out = append(out, chat.Grant{Kind: kind, ID: id})
	}
	return out
}

// environ is the environment as the configuration reads it.
func (e *environment) environ() []string {
	if e.variables != nil {
		return e.variables
	}
	return os.Environ()
}
