package slack

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"modbot/internal/adapters"
)

// Defaults.
const (
	defaultAPI     = "https://slack.com/api/"
	defaultCommand = "/mod"
)

// maxGroups is how many user groups can be kept fresh: each is one call of tier
// 2 (20 a minute), none may be older than rolesAge, and calls may be slow.
const maxGroups = 12

// commandName is what Slack takes for the name of a command.
var commandName = regexp.MustCompile(`^/[a-z0-9-]{1,31}$`)

// The kinds of Slack's ids, by their first letter.
const (
	idTeam       = "T"
	idEnterprise = "E"
	idUser       = "UW"
	idGroup      = "S"
	idChannel    = "CDG"
)

// maxID is how long an id is taken to be.
const maxID = 32

// isID reports whether a text is an id of one of the kinds: its letter, then
// capitals and digits.
func isID(text, kinds string) bool {
	if len(text) < 2 || len(text) > maxID || strings.IndexByte(kinds, text[0]) < 0 {
		return false
	}
	for _, c := range []byte(text) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// complete fills in what was left out, and returns every mistake at once.
func (cfg *Config) complete() (api *url.URL, err error) {
	if cfg.Command == "" {
		cfg.Command = defaultCommand
	}
	if cfg.APIURL == "" {
		cfg.APIURL = defaultAPI
	}
	if !strings.HasSuffix(cfg.APIURL, "/") {
		cfg.APIURL += "/" // slack-go appends the method's name
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Meter == nil {
		cfg.Meter = adapters.Unmetered{}
	}
	problems := append(cfg.credentials(), cfg.places()...)
	api, err = url.Parse(cfg.APIURL)
	if err != nil || api.Scheme != "https" && api.Scheme != "http" || api.Host == "" {
		problems = append(problems, errors.New("api_url: an https URL is needed"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("slack: %w: %w", adapters.ErrSettings, err)
	}
	return api, nil
}

func (cfg *Config) credentials() []error {
	var problems []error
	if cfg.BotToken == "" {
		problems = append(problems, errors.New("bot_token: is needed, for roles and answers"))
	}
	switch {
	case cfg.Mode == HTTP && cfg.SigningSecret == "":
		problems = append(problems, errors.New("signing_secret: is needed in http mode, to tell Slack from others"))
	case cfg.Mode == Socket && cfg.AppToken == "":
		problems = append(problems, errors.New("app_token: is needed in socket mode"))
	case cfg.Mode != HTTP && cfg.Mode != Socket:
		problems = append(problems, fmt.Errorf("mode: %q is neither http nor socket", cfg.Mode))
	}
	return problems
}

func (cfg *Config) places() []error {
	var problems []error
	require := func(name, kinds, like string, ids ...string) {
		for _, id := range ids {
			if !isID(id, kinds) {
				problems = append(problems, fmt.Errorf("%s: %q is no id like %s", name, id, like))
			}
		}
	}
	if len(cfg.Workspaces) == 0 {
		problems = append(problems, errors.New("workspaces: at least one id like T0123 is needed"))
	}
	if len(cfg.Workspaces) > 1 && cfg.Enterprise == "" {
		problems = append(problems, errors.New("enterprise: several workspaces need an org-wide token and the organisation's id"))
	}
	require("workspaces", idTeam, "T0123", cfg.Workspaces...)
	require("usergroups", idGroup, "S0123", cfg.UserGroups...)
	if cfg.Enterprise != "" {
		require("enterprise", idEnterprise, "E0123", cfg.Enterprise)
	}
	if cfg.AuditChannel != "" {
		require("audit_channel", idChannel, "C0123", cfg.AuditChannel)
	}
	require("mention_on_failure", idUser+idGroup, "U0123 or S0123", cfg.MentionOnFailure...)
	if len(cfg.UserGroups) > maxGroups {
		problems = append(problems, fmt.Errorf(
			"usergroups: %d are too many to keep fresh within Slack's limits; at most %d", len(cfg.UserGroups), maxGroups))
	}
	if !commandName.MatchString(cfg.Command) {
		problems = append(problems, fmt.Errorf("command: %q is no name like %s", cfg.Command, defaultCommand))
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.ShortForms)) {
		if !commandName.MatchString("/" + name) {
			problems = append(problems, fmt.Errorf("short_forms: %q is no name like modmute", name))
		}
		if cfg.ShortForms[name] == "" {
			problems = append(problems, fmt.Errorf("short_forms: %s stands for no verb", name))
		}
	}
	return problems
}

// served reports whether a workspace is on the allow-list.
func (cfg *Config) served(team, enterprise string) bool {
	if cfg.Enterprise != "" && enterprise != "" && cfg.Enterprise != enterprise {
		return false
	}
	return slices.Contains(cfg.Workspaces, team)
}

// orgWide reports whether the token is one for a whole organisation: calls then
// need to say which workspace they mean.
func (cfg *Config) orgWide() bool { return cfg.Enterprise != "" }

// slackHost reports whether a URL is https on a host of Slack's.
func slackHost(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	for _, domain := range []string{"slack.com", "slack-gov.com"} {
		if u.Scheme == "https" && (host == domain || strings.HasSuffix(host, "."+domain)) {
			return true
		}
	}
	return false
}
