package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// ran is what one command line left behind.
type ran struct {
	code     int
	out, err string
}

// runIn runs one sub-command as the root would.
func runIn(ctx context.Context, vars map[string]string, sub func(*environment) *cobra.Command, args ...string) ran {
	var out, errs bytes.Buffer
	env := &environment{in: strings.NewReader(""), out: &out, err: &errs, lookupEnv: func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}}
	code := executeOnly(ctx, env, sub, args)
	return ran{code, out.String(), errs.String()}
}

// executeOnly is execute with a root that has one sub-command.
func executeOnly(ctx context.Context, env *environment, sub func(*environment) *cobra.Command, args []string) int {
	root := newRoot(env) //nolint:contextcheck // cobra gives each command the context of ExecuteContext
	root.ResetCommands()
	root.AddCommand(sub(env))
	root.SetArgs(args)
	root.SetOut(env.out)
	root.SetErr(env.err)
	err := root.ExecuteContext(ctx)
	if _, ours := errors.AsType[*commandError](err); err != nil && !ours {
		err = usageError("usage", err.Error(), "modbot --help")
	}
	w := env.err
	if env.json {
		w = env.out
	}
	return report(w, env.json, err)
}

// appUnderTest is a simulator behind HTTP and the variables that reach it.
type appUnderTest struct {
	*imsim.Sim
	vars map[string]string
}

func newAppUnderTest(t *testing.T) *appUnderTest {
	t.Helper()
	sim, err := imsim.New(imsim.Config{
		SDKAppID: 1400000001, Key: imwire.NewSecretKey("k"), Admin: "root",
		Accounts: []mute.Account{"alice", "bob", "Mary Ann"},
	})
	require.NoError(t, err)
	server := httptest.NewServer(sim)
	t.Cleanup(func() {
		sim.Close()
		server.Close()
	})
	return &appUnderTest{sim, map[string]string{
		envHost: server.URL, envSDKAppID: "1400000001", envIdentifier: "root", envSecretKey: "k",
	}}
}

func (a *appUnderTest) im(t *testing.T, args ...string) ran {
	t.Helper()
	return runIn(t.Context(), a.vars, newIMCommand, append([]string{"im"}, args...)...)
}

func TestIMSetAndGet(t *testing.T) {
	a := newAppUnderTest(t)
	for name, tc := range map[string]struct {
		args       []string
		group, c2c uint32
		calls      int
		json       string
	}{
		"seconds for groups": {
			[]string{"--group", "7200"},
			7200, 0, 1,
			`{"ok":true,"account":"alice","group":{"muted":true,"permanent":false,"seconds":7200},"c2c":null,"attempts":1,"recorded":false}`,
		},
		"the longest term": {
			[]string{"--c2c", "4294967294"},
			0, 4294967294, 1,
			`{"ok":true,"account":"alice","group":null,"c2c":{"muted":true,"permanent":false,"seconds":4294967294},"attempts":1,"recorded":false}`,
		},
		"the same for both is one call": {
			[]string{"--group", "60", "--c2c", "60"},
			60, 60, 1,
			`{"ok":true,"account":"alice","group":{"muted":true,"permanent":false,"seconds":60},"c2c":{"muted":true,"permanent":false,"seconds":60},"attempts":1,"recorded":false}`,
		},
		"different values are two calls": {
			[]string{"--group", "unmute", "--c2c", "permanent"},
			0, 4294967295, 2,
			`{"ok":true,"account":"alice","group":{"muted":false,"permanent":false,"seconds":0},"c2c":{"muted":true,"permanent":true,"seconds":null},"attempts":2,"recorded":false}`,
		},
		"words in any case": {
			[]string{"--group", "Permanent", "--c2c", "UNMUTE"},
			4294967295, 0, 2,
			`{"ok":true,"account":"alice","group":{"muted":true,"permanent":true,"seconds":null},"c2c":{"muted":false,"permanent":false,"seconds":0},"attempts":2,"recorded":false}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Zero(t, a.im(t, "set", "--account", "alice", "--group", "unmute", "--c2c", "unmute").code)
			before := a.Snapshot().Calls["setnospeaking"]
			got := a.im(t, append([]string{"--json", "set", "--account", "alice"}, tc.args...)...)
			require.Zero(t, got.code, got.err)
			require.JSONEq(t, tc.json, got.out)
			require.Contains(t, got.err, "not recorded in the audit log")
			require.Equal(t, tc.calls, a.Snapshot().Calls["setnospeaking"]-before)
			times := a.Snapshot().Accounts["alice"]
			require.InDelta(t, tc.group, times.Group, 5)
			require.InDelta(t, tc.c2c, times.C2C, 5)
		})
	}
}

func TestIMGet(t *testing.T) {
	a := newAppUnderTest(t)
	require.Zero(t, a.im(t, "set", "--account", "Mary Ann", "--group", "permanent").code)
	got := a.im(t, "get", "--account", "Mary Ann", "--json")
	require.Zero(t, got.code, got.err)
	require.JSONEq(t, `{"account":"Mary Ann","group":{"muted":true,"permanent":true,"seconds":null},"c2c":{"muted":false,"permanent":false,"seconds":0}}`, got.out)
	require.Empty(t, got.err)

	got = a.im(t, "get", "--account", "Mary Ann")
	require.Equal(t, "Mary Ann\n  group: muted permanently\n  c2c: not muted\n", got.out)

	require.Zero(t, a.im(t, "set", "--account", "alice", "--group", "7200").code)
	got = a.im(t, "get", "--account", "alice")
	require.Regexp(t, `^alice\n  group: muted for (2h|1h59m\d+s), until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n  c2c: not muted\n$`, got.out)

	got = a.im(t, "get", "--account", "Alice")
	require.Equal(t, exitFailed, got.code, "permanent in both fields, and no such account")
	require.Contains(t, got.err, `knows no account "Alice"`)
	require.Contains(t, got.err, "modbot im check Alice")
}

func TestIMCheck(t *testing.T) {
	a := newAppUnderTest(t)
	got := a.im(t, "check", "bob", "nobody", "Mary Ann", "--json")
	require.Zero(t, got.code, got.err)
	require.JSONEq(t, `{"accounts":[{"account":"bob","exists":true},{"account":"nobody","exists":false},{"account":"Mary Ann","exists":true}]}`, got.out)
	got = a.im(t, "check", "bob", "nobody")
	require.Equal(t, "bob     exists\nnobody  does not exist\n", got.out)
}

// Every wrong command line is a usage error with a line to paste, and nothing
// is called.
func TestIMUsage(t *testing.T) {
	a := newAppUnderTest(t)
	for name, tc := range map[string]struct {
		args       []string
		message    string
		suggestion string
	}{
		"set: no account":            {[]string{"set", "--group", "1"}, "is no account", "--account alice"},
		"set: account too long":      {[]string{"set", "--account", strings.Repeat("x", 33), "--group", "1"}, "longer than 32 bytes", "--account alice"},
		"set: account with a tab":    {[]string{"set", "--account", "a\tb", "--group", "1"}, "U+0009", "--account alice"},
		"set: no field":              {[]string{"set", "--account", "alice"}, "at least one", "--group 7200"},
		"set: group 0":               {[]string{"set", "--account", "alice", "--group", "0"}, "0 would lift the mute", "--group unmute"},
		"set: c2c 0":                 {[]string{"set", "--account", "alice", "--c2c", "0"}, "0 would lift the mute", "--c2c unmute"},
		"set: group 00":              {[]string{"set", "--account", "alice", "--group", "00"}, "0 would lift the mute", "--group unmute"},
		"set: group for ever":        {[]string{"set", "--account", "alice", "--group", "4294967295"}, "means for ever", "--group permanent"},
		"set: group beyond":          {[]string{"set", "--account", "alice", "--group", "4294967296"}, "4294967294", "--group permanent"},
		"set: group far beyond":      {[]string{"set", "--account", "alice", "--group", "99999999999999999999999"}, "4294967294", "--group permanent"},
		"set: group below zero":      {[]string{"set", "--account", "alice", "--group=-1"}, "not a number of seconds", "--group 7200"},
		"set: group with a unit":     {[]string{"set", "--account", "alice", "--group", "2h"}, "not a number of seconds", "--group 7200"},
		"set: group a fraction":      {[]string{"set", "--account", "alice", "--group", "1.5"}, "not a number of seconds", "--group 7200"},
		"set: one good and one bad":  {[]string{"set", "--account", "alice", "--group", "60", "--c2c", "0"}, "0 would lift the mute", "--c2c unmute"},
		"set: an argument":           {[]string{"set", "alice"}, "unknown command", "--help"},
		"set: an unknown flag":       {[]string{"set", "--acount", "alice"}, "unknown flag", "--help"},
		"get: no account":            {[]string{"get"}, "is no account", "--account alice"},
		"check: no account":          {[]string{"check"}, "No account is named", "check alice bob"},
		"check: one is none":         {[]string{"check", "alice", ""}, "is no account", "check alice bob"},
		"usersig: validity negative": {[]string{"usersig", "--validity", "-1h"}, "validity", "--validity 24h"},
		"key twice":                  {[]string{"get", "--account", "alice", "--key", "k", "--key-file", "f"}, "Both --key and --key-file", ""},
		"unknown sub-command":        {[]string{"sett"}, "Did you mean set", "modbot im set --help"},
	} {
		t.Run(name, func(t *testing.T) {
			got := a.im(t, append([]string{"--json"}, tc.args...)...)
			require.Equal(t, exitUsage, got.code, got.out)
			var failed struct {
				Error struct{ Code, Message, Suggestion string } `json:"error"`
			}
			require.NoError(t, json.Unmarshal([]byte(got.out), &failed), got.out)
			require.Contains(t, failed.Error.Message, tc.message)
			require.Contains(t, failed.Error.Suggestion, tc.suggestion)
			require.NotEmpty(t, failed.Error.Code)
			require.Zero(t, a.Snapshot().Calls["setnospeaking"])
			require.Zero(t, a.Snapshot().Calls["getnospeaking"])
		})
	}
}

// What Tencent answers becomes words with the code, and the right exit code.
func TestIMFailures(t *testing.T) {
	set := []string{"set", "--account", "alice", "--group", "60"}
	get := []string{"get", "--account", "alice"}
	always := func(api imwire.API, f imsim.Fault) func(*testing.T, *appUnderTest) {
		return func(t *testing.T, a *appUnderTest) {
			t.Helper()
			f.API, f.Times = api, imsim.Forever
			require.NoError(t, a.AddFault(f))
		}
	}
	is := func(name, value string) func(*testing.T, *appUnderTest) {
		return func(_ *testing.T, a *appUnderTest) { a.vars[name] = value }
	}
	for name, tc := range map[string]struct {
		change  func(*testing.T, *appUnderTest)
		args    []string
		code    int
		message string
	}{
		"no such account":       {func(*testing.T, *appUnderTest) {}, []string{"set", "--account", "nobody", "--group", "60"}, exitFailed, "code 130005"},
		"wrong key":             {is(envSecretKey, "wrong"), set, exitConfig, "code 70009"},
		"wrong app":             {is(envSDKAppID, "1400000002"), get, exitConfig, "code 70020"},
		"not an admin":          {is(envIdentifier, "alice"), get, exitConfig, "code 60010"},
		"app is no number":      {is(envSDKAppID, "abc"), get, exitConfig, "not a number"},
		"no key":                {is(envSecretKey, ""), get, exitConfig, "secret_key is missing"},
		"unknown region":        {func(_ *testing.T, a *appUnderTest) { a.vars[envHost], a.vars[envRegion] = "", "mars" }, get, exitConfig, `"mars" is unknown`},
		"host and region":       {is(envRegion, "china"), get, exitConfig, "both set"},
		"host without loopback": {is(envHost, "http://example.org"), get, exitConfig, "http is for loopback"},
		"nothing listens":       {is(envHost, "http://127.0.0.1:1"), set, exitUnavailable, "cannot be reached"},
		"key file missing": {func(_ *testing.T, a *appUnderTest) {
			a.vars[envSecretKey] = ""
			a.vars[envSecretKey+"_FILE"] = "/nowhere/key"
		}, get, exitConfig, "cannot be used"},
		"key twice":           {is(envSecretKey+"_FILE", "x"), get, exitConfig, "Both MODBOT_TENCENT_SECRET_KEY and"},
		"set: a lost answer":  {always(imwire.SetNoSpeaking, imsim.Fault{Kind: imsim.KindApplyAndDrop}), set, exitFailed, "Unknown: Tencent gave no clear answer"},
		"set: a gateway page": {always(imwire.SetNoSpeaking, imsim.Fault{Kind: imsim.KindHTTP}), set, exitFailed, "Unknown: Tencent gave no clear answer"},
		"get: garbage":        {always(imwire.GetNoSpeaking, imsim.Fault{Kind: imsim.KindGarbage}), get, exitUnavailable, "no answer"},
		"locked out":          {always(imwire.SetNoSpeaking, imsim.Fault{Kind: imsim.KindCode, Code: 70050}), set, exitConfig, "70050"},
		"a code nobody knows": {always(imwire.GetNoSpeaking, imsim.Fault{Kind: imsim.KindCode, Code: 99999}), get, exitFailed, "99999"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAppUnderTest(t)
			tc.change(t, a)
			got := a.im(t, tc.args...)
			require.Equal(t, tc.code, got.code, got.err)
			require.Contains(t, got.err, tc.message)
			require.Contains(t, got.err, "\n→ ", "every failure says what to do")
			require.NotContains(t, got.err, "usersig=")
			require.Empty(t, got.out)
		})
	}
}

// Two calls, the second of which fails: both halves are told.
func TestIMSetPartly(t *testing.T) {
	a := newAppUnderTest(t)
	hold := a.Hold(imwire.SetNoSpeaking, imsim.BeforeAnswer)
	done := make(chan ran, 1)
	go func() { done <- a.im(t, "set", "--account", "alice", "--group", "60", "--c2c", "permanent") }()
	<-hold.Arrived()
	require.NoError(t, a.AddFault(imsim.Fault{API: imwire.SetNoSpeaking, Kind: imsim.KindCode, Code: 60021}))
	hold.Release()
	got := <-done
	require.Equal(t, exitConfig, got.code)
	require.Regexp(t, `Partly done \(group: muted for 1m, until .*\)\. Tencent said no: .*\(code 60021\)`, got.err)
}
