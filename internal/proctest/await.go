package proctest

import (
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// lookEvery is how often Await looks.
const lookEvery = 50 * time.Millisecond

// callTime bounds one request of a listener of modbot's.
const callTime = 30 * time.Second

// Await looks until something holds, and fails the test when it does not come.
func Await(tb testing.TB, within time.Duration, what string, holds func() bool) {
	tb.Helper()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for deadline := time.Now().Add(within); !holds(); <-ticker.C {
		require.True(tb, time.Now().Before(deadline), "%s did not come within %s", what, within)
	}
}

// Pass lets time pass: when something strikes is a matter of nothing else.
func Pass(tb testing.TB, d time.Duration) {
	tb.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-tb.Context().Done():
		tb.Fatal("the test was ended while it waited")
	}
}

// Call makes one request of modbot's admin listener or of the simulator, and
// returns the answer, which has to be 200.
func Call(tb testing.TB, method, url, body string) string {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, url, strings.NewReader(body))
	require.NoError(tb, err)
	client := http.Client{Timeout: callTime}
	resp, err := client.Do(req)
	require.NoError(tb, err)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(tb, err)
	require.Equal(tb, http.StatusOK, resp.StatusCode, "%s %s: %s", method, url, answer)
	return string(answer)
}

// Metrics reads all values of /metrics, by name with labels.
func Metrics(tb testing.TB, admin string) map[string]float64 {
	tb.Helper()
	out := map[string]float64{}
	for line := range strings.SplitSeq(Call(tb, http.MethodGet, admin+"/metrics", ""), "\n") {
		name, text, ok := strings.Cut(line, " ")
		if value, err := strconv.ParseFloat(text, 64); ok && err == nil && !strings.HasPrefix(line, "#") {
			out[name] = value
		}
	}
	return out
}

// Names of metrics that say what is left to do.
const (
	metricIntents = "modbot_ledger_open_intents"
	metricUnknown = "modbot_ledger_unknown_outcomes"
	metricDepth   = "modbot_outbox_depth"
	// metricLedger is 1 where the others could be read; else they are left out.
	metricLedger = "modbot_ledger_up"
)

// AwaitSettled waits until nothing is under way, and every audit channel was told
// of everything.
func AwaitSettled(tb testing.TB, within time.Duration, admin string) {
	tb.Helper()
	Await(tb, within, "everything settled and posted", func() bool { return unfinished(tb, admin) == 0 })
}

// unfinished is what the ledger still has to do: intents without a final outcome,
// and entries that an audit channel has not been told of. Infinity says that
// modbot could not tell.
func unfinished(tb testing.TB, admin string) (left float64) {
	tb.Helper()
	all := Metrics(tb, admin)
	if all[metricLedger] == 0 {
		return math.Inf(1)
	}
	for name, value := range all {
		if name == metricIntents || name == metricUnknown || strings.HasPrefix(name, metricDepth) {
			left += value
		}
	}
	return left
}
