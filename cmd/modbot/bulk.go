package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/bulk"
	"modbot/internal/commands/grammar"
	"modbot/internal/im"
)

// callsEach is how many workers share three calls a second: so few wait for
// Tencent's rate that each has its turn long before it gives up.
const callsEach = 3

// flushBulk bounds the wait for the audit posts of a whole file, where the
// terminal is the audit channel.
const flushBulk = 20 * time.Second

// batchNameMost is the longest name of a batch, in bytes.
const batchNameMost = 100

// bulkFlags is what `modbot bulk` was asked to do.
type bulkFlags struct {
	verb, input   string
	config, as    string
	defaults      bulk.Defaults
	batch, report string
	again, retry  bool
	skip, dry     bool
}

func newBulkCommand(env *environment) *cobra.Command {
	return group("bulk", "Mute or unmute thousands of accounts from a file",
		newBulkVerbCommand(env, "mute", "Mute the accounts of a file", `  modbot bulk mute wave.txt --as ada --term 7d --scope group --reason "spam wave"
  modbot bulk mute wave.csv --as ada --dry-run
  cut -d, -f2 export.csv | modbot bulk mute - --as ada --term 1d`),
		newBulkVerbCommand(env, "unmute", "Unmute the accounts of a file", `  modbot bulk unmute wave.txt --as ada --scope group --reason "the wave is over"
  modbot bulk unmute wave.csv --as ada --dry-run --json`))
}

// bulkLong explains both verbs.
const bulkLong = `The file has one account a line, or is CSV with a header that names its columns:
account, and where wanted term, scope and reason, in any order. What a row leaves
out is taken from the flags. Blank lines, and lines that begin with "# ", are
skipped in a list. FILE may be - for standard input.

The whole file is checked before the first call: every row, what the roles of
USER allow, that every account exists. Then it is one batch with a case for each
row, recorded and posted like any command. Nothing is asked: a row that would
need an answer (the account is muted already, say) is not done, and the report
has the command that asks. Interactive commands go first.

The batch is known by its content and USER, or by --batch NAME. After a kill, or
Ctrl-C, the same command goes on with the rows that have not begun; run once
more, it says what became of all of them and does nothing, unless --retry (the
rows that failed) or --again (the whole file).

The report (CSV: line, account, outcome, case, code, detail) is written beside
the file and never overwrites another. On SQLite this runs beside modbot run, not
beside modbot serve; on PostgreSQL beside everything.

Exit codes: 0 every row is done, 1 some are not, 64 the file or the command is
wrong, 69 Tencent or the ledger cannot be reached, 78 the configuration is wrong
or the ledger is in use.`

func newBulkVerbCommand(env *environment, verb, short, example string) *cobra.Command {
	f := bulkFlags{verb: verb}
	cmd := &cobra.Command{
		Use: verb + " FILE|-", Short: short, Long: short + ".\n\n" + bulkLong, Example: example,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("usage", "modbot bulk "+verb+" takes one file, or - for standard input.", "modbot bulk "+verb+" wave.txt --as ada")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.input = args[0]
			return runBulk(cmd.Context(), env, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.config, "config", "c", defaultConfig, "configuration `file`")
	flags.StringVar(&f.as, "as", "", "`user` whose roles count")
	if verb == "mute" {
		flags.StringVar(&f.defaults.Term, "term", "", "`length` for rows without one: 7d, 1d12h, permanent")
	}
	flags.StringVar(&f.defaults.Scope, "scope", "", "`scope` for rows without one: group, c2c or all (all when left out)")
	flags.StringVar(&f.defaults.Reason, "reason", "", "`reason` for rows without one")
	flags.StringVar(&f.batch, "batch", "", "`name` of the batch, in the place of its content")
	flags.BoolVar(&f.again, "again", false, "begin another batch when this one is finished")
	flags.BoolVar(&f.retry, "retry", false, "begin another batch of the rows that failed, when this one is finished")
	flags.BoolVar(&f.skip, "skip-invalid", false, "leave out rows that are wrong and accounts that do not exist")
	flags.BoolVar(&f.dry, "dry-run", false, "say what would be done, and do nothing")
	flags.StringVar(&f.report, "report", "", "report `file`; beside FILE when left out")
	if err := cmd.MarkFlagRequired("as"); err != nil {
		panic(err) // a flag that was not defined: a mistake of this file
	}
	return cmd
}

// line is the command line for the same rows: with another term it would be
// another batch.
func (f bulkFlags) line(extra ...string) string {
	words := []string{"modbot", "bulk", f.verb, shellWord(f.input), "--as", shellWord(f.as)}
	for _, flag := range [][2]string{
		{"--term", f.defaults.Term}, {"--scope", f.defaults.Scope}, {"--reason", f.defaults.Reason}, {"--batch", f.batch},
	} {
		if flag[1] != "" {
			words = append(words, flag[0], shellWord(flag[1]))
		}
	}
	if f.config != defaultConfig {
		words = append(words, "-c", shellWord(f.config))
	}
	return strings.Join(append(words, extra...), " ")
}

// runBulk reads, checks and runs a file, and says what came of it.
func runBulk(ctx context.Context, env *environment, f bulkFlags) error {
	if len(f.batch) > batchNameMost || f.batch != chat.Visible(f.batch) {
		return usageError("batch_name", fmt.Sprintf("The name of a batch has at most %d visible characters.", batchNameMost), "--batch november-wave")
	}
	file, err := readBulk(env.in, f)
	if err != nil {
		return err
	}
	report, err := newBulkReport(f)
	if err != nil {
		return err
	}
	t := newTeller(env, f, file, report)
	env = t.quiet(env)
	s, err := openSession(ctx, env, opening{file: f.config, as: f.as, background: true})
	if err != nil {
		return besideServe(err)
	}
	ended, err := workBulk(ctx, s, t)
	posts := flushBulk
	if ctx.Err() != nil {
		posts = flushTime
	}
	s.core.drain(ctx, drainTime, posts)
	if err = errors.Join(err, s.close()); err != nil {
		return err
	}
	return t.end(ctx, ended)
}

// besideServe says what to do where another program holds the ledger.
func besideServe(err error) error {
	if ce, ok := errors.AsType[*commandError](err); ok && ce.Code == "ledger_in_use" {
		ce.Suggestion = "stop modbot serve for as long as this runs, or keep the ledger in PostgreSQL (store.url), where both may run"
	}
	return err
}

// readBulk reads the file, and refuses it with all that is wrong in it.
func readBulk(stdin io.Reader, f bulkFlags) (bulk.File, error) {
	in := stdin
	if f.input != "-" {
		opened, err := os.Open(f.input)
		if err != nil {
			return bulk.File{}, usageError("file", fmt.Sprintf("The file cannot be read: %v", err), f.line())
		}
		defer opened.Close() //nolint:errcheck // it was only read
		in = opened
	}
	file, err := bulk.Read(in, grammar.New(commands.Specs()), f.verb, f.defaults)
	if err != nil {
		return file, usageError("file", fmt.Sprintf("The file cannot be read: %v", err), f.line())
	}
	whole := len(file.Rows) == 0 || len(file.Faults) > 0 && file.Faults[0].Line == 0
	if len(file.Faults) == 0 || f.skip && !whole {
		return file, nil
	}
	return file, usageError("bulk_file", faultList(fmt.Sprintf("The file has %s, so nothing was begun:", problemCount(len(file.Faults))), file.Faults, 0),
		f.line("--dry-run"))
}

// faultList is a heading over faulty rows.
func faultList(heading string, faults []bulk.Fault, more int) string {
	var b strings.Builder
	b.WriteString(heading)
	for _, fault := range faults[:min(len(faults), commands.FaultsShown)] {
		b.WriteString("\n  " + fault.String())
	}
	if more += max(0, len(faults)-commands.FaultsShown); more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}

// rowCount and the others are numbers with their nouns.
func rowCount(n int) string     { return counted(int64(n), "row", "rows") }
func accountCount(n int) string { return counted(int64(n), "account", "accounts") }
func problemCount(n int) string { return counted(int64(n), "problem", "problems") }

// workBulk plans and runs the file. err is why nothing was begun; ended is why
// the run gave up.
func workBulk(ctx context.Context, s *session, t *teller) (ended, err error) {
	f := t.flags
	b, err := s.core.dispatcher.Plan(ctx, chat.Invocation{
		Platform: chat.CLI, Actor: chat.Actor{ID: f.as, Name: f.as}, Channel: chat.Channel{Name: "cli"}, Client: caller(),
	}, commands.Order{
		Verb: f.verb, Rows: t.file.Rows, Name: f.batch, Again: f.again, Retry: f.retry, SkipUnknown: f.skip, Checked: t.checked,
	})
	t.endProgress()
	if err != nil {
		if ctx.Err() != nil {
			return nil, failWith(exitFailed, "stopped", "Stopped before anything was begun.", f.line(), err)
		}
		return nil, orderError(err, f)
	}
	t.batch, t.finished = b.Batch(), b.Finished()
	if f.dry || b.Finished() || !b.Promising() {
		for _, r := range b.Expected() {
			t.row(r)
		}
		return nil, nil
	}
	t.begin(b.Begun())
	workers := min(commands.BulkWorkers, max(1, ratePerSecond(s.perSecond)/callsEach))
	ended = b.Run(ctx, commands.Running{Workers: workers, Result: t.row, Paused: t.paused, Resumed: t.resumed})
	t.batch = b.Batch()
	t.endProgress()
	return ended, nil
}

func ratePerSecond(configured int) int {
	if configured == 0 {
		return im.DefaultRate
	}
	return configured
}

// orderError is why a file is not begun, with its exit code.
func orderError(err error, f bulkFlags) error {
	e, ok := errors.AsType[*commands.OrderError](err)
	if !ok {
		return failWith(exitFailed, "internal", err.Error(), f.line(), err)
	}
	exit := exitFailed
	switch e.Code {
	case "tencent_unreachable", "no_record", "timeout":
		exit = exitUnavailable
	case "tencent_configuration":
		exit = exitConfig
	case "no_such_account", "batch_differs", "batch_erased":
		exit = exitUsage
	}
	return failWith(exit, e.Code, faultList(e.Why, e.Rows, e.More), f.line("--dry-run"), err)
}
