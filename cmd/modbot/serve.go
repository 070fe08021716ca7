package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"modbot/internal/adapters"
	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/policy"
	"modbot/internal/config"
	"modbot/internal/web"
)

func newServeCommand(env *environment) *cobra.Command {
	s := serveCommand{connect: connectPlatforms}
	cmd := &cobra.Command{
		Use:   "serve -c FILE",
		Short: "Run modbot: serve Slack and Discord",
		Long: `Serves every platform that the configuration has, in one process, until SIGINT
or SIGTERM. The first signal drains: nothing new is taken, commands under way
end, the audit channels are told; after at most 25 s it is over. A second signal
ends modbot at once; what was begun is settled by the next start.

  listen        what Slack and Discord call: /slack/commands,
                /slack/interactions, /discord/interactions; only where the mode
                of a platform is http
  admin_listen  /healthz (the process lives), /readyz (how the ledger, each
                platform and each audit channel are; 503 when the ledger cannot
                be read or no platform works), /metrics (Prometheus)

A platform that fails is started again, later and later, up to every 2 minutes.
One that refuses its configuration (a revoked token, a mode that is switched
off) stays off, which the log and /readyz say. Neither stops the other platform.
When none is left, modbot ends with 78.

Each platform's audit_channel is told of the ledger from its own place in it. A
channel that the ledger does not know yet begins at the next entry: what is
older is not posted again. Its place belongs to the channel's id.

A SQLite ledger is used by one modbot at a time: a second one exits with 78. On
PostgreSQL any number may serve the same ledger with the same configuration: all
of them take commands over HTTP, and one at a time keeps Slack's Socket Mode or
Discord's gateway connected, settles, and posts to each audit channel. Another
takes over within 10 s of its death, and at once when it ends in order. While
the database does not answer, commands are refused within 2 s and nothing is
done; modbot goes on by itself when it is back.

The log goes to standard error, for people on a terminal, else as JSON lines.
With --json it is always JSON, and one line on standard output says where modbot
listens: {"listen":"http://…","admin":"http://…"}, "listen" null where nothing is
called.

Exit codes: 0 ended by a signal, 1 failed, 64 the command line is wrong, 69 the
ledger cannot be reached, 78 the configuration is wrong, the ledger is in use or
of a newer modbot, or no platform accepts its configuration.`,
		Example: `  modbot check-config -c modbot.yaml && modbot serve -c modbot.yaml
  MODBOT_LISTEN=0.0.0.0:8080 modbot serve -c modbot.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context(), env) },
	}
	cmd.Flags().StringVarP(&s.file, "config", "c", defaultConfig, "configuration `file`")
	cmd.Flags().StringVar(&s.level, "log-level", "info", "least `level` to log: debug, info, warn, error")
	return cmd
}

// connector makes the platforms that a configuration names. It calls nobody.
type connector func(log *zap.Logger, cfg *config.Config, meter adapters.Meter) []attachment

// serveCommand is `modbot serve`.
type serveCommand struct {
	file, level string
	connect     connector
	// ready is told when modbot listens; for tests. May be nil.
	ready func(s *serving)
}

// run serves until the context ends.
func (c serveCommand) run(ctx context.Context, env *environment) (err error) {
	log, err := serveLog(env, c.level)
	if err != nil {
		return err
	}
	cfg, err := readConfig(env, c.file)
	if err != nil {
		return configError(err)
	}
	for _, w := range cfg.Warnings {
		log.Warn("the configuration should be looked at", zap.String("setting", w.Path), zap.String("why", w.Message), zap.String("fix", w.Fix))
	}
	metrics := web.NewMetrics(metricsBuild())
	setup, err := arrange(log, cfg, c.connect, metrics)
	if err != nil {
		return failWith(exitConfig, "config", err.Error(), "modbot check-config -c "+shellWord(c.file), err)
	}
	if len(setup.platforms) == 0 {
		return failWith(exitConfig, "no_platform", fmt.Sprintf("%s has neither slack nor discord: there is nothing to serve.", c.file),
			"modbot config template", nil)
	}
	release, err := holdLedger(cfg.Store.URL, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	key, err := audit.LoadOrCreateKey(cfg.Ledger.SigningKeyFile, cfg.Ledger.Origin)
	if err != nil {
		return failWith(exitConfig, "key", err.Error(), "check ledger.signing_key_file in "+c.file, err)
	}
	s, err := setup.open(ctx, log, key, metrics)
	if err != nil {
		return err
	}
	if err := s.announce(env); err != nil {
		return errors.Join(err, s.abandon())
	}
	if c.ready != nil {
		c.ready(s)
	}
	switch err := s.run(ctx); {
	case errors.Is(err, errNoPlatform):
		return failWith(exitConfig, "no_platform", "No platform can be served as it is configured.", "modbot check-config -c "+shellWord(c.file), err)
	case err != nil:
		return failWith(exitFailed, "serve", fmt.Sprintf("modbot stopped: %v", err), "", err)
	}
	return nil
}

// arrangement is what a configuration comes to before anything is opened.
type arrangement struct {
	cfg       *config.Config
	policy    *policy.Policy
	platforms roster
}

// arrange makes the policy and the platforms of a configuration. It touches
// neither the network nor the ledger, so that checking a configuration goes the
// same way as serving it. That a platform cannot be made is no error here:
// attachment.err has it.
func arrange(log *zap.Logger, cfg *config.Config, connect connector, meter adapters.Meter) (*arrangement, error) {
	rules, err := policyOf(cfg)
	if err != nil {
		return nil, fmt.Errorf("roles: %w", err)
	}
	a := &arrangement{cfg: cfg, policy: rules}
	for _, c := range connect(log, cfg, meter) {
		a.platforms = append(a.platforms, newSupervised(log, c))
	}
	return a, nil
}

// prefixes are what comes before a verb on each platform, for texts.
func prefixes(cfg *config.Config) map[chat.Platform]string {
	out := map[chat.Platform]string{}
	if cfg.Slack != nil {
		out[chat.Slack] = cfg.Slack.Command + " "
	}
	if cfg.Discord != nil {
		out[chat.Discord] = "/" + cfg.Discord.CommandPrefix
	}
	return out
}

// open opens the ledger and both listeners. What is open when something fails
// is closed again.
func (a *arrangement) open(ctx context.Context, log *zap.Logger, key *audit.Key, metrics *web.Metrics) (*serving, error) {
	sinks := a.platforms.sinks()
	c, err := newCore(ctx, log, parts{
		storeURL: a.cfg.Store.Address(), key: key, origin: a.cfg.Ledger.Origin, checkpoints: checkpointEvery(a.cfg.Ledger), client: clientConfig(a.cfg.Tencent),
		policy: a.policy, grants: a.platforms, prefix: prefixes(a.cfg), links: linkTemplates(a.cfg), sinks: sinks,
		standing: a.platforms.health, tell: a.platforms.tell, reconcile: true,
	})
	if err != nil {
		return nil, err
	}
	standing := ledgerStanding{health: healthOf(c.ledger, sinks), now: c.ledger.Now}
	watched := make([]web.Platform, 0, len(a.platforms))
	for _, p := range a.platforms {
		watched = append(watched, p)
	}
	handed := newMeasured(c.dispatcher, metrics, commands.Specs())
	handed.hold = c.sharing.connect
	s := &serving{log: log, core: c, handed: handed, health: web.NewHealth(standing, watched...), platforms: a.platforms}
	err = metrics.Watch(s.health)
	if err == nil {
		s.admin, err = web.Listen(ctx, log, "admin", a.cfg.AdminListen, web.Admin(s.health, metrics))
	}
	if err == nil && called(a.cfg) {
		s.public, err = web.Listen(ctx, log, "public", a.cfg.Listen, web.Public(metrics, a.platforms.handlers()))
	}
	if err != nil {
		return nil, errors.Join(failWith(exitFailed, "listen", err.Error(), "check listen and admin_listen", err), s.abandon())
	}
	return s, nil
}

// called reports whether a platform calls us, rather than we it.
func called(cfg *config.Config) bool {
	const http = "http"
	return cfg.Slack != nil && cfg.Slack.Mode == http || cfg.Discord != nil && cfg.Discord.Mode == http
}

// abandon closes what was opened and never came to run.
func (s *serving) abandon() error {
	var errs []error
	for _, server := range []*web.Server{s.public, s.admin} {
		if server != nil {
			errs = append(errs, server.Close())
		}
	}
	return errors.Join(append(errs, s.core.Close())...)
}

// announce says what is up: in the log, and for machines on standard output.
func (s *serving) announce(env *environment) error {
	line := map[string]any{"listen": nil, "admin": "http://" + s.admin.Address()}
	if s.public != nil {
		line["listen"] = "http://" + s.public.Address()
		s.log.Info("listening for what platforms call", zap.String("address", s.public.Address()))
	}
	s.log.Info("listening for whoever runs modbot", zap.String("address", s.admin.Address()))
	for _, p := range s.platforms {
		fields := []zap.Field{zap.String("platform", p.Name())}
		if p.sink != "" {
			fields = append(fields, zap.String("audit_channel", p.sink))
		}
		s.log.Info("serving", fields...)
	}
	if !env.json {
		return nil
	}
	if err := json.NewEncoder(env.out).Encode(line); err != nil {
		return failWith(exitFailed, "output", fmt.Sprintf("The addresses cannot be written: %v", err), "", err)
	}
	return nil
}

// serveLog is the log of a long-running modbot: for people on a terminal, else
// for machines.
func serveLog(env *environment, level string) (*zap.Logger, error) {
	least, err := zapcore.ParseLevel(level)
	if err != nil || least > zapcore.ErrorLevel {
		return nil, usageError("log_level", fmt.Sprintf("--log-level %q is none of debug, info, warn, error.", level), "modbot serve --log-level info")
	}
	if terminal(env.err) && !env.json {
		return newLogger(env, least), nil
	}
	enc := zap.NewProductionEncoderConfig()
	enc.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	enc.TimeKey = "time"
	enc.EncodeDuration = zapcore.StringDurationEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(enc), zapcore.Lock(zapcore.AddSync(env.err)), least)), nil
}

// metricsBuild is how this binary was made, for the metrics.
func metricsBuild() web.Build {
	b := readBuildInfo()
	return web.Build{Version: b.Version, Revision: b.Commit, Go: b.Go}
}
