package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// The forms of ids and names. Slack's ids have no documented length; the first
// letter says what they are of. Discord's are snowflakes.
var (
	slackWorkspace  = regexp.MustCompile(`^T[A-Z0-9]+$`)
	slackEnterprise = regexp.MustCompile(`^E[A-Z0-9]+$`)
	slackChannel    = regexp.MustCompile(`^[CG][A-Z0-9]+$`)
	slackUser       = regexp.MustCompile(`^[UW][A-Z0-9]+$`)
	slackUserGroup  = regexp.MustCompile(`^S[A-Z0-9]+$`)
	slackMentioned  = regexp.MustCompile(`^[UWS][A-Z0-9]+$`)
	slackCommand    = regexp.MustCompile(`^/[a-z0-9][a-z0-9-]{0,30}$`)
	snowflake       = regexp.MustCompile(`^[1-9][0-9]{0,19}$`)
	discordMention  = regexp.MustCompile(`^(role|user):[1-9][0-9]{0,19}$`)
	discordKey      = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
	discordPrefix   = regexp.MustCompile(`^[a-z0-9_-]{0,20}$`)
)

// slackBuiltIn are commands that Slack keeps for itself; a manifest that has
// one is refused whole (Slack's help page "Use built-in slash commands").
var slackBuiltIn = []string{
	"archive", "away", "collapse", "dnd", "expand", "feed", "invite", "join", "kick", "leave", "me", "msg", "mute",
	"open", "prefs", "pro", "remind", "remove", "rename", "search", "shortcuts", "shrug", "star", "status", "topic", "who",
}

func (l *loading) slack() {
	l.membersOf("slack", "users", func(r Role) []string { return r.Slack.Users }, slackUser, "id of a Slack user (U… or W…)")
	l.membersOf("slack", "usergroups", func(r Role) []string { return r.Slack.UserGroups }, slackUserGroup, "id of a Slack user group (S…)")
	s := l.cfg.Slack
	if s == nil {
		return
	}
	l.known("slack.mode", s.Mode, "mode", []string{modeHTTP, modeSocket})
	l.required("slack.bot_token", s.BotToken.IsZero(), "")
	l.required("slack.signing_secret", s.Mode == modeHTTP && s.SigningSecret.IsZero(), "mode http verifies with it what Slack sends")
	l.required("slack.app_token", s.Mode == modeSocket && s.AppToken.IsZero(), "mode socket connects with it")
	l.required("public_url", s.Mode == modeHTTP && l.cfg.PublicURL == "", "slack.mode http needs the address that Slack calls")
	l.required("slack.workspaces", len(s.Workspaces) == 0, "every other workspace is refused")
	l.required("slack.enterprise", len(s.Workspaces) > 1 && s.Enterprise == "", "more than one workspace needs an organisation")
	l.ids("slack.workspaces", s.Workspaces, slackWorkspace, "id of a workspace (T…)")
	l.id("slack.enterprise", s.Enterprise, slackEnterprise, "id of an organisation (E…)")
	l.id("slack.audit_channel", s.AuditChannel, slackChannel, "id of a channel (C… or G…)")
	l.ids("slack.mention_on_failure", s.MentionOnFailure, slackMentioned, "id of a user (U…) or user group (S…)")
	l.linkTemplate("slack.link_template", s.LinkTemplate, slackUserSample)
	l.slackName("slack.command", s.Command)
	for _, name := range slices.Sorted(maps.Keys(s.ShortForms)) {
		path := join("slack.short_forms", name)
		l.slackName(path, "/"+name)
		l.known(path, s.ShortForms[name], "verb", l.opts.Verbs)
	}
	l.baseURL("slack.api_url", s.APIURL, true)
	if !strings.HasSuffix(s.APIURL, "/") {
		l.add("slack.api_url", "must end with a slash", "api_url: "+s.APIURL+"/")
	}
}

// Ids as long as they are today: with them, a template has to make an account.
const (
	slackUserSample   = "U0123ABCDEF"
	discordUserSample = "1122334455667788990"
)

// linkID is what a template has in the place of a member's id.
const linkID = "{id}"

// linkTemplate checks that a template makes another account of each id.
func (l *loading) linkTemplate(path, value, sample string) {
	switch {
	case value == "":
	case strings.Count(value, linkID) != 1:
		l.add(path, quote(value)+" must have "+linkID+" once, in the place of the member's id", l.exampleOf(path))
	case l.opts.ParseAccount != nil:
		if err := l.opts.ParseAccount(strings.Replace(value, linkID, sample, 1)); err != nil {
			l.add(path, quote(value)+" makes no account: "+err.Error(), l.exampleOf(path))
		}
	}
}

// slackName checks a slash command that Slack is to register.
func (l *loading) slackName(path, name string) {
	switch {
	case !slackCommand.MatchString(name):
		l.add(path, quote(name)+" is no slash command: a slash and 1 to 31 small letters, digits or dashes", "/mod")
	case slices.Contains(slackBuiltIn, strings.TrimPrefix(name, "/")):
		l.add(path, name+" is Slack's own; Slack refuses the manifest of an app that claims it", "/mod")
	}
}

func (l *loading) discord() {
	l.membersOf("discord", "roles", func(r Role) []string { return r.Discord.Roles }, snowflake, "id of a Discord role (digits)")
	d := l.cfg.Discord
	if d == nil {
		return
	}
	l.known("discord.mode", d.Mode, "mode", []string{modeHTTP, modeGateway})
	l.required("discord.application_id", d.ApplicationID == "", "")
	l.required("discord.bot_token", d.BotToken.IsZero(), "")
	l.required("discord.public_key", d.Mode == modeHTTP && d.PublicKey == "", "mode http verifies with it what Discord sends")
	l.required("public_url", d.Mode == modeHTTP && l.cfg.PublicURL == "", "discord.mode http needs the address that Discord calls")
	l.required("discord.guilds", len(d.Guilds) == 0, "every other guild is refused")
	l.id("discord.application_id", d.ApplicationID, snowflake, "id of an application (digits)")
	l.id("discord.public_key", d.PublicKey, discordKey, "public key of an application (64 hexadecimal digits)")
	l.ids("discord.guilds", d.Guilds, snowflake, "id of a guild (digits)")
	l.id("discord.command_prefix", d.CommandPrefix, discordPrefix, "prefix of a command: up to 20 small letters, digits, - or _")
	l.id("discord.audit_channel", d.AuditChannel, snowflake, "id of a channel (digits)")
	l.ids("discord.mention_on_failure", d.MentionOnFailure, discordMention, "role:ID or user:ID")
	l.linkTemplate("discord.link_template", d.LinkTemplate, discordUserSample)
	l.baseURL("discord.api_url", d.APIURL, true)
	if d.GatewayURL != "" {
		l.gatewayURL(d.GatewayURL)
	}
}

func (l *loading) gatewayURL(value string) {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "wss" && (u.Scheme != "ws" || !loopback(u.Hostname())) {
		l.add("discord.gateway_url", quote(value)+" is not a URL that begins with wss:// (ws:// on a loopback address)", l.exampleOf("discord.gateway_url"))
	}
}

// required reports a setting as missing when it is.
func (l *loading) required(path string, lacks bool, why string) {
	if lacks {
		l.missing(path, why)
	}
}

// membersOf checks the ids of those who hold the roles on a platform.
func (l *loading) membersOf(platform, key string, of func(Role) []string, form *regexp.Regexp, what string) {
	for _, name := range l.cfg.roleNames {
		path := strings.Join([]string{"roles", name, platform, key}, ".")
		l.ids(path, of(l.cfg.Roles[name]), form, what)
	}
}

func (l *loading) ids(path string, values []string, form *regexp.Regexp, what string) {
	for i, v := range values {
		l.id(fmt.Sprintf("%s[%d]", path, i), v, form, what)
	}
}

func (l *loading) id(path, value string, form *regexp.Regexp, what string) {
	if value != "" && !form.MatchString(value) {
		l.add(path, quote(value)+" is no "+what, l.exampleOf(path))
	}
}
