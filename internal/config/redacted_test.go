package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRedactedShowsWhatHoldsWithoutSecrets(t *testing.T) {
	file := strings.Replace(minimal, "secret_key: k", "secret_key: "+plainSecret, 1) +
		"  admin: {cli: {users: [ada]}, verbs: [mute], scopes: [all], permanent: true}\n" +
		"  a-last: {cli: {users: [x]}, verbs: [case]}\n" +
		"store: {url: 'postgres://modbot:" + plainSecret + "@db/modbot'}\n" +
		"slack: {mode: socket, bot_token: " + plainSecret + ", app_token: a, workspaces: [T1]}\n"
	c, err := LoadBytes("modbot.yaml", []byte(file), testOptions("MODBOT_TENCENT_REGION=tokyo"))
	require.NoError(t, err)
	shown, err := c.Redacted()
	require.NoError(t, err)
	require.NotContains(t, shown, plainSecret)
	for _, line := range []string{
		"  region: tokyo\n", "  rate_per_second: 100\n", "  secret_key: \"[redacted]\"\n", "  url: postgres://modbot:xxxxx@db/modbot\n",
		"    max_term: 7d\n", "  bot_token: \"[redacted]\"\n",
	} {
		require.Contains(t, shown, line)
	}
	require.NotContains(t, shown, "discord", "what is not set is not shown")
	moderator, admin, last := strings.Index(shown, "  moderator:"), strings.Index(shown, "  admin:"), strings.Index(shown, "  a-last:")
	require.True(t, 0 < moderator && moderator < admin && admin < last, "roles are tried in the order of the file:\n%s", shown)
	require.Equal(t, plainSecret, c.Tencent.SecretKey.Reveal(), "the configuration itself is left alone")

	again, err := LoadBytes("shown.yaml", []byte(shown), testOptions())
	require.NoError(t, err, "what is shown is a configuration")
	require.Equal(t, c.Roles, again.Roles)
	require.Equal(t, c.RoleNames(), again.RoleNames())
}

func TestPasswordsOfStores(t *testing.T) {
	for name, file := range map[string]string{
		"in the URL":           "store: {url: 'postgres://modbot:" + plainSecret + "@db/modbot'}\n",
		"among its parameters": "store: {url: 'postgres://modbot@db/modbot?sslmode=require&password=" + plainSecret + "'}\n",
		"beside it":            "store: {url: 'postgres://modbot@db/modbot', password: " + plainSecret + "}\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := LoadBytes("modbot.yaml", []byte(minimal+file), testOptions())
			require.NoError(t, err)
			shown, err := c.Redacted()
			require.NoError(t, err)
			require.NotContains(t, shown, plainSecret)
			require.Contains(t, c.Store.Address(), plainSecret)
		})
	}
	c, err := LoadBytes("modbot.yaml", []byte(minimal+"store: {url: 'postgres://mia@db/modbot?sslmode=disable'}\n"),
		testOptions("MODBOT_STORE_PASSWORD=a:b/c@d"))
	require.NoError(t, err)
	require.Equal(t, "postgres://mia:a%3Ab%2Fc%40d@db/modbot?sslmode=disable", c.Store.Address())
	_, err = LoadBytes("modbot.yaml", []byte(minimal+"store: {url: 'postgres://mia:one@db/modbot', password: "+plainSecret+"}\n"), testOptions())
	require.ErrorContains(t, err, "store.password")
	require.NotContains(t, err.Error(), plainSecret)
	require.NotContains(t, err.Error(), "one@")
}
