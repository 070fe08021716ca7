package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"modbot/internal/adapters/slack"
	"modbot/internal/commands"
	"modbot/internal/config"
)

func newSlackCommand(env *environment) *cobra.Command {
	return group("slack", "Set up the Slack app", newSlackManifestCommand(env))
}

// manifestCommand is `modbot slack manifest`.
type manifestCommand struct {
	file, mode, publicURL, name string
	link                        bool
	given                       func(flag string) bool
}

func newSlackManifestCommand(env *environment) *cobra.Command {
	var c manifestCommand
	cmd := &cobra.Command{
		Use:   "manifest [-c FILE] [--link]",
		Short: "Print the manifest that the Slack app is made from",
		Long: `Prints the manifest of the Slack app: its commands and their hints, the
permissions and why each is needed. Make the app with it at
https://api.slack.com/apps (Create New App, From a manifest), or open the link
that --link prints, where everything is filled in.

Command, short forms, mode and address come from the configuration, where there
is one; it needs no tokens yet. Without one the manifest is for Socket Mode,
which needs no public address. Names that Slack keeps for itself (/mute, /status)
are never registered: Slack refuses a manifest with one of them.

On a terminal, the permissions and what to do next are said on standard error.
With --json, or with --link, nothing else is printed.`,
		Example: `  modbot slack manifest --link
  modbot slack manifest --mode http --public-url https://mod.example.org --json > manifest.json
  modbot slack manifest -c modbot.yaml`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.run(env) },
	}
	fl := cmd.Flags()
	fl.StringVarP(&c.file, "config", "c", defaultConfig, "configuration `file`; may be missing when it is not given")
	fl.StringVar(&c.mode, "mode", "", "`mode` instead of the configuration's: socket or http")
	fl.StringVar(&c.publicURL, "public-url", "", "`URL` of this modbot instead of the configuration's, for mode http")
	fl.StringVar(&c.name, "name", "modbot", "`name` of the app and its bot")
	fl.BoolVar(&c.link, "link", false, "print a link that opens Slack's form with the manifest filled in")
	c.given = func(flag string) bool { return fl.Changed(flag) }
	return cmd
}

// run prints the manifest.
func (c manifestCommand) run(env *environment) error {
	cfg, err := c.settings(env)
	if err != nil {
		return err
	}
	manifest, err := slack.Manifest(commands.Specs(), cfg)
	if err != nil {
		return failWith(exitConfig, "manifest", err.Error(), "modbot slack manifest --mode http --public-url https://mod.example.org", err)
	}
	if c.link {
		link, err := slack.ManifestLink(manifest)
		if err != nil {
			return err
		}
		if env.json {
			return json.NewEncoder(env.out).Encode(map[string]string{"link": link})
		}
		_, err = fmt.Fprintln(env.out, link)
		return err
	}
	var text bytes.Buffer
	if err := json.Indent(&text, manifest, "", "  "); err != nil {
		return fmt.Errorf("indenting the manifest: %w", err)
	}
	if _, err := fmt.Fprintln(env.out, strings.TrimSpace(text.String())); err != nil {
		return err
	}
	if terminal(env.err) && !env.json {
		_, err = fmt.Fprint(env.err, manifestNotes(cfg))
	}
	return err
}

// settings is what the manifest is made of: the configuration where there is
// one, and the flags over it.
func (c manifestCommand) settings(env *environment) (slack.ManifestConfig, error) {
	out := slack.ManifestConfig{Name: c.name, Mode: slack.Socket}
	cfg, err := c.config(env)
	if err != nil {
		return out, err
	}
	if cfg != nil {
		out.PublicURL = cfg.PublicURL
		out.UserGroups = len(userGroups(cfg)) > 0
		if s := cfg.Slack; s != nil {
			out.Mode, out.Command, out.ShortForms, out.OrgWide = slack.Mode(s.Mode), s.Command, s.ShortForms, s.Enterprise != ""
		}
	}
	switch slack.Mode(c.mode) {
	case "":
	case slack.HTTP, slack.Socket:
		out.Mode = slack.Mode(c.mode)
	default:
		return out, usageError("mode", fmt.Sprintf("--mode %q is neither socket nor http.", c.mode), "modbot slack manifest --mode socket")
	}
	if c.publicURL != "" {
		out.PublicURL = c.publicURL
	}
	return out, nil
}

// config reads the configuration, leniently: whoever makes the app has no
// tokens yet. It is nil when none was named and none is there.
func (c manifestCommand) config(env *environment) (*config.Config, error) {
	if _, err := os.Stat(c.file); errors.Is(err, fs.ErrNotExist) && !c.given("config") {
		return nil, nil //nolint:nilnil // documented: no configuration is none
	}
	return loadConfig(env, c.file, "listen")
}

// manifestNotes is what a person needs beside the manifest.
func manifestNotes(cfg slack.ManifestConfig) string {
	var b strings.Builder
	b.WriteString("\nPermissions:\n")
	for _, s := range slack.Scopes(cfg) {
		where := ""
		if s.AppLevel {
			where = " (of the app-level token)"
		}
		fmt.Fprintf(&b, "  %s%s: %s; without it %s\n", s.Scope, where, s.Why, s.Without)
	}
	b.WriteString("\nNext: open what modbot slack manifest --link prints, create the app, install it to the workspace,\nand invite its bot to the audit channel.\n")
	return b.String()
}
