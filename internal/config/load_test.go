package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// testOptions knows what the rest of modbot would say.
func testOptions(environ ...string) Options {
	return Options{
		Environ: environ,
		Verbs:   []string{"mute", "unmute", "status", "mutes", "history", "case", "health", "link", "unlink", "undo"},
		Scopes:  []string{"group", "c2c", "all"},
		Regions: []string{"china", "singapore", "seoul", "tokyo", "frankfurt", "silicon-valley", "jakarta"},
		ParseTerm: func(text string) (int64, bool, error) {
			if text == "permanent" {
				return 0, true, nil
			}
			if clock, err := time.ParseDuration(text); err == nil {
				return int64(clock.Seconds()), false, nil
			}
			days, err := strconv.ParseInt(strings.TrimSuffix(text, "d"), 10, 32)
			if err != nil || days < 1 {
				return 0, false, fmt.Errorf("I can't read %q as a length of time", text)
			}
			return days * 24 * 60 * 60, false, nil
		},
		ParseAccount: func(text string) error {
			if text == "" || len(text) > 32 {
				return errors.New("an account has 1 to 32 bytes")
			}
			return nil
		},
	}
}

// minimal is what no configuration can do without, with roles.
const minimal = `tencent:
  region: singapore
  sdk_app_id: 1400000000
  secret_key: k
ledger:
  origin: example.org/modbot
roles:
  moderator:
    cli: {users: [mia]}
    verbs: [mute, unmute]
    scopes: [group, c2c, all]
    max_term: 7d
`

// in makes a folder with files, each with mode 0600.
func in(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return dir
}

// items are what a load found wrong, without snippets, each in one line.
func items(t *testing.T, err error) []string {
	t.Helper()
	var all *Errors
	require.ErrorAs(t, err, &all)
	var out []string
	for _, i := range all.Items {
		out = append(out, fmt.Sprintf("%s:%d:%d %s: %s", i.Source, i.Line, i.Column, i.Path, i.Message))
	}
	return out
}

func TestDefaultsHoldWhereNothingIsSaid(t *testing.T) {
	c, err := LoadBytes("modbot.yaml", []byte(minimal), testOptions())
	require.NoError(t, err)
	require.Empty(t, c.Warnings)
	require.Equal(t, "administrator", c.Tencent.Identifier)
	require.Equal(t, 100, c.Tencent.RatePerSecond)
	require.Equal(t, "sqlite:modbot.db", c.Store.URL)
	require.Equal(t, "sqlite", c.Store.Dialect())
	require.Equal(t, "ledger.key", c.Ledger.SigningKeyFile)
	require.Equal(t, Term{Text: "24h", Seconds: 86400}, c.Ledger.CheckpointEvery)
	require.Equal(t, "127.0.0.1:8080", c.Listen)
	require.Equal(t, "127.0.0.1:9090", c.AdminListen)
	require.Nil(t, c.Slack)
	require.Nil(t, c.Discord)
	require.Equal(t, Term{Text: "7d", Seconds: 7 * 86400}, c.Roles["moderator"].MaxTerm)
	require.Zero(t, c.Confirm)
	require.Equal(t, "k", c.Tencent.SecretKey.Reveal())
}

// The example of the project's design, whole.
func TestTheDesignedFileLoads(t *testing.T) {
	dir := in(t, map[string]string{
		"tencent.key": "the key\n", "signing": "s", "bot": "xoxb-1", "discord": "d",
		"modbot.yaml": `
tencent:
  region: singapore
  sdk_app_id: 1400000000
  identifier: administrator
  secret_key_file: tencent.key
  rate_per_second: 100
store:
  url: sqlite:modbot.db
ledger:
  origin: example.org/modbot
  signing_key_file: ledger.key
listen: 127.0.0.1:8080
public_url: https://mod.example.org
admin_listen: 127.0.0.1:9090
slack:
  mode: http
  signing_secret_file: signing
  bot_token_file: bot
  workspaces: [T0123]
  command: /mod
  short_forms: {modmute: mute}
  audit_channel: C0123
  mention_on_failure: [S9]
  api_url: https://slack.com/api/
discord:
  mode: http
  application_id: "1"
  public_key: e0ae5cf7f4ee2ce6a3cc6f20a2a4f5bb3b4a63b6d5b8e8c1f1b9a5e7c3d2f101
  bot_token_file: discord
  guilds: ["1"]
  command_prefix: ""
  audit_channel: "2"
  mention_on_failure: ["role:3"]
  api_url: https://discord.com/api/v10
roles:
  moderator:
    slack:   { users: [U1], usergroups: [S1] }
    discord: { roles: ["3"] }
    cli:     { users: [mia] }
    verbs: [mute, unmute, status, mutes, history, case, undo]
    scopes: [group, c2c, all]
    max_term: 7d
    permanent: false
    per_hour: 60
  admin: { cli: { users: [ada] }, verbs: [mute], scopes: [all], permanent: true }
protect: [administrator, {account: root, roles: [admin]}]
confirm: { longer_than: 30d, permanent: true }
`,
	})
	c, err := Load(filepath.Join(dir, "modbot.yaml"), testOptions())
	require.NoError(t, err)
	require.Empty(t, c.Warnings)
	require.Equal(t, uint64(1400000000), c.Tencent.SDKAppID)
	require.Equal(t, "the key", c.Tencent.SecretKey.Reveal(), "the space around a secret in a file is no part of it")
	require.Equal(t, "sqlite:"+filepath.Join(dir, "modbot.db"), c.Store.URL)
	require.Equal(t, filepath.Join(dir, "ledger.key"), c.Ledger.SigningKeyFile)
	require.Equal(t, "xoxb-1", c.Slack.BotToken.Reveal())
	require.Equal(t, map[string]string{"modmute": "mute"}, c.Slack.ShortForms)
	require.Equal(t, []string{"1"}, c.Discord.Guilds)
	require.Equal(t, []string{"moderator", "admin"}, c.RoleNames())
	m := c.Roles["moderator"]
	require.Equal(t, Role{
		Slack:   SlackMembers{Users: []string{"U1"}, UserGroups: []string{"S1"}},
		Discord: DiscordMembers{Roles: []string{"3"}},
		CLI:     CLIMembers{Users: []string{"mia"}},
		Verbs:   []string{"mute", "unmute", "status", "mutes", "history", "case", "undo"},
		Scopes:  []string{"group", "c2c", "all"},
		MaxTerm: Term{Text: "7d", Seconds: 7 * 86400},
		PerHour: 60,
	}, m)
	require.Equal(t, []Protected{{Account: "administrator"}, {Account: "root", Roles: []string{"admin"}}}, c.Protect)
	require.Equal(t, Confirm{LongerThan: Term{Text: "30d", Seconds: 30 * 86400}, Permanent: true}, c.Confirm)
}

func TestYAMLThatPeopleWrite(t *testing.T) {
	for name, tt := range map[string]struct {
		file  string
		check func(*testing.T, *Config)
	}{
		"an id needs no quotes": {
			strings.Replace(minimal, "cli: {users: [mia]}", "discord: {roles: [112233445566778899]}", 1),
			func(t *testing.T, c *Config) {
				t.Helper()
				require.Equal(t, []string{"112233445566778899"}, c.Roles["moderator"].Discord.Roles)
			},
		},
		"a section with all of its lines commented out is absent": {
			minimal + "slack:\n  #mode: http\n",
			func(t *testing.T, c *Config) { t.Helper(); require.Nil(t, c.Slack) },
		},
		"anchors and aliases": {
			minimal + "  admin:\n    cli: &who {users: [ada]}\n    verbs: [mute]\n    scopes: [all]\n    permanent: true\n  lead:\n    cli: *who\n    verbs: [case]\n",
			func(t *testing.T, c *Config) {
				t.Helper()
				require.Equal(t, []string{"ada"}, c.Roles["lead"].CLI.Users)
				require.Equal(t, []string{"moderator", "admin", "lead"}, c.RoleNames())
			},
		},
		"carriage returns and a byte order mark": {
			"\ufeff" + strings.ReplaceAll(minimal, "\n", "\r\n"),
			func(t *testing.T, c *Config) { t.Helper(); require.Equal(t, "singapore", c.Tencent.Region) },
		},
		"a directive and a document mark": {
			"%YAML 1.2\n---\n" + minimal + "...\n",
			func(t *testing.T, c *Config) { t.Helper(); require.Equal(t, "singapore", c.Tencent.Region) },
		},
		"a secret as a block": {
			strings.Replace(minimal, "secret_key: k", "secret_key: |-\n    kk", 1),
			func(t *testing.T, c *Config) { t.Helper(); require.Equal(t, "kk", c.Tencent.SecretKey.Reveal()) },
		},
		"a simulator on this machine without TLS": {
			strings.Replace(minimal, "region: singapore", "host: http://127.0.0.1:8088", 1),
			func(t *testing.T, c *Config) { t.Helper(); require.Equal(t, "http://127.0.0.1:8088", c.Tencent.Host) },
		},
		"the other common form of an SQLite URL": {
			minimal + "store: {url: sqlite:///var/lib/modbot.db}\n",
			func(t *testing.T, c *Config) { t.Helper(); require.Equal(t, "sqlite:/var/lib/modbot.db", c.Store.URL) },
		},
		"PostgreSQL, by either of its schemes": {
			minimal + "store: {url: 'postgresql://modbot:pw@db/modbot'}\n",
			func(t *testing.T, c *Config) { t.Helper(); require.Equal(t, "postgres", c.Store.Dialect()) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := LoadBytes("modbot.yaml", []byte(tt.file), testOptions())
			require.NoError(t, err)
			tt.check(t, c)
		})
	}
}

func TestOnlyTheSectionsThatAreNeeded(t *testing.T) {
	file := []byte("store: {url: sqlite:a.db}\nledger: {origin: o}\ntencent: {secret_key_file: not-here}\nslack: {mode: socket}\n")
	opts := testOptions()
	opts.Only = []string{"store", "ledger"}
	c, err := LoadBytes("modbot.yaml", file, opts)
	require.NoError(t, err)
	require.Equal(t, "sqlite:a.db", c.Store.URL)
	require.Empty(t, c.Tencent.SecretKey.Reveal())

	_, err = LoadBytes("modbot.yaml", append(file, "tencnet: {}\n"...), opts)
	require.Equal(t, []string{"modbot.yaml:5:1 tencnet: is not a setting; did you mean tencent?"}, items(t, err), "the whole file is read strictly all the same")
}

func TestLoadSaysThatThereIsNoFile(t *testing.T) {
	dir := t.TempDir()
	_, err := Load(filepath.Join(dir, "modbot.yaml"), testOptions())
	require.ErrorContains(t, err, "the file does not exist")
	require.ErrorContains(t, err, "→ modbot config template > ")
	_, err = Load(dir, testOptions())
	require.ErrorContains(t, err, "is not a regular file")
	big := in(t, map[string]string{"modbot.yaml": strings.Repeat("#", maxConfigBytes+1)})
	_, err = Load(filepath.Join(big, "modbot.yaml"), testOptions())
	require.ErrorContains(t, err, "is larger than 64 KiB")
}

// Each file of testdata/errors is loaded; what is wrong with it stands in the
// golden file beside it; MODBOT_UPDATE_GOLDEN=1 writes it anew. Lines that begin with "#env " are its environment.
func TestErrorTexts(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			var environ []string
			for line := range strings.Lines(string(data)) {
				if v, ok := strings.CutPrefix(line, "#env "); ok {
					environ = append(environ, strings.TrimSpace(v))
				}
			}
			_, err = LoadBytes("modbot.yaml", data, testOptions(environ...))
			var all *Errors
			require.ErrorAs(t, err, &all)
			for _, i := range all.Items {
				require.NotEmpty(t, i.Fix, "every error says what to do: %s", i)
			}
			require.NotContains(t, err.Error(), "hunter2", "no error shows a secret")

			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if os.Getenv("MODBOT_UPDATE_GOLDEN") != "" {
				require.NoError(t, os.WriteFile(golden, []byte(err.Error()+"\n"), 0o600))
			}
			want, readErr := os.ReadFile(golden)
			require.NoError(t, readErr, "make golden writes it")
			require.Equal(t, string(want), err.Error()+"\n")
		})
	}
}

// What would keep the YAML parser busy for minutes is refused before it.
func TestFilesThatAreNoConfiguration(t *testing.T) {
	_, err := LoadBytes("modbot.yaml", []byte("a:\n"+strings.Repeat("[", maxConfigBytes/2)), testOptions())
	require.Equal(t, []string{"modbot.yaml:2:33 : has more than 32 brackets open"}, items(t, err))

	_, err = LoadBytes("modbot.yaml", []byte(strings.Repeat("[", maxConfigBytes+1)), testOptions())
	require.Equal(t, []string{"modbot.yaml:0:0 : is larger than 64 KiB"}, items(t, err))

	var many strings.Builder
	for i := range 150 {
		fmt.Fprintf(&many, "colour%d: blue\n", i)
	}
	_, err = LoadBytes("modbot.yaml", []byte(many.String()), testOptions())
	require.Len(t, items(t, err), maxItems)
	require.ErrorContains(t, err, "modbot.yaml: 154 problems")
	require.ErrorContains(t, err, "\n\nand 54 more")
}
