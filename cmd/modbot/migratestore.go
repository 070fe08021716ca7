package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
)

// migrateView is what `migrate-store --json` prints.
type migrateView struct {
	OK      bool   `json:"ok"`
	Entries int64  `json:"entries"`
	Root    string `json:"root"` // base64
}

// migration is one run of migrate-store.
type migration struct{ from, to, config string }

func newMigrateStoreCommand(env *environment) *cobra.Command {
	var m migration
	cmd := &cobra.Command{
		Use:   "migrate-store --from sqlite:PATH --to postgres://USER@HOST/DATABASE",
		Short: "Move the ledger from SQLite to PostgreSQL",
		Long: `Copy a ledger from a SQLite file into an empty PostgreSQL database: every entry
with its personal values, the cases, mutes and links, the kept checkpoints, and
how far each audit channel was told. The tree stays what it is: same size, same
root, same key. The copy is verified before it is said to be good.

Stop modbot first: the file is held, and a ledger that is in use is refused. So is
one with actions in flight; start modbot once more, and it finds out what became
of them. The target must be empty; if anything fails it stays so, and the file is
never changed. Afterwards set store.url, and keep the file away from modbot: two
copies that are written to are two histories.

With -c instead of --to, the target is the store of that configuration. (A
password belongs there or into PGPASSFILE: others can read a command line.)`,
		Example: `  modbot migrate-store --from sqlite:modbot.db --to postgres://modbot@db.example.org/modbot
  modbot migrate-store --from sqlite:modbot.db -c modbot.new.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return m.run(cmd, env) },
	}
	fl := cmd.Flags()
	fl.StringVar(&m.from, "from", "", "`URL` of the ledger as it is: sqlite:PATH")
	fl.StringVar(&m.to, "to", "", "`URL` of the empty database: postgres://USER@HOST/DATABASE")
	fl.StringVarP(&m.config, "config", "c", "", "`FILE` of the configuration whose store is the target")
	return cmd
}

// target is where the ledger goes.
func (m *migration) target(env *environment) (string, error) {
	const example = "modbot migrate-store --from sqlite:modbot.db --to postgres://modbot@db.example.org/modbot"
	to := m.to
	if to == "" && m.config != "" {
		cfg, err := loadConfig(env, m.config, "store")
		if err != nil {
			return "", err
		}
		to = cfg.Store.Address()
	}
	if !strings.HasPrefix(m.from, "sqlite:") || !strings.HasPrefix(to, "postgres://") && !strings.HasPrefix(to, "postgresql://") {
		return "", usageError("stores", "Say from which SQLite file, and to which PostgreSQL database.", example)
	}
	return to, nil
}

func (m *migration) run(cmd *cobra.Command, env *environment) (err error) {
	to, err := m.target(env)
	if err != nil {
		return err
	}
	if err := checkFile(m.from); err != nil {
		return err
	}
	release, err := holdLedger(m.from, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	ctx := cmd.Context()
	log := newLogger(env, zapcore.WarnLevel).Named("store")
	source, err := sqlstore.Open(ctx, log, m.from, sqlstore.Options{ReadOnly: true})
	if err != nil {
		return ledgerError(err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := sqlstore.Open(ctx, log, to, sqlstore.Options{})
	if err != nil {
		return ledgerError(err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	report, err := migrate(ctx, env, source, target)
	if err != nil {
		return err
	}
	return sayMigrated(env, m.from, report)
}

// migrate copies, and holds the copy against the original.
func migrate(ctx context.Context, env *environment, source, target *sqlstore.Store) (r audit.Report, err error) {
	was, err := audit.Verify(ctx, source, audit.VerifyOptions{})
	if err != nil {
		return r, ledgerError(err)
	}
	if !was.OK {
		return r, failWith(exitAltered, "altered", "The ledger was altered and is not moved: "+was.Problem+".", "modbot audit verify --store PATH", nil)
	}
	show, wipe := rowsCopied(env.err)
	err = sqlstore.Transfer(ctx, source, target, show)
	wipe()
	switch {
	case errors.Is(err, sqlstore.ErrNotEmpty):
		return r, failWith(exitConfig, "not_empty", fmt.Sprintf("Nothing was copied: %v.", err), "name an empty database", err)
	case errors.Is(err, sqlstore.ErrInFlight):
		return r, failWith(exitUnavailable, "in_flight", fmt.Sprintf("Nothing was copied: %v.", err),
			"start modbot, wait until health shows none in flight or unknown, and stop it", err)
	case err != nil:
		return r, ledgerError(err)
	}
	r, err = audit.Verify(ctx, target, audit.VerifyOptions{Checkpoint: audit.ShortCheckpoint(was.Entries, was.Root)})
	if err != nil {
		return r, ledgerError(err)
	}
	if !r.OK || r.Entries != was.Entries || r.Root != was.Root {
		return r, failWith(exitFailed, "copy", "The copy is not what the ledger is: "+r.Problem+".", "empty the database, and try again", nil)
	}
	return r, nil
}

func sayMigrated(env *environment, from string, r audit.Report) error {
	root := base64.StdEncoding.EncodeToString(r.Root[:])
	if env.json {
		return json.NewEncoder(env.out).Encode(migrateView{OK: true, Entries: r.Entries, Root: root})
	}
	path := strings.TrimPrefix(from, "sqlite:")
	_, err := fmt.Fprintf(env.out, `Moved and verified: %d entries, root %s.

Now set store.url to the database and start modbot. %s was not changed; rename
it (%s.retired, say) and keep it as a backup of this moment, so that no modbot
writes to it again.
`, r.Entries, root, path, path)
	return err
}

// rowsCopied shows how far the copy is, on a terminal only.
func rowsCopied(w io.Writer) (show func(done, total int64), wipe func()) {
	if !terminal(w) {
		return func(int64, int64) {}, func() {}
	}
	var last time.Time
	show = func(done, total int64) {
		if now := time.Now(); now.Sub(last) >= progressEvery {
			last = now
			_, _ = fmt.Fprintf(w, "\rcopying: %d of %d rows ", done, total)
		}
	}
	return show, func() { _, _ = fmt.Fprint(w, "\r\x1b[K") }
}
