//go:build unix

package acceptance

import (
	"encoding/json"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// said is what a process answered: its one reply, or the error in its place.
func (r result) said(t *testing.T) (code, text string) {
	t.Helper()
	if r.failure != nil {
		require.Empty(t, r.replies)
		require.NotEmpty(t, r.failure.Suggestion, "%+v", r.failure)
		return r.failure.Code, r.failure.Message
	}
	require.Len(t, r.replies, 1)
	return r.replies[0].Code, r.replies[0].Text
}

// Bad input gets one clear error with its fix and its documented exit code, and
// nothing is changed or lost.
func TestBadInput_Typed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := map[string]struct {
		typed, code string
		exit        int
		says        []string
	}{
		"an unknown verb":              {"mut alice 2h", "verb_misspelt", exitUsage, []string{"Did you mean mute?", "→ mute alice 2h"}},
		"a verb that is like no other": {"frobnicate alice", "verb_unknown", exitUsage, []string{"unmute", "→ help"}},
		"an unknown account":           {"mute nosuch 2h", "no_such_account", exitFailed, []string{"no account", "nosuch", "→ "}},
		"an account with a slip":       {"mute alcie 2h group spam", "no_such_account", exitFailed, []string{"Did you mean alice?", "→ mute alice 2h group spam"}},
		"an account in other letters":  {"status ALICE", "no_such_account", exitFailed, []string{"case-sensitive", "alice"}},
		"an account over 32 bytes":     {"mute " + strings.Repeat("a", 33) + " 2h", "account_too_long", exitUsage, []string{"33 bytes", "32"}},
		"a control character":          {"mute \"al\x01ce\" 2h", "account_characters", exitUsage, []string{"U+0001"}},
		"an account beyond ASCII":      {"mute álice 2h", "account_characters", exitUsage, []string{"U+00E1"}},
		"a term without a unit":        {"mute alice 10", "term_no_unit", exitUsage, []string{"10m, 10h or 10d"}},
		"no account":                   {"mute", "account_missing", exitUsage, []string{"→ "}},
	}
	t.Run("commands", func(t *testing.T) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := w.in(t).run("mia", tt.typed)
				code, text := r.said(t)
				require.Equal(t, tt.code, code, "%s", text)
				require.Equal(t, tt.exit, r.exit)
				for _, part := range tt.says {
					require.Contains(t, text, part)
				}
				require.NotContains(t, text, "\x01")
			})
		}
	})
	require.Empty(t, w.entries(), "nothing was changed, and nothing is in the log")
	require.Zero(t, w.proxy.total(setCall))

	exit, lines, _ := w.modbot("", "run", "--json", "--az", "mia", "status alice")
	requireError(t, exit, lines, exitUsage, "usage")
	exit, lines, _ = w.modbot("", "adit", "ls", "--json")
	requireError(t, exit, lines, exitUsage, "unknown_command")
	require.Contains(t, lines[0], "audit")
	exit, lines, _ = w.modbot("", "run", "--json", "-c", "nosuch.yaml", "--as", "mia", "status alice")
	requireError(t, exit, lines, exitConfig, "config")
}

// requireError requires the one error that a command prints with --json.
func requireError(t *testing.T, exit int, lines []string, want int, code string) {
	t.Helper()
	require.Equal(t, want, exit, "%v", lines)
	require.Len(t, lines, 1)
	var l line
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &l))
	require.NotNil(t, l.Error, "%s", lines[0])
	require.Equal(t, code, l.Error.Code)
	require.NotEmpty(t, l.Error.Message)
	require.NotEmpty(t, l.Error.Suggestion)
}

// Nothing is begun when Tencent cannot be reached, or refuses the app.
func TestBadInput_Tencent(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func(w *world)
		code  string
		exit  int
		says  string
	}{
		"the simulator is down": {
			func(w *world) { w.host = deadAddress(w.t); w.configure() }, "tencent_unreachable", exitUnavailable, "could not be reached",
		},
		"the key is wrong": {
			func(w *world) { w.write("tencent.key", "another key\n") }, "tencent_configuration", exitConfig, "70009",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.spoil(w)
			for _, command := range []string{"mute alice 2h group", "status alice"} {
				r := w.run("mia", command)
				code, text := r.said(t)
				require.Equal(t, tt.code, code, "%s", text)
				require.Contains(t, text, tt.says)
				require.Contains(t, text, "→ ", "a line to paste")
				require.Equal(t, tt.exit, r.exit)
				require.NotContains(t, text+r.stderr, appKey)
				require.NotContains(t, text+r.stderr, "usersig=")
			}
			require.Empty(t, w.entries(), "nothing was begun")
			require.Zero(t, w.sim.calls(setCall))
			w.host = w.proxy.server.URL
			w.configure()
			w.write("tencent.key", appKey+"\n")
			w.done("mia", "mute alice 2h group")
			w.sound()
		})
	}
}

// deadAddress is one at which nobody listens.
func deadAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return "http://" + l.Addr().String()
}
