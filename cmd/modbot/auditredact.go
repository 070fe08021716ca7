package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/chat"
	"modbot/internal/commands/policy"
	"modbot/internal/config"
	"modbot/internal/mute"
)

// redactVerb is the verb that a role must list for whoever erases.
const redactVerb = "redact"

// redaction is what `modbot audit redact` was asked to do.
type redaction struct {
	seqs         []int64
	account      string
	why, as      string
	yes, dryRun  bool
	whichCommand *cobra.Command
}

func newAuditRedactCommand(env *environment, which *ledgerFlags) *cobra.Command {
	var r redaction
	cmd := &cobra.Command{
		Use:   "redact N… --why TEXT --as USER -c FILE",
		Short: "Erase the personal fields of entries, lawfully",
		Long: `Erase the personal fields of entries (who asked, about which account, reasons,
notes, what was shown) for ever. What happened stays: the entries, their hashes
and the tree are untouched, the log still verifies, and a new entry says of each
that it was erased, by whom and why. That reason is posted and kept: it must not
name anybody itself.

USER needs a role that lists the verb redact (roles: … cli: users); the operating
system's user is recorded beside it. Refused while the account is muted or acted
on, while a question about it is open, and for a link in force.

--account erases every entry about one account, and the lists of accounts of
commands that it was one of; entries that mention its name in other words are
listed, and erased by their numbers where they have to go too.

What was posted cannot be unposted: the messages are listed, to be deleted by hand
in their channels. Copies of the log (backups, and those that modbot made before
a change of its schema) keep what they have. On SQLite the file is written anew,
so that no byte of what was erased is left in it; commands wait meanwhile, about a
second for each 100 MB. On PostgreSQL the space is freed; the write-ahead log and
standbys follow in their own time.

Exit codes: 0 erased, 1 not erased, 64 the command line is wrong, 69 the log is
not there or locked, 78 the configuration is wrong.`,
		Example: `  modbot audit redact 41 43 --why "request 17" --as ada -c modbot.yaml
  modbot audit redact --account alice --why "request 18" --as ada -c modbot.yaml --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.whichCommand = cmd
			if err := r.read(args); err != nil {
				return err
			}
			return r.run(cmd.Context(), env, which)
		},
	}
	cmd.Flags().StringVar(&r.account, "account", "", "erase every entry about this `ACCOUNT`")
	cmd.Flags().StringVar(&r.why, "why", "", "`TEXT` that says why; it is kept and posted, and must name nobody")
	cmd.Flags().StringVar(&r.as, "as", "", "`USER` whose roles count")
	cmd.Flags().BoolVar(&r.yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&r.dryRun, "dry-run", false, "say what would be erased, and erase nothing")
	return cmd
}

// redactExample is a whole command line to paste.
const redactExample = `modbot audit redact 41 --why "request 17" --as ada -c modbot.yaml`

// read checks the command line.
func (r *redaction) read(args []string) error {
	for _, a := range args {
		n, err := strconv.ParseInt(strings.TrimPrefix(a, "#"), 10, 64)
		if err != nil || n < 1 {
			return usageError("usage", fmt.Sprintf("%q is no number of an entry.", a), redactExample)
		}
		r.seqs = append(r.seqs, n)
	}
	switch {
	case len(r.seqs) == 0 && r.account == "":
		return usageError("usage", "Say which entries: their numbers, or --account.", redactExample)
	case strings.TrimSpace(r.why) == "":
		return usageError("usage", "Say why, with --why; it is kept for ever, and must name nobody.", redactExample)
	case r.as == "":
		return usageError("usage", "Say as whom, with --as; a role of theirs must list the verb redact.", redactExample)
	}
	if r.account != "" {
		if _, err := mute.ParseAccount(r.account); err != nil {
			return usageError("account", err.Error(), redactExample)
		}
	}
	return nil
}

// run erases, after it asked.
func (r *redaction) run(ctx context.Context, env *environment, which *ledgerFlags) (err error) {
	if which.config == "" {
		return usageError("no_config", "Say which modbot's roles count, with -c.", redactExample)
	}
	cfg, err := loadConfig(env, which.config, "store", "ledger", "roles", "protect", "confirm")
	if err != nil {
		return err
	}
	url, err := which.url(r.whichCommand, cfg)
	if err != nil {
		return err
	}
	head, err := r.head(cfg, which.config)
	if err != nil {
		return err
	}
	key, err := existingKey(cfg.Ledger.SigningKeyFile, cfg.Ledger.Origin)
	if err != nil {
		return err
	}
	ledger, err := openLedger(ctx, env, url, cfg, audit.Options{Origin: cfg.Ledger.Origin, Signer: key, Replica: replica()}, sqlstore.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	in := audit.Erasure{Head: head, Seqs: r.seqs, Account: mute.Account(r.account)}
	plan, err := ledger.PlanErasure(ctx, in)
	if err != nil {
		return redactError(err)
	}
	if r.dryRun {
		return r.say(env, plan, copiesOf(url), false)
	}
	if err := r.confirm(env, plan); err != nil {
		return err
	}
	done, err := ledger.Erase(ctx, in)
	if err != nil {
		return redactError(err)
	}
	if err := ledger.store.Scrub(ctx); err != nil {
		return errors.Join(r.say(env, done, copiesOf(url), false), failWith(exitFailed, "not_scrubbed",
			fmt.Sprintf("The fields are erased, but what they held may still be in the files of the log: %v.", err),
			"run the same command again", err))
	}
	return r.say(env, done, copiesOf(url), true)
}

// head is who erases, and why, or that they may not.
func (r *redaction) head(cfg *config.Config, file string) (audit.Head, error) {
	rules, err := policyOf(cfg)
	if err != nil {
		return audit.Head{}, failWith(exitConfig, "config", err.Error(), "check roles in "+file, err)
	}
	d := rules.Decide(rules.RolesOf(chat.CLI, []chat.Grant{{Kind: chat.GrantMember, ID: r.as}}), policy.Request{Verb: redactVerb, Now: time.Now()})
	if !d.Allowed {
		return audit.Head{}, failWith(exitFailed, "refused",
			fmt.Sprintf("Not done: to erase, %s needs a role that lists the verb redact (%s).", r.as, d.Rule),
			"verbs: [redact]   below a role in "+file+" that has cli: { users: ["+r.as+"] }", nil)
	}
	return audit.Head{
		Actor: string(chat.CLI) + ":" + r.as, ActorName: r.as, Role: d.Role, Rule: d.Rule, Verb: redactVerb, Reason: r.why,
		Origin: audit.Origin{Platform: chat.CLI, Channel: chat.Channel{Name: "cli"}, Client: caller()},
	}, nil
}

// confirm asks on a terminal; elsewhere --yes is needed.
func (r *redaction) confirm(env *environment, plan audit.Erased) error {
	if r.yes || len(plan.Seqs) == 0 {
		return nil
	}
	if !terminal(env.in) || !terminal(env.err) {
		return usageError("not_confirmed", "Erasing cannot be undone; nobody is here to be asked. Add --yes.", redactExample+" --yes")
	}
	_, _ = fmt.Fprintf(env.err, "Erase the personal fields of %s for ever (%s)? Type yes: ",
		counted(int64(len(plan.Seqs)), "entry", "entries"), numberList(plan.Seqs))
	line, err := bufio.NewReader(io.LimitReader(env.in, 64)).ReadString('\n')
	if strings.TrimSpace(line) != "yes" {
		return failWith(exitFailed, "not_confirmed", "Nothing was erased.", redactExample, err)
	}
	return nil
}

// redactError is an error of erasing, with its exit code.
func redactError(err error) error {
	if refused, ok := errors.AsType[*audit.ErasureError](err); ok {
		return failWith(exitFailed, "erasure_refused", "Not done: "+refused.Error()+".", fmt.Sprintf("modbot audit show %d -c modbot.yaml", refused.Seq), err)
	}
	if errors.Is(err, audit.ErrNobody) || errors.Is(err, audit.ErrNoEntry) {
		return failWith(exitFailed, "no_entry", "Not done: "+err.Error()+".", "modbot audit ls -c modbot.yaml", err)
	}
	return ledgerError(err)
}

// redactView is what `audit redact --json` prints.
type redactView struct {
	Erased   []int64       `json:"erased"`         // entries, by this command or, with dry_run, if it were run
	Already  []int64       `json:"already_erased"` // of those asked for
	Entries  []int64       `json:"entries"`        // that say so
	DryRun   bool          `json:"dry_run"`
	Scrubbed bool          `json:"scrubbed"` // the store's files hold nothing of it, as far as it can tell
	Messages []messageView `json:"messages"` // posted before, to be deleted by hand
	Mentions []int64       `json:"mentions"` // other entries in whose words the account occurs
	Copies   []string      `json:"copies"`   // of the log beside it, which keep what they have
}

// messageView is a message in an audit channel.
type messageView struct {
	Sink    string `json:"sink"`
	Channel string `json:"channel"`
	Message string `json:"message"`
	Link    string `json:"link"`
	First   int64  `json:"first_seq"`
	Last    int64  `json:"last_seq"`
}

// copiesOf are the copies that modbot made beside a SQLite ledger.
func copiesOf(url string) []string {
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return nil
	}
	dir, file := filepath.Split(path)
	found, err := filepath.Glob(filepath.Join(filepath.Clean(dir), "*.schema-*"))
	if err != nil {
		return nil // the pattern is a constant
	}
	var out []string
	for _, f := range found {
		if strings.HasPrefix(filepath.Base(f), file+".schema-") {
			out = append(out, f)
		}
	}
	return out
}

// say prints what was done.
func (r *redaction) say(env *environment, e audit.Erased, copies []string, scrubbed bool) error {
	v := redactView{
		Erased: orNone(e.Seqs), Already: orNone(e.Already), Entries: orNone(e.Entries), DryRun: r.dryRun, Scrubbed: scrubbed,
		Messages: []messageView{}, Mentions: orNone(e.Mentions), Copies: orNone(copies),
	}
	for _, p := range e.Posted {
		v.Messages = append(v.Messages, messageView{p.Sink, p.Ref.Channel, p.Ref.ID, p.Ref.Link, p.First, p.Last})
	}
	if env.json {
		return json.NewEncoder(env.out).Encode(v)
	}
	_, err := io.WriteString(env.out, v.text())
	return err
}

// orNone makes an empty list of none, which JSON tells apart.
func orNone[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// text is what was done in words, and what is left to do by hand.
func (v redactView) text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	switch {
	case len(v.Erased) == 0:
		line("Nothing to erase.")
	case v.DryRun:
		line("Would erase the personal fields of %s: %s.", counted(int64(len(v.Erased)), "entry", "entries"), numberList(v.Erased))
	default:
		line("Erased the personal fields of %s: %s. Recorded as %s.",
			counted(int64(len(v.Erased)), "entry", "entries"), numberList(v.Erased), numberList(v.Entries))
	}
	if len(v.Already) > 0 {
		line("Erased before: %s.", numberList(v.Already))
	}
	if v.Scrubbed {
		line("The files of the log were cleared of it, as far as its database can do that.")
	}
	if len(v.Messages) > 0 {
		line("Posted before, which modbot cannot take back; delete by hand:")
		for _, m := range v.Messages {
			place := m.Link
			if place == "" {
				place = fmt.Sprintf("channel %s, message %s", m.Channel, m.Message)
			}
			line("  %s: %s (entries %d to %d)", m.Sink, chat.Visible(place), m.First, m.Last)
		}
	}
	if len(v.Mentions) > 0 {
		line("The name occurs in other entries too; read them with modbot audit show, and erase those that have to go: %s.", numberList(v.Mentions))
	}
	if len(v.Copies) > 0 {
		line("Copies of the log that keep what they have: %s.", strings.Join(v.Copies, ", "))
	}
	if len(v.Erased) > 0 {
		line("Backups and exports elsewhere keep what they have, too.")
	}
	return b.String()
}

// numberList is numbers of entries as people read them.
func numberList(seqs []int64) string {
	words := make([]string, 0, len(seqs))
	for _, seq := range seqs {
		words = append(words, fmt.Sprintf("#%d", seq))
	}
	return strings.Join(words, ", ")
}
