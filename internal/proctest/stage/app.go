//go:build unix

package stage

import (
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
	"modbot/internal/proctest"
)

// The simulated app.
const (
	appID   = 1400000042
	appKey  = "0f5c1d2b7a9e4e63b8d0c1f2a3b4c5d6"
	adminID = "administrator"
)

// callsOfAMute is more than any mute needs of the simulator's memory of calls,
// of which it keeps at least a half.
const callsOfAMute = 100

// App is the simulated app of Tencent in the test's own process.
type App struct {
	*imsim.Sim
	URL string
}

// NewApp makes an app that has so many accounts, by the names that
// proctest.Player gives them. It goes with the test.
func NewApp(tb testing.TB, accounts int) *App {
	tb.Helper()
	cfg := imsim.Config{SDKAppID: appID, Key: imwire.NewSecretKey(appKey), Admin: adminID, Trace: callsOfAMute*accounts + 1000}
	for _, name := range names(accounts) {
		cfg.Accounts = append(cfg.Accounts, mute.Account(name))
	}
	sim, err := imsim.New(cfg)
	require.NoError(tb, err)
	server := httptest.NewServer(sim)
	tb.Cleanup(func() { sim.Close(); server.Close() })
	return &App{Sim: sim, URL: server.URL}
}

// SimArgs are those by which `modbot sim` is the same app, in a process of its
// own.
func SimArgs(accounts int) []string {
	return []string{
		"sim", "--listen", "127.0.0.1:0", "--sdk-app-id", strconv.Itoa(appID), "--key", appKey,
		"--admin", adminID, "--rate", "0", "--accounts", strings.Join(names(accounts), ","),
	}
}

func names(accounts int) []string {
	out := []string{adminID}
	for n := range accounts {
		out = append(out, proctest.Player(n))
	}
	return out
}
