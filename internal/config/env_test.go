package config

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheEnvironmentWins(t *testing.T) {
	dir := in(t, map[string]string{
		"key": plainSecret + "\n", "origin": " example.org/other\n", "modbot.yaml": minimal,
	})
	key, origin := filepath.Join(dir, "key"), filepath.Join(dir, "origin")
	for name, tt := range map[string]struct {
		environ []string
		check   func(*testing.T, *Config)
	}{
		"text, number, truth value": {
			[]string{"MODBOT_TENCENT_REGION=tokyo", "MODBOT_TENCENT_SDK_APP_ID=1400000007", "MODBOT_CONFIRM_PERMANENT=true", "MODBOT_LISTEN=:80"},
			func(t *testing.T, c *Config) {
				t.Helper()
				require.Equal(t, "tokyo", c.Tencent.Region)
				require.Equal(t, uint64(1400000007), c.Tencent.SDKAppID)
				require.True(t, c.Confirm.Permanent)
				require.Equal(t, ":80", c.Listen)
			},
		},
		"a secret": {
			[]string{"MODBOT_TENCENT_SECRET_KEY=" + plainSecret},
			func(t *testing.T, c *Config) { t.Helper(); require.Equal(t, plainSecret, c.Tencent.SecretKey.Reveal()) },
		},
		"a secret in a file": {
			[]string{"MODBOT_TENCENT_SECRET_KEY_FILE=" + key},
			func(t *testing.T, c *Config) { t.Helper(); require.Equal(t, plainSecret, c.Tencent.SecretKey.Reveal()) },
		},
		"anything else in a file": {
			[]string{"MODBOT_LEDGER_ORIGIN_FILE=" + origin},
			func(t *testing.T, c *Config) { t.Helper(); require.Equal(t, "example.org/other", c.Ledger.Origin) },
		},
		"a setting whose own name ends in file": {
			[]string{"MODBOT_LEDGER_SIGNING_KEY_FILE=keys/ledger.key"},
			func(t *testing.T, c *Config) {
				t.Helper()
				require.Equal(t, "keys/ledger.key", c.Ledger.SigningKeyFile, "relative to where modbot runs")
			},
		},
		"lists": {
			[]string{"MODBOT_PROTECT=administrator, root,", "MODBOT_ROLES_MODERATOR_CLI_USERS=mia,max"},
			func(t *testing.T, c *Config) {
				t.Helper()
				require.Equal(t, []Protected{{Account: "administrator"}, {Account: "root"}}, c.Protect)
				require.Equal(t, []string{"mia", "max"}, c.Roles["moderator"].CLI.Users)
				require.Equal(t, []string{"mute", "unmute"}, c.Roles["moderator"].Verbs, "the rest of the role stays")
			},
		},
		"a role that the file does not have": {
			[]string{
				"MODBOT_ROLES_SENIOR_MOD_CLI_USERS=ada", "MODBOT_ROLES_SENIOR_MOD_VERBS=mute", "MODBOT_ROLES_SENIOR_MOD_SCOPES=all",
				"MODBOT_ROLES_SENIOR_MOD_MAX_TERM=30d", "MODBOT_ROLES_SENIOR_MOD_PER_HOUR=5",
			},
			func(t *testing.T, c *Config) {
				t.Helper()
				require.Equal(t, []string{"moderator", "senior_mod"}, c.RoleNames())
				require.Equal(t, 5, c.Roles["senior_mod"].PerHour)
				require.Equal(t, int64(30*86400), c.Roles["senior_mod"].MaxTerm.Seconds)
			},
		},
		"a section that the file does not have": {
			[]string{
				"MODBOT_SLACK_MODE=socket", "MODBOT_SLACK_BOT_TOKEN=b", "MODBOT_SLACK_APP_TOKEN=a", "MODBOT_SLACK_WORKSPACES=T1",
				"MODBOT_SLACK_SHORT_FORMS_MODMUTE=mute",
			},
			func(t *testing.T, c *Config) {
				t.Helper()
				require.Equal(t, "a", c.Slack.AppToken.Reveal())
				require.Equal(t, "/mod", c.Slack.Command, "with its defaults")
				require.Equal(t, map[string]string{"modmute": "mute"}, c.Slack.ShortForms)
			},
		},
		"an empty variable is not set": {
			[]string{"MODBOT_TENCENT_REGION=", "MODBOT_TENCENT_SECRET_KEY="},
			func(t *testing.T, c *Config) {
				t.Helper()
				require.Equal(t, "singapore", c.Tencent.Region)
				require.Equal(t, "k", c.Tencent.SecretKey.Reveal())
			},
		},
		"Kubernetes' variables for a service named modbot": {
			[]string{"MODBOT_SERVICE_HOST=10.0.0.1", "MODBOT_PORT=tcp://10.0.0.1:80", "MODBOT_PORT_80_TCP_ADDR=10.0.0.1", "PATH=/bin"},
			func(t *testing.T, c *Config) { t.Helper(); require.Empty(t, c.Warnings) },
		},
		"a misspelled variable is a warning": {
			[]string{"MODBOT_TENCENT_REGOIN=tokyo"},
			func(t *testing.T, c *Config) {
				t.Helper()
				require.Len(t, c.Warnings, 1)
				require.Equal(t, "MODBOT_TENCENT_REGOIN: is not a setting and was ignored; did you mean MODBOT_TENCENT_REGION?\n→ MODBOT_TENCENT_REGION=…", c.Warnings[0].String())
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Load(filepath.Join(dir, "modbot.yaml"), testOptions(tt.environ...))
			require.NoError(t, err)
			tt.check(t, c)
		})
	}
}

func TestANameThatTheFileHasIsPreferred(t *testing.T) {
	file := minimal + "  a: {cli: {users: [x]}, verbs: [case]}\n  a-slack: {cli: {users: [x]}, verbs: [case]}\n"
	c, err := LoadBytes("modbot.yaml", []byte(file), testOptions("MODBOT_ROLES_A_SLACK_USERS=U1", "MODBOT_ROLES_A_SLACK_VERBS=status"))
	require.NoError(t, err)
	require.Equal(t, []string{"U1"}, c.Roles["a"].Slack.Users)
	require.Equal(t, []string{"status"}, c.Roles["a-slack"].Verbs)
}
