package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// ManifestConfig is what an app's manifest is made of.
type ManifestConfig struct {
	Name       string            // of the app and its bot; "modbot" when empty
	Command    string            // as Config.Command
	ShortForms map[string]string // as Config.ShortForms
	PublicURL  string            // where Slack finds us; https, HTTP mode only
	Mode       Mode
	UserGroups bool // roles use user groups
	OrgWide    bool // to be installed for a whole Enterprise Grid organisation
}

// Limits of a manifest (slackapi/manifest-schema, schema 2.0.0).
const (
	maxAppName     = 35
	maxDescription = 2000
	maxHint        = 1000
	maxCommands    = 50
)

// reserved are names that Slack has taken itself. A manifest with one of them is
// refused whole.
var reserved = []string{
	"archive", "away", "collapse", "dnd", "expand", "feed", "help", "invite", "join", "kick", "leave", "me", "msg",
	"mute", "open", "prefs", "pro", "remind", "remove", "rename", "search", "shortcuts", "shrug", "star", "status",
	"topic", "who",
}

// manifest is the part of Slack's schema that modbot uses.
type manifest struct {
	Display  slack.Display `json:"display_information"`
	Features struct {
		AppHome       slack.AppHome                `json:"app_home"`
		BotUser       slack.BotUser                `json:"bot_user"`
		Shortcuts     []slack.Shortcut             `json:"shortcuts,omitempty"`
		SlashCommands []slack.ManifestSlashCommand `json:"slash_commands"`
	} `json:"features"`
	OAuth struct {
		Scopes slack.OAuthScopes `json:"scopes"`
	} `json:"oauth_config"`
	Settings struct {
		Interactivity slack.Interactivity `json:"interactivity"`
		OrgDeploy     bool                `json:"org_deploy_enabled"`
		SocketMode    bool                `json:"socket_mode_enabled"`
		TokenRotation bool                `json:"token_rotation_enabled"`
	} `json:"settings"`
}

// Manifest is the app as Slack's "from a manifest" takes it, in JSON, made of
// the verbs. Errors say everything that Slack would refuse it for.
func Manifest(specs []chat.Spec, cfg ManifestConfig) ([]byte, error) {
	cfg.Name = first(cfg.Name, "modbot")
	cfg.Command = first(cfg.Command, defaultCommand)
	commands, err := commandsOf(specs, cfg)
	if err := errors.Join(err, cfg.validate()); err != nil {
		return nil, fmt.Errorf("slack manifest: %w", err)
	}
	var m manifest
	m.Display = slack.Display{Name: cfg.Name, Description: "Mute, unmute and look up accounts, with an audit log that can be checked."}
	m.Features.AppHome = slack.AppHome{MessagesTabEnabled: true, MessagesTabReadOnlyEnabled: true}
	m.Features.BotUser = slack.BotUser{DisplayName: cfg.Name, AlwaysOnline: true}
	m.Features.SlashCommands = commands
	if slices.ContainsFunc(specs, func(s chat.Spec) bool { return s.Verb == "mute" }) {
		m.Features.Shortcuts = []slack.Shortcut{
			{Name: "Mute author…", CallbackID: callbackAuthor, Description: "Mute who wrote this message", Type: slack.MessageShortcut},
			{Name: "Mute an account…", CallbackID: callbackMute, Description: "Mute an account with a form", Type: slack.GlobalShortcut},
		}
	}
	for _, s := range Scopes(cfg) {
		if !s.AppLevel {
			m.OAuth.Scopes.Bot = append(m.OAuth.Scopes.Bot, s.Scope)
		}
	}
	m.Settings.Interactivity = slack.Interactivity{IsEnabled: true, RequestUrl: cfg.address("/slack/interactions")}
	m.Settings.SocketMode, m.Settings.OrgDeploy = cfg.Mode == Socket, cfg.OrgWide
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("slack manifest: %w", err)
	}
	return append(raw, '\n'), nil
}

// validate returns every mistake at once.
func (cfg ManifestConfig) validate() error {
	var problems []error
	if n := utf8.RuneCountInString(cfg.Name); n > maxAppName {
		problems = append(problems, fmt.Errorf("name: %d characters are more than Slack's %d", n, maxAppName))
	}
	switch cfg.Mode {
	case Socket:
	case HTTP:
		u, err := url.Parse(cfg.PublicURL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			problems = append(problems, fmt.Errorf("public_url: %q is no https URL that Slack could call", cfg.PublicURL))
		}
	default:
		problems = append(problems, fmt.Errorf("mode: %q is neither http nor socket", cfg.Mode))
	}
	return errors.Join(problems...)
}

// address is where Slack delivers; empty in Socket Mode.
func (cfg ManifestConfig) address(path string) string {
	if cfg.Mode != HTTP {
		return ""
	}
	return strings.TrimSuffix(cfg.PublicURL, "/") + path
}

// commandsOf describes the slash commands.
func commandsOf(specs []chat.Spec, cfg ManifestConfig) ([]slack.ManifestSlashCommand, error) {
	var problems []error
	var commands []slack.ManifestSlashCommand
	add := func(name, description, hint string) {
		switch {
		case !commandName.MatchString(name):
			problems = append(problems, fmt.Errorf("command %s: names are / and up to 31 of a-z, 0-9 and -", name))
		case slices.Contains(reserved, name[1:]):
			problems = append(problems, fmt.Errorf("command %s: the name is Slack's own, and Slack refuses a manifest that has it", name))
		case slices.ContainsFunc(commands, func(c slack.ManifestSlashCommand) bool { return c.Command == name }):
			problems = append(problems, fmt.Errorf("command %s: it is there twice", name))
		}
		commands = append(commands, slack.ManifestSlashCommand{
			Command: name, Url: cfg.address("/slack/commands"), ShouldEscape: true,
			Description: adapters.Cut(description, maxDescription, utf8.RuneCountInString),
			UsageHint:   adapters.Cut(hint, maxHint, utf8.RuneCountInString),
		})
	}
	add(cfg.Command, "Moderate: "+strings.Join(verbs(specs), ", "), example(specs))
	for _, name := range slices.Sorted(maps.Keys(cfg.ShortForms)) {
		i := slices.IndexFunc(specs, func(s chat.Spec) bool { return s.Verb == cfg.ShortForms[name] })
		if i < 0 {
			problems = append(problems, fmt.Errorf("short form %s: %q is no verb", name, cfg.ShortForms[name]))
			continue
		}
		add("/"+name, specs[i].Summary, usage(specs[i]))
	}
	if len(commands) > maxCommands {
		problems = append(problems, fmt.Errorf("%d commands are more than Slack's %d", len(commands), maxCommands))
	}
	return commands, errors.Join(problems...)
}

func verbs(specs []chat.Spec) []string {
	out := make([]string, 0, len(specs))
	for _, s := range specs {
		out = append(out, s.Verb)
	}
	return out
}

// example is the first example of all, as the hint behind the command.
func example(specs []chat.Spec) string {
	for _, s := range specs {
		if len(s.Examples) > 0 {
			return s.Examples[0]
		}
	}
	return "help"
}

// usage is what a verb takes: <needed> [possible].
func usage(s chat.Spec) string {
	var words []string
	for _, o := range s.Options {
		word := o.Name
		if o.Keyword != "" && !o.Rest {
			word = strings.TrimSpace(o.Keyword + " " + word)
		}
		if o.Required {
			words = append(words, "<"+word+">")
		} else {
			words = append(words, "["+word+"]")
		}
	}
	return strings.Join(words, " ")
}

// ScopeReason is one permission, why it is asked for, and what doesn't work
// without it.
type ScopeReason struct {
	Scope    string
	AppLevel bool // of the app-level token, not of the bot's
	Why      string
	Without  string
}

// Scopes are the permissions that an app needs, and no others.
func Scopes(cfg ManifestConfig) []ScopeReason {
	scopes := []ScopeReason{
		{Scope: "commands", Why: "slash commands and shortcuts", Without: "nothing can be asked"},
		{Scope: "chat:write", Why: "audit posts, and direct messages", Without: "the audit channel stays empty, and late answers are lost"},
		{
			Scope: "im:write", Why: "a direct message when a private answer comes too late for Slack",
			Without: "answers that come after half an hour, and those to the global shortcut, are lost",
		},
		{Scope: "users:read", Why: "to tell members from guests and from people of other workspaces", Without: "everybody is refused"},
	}
	if cfg.UserGroups {
		scopes = append(scopes, ScopeReason{
			Scope: "usergroups:read", Why: "roles that are given to user groups", Without: "everybody is refused while a role names a user group",
		})
	}
	if cfg.Mode == Socket {
		scopes = append(scopes, ScopeReason{
			Scope: "connections:write", AppLevel: true, Why: "Socket Mode connections", Without: "nothing is delivered",
		})
	}
	return scopes
}

// ManifestLink opens Slack's form for a new app with the manifest filled in.
func ManifestLink(manifest []byte) (string, error) {
	var compact strings.Builder
	var m json.RawMessage
	if err := json.Unmarshal(manifest, &m); err != nil {
		return "", fmt.Errorf("slack manifest: %w", err)
	}
	encoder := json.NewEncoder(&compact)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(m); err != nil {
		return "", fmt.Errorf("slack manifest: %w", err)
	}
	query := url.Values{"new_app": {"1"}, "manifest_json": {strings.TrimSpace(compact.String())}}
	return "https://api.slack.com/apps?" + query.Encode(), nil
}
