package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

// ledger is a ledger that says what it is told to.
type ledger struct {
	standing Standing
	err      error
}

func (l *ledger) Standing(ctx context.Context) (Standing, error) {
	if ctx.Err() != nil {
		return Standing{}, context.Cause(ctx)
	}
	return l.standing, l.err
}

// platform is a platform that says what it is told to.
type platform struct {
	name string
	up   bool
	why  string
}

func (p *platform) Name() string             { return p.name }
func (p *platform) Standing() (bool, string) { return p.up, p.why }

// get asks a handler.
func get(t *testing.T, h http.Handler, path, accept string) (status int, body string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// scrape is what Prometheus would see; it holds to Prometheus' own rules.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	status, body := get(t, m.handler(), "/metrics", "")
	require.Equal(t, http.StatusOK, status, body)
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	return body
}

func TestReadiness(t *testing.T) {
	slack := func(up bool) Platform {
		return &platform{name: "slack", up: up, why: map[bool]string{false: "the token was revoked"}[up]}
	}
	discord := func(up bool) Platform {
		return &platform{name: "discord", up: up, why: map[bool]string{false: "no answer"}[up]}
	}
	behind := Standing{Sinks: []Sink{{Name: "slack:C1", Depth: 3, Age: 90 * time.Second, Why: "channel_not_found"}}}
	for name, tt := range map[string]struct {
		ledger    ledger
		platforms []Platform
		stop      bool
		want      string
	}{
		"everything works": {
			platforms: []Platform{slack(true), discord(true)},
			want:      "ready\nup   ledger\nup   platform slack\nup   platform discord\n",
		},
		"one platform is down": {
			platforms: []Platform{slack(false), discord(true)},
			want:      "ready\nup   ledger\ndown platform slack: the token was revoked\nup   platform discord\n",
		},
		"no platform works": {
			platforms: []Platform{slack(false), discord(false)},
			want:      "not ready\nup   ledger\ndown platform slack: the token was revoked\ndown platform discord: no answer\n",
		},
		"the ledger cannot be read": {
			ledger: ledger{err: errors.New("disk I/O error\nline two")}, platforms: []Platform{slack(true)},
			want: "not ready\ndown ledger: reading the ledger: disk I/O error line two\nup   platform slack\n",
		},
		"an audit channel fails": {
			ledger: ledger{standing: behind}, platforms: []Platform{slack(true)},
			want: "ready\nup   ledger\nup   platform slack\ndown sink slack:C1: 3 entries wait, the first for 1m30s: channel_not_found\n",
		},
		"an audit channel is behind": {
			ledger: ledger{standing: Standing{Sinks: []Sink{{Name: "slack:C1", Depth: 1}}}}, platforms: []Platform{slack(true)},
			want: "ready\nup   ledger\nup   platform slack\nup   sink slack:C1: 1 entries wait, the first for 0s\n",
		},
		"it is about to end": {
			platforms: []Platform{slack(true)}, stop: true,
			want: "not ready\nup   ledger\nup   platform slack\ndown process: modbot is shutting down\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := NewHealth(&tt.ledger, tt.platforms...)
			if tt.stop {
				h.Stop()
			}
			status, body := get(t, Admin(h, NewMetrics(Build{})), "/readyz", "text/plain")
			require.Equal(t, tt.want, body)
			ready := strings.HasPrefix(tt.want, "ready")
			require.Equal(t, map[bool]int{true: http.StatusOK, false: http.StatusServiceUnavailable}[ready], status)

			status, body = get(t, Admin(h, NewMetrics(Build{})), "/readyz", "application/json")
			require.Equal(t, ready, status == http.StatusOK)
			var got Readiness
			require.NoError(t, json.Unmarshal([]byte(body), &got))
			require.Equal(t, ready, got.Ready)
			require.Equal(t, tt.want, got.text())
		})
	}
}

func TestAdminServesThreePathsAndNothingElse(t *testing.T) {
	admin := Admin(NewHealth(&ledger{}, &platform{name: "slack", up: true}), NewMetrics(Build{}))
	status, body := get(t, admin, "/healthz", "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "ok\n", body)
	status, body = get(t, admin, "/healthz", "application/json")
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"ok":true}`, body)
	status, _ = get(t, admin, "/metrics", "")
	require.Equal(t, http.StatusOK, status)
	for _, path := range []string{"/", "/healthz/x", "/debug/pprof/", "/slack/commands"} {
		status, _ = get(t, admin, path, "")
		require.Equal(t, http.StatusNotFound, status, path)
	}
	w := httptest.NewRecorder()
	admin.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/healthz", nil))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
}

func TestMetricsCountWhatHappens(t *testing.T) {
	m := NewMetrics(Build{Version: "v1", Revision: "abc", Go: "go1.26"})
	answered := m.Began(chat.Slack, "mute")
	require.Contains(t, scrape(t, m), `modbot_commands_in_flight{platform="slack"} 1`)
	answered(chat.StateUnknown, 700*time.Millisecond)
	m.Settled(chat.Slack, "mute", chat.StateDone)
	m.Assisted(chat.Discord, "suggest", time.Millisecond)
	m.Delivered(chat.Slack, "command", "ok")
	m.Delivered(chat.Slack, "command", "signature")
	m.Delivered(chat.Slack, "command", "signature")
	m.Called(chat.Discord, "messages.create", "throttled", 20*time.Millisecond)

	got := scrape(t, m)
	for _, line := range []string{
		`modbot_build_info{go="go1.26",revision="abc",version="v1"} 1`,
		`modbot_commands_in_flight{platform="slack"} 0`,
		`modbot_command_duration_seconds_bucket{outcome="unknown",platform="slack",verb="mute",le="0.5"} 0`,
		`modbot_command_duration_seconds_bucket{outcome="unknown",platform="slack",verb="mute",le="0.8"} 1`,
		`modbot_command_duration_seconds_count{outcome="unknown",platform="slack",verb="mute"} 1`,
		`modbot_commands_settled_total{outcome="done",platform="slack",verb="mute"} 1`,
		`modbot_assist_duration_seconds_count{kind="suggest",platform="discord"} 1`,
		`modbot_deliveries_total{kind="command",platform="slack",result="ok"} 1`,
		`modbot_deliveries_total{kind="command",platform="slack",result="signature"} 2`,
		`modbot_api_call_duration_seconds_count{method="messages.create",platform="discord",result="throttled"} 1`,
		`go_memstats_heap_alloc_bytes`,
	} {
		require.Contains(t, got, line)
	}
}

// Whatever an adapter lets through, nothing panics and series stay few.
func TestMetricsStayBounded(t *testing.T) {
	m := NewMetrics(Build{})
	for i := range 10 * labelMost {
		text := strings.Repeat("é", i%7) + string(rune('a'+i)) + "\xff"[:i%2]
		m.Delivered(chat.Platform(text), text, text)
		m.Called(chat.Slack, text, text, 0)
		m.Settled(chat.Slack, text, chat.State(text))
		m.Assisted(chat.Slack, text, 0)
		m.Began(chat.Slack, text)(chat.State(text), 0)
	}
	series := 0
	for line := range strings.Lines(scrape(t, m)) {
		if strings.HasPrefix(line, "modbot_api_call_duration_seconds_count") {
			series++
		}
	}
	require.LessOrEqual(t, series, labelMost+1)
}

func TestMetricsShowTheLedgerAndThePlatforms(t *testing.T) {
	of := &ledger{standing: Standing{
		Entries: 7, InFlight: 1, Unknown: 2, Waiting: 3, Mutes: 4,
		Sinks: []Sink{{Name: "slack:C1", Depth: 5, Age: 90 * time.Second, Why: "gone"}, {Name: "discord:2"}},
	}}
	m := NewMetrics(Build{})
	h := NewHealth(of, &platform{name: "slack", up: true}, &platform{name: "discord"}, &platform{name: "other", up: true, why: "standing by"})
	require.NoError(t, m.Watch(h))
	got := scrape(t, m)
	for _, line := range []string{
		"modbot_ledger_up 1\n", "modbot_ledger_entries 7\n", "modbot_ledger_open_intents 1\n", "modbot_ledger_unknown_outcomes 2\n",
		"modbot_ledger_open_questions 3\n", "modbot_ledger_active_mutes 4\n",
		`modbot_outbox_depth{sink="slack:C1"} 5`, `modbot_outbox_age_seconds{sink="slack:C1"} 90`, `modbot_outbox_failing{sink="slack:C1"} 1`,
		`modbot_outbox_depth{sink="discord:2"} 0`, `modbot_outbox_age_seconds{sink="discord:2"} 0`, `modbot_outbox_failing{sink="discord:2"} 0`,
		`modbot_platform_up{platform="slack"} 1`, `modbot_platform_up{platform="discord"} 0`, `modbot_platform_up{platform="other"} 1`,
		`modbot_platform_standing_by{platform="slack"} 0`, `modbot_platform_standing_by{platform="discord"} 0`, `modbot_platform_standing_by{platform="other"} 1`,
	} {
		require.Contains(t, got, line)
	}
	require.Error(t, m.Watch(h), "once")

	// What cannot be read is not guessed; the rest is still there.
	of.err = errors.New("locked")
	got = scrape(t, m)
	require.Contains(t, got, "modbot_ledger_up 0\n")
	require.NotContains(t, got, "modbot_ledger_entries")
	require.NotContains(t, got, "modbot_outbox_depth")
	require.Contains(t, got, `modbot_platform_up{platform="slack"} 1`)
}

// The reference lists every metric that there is, and no other.
func TestEveryMetricIsDocumented(t *testing.T) {
	m := NewMetrics(Build{})
	m.Began(chat.Slack, "mute")(chat.StateDone, 0)
	m.Settled(chat.Slack, "mute", chat.StateDone)
	m.Assisted(chat.Slack, "form", 0)
	m.Delivered(chat.Slack, "command", "ok")
	m.Called(chat.Slack, "chat.postMessage", "ok", 0)
	h := NewHealth(&ledger{standing: Standing{Sinks: []Sink{{Name: "slack:C1"}}}}, &platform{name: "slack"})
	require.NoError(t, m.Watch(h))
	get(t, Admin(h, m), "/healthz", "")
	shown := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (modbot_\w+) `).FindAllStringSubmatch(scrape(t, m), -1) {
		shown[found[1]] = true
	}
	reference, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "metrics.md"))
	require.NoError(t, err)
	documented := map[string]bool{}
	for _, found := range regexp.MustCompile("(?m)^\\| `(modbot_\\w+)` \\|").FindAllStringSubmatch(string(reference), -1) {
		documented[found[1]] = true
	}
	require.Equal(t, documented, shown)
}

func TestPublicServesPlatformsAndNothingElse(t *testing.T) {
	var seen []string
	m := NewMetrics(Build{})
	h := Public(m, map[string]http.Handler{
		"/slack/": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			seen = append(seen, r.URL.Path)
			if err != nil {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				return
			}
			_, _ = w.Write(body)
		}),
		"/discord/": nil,
	})
	post := func(path, body string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	status, body := post("/slack/commands", "text=mute")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "text=mute", body)
	for _, path := range []string{"/", "/slack", "/slackish/", "/discord/interactions", "/healthz", "/metrics", "//slack/commands"} {
		status, _ = post(path, "x")
		require.Equal(t, http.StatusNotFound, status, path)
	}
	status, _ = post("/slack/commands", strings.Repeat("x", MaxBody))
	require.Equal(t, http.StatusOK, status)
	status, _ = post("/slack/commands", strings.Repeat("x", MaxBody+1))
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
	require.Equal(t, []string{"/slack/commands", "/slack/commands", "/slack/commands"}, seen)

	got := scrape(t, m)
	require.Contains(t, got, `modbot_http_request_duration_seconds_count{listener="public",status="200"} 2`)
	require.Contains(t, got, `modbot_http_request_duration_seconds_count{listener="public",status="404"} 7`)
	require.Contains(t, got, `modbot_http_request_duration_seconds_count{listener="public",status="413"} 1`)
}
