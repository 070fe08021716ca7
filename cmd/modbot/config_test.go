package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// configRun runs a command line below `modbot config`, and returns the exit
// code and what was printed.
func configRun(t *testing.T, env *environment, args ...string) (code int, out, errOut string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env.in, env.out, env.err = strings.NewReader(""), &stdout, &stderr
	env.lookupEnv = func(string) (string, bool) { return "", false }
	if env.variables == nil {
		env.variables = []string{}
	}
	code = execute(t.Context(), env, append([]string{"config"}, args...))
	return code, stdout.String(), stderr.String()
}

func TestConfigTemplateIsWhereABeginnerBegins(t *testing.T) {
	code, template, _ := configRun(t, &environment{}, "template")
	require.Equal(t, exitOK, code)
	dir := t.TempDir()
	file := filepath.Join(dir, "modbot.yaml")
	require.NoError(t, os.WriteFile(file, []byte(template), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tencent.key"), []byte("hunter2-hunter2"), 0o600))

	code, shown, errOut := configRun(t, &environment{}, "show", "-c", file)
	require.Equal(t, exitOK, code, errOut)
	require.Empty(t, errOut)
	require.Contains(t, shown, `secret_key: "[redacted]"`)
	require.NotContains(t, shown, "hunter2")

	code, asJSON, _ := configRun(t, &environment{}, "show", "-c", file, "--json")
	require.Equal(t, exitOK, code)
	var got map[string]string
	require.NoError(t, json.Unmarshal([]byte(asJSON), &got))
	require.Equal(t, shown, got["yaml"])
}

func TestConfigShowListsEveryMistake(t *testing.T) {
	file := filepath.Join(t.TempDir(), "modbot.yaml")
	require.NoError(t, os.WriteFile(file, []byte("tencent: {regoin: tokyo, sdk_app_id: x}\n"), 0o600))
	code, out, errOut := configRun(t, &environment{}, "show", "-c", file)
	require.Equal(t, exitConfig, code)
	require.Empty(t, out)
	require.Contains(t, errOut, "did you mean region?")
	require.Contains(t, errOut, `"x" is not a whole number`)
	require.Contains(t, errOut, "ledger.origin: is missing")

	code, _, errOut = configRun(t, &environment{}, "show", "-c", file+".not")
	require.Equal(t, exitConfig, code)
	require.Contains(t, errOut, "does not exist")
}

// The environment that the program runs in counts.
func TestConfigShowTakesTheEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "modbot.yaml")
	require.NoError(t, os.WriteFile(file, []byte("# everything from the environment\n"), 0o600))
	code, out, errOut := configRun(t, &environment{variables: []string{
		"MODBOT_TENCENT_REGION=tokyo", "MODBOT_TENCENT_SDK_APP_ID=1400000000", "MODBOT_TENCENT_SECRET_KEY=hunter2",
		"MODBOT_LEDGER_ORIGIN=example.org/modbot", "MODBOT_ROLES_MOD_VERBS=status", "MODBOT_ROLES_MOD_CLI_USERS=mia",
	}}, "show", "-c", file)
	require.Equal(t, exitOK, code, errOut)
	require.Contains(t, out, "region: tokyo")
	require.NotContains(t, out, "hunter2")
}
