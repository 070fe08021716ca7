package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// officers writes a configuration in which ada may erase and mia may not.
func (f filledLedger) officers(t *testing.T) string {
	t.Helper()
	path := filepath.Join(filepath.Dir(f.path), "modbot.yaml")
	text := fmt.Sprintf(`store: {url: 'sqlite:ledger.db'}
ledger: {origin: %s, signing_key_file: ledger.key}
roles:
  officer: {cli: {users: [ada]}, verbs: [redact]}
  moderator: {cli: {users: [mia]}, verbs: [status]}
`, auditOrigin)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// holds reports whether any file of the ledger holds the bytes.
func (f filledLedger) holds(t *testing.T, text string) bool {
	t.Helper()
	files, err := filepath.Glob(f.path + "*")
	require.NoError(t, err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		if bytes.Contains(b, []byte(text)) {
			return true
		}
	}
	return false
}

func TestAuditRedact(t *testing.T) {
	f := newFilledLedger(t)
	c := f.officers(t)
	f.tamper(t, "INSERT INTO posting VALUES ('slack', 3, 3, 'C1', '17.1', 'https://slack.example/p17', 1)")
	require.True(t, f.holds(t, "carol"))
	redact := func(args ...string) ran {
		return runAudit(t, "", append([]string{"redact", "-c", c, "--why", "request 17"}, args...)...)
	}
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"nobody is asked":          {[]string{"3", "--as", "ada"}, exitUsage, "--yes"},
		"no role":                  {[]string{"3", "--as", "mia", "--yes"}, exitFailed, "verb redact"},
		"a stranger":               {[]string{"3", "--as", "eve", "--yes"}, exitFailed, "deny/no-role"},
		"as nobody":                {[]string{"3", "--yes"}, exitUsage, "--as"},
		"nothing":                  {[]string{"--as", "ada", "--yes"}, exitUsage, "which entries"},
		"no number":                {[]string{"x", "--as", "ada", "--yes"}, exitUsage, "no number"},
		"no such entry":            {[]string{"99", "--as", "ada", "--yes"}, exitFailed, "99"},
		"an account that is muted": {[]string{"1", "--as", "ada", "--yes"}, exitFailed, "muted by case 1"},
		"unknown account":          {[]string{"--account", "trent", "--as", "ada", "--yes"}, exitFailed, "no entry is about"},
	} {
		t.Run(name, func(t *testing.T) {
			got := redact(tc.args...)
			require.Equal(t, tc.code, got.code, got.out+got.err)
			require.Contains(t, got.err, tc.says)
		})
	}
	got := redact("#3", "--as", "ada", "--dry-run")
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, "Would erase the personal fields of 1 entry: #3.")
	require.True(t, f.holds(t, "carol"))

	got = redact("3", "--as", "ada", "--yes", "--json")
	require.Zero(t, got.code, got.err)
	var v redactView
	require.NoError(t, json.Unmarshal([]byte(got.out), &v))
	require.Equal(t, redactView{
		Erased: []int64{3}, Already: []int64{}, Entries: []int64{7}, Scrubbed: true, Mentions: []int64{}, Copies: []string{},
		Messages: []messageView{{"slack", "C1", "17.1", "https://slack.example/p17", 3, 3}},
	}, v)
	require.False(t, f.holds(t, "carol"), "no byte of it is left in any file")
	require.True(t, f.holds(t, "alice"))
	verify := runAudit(t, "", "verify", "-c", c)
	require.Zero(t, verify.code, verify.out)
	require.Contains(t, verify.out, "personal values of 1 entry are erased, and an entry says so")

	got = redact("3", "--as", "ada", "--yes")
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, "Nothing to erase.")
	require.Contains(t, got.out, "Erased before: #3.")
	require.Contains(t, got.out, "https://slack.example/p17", "what is left to do is said again")
}
