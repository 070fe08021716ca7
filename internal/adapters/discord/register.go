package discord

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"

	"modbot/internal/adapters/discord/render"
	"modbot/internal/adapters/discord/rest"
)

// permissions are what the bot needs in a guild: to see the audit channel and to
// write there. Answers to commands need none.
const permissions = discordgo.PermissionViewChannel | discordgo.PermissionSendMessages

// Registration is what registering commands in a guild did, or would do.
type Registration struct {
	Guild   string
	Changes []render.Change // in the guild
	Removed []string        // our own commands that were registered globally
	DryRun  bool            // nothing was done
}

// Empty reports whether everything was as it should be.
func (r Registration) Empty() bool { return len(r.Changes) == 0 && len(r.Removed) == 0 }

// String is the registration for people, one change a line or more.
func (r Registration) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "guild %s: ", r.Guild)
	switch {
	case r.Empty():
		b.WriteString("nothing to change\n")
	case r.DryRun:
		b.WriteString("these changes would be made\n")
	default:
		b.WriteString("these changes were made\n")
	}
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "  %s\n", c)
	}
	for _, name := range r.Removed {
		fmt.Fprintf(&b, "  - delete %s, registered everywhere\n", name)
	}
	return b.String()
}

// Register makes a guild's commands those of the configuration, and removes our
// own from where they are registered globally, since a guild would show both. It
// reads first, and changes nothing where nothing differs: Discord lets 200
// commands be created a day. With dryRun it only says what it would do.
func Register(ctx context.Context, client *rest.Client, cfg Config, guild string, dryRun bool) (Registration, error) {
	out := Registration{Guild: guild, DryRun: dryRun}
	if !slices.Contains(cfg.Guilds, guild) {
		return out, fmt.Errorf("registering commands: guild %q isn't in discord.guilds", guild)
	}
	want, err := render.Commands(cfg.Specs, cfg.CommandPrefix)
	if err != nil {
		return out, fmt.Errorf("registering commands: %w", err)
	}
	have, err := client.GuildCommands(ctx, cfg.ApplicationID, guild)
	if err != nil {
		return out, fmt.Errorf("registering commands in guild %s: %w", guild, explained(err))
	}
	global, err := client.GlobalCommands(ctx, cfg.ApplicationID)
	if err != nil {
		return out, fmt.Errorf("registering commands: %w", explained(err))
	}
	out.Changes = render.Diff(have, want)
	ours := slices.DeleteFunc(slices.Clone(global), func(c *discordgo.ApplicationCommand) bool { return !among(want, c) })
	for _, c := range ours {
		out.Removed = append(out.Removed, c.Name)
	}
	if dryRun {
		return out, nil
	}
	if len(out.Changes) > 0 {
		if _, err := client.OverwriteGuildCommands(ctx, cfg.ApplicationID, guild, want); err != nil {
			return out, fmt.Errorf("registering commands in guild %s: %w", guild, explained(err))
		}
	}
	for _, c := range ours {
		if err := client.DeleteGlobalCommand(ctx, cfg.ApplicationID, c.ID); err != nil {
			return out, fmt.Errorf("removing the global command %q: %w", c.Name, explained(err))
		}
	}
	return out, nil
}

// among reports whether a command is one that modbot registers.
func among(ours []*discordgo.ApplicationCommand, c *discordgo.ApplicationCommand) bool {
	return c != nil && slices.ContainsFunc(ours, func(o *discordgo.ApplicationCommand) bool {
		return o.Name == c.Name && max(o.Type, discordgo.ChatApplicationCommand) == max(c.Type, discordgo.ChatApplicationCommand)
	})
}

// explained adds what to do about what Discord refuses.
func explained(err error) error {
	refused, ok := errors.AsType[*rest.Error](err)
	switch {
	case !ok:
		return err
	case refused.Unauthorized():
		return fmt.Errorf("the bot token isn't valid: copy it again from the application's page: %w", err)
	case refused.Code == rest.CodeMissingAccess:
		return fmt.Errorf("the bot isn't in the guild, or was invited without applications.commands: use the link of `modbot discord invite`: %w", err)
	}
	return err
}

// InviteURL is the link with which a guild's admin adds the bot, with the least
// permissions that it needs.
func InviteURL(applicationID string) string {
	return fmt.Sprintf("https://discord.com/oauth2/authorize?client_id=%s&scope=bot+applications.commands&permissions=%d&integration_type=0",
		applicationID, int64(permissions))
}
