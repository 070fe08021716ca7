package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"

	"modbot/internal/adapters"
	"modbot/internal/adapters/discord"
	"modbot/internal/adapters/discord/rest"
)

// registerTime bounds the registration in one guild: a handful of calls, and
// what Discord asks to wait between them.
const registerTime = 2 * time.Minute

func newDiscordCommand(env *environment) *cobra.Command {
	return group("discord", "Set up the Discord application",
		newDiscordRegisterCommand(env),
		newDiscordInviteCommand(env),
	)
}

// registerCommand is `modbot discord register`.
type registerCommand struct {
	file, guild string
	dryRun      bool
}

func newDiscordRegisterCommand(env *environment) *cobra.Command {
	var c registerCommand
	cmd := &cobra.Command{
		Use:   "register -c FILE [--guild ID] [--dry-run]",
		Short: "Register the commands in the guilds, showing what changes",
		Long: `Makes the commands that Discord offers in a guild those of this modbot, shows
what differs, and does nothing where nothing does: Discord lets 200 commands be
created a day in a guild. Commands of ours that are registered globally are
removed, because a guild would show both. Other bots' commands are not touched.

Commands are hidden from members without Moderate Members until an admin of the
guild says otherwise (Server Settings, Integrations); modbot checks every use by
its own roles in any case. Where another bot owns /mute, set
discord.command_prefix and register again.

With --json one object a guild: {"guild","dry_run","changes":[…],"removed":[…]}.

Exit codes: 0 as it should be, 69 Discord cannot be reached or refuses, 78 the
configuration is wrong or the token is not valid.`,
		Example: `  modbot discord register -c modbot.yaml --dry-run
  modbot discord register -c modbot.yaml --guild 112233445566778899`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context(), env) },
	}
	cmd.Flags().StringVarP(&c.file, "config", "c", defaultConfig, "configuration `file`")
	cmd.Flags().StringVar(&c.guild, "guild", "", "`ID` of the only guild to register in; else all of discord.guilds")
	cmd.Flags().BoolVar(&c.dryRun, "dry-run", false, "show what would change, and change nothing")
	return cmd
}

// registered is a registration as JSON has it.
type registered struct {
	Guild   string   `json:"guild"`
	DryRun  bool     `json:"dry_run"`
	Changes []string `json:"changes"`
	Removed []string `json:"removed"`
}

// run registers in each guild; one that fails does not keep the others from it.
func (c registerCommand) run(ctx context.Context, env *environment) error {
	cfg, err := loadConfig(env, c.file, "discord")
	if err != nil {
		return err
	}
	if cfg.Discord == nil {
		return failWith(exitConfig, "no_discord", c.file+" has no discord section.", "modbot config template", nil)
	}
	guilds := cfg.Discord.Guilds
	if c.guild != "" {
		if !slices.Contains(guilds, c.guild) {
			return failWith(exitConfig, "guild", fmt.Sprintf("The guild %q is not in discord.guilds, so it would not be served.", c.guild),
				fmt.Sprintf("guilds: [%q]   under discord:", c.guild), nil)
		}
		guilds = []string{c.guild}
	}
	settings := discordConfig(cfg.Discord, adapters.Unmetered{})
	client := rest.New(newLogger(env, zapcore.WarnLevel), rest.Config{Token: settings.BotToken, APIURL: settings.APIURL})
	defer client.Close()
	var failures []error
	for _, guild := range guilds {
		r, err := register(ctx, client, settings, guild, c.dryRun)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		if err := printRegistration(env, r); err != nil {
			return err
		}
	}
	return registerError(failures)
}

func register(ctx context.Context, client *rest.Client, cfg discord.Config, guild string, dryRun bool) (discord.Registration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, registerTime, errors.New("registering the commands took too long"))
	defer cancel()
	return discord.Register(ctx, client, cfg, guild, dryRun)
}

func printRegistration(env *environment, r discord.Registration) error {
	if !env.json {
		_, err := fmt.Fprint(env.out, r)
		return err
	}
	out := registered{Guild: r.Guild, DryRun: r.DryRun, Changes: []string{}, Removed: append([]string{}, r.Removed...)}
	for _, change := range r.Changes {
		out.Changes = append(out.Changes, fmt.Sprint(change))
	}
	return json.NewEncoder(env.out).Encode(out)
}

// registerError is what failed, with its exit code.
func registerError(failures []error) error {
	if len(failures) == 0 {
		return nil
	}
	exit := exitUnavailable
	texts := make([]string, 0, len(failures))
	for _, err := range failures {
		texts = append(texts, err.Error())
		if refused, ok := errors.AsType[*rest.Error](err); ok && refused.Unauthorized() {
			exit = exitConfig
		}
	}
	return failWith(exit, "register", strings.Join(texts, "\n"), "modbot discord invite", errors.Join(failures...))
}

func newDiscordInviteCommand(env *environment) *cobra.Command {
	var file, id string
	cmd := &cobra.Command{
		Use:   "invite [-c FILE | --application-id ID]",
		Short: "Print the link that adds the bot to a guild",
		Long: `Prints the link with which an admin of a guild adds the bot, with the least
permissions that it needs: to see channels and to write in the audit channel.
Answers to commands need none. The application's id comes from the configuration
(no token is needed), or from --application-id.`,
		Example: "  modbot discord invite -c modbot.yaml\n  modbot discord invite --application-id 112233445566778899",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			application, err := applicationID(env, file, id)
			if err != nil {
				return err
			}
			link := discord.InviteURL(application)
			if env.json {
				return json.NewEncoder(env.out).Encode(map[string]string{"link": link})
			}
			_, err = fmt.Fprintln(env.out, link)
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", defaultConfig, "configuration `file`")
	cmd.Flags().StringVar(&id, "application-id", "", "`ID` of the application, instead of a configuration")
	cmd.MarkFlagsMutuallyExclusive("config", "application-id")
	return cmd
}

// applicationID is the id of the Discord application.
func applicationID(env *environment, file, given string) (string, error) {
	if given != "" {
		if strings.Trim(given, "0123456789") != "" {
			return "", usageError("application_id", fmt.Sprintf("--application-id %q is no id of an application: digits.", given),
				"modbot discord invite --application-id 112233445566778899")
		}
		return given, nil
	}
	cfg, err := loadConfig(env, file, "listen")
	if err != nil {
		return "", err
	}
	if cfg.Discord == nil || strings.Trim(cfg.Discord.ApplicationID, "0123456789") != "" || cfg.Discord.ApplicationID == "" {
		return "", failWith(exitConfig, "application_id", file+" has no discord.application_id.",
			"modbot discord invite --application-id 112233445566778899", nil)
	}
	return cfg.Discord.ApplicationID, nil
}
