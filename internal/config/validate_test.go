package config

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStoresThatAreRefused(t *testing.T) {
	for url, want := range map[string]struct{ message, fix string }{
		"''":                          {"is empty", "url: sqlite:modbot.db"},
		"modbot.db":                   {"does not say what kind of store it is", "url: sqlite:modbot.db"},
		"file:/var/lib/modbot.db":     {"does not say what kind of store it is", "url: sqlite:/var/lib/modbot.db"},
		"'sqlite:'":                   {"names no file", "url: sqlite:modbot.db"},
		"sqlite://":                   {"names no file", "url: sqlite:modbot.db"},
		"sqlite://data/modbot.db":     {"has two slashes, which would make its first folder a host", "url: sqlite:data/modbot.db"},
		"'sqlite::memory:'":           {"would keep the audit log in memory, where it is lost at the end", "url: sqlite:modbot.db"},
		"mysql://db/modbot":           {`"mysql" is no kind of store; there are sqlite and postgres`, "url: sqlite:modbot.db"},
		"postgres:modbot":             {"is not a PostgreSQL URL with a database", "url: postgres://modbot@db.example.org/modbot"},
		"postgres://db.example.org":   {"is not a PostgreSQL URL with a database", "url: postgres://modbot@db.example.org/modbot"},
		"postgresql://db.example.org": {"is not a PostgreSQL URL with a database", "url: postgres://modbot@db.example.org/modbot"},
	} {
		t.Run(url, func(t *testing.T) {
			_, err := LoadBytes("modbot.yaml", []byte(minimal+"store: {url: "+url+"}\n"), testOptions())
			var all *Errors
			require.ErrorAs(t, err, &all)
			require.Len(t, all.Items, 1)
			require.Equal(t, "store.url", all.Items[0].Path)
			require.Equal(t, want.message, all.Items[0].Message)
			require.Equal(t, want.fix, all.Items[0].Fix)
		})
	}
}

func TestHostsOfTencent(t *testing.T) {
	for host, want := range map[string]string{
		"https://adminapisgp.im.qcloud.com":    "",
		"https://adminapisgp.im.qcloud.com/":   "",
		"http://localhost:8088":                "",
		"http://127.3.2.1:8088":                "",
		"'http://[::1]:8088'":                  "",
		"http://10.0.0.1:8088":                 "http would send secrets in the clear; only a loopback address may be reached so",
		"http://localhost.example.org":         "http would send secrets in the clear; only a loopback address may be reached so",
		"https://adminapisgp.im.qcloud.com/v4": "must be a host alone, without a path",
		"https://me@adminapisgp.im.qcloud.com": "must be an address alone, without user, query or fragment",
		"https://a.example.org?x=1":            "must be an address alone, without user, query or fragment",
		"adminapisgp.im.qcloud.com":            `"adminapisgp.im.qcloud.com" is not a URL that begins with https://`,
		"ftp://a.example.org":                  `"ftp://a.example.org" is not a URL that begins with https://`,
		"'https://'":                           `"https://" is not a URL that begins with https://`,
	} {
		t.Run(host, func(t *testing.T) {
			file := "tencent: {sdk_app_id: 1, secret_key: k, host: " + host + "}\nledger: {origin: o}\n"
			_, err := LoadBytes("modbot.yaml", []byte(file), testOptions())
			if want == "" {
				require.NoError(t, err)
				return
			}
			var all *Errors
			require.ErrorAs(t, err, &all)
			require.Len(t, all.Items, 1)
			require.Equal(t, want, all.Items[0].Message)
		})
	}
}

func TestWhatStopsNothingIsAWarning(t *testing.T) {
	c, err := LoadBytes("modbot.yaml", []byte("tencent: {region: tokyo, sdk_app_id: 1, secret_key: k}\nledger: {origin: o}\n"), testOptions())
	require.NoError(t, err, "whoami must run before anybody's id is known")
	require.Len(t, c.Warnings, 1)
	require.Equal(t, "no role is defined, so everybody is refused", c.Warnings[0].Message)

	c, err = LoadBytes("modbot.yaml", []byte(minimal+"  idle: {verbs: [case]}\n"), testOptions())
	require.NoError(t, err)
	require.Len(t, c.Warnings, 1)
	require.Equal(t, "roles.idle", c.Warnings[0].Path)
	require.Equal(t, "nobody holds this role", c.Warnings[0].Message)
}

func TestLinkTemplates(t *testing.T) {
	const discord = "discord: {mode: gateway, application_id: '1', bot_token: k, guilds: ['1'], link_template: '%s'}\n"
	for template, want := range map[string]string{
		"discord_{id}":                       "",
		"{id}":                               "",
		"u {id}":                             "",
		"discord":                            `"discord" must have {id} once, in the place of the member's id`,
		"{id}-{id}":                          `"{id}-{id}" must have {id} once, in the place of the member's id`,
		"a-long-word-before-the-number-{id}": `"a-long-word-before-the-number-{id}" makes no account: an account has 1 to 32 bytes`,
	} {
		t.Run(template, func(t *testing.T) {
			_, err := LoadBytes("modbot.yaml", fmt.Appendf([]byte(minimal), discord, template), testOptions())
			if want == "" {
				require.NoError(t, err)
				return
			}
			var all *Errors
			require.ErrorAs(t, err, &all)
			require.Len(t, all.Items, 1)
			require.Equal(t, "discord.link_template", all.Items[0].Path)
			require.Equal(t, want, all.Items[0].Message)
		})
	}
}
