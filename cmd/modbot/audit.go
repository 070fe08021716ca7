package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap/zapcore"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/config"
)

// newAuditCommand works on the audit log from outside, beside a running modbot.
func newAuditCommand(env *environment) *cobra.Command {
	var which ledgerFlags
	cmd := group("audit", "Read, search and verify the audit log",
		newAuditLsCommand(env, &which),
		newAuditShowCommand(env, &which),
		newAuditVerifyCommand(env, &which),
		newAuditCheckpointCommand(env, &which),
		newAuditRedactCommand(env, &which),
	)
	cmd.Long = `Read, search and verify the audit log, beside a running modbot. Nothing is ever
created or changed, but by checkpoint, which keeps what it signs, and redact.

Which log is meant is said by --store, a path, sqlite:PATH or postgres://…, or by
-c, the configuration of the modbot that writes it. (A password belongs into the
configuration or PGPASSFILE: others can read a command line.) With both, --store wins.

Exit codes: 0 ok, 1 the log cannot be read or there is no such entry, 2 it was
altered, 64 the command line is wrong, 69 it is not there or locked, 78 the
configuration is wrong or the log is of a newer modbot.`
	which.register(cmd.PersistentFlags())
	return cmd
}

// ledgerFlags say which ledger is meant.
type ledgerFlags struct{ store, config string }

func (f *ledgerFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.store, "store", "", "`URL` of the log: sqlite:PATH, a path, or postgres://…")
	fl.StringVarP(&f.config, "config", "c", "", "`FILE` of the configuration whose log is meant (modbot.yaml)")
}

// settings reads what the configuration says of the ledger; nil without -c.
func (f *ledgerFlags) settings(env *environment) (*config.Config, error) {
	if f.config == "" {
		return nil, nil //nolint:nilnil // documented: no -c, no configuration
	}
	return loadConfig(env, f.config, "store", "ledger")
}

// url is the URL of the store that is meant.
func (f *ledgerFlags) url(cmd *cobra.Command, cfg *config.Config) (string, error) {
	switch {
	case strings.HasPrefix(f.store, "sqlite:"), strings.HasPrefix(f.store, "postgres:"), strings.HasPrefix(f.store, "postgresql:"):
		return f.store, nil
	case f.store != "":
		return "sqlite:" + f.store, nil
	case cfg != nil:
		return cfg.Store.Address(), nil
	}
	return "", usageError("no_store", "Say which audit log is meant, with --store or -c.", cmd.CommandPath()+" -c modbot.yaml")
}

// ledgerFile is an audit log that was opened for reading.
type ledgerFile struct {
	*audit.Log
	store *sqlstore.Store
	// cfg is nil where no configuration was named.
	cfg *config.Config
	url string
}

func (l *ledgerFile) Close() error { return l.store.Close() }

// open opens the ledger for reading.
func (f *ledgerFlags) open(cmd *cobra.Command, env *environment) (*ledgerFile, error) {
	cfg, err := f.settings(env)
	if err != nil {
		return nil, err
	}
	url, err := f.url(cmd, cfg)
	if err != nil {
		return nil, err
	}
	origin := ""
	if cfg != nil {
		origin = cfg.Ledger.Origin
	}
	return openLedger(cmd.Context(), env, url, cfg, audit.Options{Origin: origin}, sqlstore.Options{ReadOnly: true})
}

// openLedger opens a ledger that exists; it makes none.
func openLedger(ctx context.Context, env *environment, url string, cfg *config.Config, who audit.Options, how sqlstore.Options) (*ledgerFile, error) {
	if err := checkFile(url); err != nil {
		return nil, err
	}
	log := newLogger(env, zapcore.WarnLevel)
	store, err := sqlstore.Open(ctx, log.Named("store"), url, how)
	if err != nil {
		return nil, ledgerError(err)
	}
	l, err := audit.Open(log.Named("audit"), store, who) //nolint:contextcheck // opening is bounded by itself
	if err != nil {
		return nil, errors.Join(ledgerError(err), store.Close())
	}
	return &ledgerFile{Log: l, store: store, cfg: cfg, url: url}, nil
}

// checkFile refuses a file that is not there before anything could make it.
func checkFile(url string) error {
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return failWith(exitUnavailable, "store_missing", fmt.Sprintf("There is no audit log at %s.", path), "modbot audit ls --store PATH", err)
	case err != nil:
		return failWith(exitFailed, "store_unreadable", fmt.Sprintf("The audit log cannot be read: %v.", err), "", err)
	case info.IsDir():
		return failWith(exitUnavailable, "store_missing", fmt.Sprintf("%s is a folder, not an audit log.", path), "modbot audit ls --store PATH", nil)
	}
	return nil
}

// ledgerError is an error of reading the ledger, with its exit code.
func ledgerError(err error) error {
	if ours, ok := errors.AsType[*commandError](err); ok {
		return ours
	}
	const verify = "modbot audit verify --store PATH"
	switch {
	case errors.Is(err, audit.ErrRow):
		return failWith(exitAltered, "altered", fmt.Sprintf("The audit log was altered: %v.", err), verify, err)
	case errors.Is(err, audit.ErrOrigin), errors.Is(err, audit.ErrKey):
		return failWith(exitConfig, "ledger", err.Error(), "use the key that the ledger was begun with, or another store", err)
	}
	fault, ok := errors.AsType[*sqlstore.Error](err)
	if !ok {
		return failWith(exitFailed, "store", fmt.Sprintf("The audit log cannot be read: %v.", err), "", err)
	}
	exit := exitFailed
	switch fault.Fault {
	case sqlstore.FaultMissing, sqlstore.FaultLocked, sqlstore.FaultUnreachable, sqlstore.FaultDenied, sqlstore.FaultCrowded:
		exit = exitUnavailable
	case sqlstore.FaultNewer:
		exit = exitConfig
	case sqlstore.FaultFull, sqlstore.FaultReadOnly, sqlstore.FaultCorrupt, sqlstore.FaultForeign, sqlstore.FaultOther:
	}
	return failWith(exit, storeCode(fault.Fault), fault.Error(), "", err)
}
