package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// builtin runs one of cobra's own commands.
func builtin(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := &environment{
		in: strings.NewReader(""), out: &stdout, err: &stderr, variables: []string{},
		lookupEnv: func(string) (string, bool) { return "", false },
	}
	code = execute(t.Context(), env, args)
	return code, stdout.String(), stderr.String()
}

func TestCompletionPrintsAScriptForEachShell(t *testing.T) {
	for shell, line := range map[string]string{
		"bash": "complete -o default", "zsh": "#compdef modbot", "fish": "complete -c modbot", "powershell": "Register-ArgumentCompleter",
	} {
		t.Run(shell, func(t *testing.T) {
			code, out, errOut := builtin(t, "completion", shell)
			require.Equal(t, exitOK, code)
			require.Contains(t, out, line)
			require.Empty(t, errOut)

			code, out, _ = builtin(t, "completion", shell, "--help")
			require.Equal(t, exitOK, code)
			require.Contains(t, out, "modbot completion "+shell)
		})
	}
}

func TestBuiltinCommandsRefuseWhatTheyDoNotKnow(t *testing.T) {
	for line, want := range map[string]string{
		"completion pwrshell": `modbot completion has no command "pwrshell". Did you mean powershell?`,
		"completion csh":      `modbot completion has no command "csh".`,
		"help versio":         `modbot has no command "versio". Did you mean version?`,
		"help version xy":     `modbot version has no command "xy".`,
	} {
		t.Run(line, func(t *testing.T) {
			code, _, errOut := builtin(t, strings.Fields(line)...)
			require.Equal(t, exitUsage, code)
			require.Contains(t, errOut, want)
		})
	}
}

func TestHelpIsTheHelpOfACommand(t *testing.T) {
	code, byName, _ := builtin(t, "help", "version")
	require.Equal(t, exitOK, code)
	_, byFlag, _ := builtin(t, "version", "--help")
	require.Equal(t, byFlag, byName)
	code, root, _ := builtin(t, "help")
	require.Equal(t, exitOK, code)
	require.Contains(t, root, "completion    Print a script")
}
