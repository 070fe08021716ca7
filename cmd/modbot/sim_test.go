package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startSim runs `modbot sim` until the test ends or stop is called, and
// returns its address and what it said on standard error.
func startSim(t *testing.T, args ...string) (address string, stop func() (code int, errs string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	var errs strings.Builder
	env := &environment{in: strings.NewReader(""), out: w, err: &errs, lookupEnv: func(string) (string, bool) { return "", false }}
	ended := make(chan int, 1)
	go func() {
		ended <- executeOnly(ctx, env, newSimCommand, append([]string{"sim"}, args...))
		_ = w.Close()
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err)
	var ready map[string]string
	require.NoError(t, json.Unmarshal([]byte(line), &ready))
	require.Len(t, ready, 1)
	stop = sync.OnceValues(func() (int, string) {
		cancel()
		return <-ended, errs.String()
	})
	t.Cleanup(func() { stop() })
	return ready["address"], stop
}

func fetch(t *testing.T, method, url, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(text)
}

// The two programs together, over real HTTP.
func TestSimAndIM(t *testing.T) {
	address, stop := startSim(t, "--listen", "127.0.0.1:0", "--sdk-app-id", "1400000009", "--key", "K", "--admin", "boss", "--accounts", "alice,bob")
	flags := []string{"--host", address, "--sdk-app-id", "1400000009", "--key", "K", "--identifier", "boss"}
	im := func(args ...string) ran {
		return runIn(t.Context(), nil, newIMCommand, append(append([]string{"im"}, args...), flags...)...)
	}
	got := im("set", "--account", "alice", "--group", "7200")
	require.Zero(t, got.code, got.err)
	require.Regexp(t, `^alice\n  group: muted for 2h, until `, got.out)

	require.Contains(t, fetch(t, "POST", address+"/sim/send", `{"from":"alice","kind":"group","to":"bob"}`), `"ErrorCode":10017`)
	fetch(t, "POST", address+"/sim/clock", `{"advance_seconds":3600}`)
	got = im("get", "--account", "alice")
	require.Regexp(t, `group: muted for (1h|59m\d+s), until`, got.out)
	require.Contains(t, fetch(t, "GET", address+"/sim/state", ""), `"setnospeaking":1`)

	require.Equal(t, exitFailed, im("get", "--account", "carol").code, "only the named accounts exist")

	code, errs := stop()
	require.Zero(t, code)
	require.Contains(t, errs, "export MODBOT_TENCENT_HOST="+address)
	require.NotContains(t, errs, "SECRET_KEY=K", "a key that was given is not repeated")
	require.Equal(t, exitUnavailable, im("get", "--account", "alice").code)
}

// A simulator that a fault keeps waiting still ends at once.
func TestSimEndsWhileACallWaits(t *testing.T) {
	address, stop := startSim(t, "--listen", "127.0.0.1:0")
	fetch(t, "POST", address+"/sim/faults", `{"api":"setnospeaking","kind":"latency","delay_ms":600000}`)
	done := make(chan ran, 1)
	go func() {
		done <- runIn(t.Context(), map[string]string{envHost: address, envSDKAppID: "1400000000", envSecretKey: simKey},
			newIMCommand, "im", "set", "--account", "alice", "--group", "60")
	}()
	for !strings.Contains(fetch(t, "GET", address+"/sim/state", ""), `"setnospeaking":1`) {
		continue // until the call has arrived
	}
	code, _ := stop()
	require.Zero(t, code)
	require.Equal(t, exitFailed, (<-done).code, "the outcome is unknown")
}

func TestSimRefuses(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	address, _ := startSim(t, "--listen", "127.0.0.1:0")
	for name, tc := range map[string]struct {
		args    []string
		code    int
		message string
	}{
		"every interface":  {[]string{"--listen", ":0"}, exitUsage, "from other machines"},
		"another address":  {[]string{"--listen", "0.0.0.0:0"}, exitUsage, "from other machines"},
		"a name":           {[]string{"--listen", "example.org:80"}, exitUsage, "from other machines"},
		"no port":          {[]string{"--listen", "127.0.0.1"}, exitUsage, "no address"},
		"a busy port":      {[]string{"--listen", strings.TrimPrefix(address, "http://")}, exitFailed, "cannot listen"},
		"a rate below 0":   {[]string{"--rate", "-1"}, exitUsage, "below 0"},
		"app 0":            {[]string{"--sdk-app-id", "0"}, exitUsage, "SDKAppID"},
		"a bad account":    {[]string{"--accounts", "alice,ünal"}, exitUsage, "printable ASCII"},
		"a bad webhook":    {[]string{"--webhook", "localhost:80"}, exitUsage, "webhook"},
		"no admin":         {[]string{"--admin", ""}, exitUsage, "identifier"},
		"an empty file":    {[]string{"--key-file", empty}, exitConfig, "is empty"},
		"no such file":     {[]string{"--key-file", empty + "x"}, exitConfig, "cannot be used"},
		"two keys":         {[]string{"--key", "a", "--key-file", empty}, exitUsage, "Both --key and --key-file"},
		"an argument":      {[]string{"now"}, exitUsage, "unknown command"},
		"an app that is a": {[]string{"--sdk-app-id", "a"}, exitUsage, "invalid argument"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runIn(t.Context(), nil, newSimCommand, append([]string{"sim"}, tc.args...)...)
			require.Equal(t, tc.code, got.code, got.err)
			require.Contains(t, got.err, tc.message)
			require.Empty(t, got.out)
		})
	}
}

func TestSimHelpDescribesTheControlAPI(t *testing.T) {
	got := runIn(t.Context(), nil, newSimCommand, "sim", "--help")
	require.Zero(t, got.code)
	for _, want := range []string{
		"/sim/state", "/sim/clock", "/sim/faults", "/sim/send", "apply_and_drop", "garbage", "delay_ms", "over_limit",
		"--listen", "--rate", "--webhook", "alice,bob,carol,dave,erin,frank,grace,heidi,ivan,judy,mallory,trent",
	} {
		require.Contains(t, got.out, want)
	}
}
