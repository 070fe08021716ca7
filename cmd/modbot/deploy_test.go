package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/web"
)

// deployed reads a file of deploy/, without its comments.
func deployed(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
	require.NoError(t, err)
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// values are the values of a key of a systemd unit, in order.
func values(unit, key string) []string {
	var out []string
	for line := range strings.Lines(unit) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok && k == key {
			out = append(out, v)
		}
	}
	return out
}

// requireCommand checks that a command line is one of this program's, flags
// included, without running it. It returns the sub-command.
func requireCommand(t *testing.T, line []string) string {
	t.Helper()
	require.Equal(t, "/usr/local/bin/modbot", line[0])
	env := &environment{in: strings.NewReader(""), out: &bytes.Buffer{}, err: &bytes.Buffer{}}
	root := newRoot(env)
	cmd, rest, err := root.Find(line[1:])
	require.NoError(t, err, "%v", line)
	require.NotEqual(t, root, cmd, "%v", line)
	require.NoError(t, cmd.ParseFlags(rest), "%v", line)
	require.Empty(t, cmd.Flags().Args(), "%v", line)
	return cmd.Name()
}

// requireConfigured checks a configuration as these variables change it.
func requireConfigured(t *testing.T, file string, variables []string) {
	t.Helper()
	var out, errOut bytes.Buffer
	env := &environment{
		in: strings.NewReader(""), out: &out, err: &errOut, variables: variables,
		lookupEnv: func(string) (string, bool) { return "", false },
	}
	require.Equal(t, exitOK, execute(t.Context(), env, []string{"check-config", "-c", file}), "%s%s", &out, &errOut)
	require.Empty(t, errOut.String(), "no warnings")
}

// withoutSecrets is a configuration whose secrets, store and key come from the
// surroundings.
const withoutSecrets = `
tencent: { region: singapore, sdk_app_id: 1400000000 }
ledger: { origin: example.org/modbot }
slack: { mode: socket, workspaces: [T0123] }
discord: { mode: gateway, application_id: "1", guilds: ["1"] }
roles:
  moderator: { slack: { users: [U1] }, verbs: [status] }
`

func TestDeploy_SystemdUnit(t *testing.T) {
	unit := deployed(t, "modbot.service")
	one := func(key string) string {
		t.Helper()
		got := values(unit, key)
		require.Len(t, got, 1, key)
		return got[0]
	}
	pre, start := strings.Fields(one("ExecStartPre")), strings.Fields(one("ExecStart"))
	require.Equal(t, "check-config", requireCommand(t, pre))
	require.Equal(t, "serve", requireCommand(t, start))
	require.Equal(t, pre[2:], start[2:], "what is checked is what is served")
	require.Equal(t, fmt.Sprint(exitConfig), one("RestartPreventExitStatus"))
	require.Equal(t, "SIGTERM", one("KillSignal"))
	stop, err := time.ParseDuration(one("TimeoutStopSec"))
	require.NoError(t, err)
	require.Greater(t, stop, endTime+time.Second)

	for key, want := range map[string]string{
		"DynamicUser": "yes", "StateDirectory": "modbot", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
		"PrivateDevices": "yes", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "RestrictSUIDSGID": "yes",
		"RestrictNamespaces": "yes", "MemoryDenyWriteExecute": "yes", "LockPersonality": "yes", "UMask": "0077",
	} {
		require.Equal(t, want, one(key), key)
	}
	require.Equal(t, []string{"@system-service", "~@privileged @resources"}, values(unit, "SystemCallFilter"))

	// Every variable that the unit sets is a setting, and every secret that it
	// names is there.
	dir, credentials := t.TempDir(), t.TempDir()
	for _, c := range values(unit, "LoadCredential") {
		name, _, ok := strings.Cut(c, ":")
		require.True(t, ok, c)
		require.NoError(t, os.WriteFile(filepath.Join(credentials, name), []byte("xapp-secret"), 0o600))
	}
	var variables []string
	for _, v := range values(unit, "Environment") {
		variables = append(variables, strings.ReplaceAll(v, "%d", credentials))
	}
	require.NotEmpty(t, variables)
	file := filepath.Join(dir, "modbot.yaml")
	require.NoError(t, os.WriteFile(file, []byte(withoutSecrets), 0o600))
	requireConfigured(t, file, variables)
}

func TestDeploy_Dockerfile(t *testing.T) {
	text := strings.ReplaceAll(deployed(t, "Dockerfile"), "\\\n", " ")
	instruction := func(name string) string {
		t.Helper()
		found := regexp.MustCompile(`(?m)^`+name+` +(.*)$`).FindAllStringSubmatch(text, -1)
		require.NotEmpty(t, found, name)
		return strings.Join(strings.Fields(found[len(found)-1][1]), " ")
	}
	words := func(list string) []string {
		t.Helper()
		var out []string
		require.NoError(t, json.Unmarshal([]byte(list[strings.Index(list, "["):]), &out), list)
		return out
	}
	require.Equal(t, "serve", requireCommand(t, append(words(instruction("ENTRYPOINT")), words(instruction("CMD"))...)))
	require.Equal(t, "healthcheck", requireCommand(t, words(instruction("HEALTHCHECK"))))
	require.Equal(t, "65532:65532", instruction("USER"))
	require.Contains(t, instruction("FROM"), "distroless/static")
	require.Contains(t, text, "CGO_ENABLED=0")
	require.Contains(t, text, "main.version=")

	module, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	require.NoError(t, err)
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	require.NotNil(t, version)
	require.Contains(t, text, "FROM golang:"+string(version[1])+"-", "the build uses the Go of go.mod")

	variables := strings.Fields(instruction("ENV"))
	variables = append(variables, "MODBOT_TENCENT_SECRET_KEY=x", "MODBOT_SLACK_BOT_TOKEN=xoxb-x", "MODBOT_SLACK_APP_TOKEN=xapp-x", "MODBOT_DISCORD_BOT_TOKEN=x")
	file := filepath.Join(t.TempDir(), "modbot.yaml")
	require.NoError(t, os.WriteFile(file, []byte(withoutSecrets), 0o600))
	requireConfigured(t, file, variables)
}

// The proxy passes on what platforms call, and the bodies as they come.
func TestDeploy_Nginx(t *testing.T) {
	server, proxied := deployed(t, "nginx.conf"), deployed(t, "modbot-proxy.conf")
	var paths []string
	for _, m := range regexp.MustCompile(`location = (\S+)\s*\{ include /etc/nginx/modbot-proxy\.conf; \}`).FindAllStringSubmatch(server, -1) {
		paths = append(paths, m[1])
	}
	require.Equal(t, []string{"/slack/commands", "/slack/interactions", "/discord/interactions"}, paths)
	require.Contains(t, server, "location / { return 404; }")
	require.Contains(t, server, "server 127.0.0.1:8080;")

	setting := func(name string) string {
		t.Helper()
		found := regexp.MustCompile(`(?m)^`+name+`\s+(.*);`).FindAllStringSubmatch(proxied, -1)
		require.Len(t, found, 1, name)
		return found[0][1]
	}
	require.Equal(t, "http://modbot", setting("proxy_pass"), "with a path, nginx would rewrite that of the request")
	require.Equal(t, "on", setting("proxy_pass_request_body"))
	require.Equal(t, "on", setting("proxy_pass_request_headers"))
	require.Equal(t, "off", setting("proxy_next_upstream"), "a delivery is sent once")
	require.Equal(t, "1m", setting("client_max_body_size"))
	require.Equal(t, 1<<20, web.MaxBody)
	for _, rewrites := range []string{"proxy_set_body", "sub_filter", "gunzip", "js_", "lua_", "rewrite"} {
		require.NotContains(t, server+proxied, rewrites)
	}
}
