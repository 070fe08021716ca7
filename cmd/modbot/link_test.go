package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseLinks(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []linkLine
	}{
		"lines":                    {"slack:T1/U1,alice\ndiscord:1/2,bob\n", []linkLine{{1, "slack:T1/U1", "alice"}, {2, "discord:1/2", "bob"}}},
		"a heading":                {"Member, Account\r\nslack:T1/U1, alice\r\n", []linkLine{{2, "slack:T1/U1", "alice"}}},
		"blank lines":              {"\nslack:T1/U1,alice\n\ncli:mia,bob", []linkLine{{2, "slack:T1/U1", "alice"}, {4, "cli:mia", "bob"}}},
		"an account with marks":    {`slack:T1/U1,"a, ""b"""`, []linkLine{{1, "slack:T1/U1", `a, "b"`}}},
		"an account like a term":   {"slack:T1/U1,2h", []linkLine{{1, "slack:T1/U1", "2h"}}},
		"letter case of platforms": {"Slack:T1/U1,alice", []linkLine{{1, "slack:T1/U1", "alice"}}},
	} {
		t.Run(name, func(t *testing.T) {
			lines, err := parseLinks(c.text)
			require.NoError(t, err)
			require.Equal(t, c.want, lines)
		})
	}
	for name, c := range map[string]struct{ text, want string }{
		"nothing":            {"", "no line in it"},
		"a heading alone":    {"member,account\n", "no line in it"},
		"one field":          {"slack:T1/U1\n", "line 1 has 1 fields"},
		"no member":          {"bob,alice\n", "line 1: \"bob\" is no member"},
		"a mention":          {"<@U1>,alice\n", "line 1: \"<@U1>\" is a mention"},
		"no account":         {"slack:T1/U1,\n", "line 1: There is no account"},
		"a foreign account":  {"slack:T1/U1,ali\u0441e\n", "U+0441"},
		"a member twice":     {"slack:T1/U1,alice\nslack:T1/U1,bob\n", "line 2 names slack:T1/U1, as line 1 does"},
		"a heading below":    {"slack:T1/U1,alice\nmember,account\n", "line 2"},
		"a broken quotation": {"slack:T1/U1,\"alice\n", "line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			lines, err := parseLinks(c.text)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "nothing was linked")
			_ = lines
		})
	}
	_, err := parseLinks(strings.Repeat("x,y\n", 100))
	require.ErrorContains(t, err, "100 problems")
	require.ErrorContains(t, err, "80 more")
}

func FuzzParseLinks(f *testing.F) {
	f.Add("member,account\nslack:T1/U1,alice\n")
	f.Add("slack:T1/U1,\"a\"\"b\"\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := parseLinks(text)
		if err != nil {
			return
		}
		require.NotEmpty(t, lines)
		for _, l := range lines {
			require.NotEmpty(t, l.member)
			require.NotEmpty(t, l.account)
		}
	})
}

// linker is a configuration with a simulated Tencent behind it.
type linker struct {
	t    *testing.T
	file string
}

func newLinker(t *testing.T) linker {
	t.Helper()
	_, address, stop, err := serveSim(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stop()) })
	l := linker{t: t, file: filepath.Join(t.TempDir(), "modbot.yaml")}
	require.NoError(t, os.WriteFile(l.file, fmt.Appendf(nil, `
tencent: { host: %s, sdk_app_id: 1400000000, secret_key: "a key of the demo's own simulator" }
ledger: { origin: example.org/link }
roles:
  admin: { cli: { users: [ada] }, verbs: [link, unlink, status] }
`, address), 0o600))
	return l
}

// run is one program from its start to its end.
func (l linker) run(stdin string, args ...string) (code int, out, errOut string) {
	l.t.Helper()
	var o, e bytes.Buffer
	env := &environment{
		in: strings.NewReader(stdin), out: &o, err: &e, variables: []string{},
		lookupEnv: func(string) (string, bool) { return "", false },
	}
	code = execute(l.t.Context(), env, args)
	return code, o.String(), e.String()
}

func TestLinkImport(t *testing.T) {
	l := newLinker(t)
	file := "member,account\nslack:T1/U1,alice\nslack:T1/U2,bobb\ndiscord:1/2,carol\n"
	code, out, errOut := l.run(file, "link", "import", "-", "-c", l.file, "--as", "ada")
	require.Equal(t, exitFailed, code, errOut)
	require.Contains(t, out, "line 3, slack:T1/U2 to bobb: Not done: there is no account")
	require.Contains(t, out, "3 lines: 2 linked, 0 linked already, 0 to be confirmed, 1 not linked, 0 not begun")

	file = "slack:T1/U1,alice\nslack:T1/U2,bob\ndiscord:1/2,dave\n"
	path := filepath.Join(t.TempDir(), "members.csv")
	require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
	code, out, errOut = l.run("", "link", "import", path, "-c", l.file, "--as", "ada", "--json")
	require.Equal(t, exitFailed, code, errOut)
	var codes []string
	var last map[string]any
	for line := range strings.Lines(out) {
		last = nil
		require.NoError(t, json.Unmarshal([]byte(line), &last))
		if last["type"] == "link" {
			codes = append(codes, fmt.Sprint(last["code"]))
		}
	}
	require.Equal(t, []string{"already_linked", "linked", "relink"}, codes)
	require.Equal(t, "imported", last["type"])
	require.InDelta(t, 1, last["asked"], 0)

	code, out, errOut = l.run("", "run", "-c", l.file, "--as", "ada", "confirm 4")
	require.Equal(t, exitOK, code, errOut)
	require.Contains(t, out, "a mention of discord:1/2 means the account dave")
	code, out, errOut = l.run(file, "link", "import", "-", "-c", l.file, "--as", "ada")
	require.Equal(t, exitOK, code, errOut)
	require.Contains(t, out, "3 lines: 0 linked, 3 linked already")
	code, _, errOut = l.run("", "audit", "verify", "-c", l.file)
	require.Equal(t, exitOK, code, errOut)
}

func TestLinkImport_ChecksTheWholeFileFirst(t *testing.T) {
	l := newLinker(t)
	code, _, errOut := l.run("slack:T1/U1,alice\nbob,alice\n", "link", "import", "-", "-c", l.file, "--as", "ada")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errOut, "nothing was linked")
	_, err := os.Stat(filepath.Join(filepath.Dir(l.file), "modbot.db"))
	require.ErrorIs(t, err, os.ErrNotExist)

	code, out, _ := l.run("slack:T1/U1,alice\n", "link", "import", "-", "-c", l.file, "--as", "max")
	require.Equal(t, exitFailed, code)
	require.Contains(t, out, "you have none here")
	for _, args := range [][]string{{"link", "import"}, {"link", "import", "-"}, {"link", "import", "/nowhere.csv", "--as", "ada"}, {"link", "imprt"}} {
		code, _, _ = l.run("", args...)
		require.Equal(t, exitUsage, code, args)
	}
}
