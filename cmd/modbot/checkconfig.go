package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/audit"
	"modbot/internal/config"
)

func newCheckConfigCommand(env *environment) *cobra.Command {
	c := checkCommand{connect: connectPlatforms}
	cmd := &cobra.Command{
		Use:   "check-config -c FILE",
		Short: "Check a configuration as modbot serve reads it, all mistakes at once",
		Long: `Reads and checks a configuration exactly as modbot serve does: the file, the
environment over it, the files that it names, roles and policy, and the settings
of each platform. Everything that is wrong is said at once, with line, column, a
fix; what should be looked at is said as a warning. Nothing is called over the
network, and nothing is opened or made.

With --json one object is printed: {"ok","file","problems":[…],"warnings":[…]},
each item with "path","source","line","column","snippet","message","fix".

Exit codes: 0 it can be served, 78 it cannot.`,
		Example: "  modbot check-config -c modbot.yaml",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return c.run(env) },
	}
	cmd.Flags().StringVarP(&c.file, "config", "c", defaultConfig, "configuration `file`")
	return cmd
}

// checkCommand is `modbot check-config`.
type checkCommand struct {
	file    string
	connect connector
}

// checked is what came of a check, as JSON has it.
type checked struct {
	OK       bool          `json:"ok"`
	File     string        `json:"file"`
	Problems []checkedItem `json:"problems"`
	Warnings []checkedItem `json:"warnings"`
	// More counts the problems that were left out.
	More int `json:"more"`
}

// checkedItem is a config.Item as JSON has it.
type checkedItem struct {
	Path    string `json:"path"`
	Source  string `json:"source"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Snippet string `json:"snippet"`
	Message string `json:"message"`
	Fix     string `json:"fix"`
}

// run checks and prints.
func (c checkCommand) run(env *environment) error {
	problems, warnings := c.check(env)
	if env.json {
		return c.printJSON(env, problems, warnings)
	}
	for _, w := range warnings {
		if _, err := fmt.Fprintf(env.err, "modbot: warning: %s\n", visible(w.String())); err != nil {
			return err
		}
	}
	if problems != nil {
		return failWith(exitConfig, "config", problems.Error(), "", problems)
	}
	_, err := fmt.Fprintf(env.out, "%s is good: modbot can run with it.\n", visible(c.file))
	return err
}

func (c checkCommand) printJSON(env *environment, problems *config.Errors, warnings []config.Item) error {
	out := checked{OK: problems == nil, File: c.file, Problems: []checkedItem{}, Warnings: []checkedItem{}}
	if problems != nil {
		out.More = problems.More
		for _, i := range problems.Items {
			out.Problems = append(out.Problems, checkedItem(i))
		}
	}
	for _, i := range warnings {
		out.Warnings = append(out.Warnings, checkedItem(i))
	}
	if err := json.NewEncoder(env.out).Encode(out); err != nil {
		return err
	}
	if !out.OK {
		return exitSilently(exitConfig)
	}
	return nil
}

// check goes the way that serving goes, up to where anything would be opened.
func (c checkCommand) check(env *environment) (problems *config.Errors, warnings []config.Item) {
	cfg, err := readConfig(env, c.file)
	if err != nil {
		if errors.As(err, &problems) {
			return problems, nil
		}
		return c.problem("", err), nil
	}
	a, err := arrange(zap.NewNop(), cfg, c.connect, adapters.Unmetered{})
	if err != nil {
		return c.problem("", err), cfg.Warnings
	}
	var items []config.Item
	for _, p := range a.platforms {
		if p.err != nil {
			items = append(items, config.Item{Path: p.Name(), Source: c.file, Message: p.err.Error()})
		}
	}
	if err := checkKey(cfg.Ledger); err != nil {
		items = append(items, config.Item{Path: "ledger.signing_key_file", Source: c.file, Message: err.Error()})
	}
	warnings = cfg.Warnings
	if len(a.platforms) == 0 {
		warnings = append(warnings, config.Item{
			Source: c.file, Message: "has neither slack nor discord: modbot run works with it, modbot serve has nothing to serve",
			Fix: "modbot config template",
		})
	}
	if len(items) == 0 {
		return nil, warnings
	}
	return &config.Errors{Name: c.file, Items: items}, warnings
}

func (c checkCommand) problem(path string, err error) *config.Errors {
	return &config.Errors{Name: c.file, Items: []config.Item{{Path: path, Source: c.file, Message: err.Error()}}}
}

// checkKey reads the signing key where there is one; the first start makes it.
func checkKey(l config.Ledger) error {
	if _, err := os.Stat(l.SigningKeyFile); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	_, err := audit.LoadOrCreateKey(l.SigningKeyFile, l.Origin)
	return err
}
