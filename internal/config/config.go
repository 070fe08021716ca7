// Package config reads modbot.yaml.
//
// The model: one struct, Config, is the whole of the configuration. Its yaml
// tags are the only names a setting has; the file, the environment, the errors,
// the template and `config show` all walk the same struct, so that a setting
// cannot exist in one and be forgotten in another.
//
// A value comes from the first of these that gives one:
//
//  1. the environment: MODBOT_ and the setting's path in upper case, joined by
//     underscores (tencent.sdk_app_id is MODBOT_TENCENT_SDK_APP_ID), or the same
//     with _FILE, naming a file that holds the value;
//  2. the file: the setting itself or, for a secret, the setting with _file;
//  3. the default tag.
//
// The invariants:
//
//   - Nothing is ignored: a key that is not a setting is refused.
//   - Everything that is wrong is said at once, each with its place and a fix.
//     A configuration is returned only when nothing is wrong.
//   - A Secret is printed by no verb and no encoder, and the line that holds
//     one is cut where an error shows it.
//   - The package imports nothing else of the project. What it cannot know
//     (the verbs, how a term reads, which regions exist) comes in by Options.
//
// The decoder is the package's own on top of goccy/go-yaml's syntax tree: the
// library's struct decoder ends at the first error, and the environment must
// pass through the same rules as the file.
package config

import (
	"net/url"
	"slices"
	"strings"
)

// Config is modbot.yaml. Every field says what it means; the example tag is
// what an error offers to paste, the default tag holds where neither file nor
// environment says anything. A setting with neither "required" nor "default" in
// its comment is optional and empty by default.
type Config struct {
	Tencent Tencent `yaml:"tencent"`
	Store   Store   `yaml:"store"`
	Ledger  Ledger  `yaml:"ledger"`

	// Listen is the address (host:port) for what Slack and Discord call:
	// /slack/commands, /slack/interactions, /discord/interactions. Default
	// 127.0.0.1:8080.
	Listen string `yaml:"listen" default:"127.0.0.1:8080" example:"127.0.0.1:8080"`
	// PublicURL is that address as Slack and Discord reach it. Required where a
	// platform's mode is http.
	PublicURL string `yaml:"public_url" example:"https://mod.example.org"`
	// AdminListen is the address (host:port) for /healthz, /readyz and
	// /metrics, apart from Listen so that it need not be public. Default
	// 127.0.0.1:9090.
	AdminListen string `yaml:"admin_listen" default:"127.0.0.1:9090" example:"127.0.0.1:9090"`

	Slack   *Slack   `yaml:"slack"`   // nil when the section is absent
	Discord *Discord `yaml:"discord"` // nil when the section is absent

	// Roles maps the name of a role to who holds it and what it allows. Their
	// order in the file is the order in which a policy tries them; see
	// RoleNames. Without roles everybody is refused.
	Roles map[string]Role `yaml:"roles"`
	// Protect lists accounts that no one, or only some roles, may touch.
	Protect []Protected `yaml:"protect" example:"[administrator]"`
	Confirm Confirm     `yaml:"confirm"`

	// Warnings are what should be looked at but stops nothing.
	Warnings []Item `yaml:"-"`

	roleNames []string
}

// Tencent is the app whose accounts are muted.
type Tencent struct {
	// Region names the data centre of the app. Required, unless Host is given.
	Region string `yaml:"region" example:"singapore"`
	// Host overrides the region's host: an https URL without a path, or http on
	// a loopback address (a simulator).
	Host string `yaml:"host" example:"https://adminapisgp.im.qcloud.com"`
	// SDKAppID is the number of the app in the vendor's console. Required.
	SDKAppID uint64 `yaml:"sdk_app_id" example:"1400000000"`
	// Identifier is an account of the app that is an administrator. Default
	// administrator, which the vendor makes with every app.
	Identifier string `yaml:"identifier" default:"administrator" example:"administrator"`
	// SecretKey signs every call. Required.
	SecretKey Secret `yaml:"secret_key" example:"tencent.key"`
	// RatePerSecond is how many calls a second modbot makes to each API, 1 to
	// 195; the vendor's limit is 200 for the whole app. All processes on one
	// store share it, so it is to be the same for each. Default 100.
	RatePerSecond int `yaml:"rate_per_second" default:"100" example:"100"`
}

// Store is where the ledger lives.
type Store struct {
	// URL is sqlite:PATH, the path relative to the folder of this file, or
	// postgres://USER@HOST/DATABASE, with what libpq's URLs may say besides, like
	// ?search_path= and ?sslmode=. Default sqlite:modbot.db.
	URL string `yaml:"url" default:"sqlite:modbot.db" example:"sqlite:modbot.db"`
	// Password is PostgreSQL's, where the URL has none. Without both, PGPASSFILE
	// and ~/.pgpass are looked at.
	Password Secret `yaml:"password" example:"store.password"`
}

// Address is the URL with the password: for connecting, never for showing.
func (s Store) Address() string {
	u, err := url.Parse(s.URL)
	if err != nil || s.Password.IsZero() || s.Dialect() != dialectPostgres {
		return s.URL
	}
	u.User = url.UserPassword(u.User.Username(), s.Password.Reveal())
	return u.String()
}

// Dialect is the scheme of the URL: sqlite or postgres.
func (s Store) Dialect() string {
	scheme, _, _ := strings.Cut(s.URL, ":")
	if scheme == "postgresql" {
		return dialectPostgres
	}
	return scheme
}

// Ledger is the audit log's name and key.
type Ledger struct {
	// Origin is the log's name in checkpoints, unlike any other log's: a domain
	// of yours and a path do. No spaces, no plus. Required.
	Origin string `yaml:"origin" example:"example.org/modbot"`
	// SigningKeyFile holds the key that signs checkpoints; it is made with mode
	// 0600 at the first start. Back it up apart from the store. Default
	// ledger.key in the folder of this file.
	SigningKeyFile string `yaml:"signing_key_file" default:"ledger.key" example:"ledger.key"`
	// CheckpointEvery is how often a full signed checkpoint is posted in every
	// audit channel, if the log has grown: a term of a minute or more, or never.
	// The short form is in every message anyway. Default 24h.
	CheckpointEvery Term `yaml:"checkpoint_every" default:"24h" example:"24h"`
}

// Role is who holds a role and what it allows. What is not allowed is refused.
type Role struct {
	Slack   SlackMembers   `yaml:"slack"`
	Discord DiscordMembers `yaml:"discord"`
	CLI     CLIMembers     `yaml:"cli"`

	// Verbs the role may use. Required.
	Verbs []string `yaml:"verbs" example:"[mute, unmute, status]"`
	// Scopes the role may name: group, c2c, all. Required with mute or unmute.
	Scopes []string `yaml:"scopes" example:"[group, c2c, all]"`
	// MaxTerm is the longest finite mute, counted from the first mute of an
	// unbroken chain. Without it, a role that is Permanent may mute for any
	// term. A role with the verb mute needs one of the two.
	MaxTerm Term `yaml:"max_term" example:"7d"`
	// Permanent allows mutes without an end. Default false.
	Permanent bool `yaml:"permanent" example:"true"`
	// PerHour is how many actions each holder may begin in an hour. 0 = no
	// limit.
	PerHour int `yaml:"per_hour" example:"60"`
}

// SlackMembers hold a role on Slack.
type SlackMembers struct {
	Users      []string `yaml:"users" example:"[U0123ABCD]"`      // user ids
	UserGroups []string `yaml:"usergroups" example:"[S0123ABCD]"` // user group ids
}

// DiscordMembers hold a role on Discord.
type DiscordMembers struct {
	Roles []string `yaml:"roles" example:"[\"112233445566778899\"]"` // role ids
}

// CLIMembers hold a role on the command line and in the console.
type CLIMembers struct {
	Users []string `yaml:"users" example:"[mia]"` // names, as given to --as
}

// members counts who holds the role.
func (r Role) members() int {
	return len(r.Slack.Users) + len(r.Slack.UserGroups) + len(r.Discord.Roles) + len(r.CLI.Users)
}

// Protected is an account that no one may touch, or only some roles. In the
// file it is the account alone, or a mapping with account and roles.
type Protected struct {
	Account string   `yaml:"account" example:"administrator"`
	Roles   []string `yaml:"roles" example:"[admin]"` // empty: no one
}

// Confirm says above what a command asks before it acts.
type Confirm struct {
	// LongerThan asks before a mute longer than this. Without it, none is asked
	// for its length.
	LongerThan Term `yaml:"longer_than" example:"30d"`
	// Permanent asks before a mute without an end. Default false.
	Permanent bool `yaml:"permanent" example:"true"`
}

// RoleNames lists the roles in the order of the file; those that only the
// environment defines follow, by name.
func (c *Config) RoleNames() []string { return slices.Clone(c.roleNames) }
