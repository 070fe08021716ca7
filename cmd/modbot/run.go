package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"

	"modbot/internal/adapters/console"
	"modbot/internal/audit"
	"modbot/internal/chat"
)

// runSink is the audit channel of `modbot run` where no platform has one: the
// terminal, for all runs on a ledger together.
const runSink = "cli"

func newRunCommand(env *environment) *cobra.Command {
	var file, as, key string
	cmd := &cobra.Command{
		Use:   "run -c FILE --as USER '<command>'",
		Short: "Run one command through the whole pipeline",
		Long: `Runs one command as a moderator would type it: the roles of USER come from the
configuration (roles: … cli: users), the intent is recorded, Tencent is called,
the outcome is recorded and printed. The operating system's user is recorded
beside USER.

Several may run at once on one ledger. Where the configuration has no platform,
the terminal is the audit channel: what was not posted yet, also by a run that
died, is printed after the answer.

Exit codes: 0 done, 1 not done or not known, 64 the command is wrong,
69 Tencent or the ledger cannot be reached, 78 the configuration is wrong or the
ledger is of a newer modbot.`,
		Example: `  modbot run -c modbot.yaml --as mia '/mute alice 2h group spamming links'
  modbot run -c modbot.yaml --as mia --json 'status alice'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("usage", "modbot run takes one command, in quotes.", "modbot run -c modbot.yaml --as mia '/mute alice 2h'")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runOne(cmd.Context(), env, oneCommand{file: file, as: as, key: key, line: args[0]})
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", defaultConfig, "configuration `file`")
	cmd.Flags().StringVar(&as, "as", "", "`user` whose roles count")
	cmd.Flags().StringVar(&key, "key", "", "idempotency `key`: the same key again is the same command, answered from the ledger")
	if err := cmd.MarkFlagRequired("as"); err != nil {
		panic(err) // a flag that was not defined: a mistake of this file
	}
	return cmd
}

// oneCommand is what `modbot run` was asked to do.
type oneCommand struct{ file, as, key, line string }

// caller is who the operating system says is running the program.
func caller() string {
	u, err := user.Current()
	if err != nil {
		return "uid unknown"
	}
	return fmt.Sprintf("uid %s (%s)", u.Uid, u.Username)
}

// runOne runs one command and says what came of it.
func runOne(ctx context.Context, env *environment, o oneCommand) error {
	s, err := openSession(ctx, env, opening{file: o.file, as: o.as})
	if err != nil {
		return err
	}
	last := deliverOne(ctx, s.core, s.screen, o)
	s.core.drain(ctx, drainTime, flushTime)
	return errors.Join(s.close(), exitOf(last()))
}

// session is the whole pipeline, opened for somebody at the command line.
type session struct {
	core   *core
	screen *console.Console
	unlock func() error
	// perSecond is the configured rate of calls; 0 is the default.
	perSecond int
}

// opening is for whom, and how, a session is opened.
type opening struct {
	file, as   string
	background bool // its calls let everybody else's go first
}

// openSession opens the pipeline as a configuration describes it. A ledger that
// no platform posts has the terminal as its audit channel.
func openSession(ctx context.Context, env *environment, o opening) (s *session, err error) {
	cfg, err := loadConfig(env, o.file, "tencent", "store", "ledger", "roles", "protect", "confirm")
	if err != nil {
		return nil, err
	}
	unlock, err := holdLedger(cfg.Store.URL, false)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, unlock())
		}
	}()
	key, err := audit.LoadOrCreateKey(cfg.Ledger.SigningKeyFile, cfg.Ledger.Origin)
	if err != nil {
		return nil, failWith(exitConfig, "key", err.Error(), "check ledger.signing_key_file in "+o.file, err)
	}
	rules, err := policyOf(cfg)
	if err != nil {
		return nil, failWith(exitConfig, "config", err.Error(), "check roles in "+o.file, err)
	}
	log := newLogger(env, zapcore.WarnLevel)
	screen, err := console.New(log.Named("console"), console.Config{
		In: strings.NewReader(""), Out: env.out, JSON: env.json, Platform: chat.CLI,
		People: []console.Person{{ID: o.as}},
	})
	if err != nil {
		return nil, usageError("user", err.Error(), "modbot run --as mia …")
	}
	p := parts{
		storeURL: cfg.Store.Address(), key: key, origin: cfg.Ledger.Origin, checkpoints: checkpointEvery(cfg.Ledger), client: clientConfig(cfg.Tencent),
		policy: rules, grants: screen, prefix: map[chat.Platform]string{chat.CLI: ""}, background: o.background,
	}
	if cfg.Slack == nil && cfg.Discord == nil {
		p.sinks = []sink{{name: runSink, channel: screen}}
	}
	c, err := newCore(ctx, log, p)
	if err != nil {
		return nil, err
	}
	return &session{core: c, screen: screen, unlock: unlock, perSecond: cfg.Tencent.RatePerSecond}, nil
}

// close ends the session.
func (s *session) close() error { return errors.Join(s.core.Close(), s.unlock()) }

// deliverOne hands the command to the core and prints the answers. What it
// returns is the last of them, once everything has been waited for.
func deliverOne(ctx context.Context, c *core, screen *console.Console, o oneCommand) (last func() chat.Reply) {
	var mu sync.Mutex
	var reply chat.Reply
	inv := chat.Invocation{
		Key: o.key, Platform: chat.CLI, Actor: chat.Actor{ID: o.as, Name: o.as}, Channel: chat.Channel{Name: "cli"},
		Line: o.line, Client: caller(),
	}
	c.dispatcher.Handle(ctx, inv, func(_ context.Context, r chat.Reply) {
		mu.Lock()
		defer mu.Unlock()
		reply = r
		screen.Answer(1, inv.Actor, r)
	})
	return func() chat.Reply {
		mu.Lock()
		defer mu.Unlock()
		return reply
	}
}

// exitOf is the exit code of an answer. The answer itself has been printed.
func exitOf(r chat.Reply) error {
	switch r.State {
	case chat.StateDone, chat.StateInfo:
		return nil
	case chat.StateError:
		switch r.Code {
		case "tencent_unreachable", "no_record", "timeout":
			return exitSilently(exitUnavailable)
		case "tencent_configuration":
			return exitSilently(exitConfig)
		case "tencent_refused", "internal", "no_such_case", "no_such_account":
			return exitSilently(exitFailed)
		}
		return exitSilently(exitUsage)
	case chat.StatePartlyDone, chat.StateNotDone, chat.StateUnknown, chat.StateNeedsConfirm, chat.StateNeedsApproval, chat.StateBusy:
	}
	return exitSilently(exitFailed)
}
