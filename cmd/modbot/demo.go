package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"

	"modbot/internal/adapters/console"
	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/policy"
	"modbot/internal/im"
	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// The demo's world.
const (
	demoOrigin = "demo.invalid/modbot"
	demoApp    = 1400000000
	demoAdmin  = "administrator"
	demoKey    = "a key of the demo's own simulator"
	demoSink   = "console"
)

func newDemoCommand(env *environment) *cobra.Command {
	var store string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try modbot at once: a simulated Tencent app and a console, nothing to configure",
		Long: `A whole workspace in one process: a simulated Tencent app with a dozen
accounts, three people at the console, and the audit channel in the same window.
Type commands as a moderator would. Piped input works the same, for scripts.

  mia   moderator: mutes up to 7 days, none permanent
  ada   admin
  max   nobody: may do nothing`,
		Example: `  modbot demo
  printf '/mute alice 2h group spamming links\n/status alice\n' | modbot demo --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), env, store) },
	}
	cmd.Flags().StringVar(&store, "store", "", "keep the ledger in this `URL` (sqlite:PATH); its signing key is kept beside it")
	return cmd
}

// demoAccounts are the accounts of the simulated app.
func demoAccounts() []mute.Account {
	return []mute.Account{
		"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "trent", demoAdmin,
	}
}

// demoPolicy is what mia and ada may do.
func demoPolicy() (*policy.Policy, error) {
	week, err := mute.Seconds(7 * 24 * 3600)
	if err != nil {
		return nil, err
	}
	month, err := mute.Seconds(30 * 24 * 3600)
	if err != nil {
		return nil, err
	}
	year, err := mute.Seconds(365 * 24 * 3600)
	if err != nil {
		return nil, err
	}
	at := func(id string) map[chat.Platform][]chat.Grant {
		return map[chat.Platform][]chat.Grant{chat.Console: {{Kind: chat.GrantMember, ID: id}}}
	}
	verbs := []string{"mute", "unmute", "status", "mutes", "history", "case"}
	return policy.New([]policy.Role{
		{Name: "moderator", Grants: at("mia"), Verbs: verbs, Scopes: mute.ScopeAll, MaxTerm: week, PerHour: 60},
		{Name: "admin", Grants: at("ada"), Verbs: append(verbs, "health", "link", "unlink"), Scopes: mute.ScopeAll, MaxTerm: year, Permanent: true},
	}, []policy.Protected{{Account: demoAdmin}}, policy.Confirm{LongerThan: month, Permanent: true})
}

// demoStore is where the demo's ledger and key live; clean removes what is
// not to be kept.
func demoStore(url string) (storeURL, keyFile string, clean func() error, err error) {
	if url != "" {
		path := strings.TrimPrefix(url, "sqlite:")
		return "sqlite:" + path, path + ".key", func() error { return nil }, nil
	}
	dir, err := os.MkdirTemp("", "modbot-demo-")
	if err != nil {
		return "", "", nil, fmt.Errorf("making a folder for the demo's ledger: %w", err)
	}
	return "sqlite:" + filepath.Join(dir, "demo.db"), filepath.Join(dir, "demo.key"), func() error { return os.RemoveAll(dir) }, nil
}

// serveSim serves a simulated Tencent on a free port of this machine.
func serveSim(ctx context.Context) (sim *imsim.Sim, address string, stop func() error, err error) {
	sim, err = imsim.New(imsim.Config{
		SDKAppID: demoApp, Key: imwire.NewSecretKey(demoKey), Admin: demoAdmin, Accounts: demoAccounts(), Rate: imwire.VendorLimit,
	})
	if err != nil {
		return nil, "", nil, fmt.Errorf("making the simulated app: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, fmt.Errorf("listening for the simulated app: %w", err)
	}
	server := &http.Server{Handler: sim, ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	stop = func() error {
		sim.Close()
		err := server.Close()
		if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, serveErr)
		}
		return err
	}
	return sim, "http://" + listener.Addr().String(), stop, nil
}

// runDemo is the demo from the first prompt to the verified log.
func runDemo(ctx context.Context, env *environment, store string) (err error) {
	storeURL, keyFile, clean, err := demoStore(store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clean()) }()
	release, err := holdLedger(storeURL, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	key, err := audit.LoadOrCreateKey(keyFile, demoOrigin)
	if err != nil {
		return failWith(exitConfig, "key", err.Error(), "modbot demo", err)
	}
	sim, address, stopSim, err := serveSim(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopSim()) }()
	rules, err := demoPolicy()
	if err != nil {
		return err
	}
	log := newLogger(env, zapcore.ErrorLevel)
	var c *core
	screen, err := console.New(log.Named("console"), demoConsole(env, sim, func(ctx context.Context) { c.flush(ctx, flushTime) }))
	if err != nil {
		return err
	}
	c, err = newCore(ctx, log, parts{
		storeURL: storeURL, key: key, origin: demoOrigin, policy: rules, grants: screen,
		client: im.Config{Host: address, SDKAppID: demoApp, Identifier: demoAdmin, SecretKey: imwire.NewSecretKey(demoKey)},
		sinks:  []sink{{name: demoSink, channel: screen}},
	})
	if err != nil {
		return err
	}
	runErr := screen.Run(ctx, c.dispatcher)
	c.drain(ctx, drainTime, flushTime)
	return errors.Join(runErr, verifyDemo(ctx, c, screen), c.Close())
}

// verifyDemo proves at the end that the log holds.
func verifyDemo(ctx context.Context, c *core, screen *console.Console) error {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), drainTime, errors.New("verifying took too long"))
	defer cancel()
	report, err := audit.Verify(ctx, c.store, audit.VerifyOptions{})
	if err != nil {
		return fmt.Errorf("verifying the audit log: %w", err)
	}
	if err := screen.Verified(report.OK, report.Entries, report.Root.String(), report.Problem); err != nil {
		return err
	}
	if !report.OK {
		return exitSilently(exitAltered)
	}
	return nil
}

// demoConsole is the console of the demo.
func demoConsole(env *environment, sim *imsim.Sim, flush func(context.Context)) console.Config {
	interactive := terminal(env.in) && terminal(env.out) && !env.json
	broken := simConsole{sim}
	var ways []string
	for _, b := range breakages() {
		ways = append(ways, b.name)
	}
	return console.Config{
		In: env.in, Out: env.out, JSON: env.json, Terminal: interactive, Color: env.color(),
		Platform: chat.Console, Start: "mia", Verbs: commands.Specs(), AfterLine: flush,
		People: []console.Person{
			{ID: "mia", Name: "Mia", About: "a moderator: up to 7 days, none permanent"},
			{ID: "ada", Name: "Ada", About: "an admin"},
			{ID: "max", Name: "Max", About: "may do nothing"},
		},
		Local: []console.Local{{
			Name: "sim", Usage: "sim fail lost-answer", Summary: "Break the simulated Tencent, or look at it",
			Words: append([]string{"fail", "ok", "state", "send", "help"}, ways...), Run: broken.run,
		}},
		Welcome: demoWelcome(),
	}
}

// demoWelcome is the first minute: three lines to paste.
func demoWelcome() chat.Message {
	return chat.Message{Lines: []chat.Line{
		{chat.Plain("A simulated Tencent app with 12 accounts (alice, bob, carol, …), and you are mia, a moderator. Try:")},
		{chat.Code("/mute alice 2h group spamming links")},
		{chat.Code("/status alice")},
		{chat.Code("sim fail lost-answer"), chat.Plain(" and then "), chat.Code("/mute bob 1h")},
		{chat.Code("as ada"), chat.Plain(" makes you the admin, "), chat.Code("help"), chat.Plain(" lists the rest, "), chat.Code("exit"), chat.Plain(" verifies the audit log.")},
	}}
}
