package slack

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

func manifestSpecs() []chat.Spec {
	return []chat.Spec{
		{
			Verb: "mute", Summary: "Mute accounts", Examples: []string{"mute alice 2h group spamming"},
			Options: []chat.OptionSpec{
				{Name: "account", Kind: chat.OptionAccounts, Required: true},
				{Name: "term", Kind: chat.OptionTerm, Required: true},
				{Name: "scope", Kind: chat.OptionScope},
				{Name: "reason", Kind: chat.OptionText, Keyword: "reason:", Rest: true},
			},
		},
		{Verb: "unmute", Summary: "Unmute accounts", Options: []chat.OptionSpec{{Name: "account", Required: true}}},
		{Verb: "mutes", Summary: "List mutes", Options: []chat.OptionSpec{{Name: "actor", Keyword: "by"}}},
	}
}

// rule is what Slack's published schema says of one place in a manifest
// (slackapi/manifest-schema, schema 2.0.0; only what modbot writes). In it,
// everything that is not named is refused.
type rule struct {
	required []string
	fields   map[string]rule
	items    *rule
	min, max int // of characters or items
	begins   string
	oneOf    []string
	kind     string // string, boolean, object or array
}

func text(minimum, maximum int) rule { return rule{kind: "string", min: minimum, max: maximum} }

func flag() rule { return rule{kind: "boolean"} }

func list(of rule, maximum int) rule { return rule{kind: "array", items: &of, max: maximum} }

func schema() rule {
	address := rule{kind: "string", max: 3000, begins: "https://"}
	return rule{kind: "object", required: []string{"display_information"}, fields: map[string]rule{
		"display_information": {kind: "object", required: []string{"name"}, fields: map[string]rule{
			"name": text(1, 35), "description": text(0, 140), "long_description": text(175, 4000), "background_color": text(4, 7),
		}},
		"features": {kind: "object", fields: map[string]rule{
			"app_home": {kind: "object", fields: map[string]rule{
				"home_tab_enabled": flag(), "messages_tab_enabled": flag(), "messages_tab_read_only_enabled": flag(),
			}},
			"bot_user": {kind: "object", required: []string{"display_name"}, fields: map[string]rule{
				"display_name": text(1, 80), "always_online": flag(),
			}},
			"shortcuts": list(rule{kind: "object", required: []string{"type", "name", "callback_id", "description"}, fields: map[string]rule{
				"type": {kind: "string", oneOf: []string{"message", "global"}}, "name": text(1, 24), "callback_id": text(1, 255), "description": text(1, 150),
			}}, 10),
			"slash_commands": list(rule{kind: "object", required: []string{"command", "description"}, fields: map[string]rule{
				"command": {kind: "string", min: 2, max: 32, begins: "/"}, "description": text(1, 2000), "url": address,
				"usage_hint": text(0, 1000), "should_escape": flag(),
			}}, 50),
		}},
		"oauth_config": {kind: "object", fields: map[string]rule{
			"scopes": {kind: "object", fields: map[string]rule{"bot": list(text(1, 100), 255), "user": list(text(1, 100), 255)}},
		}},
		"settings": {kind: "object", fields: map[string]rule{
			"interactivity": {kind: "object", required: []string{"is_enabled"}, fields: map[string]rule{
				"is_enabled": flag(), "request_url": address, "message_menu_options_url": address,
			}},
			"org_deploy_enabled": flag(), "socket_mode_enabled": flag(), "token_rotation_enabled": flag(),
		}},
	}}
}

func (r rule) check(t *testing.T, at string, value any) {
	t.Helper()
	switch v := value.(type) {
	case map[string]any:
		require.Equal(t, "object", r.kind, at)
		for _, name := range r.required {
			require.Contains(t, v, name, at)
		}
		for name, inner := range v {
			require.Contains(t, r.fields, name, "%s: Slack knows no such field", at)
			r.fields[name].check(t, at+"/"+name, inner)
		}
	case []any:
		require.Equal(t, "array", r.kind, at)
		require.LessOrEqual(t, len(v), r.max, at)
		for _, inner := range v {
			r.items.check(t, at+"/…", inner)
		}
	case string:
		require.Equal(t, "string", r.kind, at)
		n := utf8.RuneCountInString(v)
		require.GreaterOrEqual(t, n, r.min, at)
		if r.max > 0 {
			require.LessOrEqual(t, n, r.max, at)
		}
		require.True(t, strings.HasPrefix(v, r.begins), "%s: %q", at, v)
		require.True(t, r.oneOf == nil || slices.Contains(r.oneOf, v), "%s: %q", at, v)
	case bool:
		require.Equal(t, "boolean", r.kind, at)
	default:
		require.Fail(t, "a value of no kind", "%s: %v", at, value)
	}
}

func TestManifest_HoldsToTheSchema(t *testing.T) {
	for name, cfg := range map[string]ManifestConfig{
		"http":    {Mode: HTTP, PublicURL: "https://mod.example.org"},
		"socket":  {Mode: Socket},
		"named":   {Mode: Socket, Name: strings.Repeat("消", 35), Command: "/moderate", UserGroups: true, OrgWide: true},
		"shorter": {Mode: HTTP, PublicURL: "https://example.org/modbot/", ShortForms: map[string]string{"modmute": "mute", "unmute": "unmute"}},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := Manifest(manifestSpecs(), cfg)
			require.NoError(t, err)
			var m any
			require.NoError(t, json.Unmarshal(raw, &m))
			schema().check(t, "", m)
		})
	}
}

func TestManifest_IsComplete(t *testing.T) {
	raw, err := Manifest(manifestSpecs(), ManifestConfig{
		Mode: HTTP, PublicURL: "https://mod.example.org/", UserGroups: true, ShortForms: map[string]string{"modmute": "mute", "modlist": "mutes"},
	})
	require.NoError(t, err)
	var m manifest
	require.NoError(t, json.Unmarshal(raw, &m))
	require.Len(t, m.Features.SlashCommands, 3)
	hints := map[string]string{}
	for _, c := range m.Features.SlashCommands {
		require.True(t, c.ShouldEscape, "mentions would be ambiguous")
		require.Equal(t, "https://mod.example.org/slack/commands", c.Url)
		hints[c.Command] = c.UsageHint
	}
	require.Equal(t, map[string]string{
		"/mod": "mute alice 2h group spamming", "/modmute": "<account> <term> [scope] [reason]", "/modlist": "[by actor]",
	}, hints)
	require.Equal(t, "https://mod.example.org/slack/interactions", m.Settings.Interactivity.RequestUrl)
	require.False(t, m.Settings.SocketMode)
	require.Equal(t, []string{"commands", "chat:write", "im:write", "users:read", "usergroups:read"}, m.OAuth.Scopes.Bot)
	require.Equal(t, callbackAuthor, m.Features.Shortcuts[0].CallbackID)
	require.Equal(t, callbackMute, m.Features.Shortcuts[1].CallbackID)

	raw, err = Manifest(manifestSpecs(), ManifestConfig{Mode: Socket})
	require.NoError(t, err)
	require.NotContains(t, string(raw), "url")
	require.NotContains(t, string(raw), "usergroups:read")
	require.NotContains(t, string(raw), "connections:write", "that is the app-level token's")
}

func TestManifest_Refuses(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  ManifestConfig
		says string
	}{
		"Slack's own name":      {ManifestConfig{Mode: Socket, Command: "/mute"}, "/mute: the name is Slack's own"},
		"Slack's own, short":    {ManifestConfig{Mode: Socket, ShortForms: map[string]string{"status": "mutes"}}, "/status: the name is Slack's own"},
		"an underscore":         {ManifestConfig{Mode: Socket, Command: "/mod_bot"}, "/mod_bot"},
		"capitals":              {ManifestConfig{Mode: Socket, Command: "/Mod"}, "/Mod"},
		"a very long name":      {ManifestConfig{Mode: Socket, Command: "/" + strings.Repeat("m", 32)}, "command"},
		"a name twice":          {ManifestConfig{Mode: Socket, ShortForms: map[string]string{"mod": "mute"}}, "twice"},
		"no verb":               {ManifestConfig{Mode: Socket, ShortForms: map[string]string{"modban": "ban"}}, `"ban" is no verb`},
		"no address":            {ManifestConfig{Mode: HTTP}, "public_url"},
		"an insecure address":   {ManifestConfig{Mode: HTTP, PublicURL: "http://mod.example.org"}, "public_url"},
		"an address of nowhere": {ManifestConfig{Mode: HTTP, PublicURL: "https:///x"}, "public_url"},
		"no mode":               {ManifestConfig{}, "mode"},
		"a very long app":       {ManifestConfig{Mode: Socket, Name: strings.Repeat("n", 36)}, "name"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Manifest(manifestSpecs(), c.cfg)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestManifestLink(t *testing.T) {
	raw, err := Manifest(manifestSpecs(), ManifestConfig{Mode: HTTP, PublicURL: "https://mod.example.org"})
	require.NoError(t, err)
	link, err := ManifestLink(raw)
	require.NoError(t, err)
	u, err := url.Parse(link)
	require.NoError(t, err)
	require.Equal(t, "api.slack.com", u.Host)
	require.Equal(t, "1", u.Query().Get("new_app"))
	require.JSONEq(t, string(raw), u.Query().Get("manifest_json"))
	_, err = ManifestLink([]byte("{"))
	require.Error(t, err)
}

func TestScopes_SayWhy(t *testing.T) {
	for _, s := range Scopes(ManifestConfig{Mode: Socket, UserGroups: true}) {
		require.NotEmpty(t, s.Why, s.Scope)
		require.NotEmpty(t, s.Without, s.Scope)
	}
}
