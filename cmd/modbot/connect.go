package main

import (
	"slices"

	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/discord"
	"modbot/internal/adapters/slack"
	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/config"
)

// connectPlatforms makes the platforms that a configuration names. A new
// platform is a folder below internal/adapters and its lines here.
func connectPlatforms(log *zap.Logger, cfg *config.Config, meter adapters.Meter) []attachment {
	var out []attachment
	if cfg.Slack != nil {
		a := attachment{name: chat.Slack, sink: sinkName(chat.Slack, cfg.Slack.AuditChannel)}
		if p, err := slack.New(log.Named("slack"), slackConfig(cfg, meter)); err != nil {
			a.err = err
		} else {
			a.platform = p
		}
		out = append(out, a)
	}
	if cfg.Discord != nil {
		a := attachment{name: chat.Discord, sink: sinkName(chat.Discord, cfg.Discord.AuditChannel)}
		if p, err := discord.New(log.Named("discord"), discordConfig(cfg.Discord, meter)); err != nil {
			a.err = err
		} else {
			a.platform = p
		}
		out = append(out, a)
	}
	return out
}

// sinkName is an audit channel's name in the ledger. It stays the same as long
// as the channel is the same: the channel's place in the ledger is kept by it.
func sinkName(p chat.Platform, channel string) string {
	if channel == "" {
		return ""
	}
	return string(p) + ":" + channel
}

// slackConfig is what the adapter gets of a configuration.
func slackConfig(cfg *config.Config, meter adapters.Meter) slack.Config {
	s := cfg.Slack
	return slack.Config{
		Mode: slack.Mode(s.Mode), SigningSecret: s.SigningSecret.Reveal(), BotToken: s.BotToken.Reveal(), AppToken: s.AppToken.Reveal(),
		Workspaces: s.Workspaces, Enterprise: s.Enterprise, Command: s.Command, ShortForms: s.ShortForms,
		AuditChannel: s.AuditChannel, MentionOnFailure: s.MentionOnFailure, UserGroups: userGroups(cfg),
		APIURL: s.APIURL, Meter: meter,
	}
}

// userGroups are the Slack user groups that some role is given to.
func userGroups(cfg *config.Config) []string {
	var out []string
	for _, r := range cfg.Roles {
		out = append(out, r.Slack.UserGroups...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// discordConfig is what the adapter gets of a configuration.
func discordConfig(d *config.Discord, meter adapters.Meter) discord.Config {
	return discord.Config{
		Mode: discord.Mode(d.Mode), ApplicationID: d.ApplicationID, PublicKey: d.PublicKey, BotToken: d.BotToken.Reveal(),
		Guilds: d.Guilds, CommandPrefix: d.CommandPrefix, AuditChannel: d.AuditChannel, MentionOnFailure: d.MentionOnFailure,
		APIURL: d.APIURL, GatewayURL: d.GatewayURL, Specs: commands.Specs(), Meter: meter,
	}
}
