package imsim_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
	"modbot/internal/testclock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	appID   = 1400000000
	adminID = "administrator"
)

func appKey() imwire.SecretKey { return imwire.NewSecretKey("a key for tests") }

func newClock() *testclock.Clock { return testclock.New(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)) }

// app is a simulator with a client of the test's own: no code of the real one.
type app struct {
	*imsim.Sim
	clock *testclock.Clock
	query url.Values // a good query; tests change it
}

// newApp makes a simulated app with alice, bob and carol.
func newApp(tb testing.TB, change func(*imsim.Config)) *app {
	tb.Helper()
	c := newClock()
	cfg := imsim.Config{
		SDKAppID: appID, Key: appKey(), Admin: adminID,
		Accounts: []mute.Account{"alice", "bob", "carol"}, Now: c.Now,
	}
	if change != nil {
		change(&cfg)
	}
	sim, err := imsim.New(cfg)
	require.NoError(tb, err)
	tb.Cleanup(sim.Close)
	return &app{Sim: sim, clock: c, query: url.Values{
		"sdkappid": {"1400000000"}, "identifier": {adminID}, "random": {"4294967295"}, "contenttype": {"json"},
		"usersig": {sign(tb, appKey(), adminID, appID, c.Now(), time.Hour)},
	}}
}

func sign(tb testing.TB, key imwire.SecretKey, identifier string, sdkAppID uint64, issued time.Time, validity time.Duration) string {
	tb.Helper()
	sig, err := imwire.Sign(key, imwire.Claims{
		Identifier: identifier, SDKAppID: sdkAppID, Issued: issued, Validity: validity,
	})
	require.NoError(tb, err)
	return sig
}

// url is where a call goes, with the good query.
func (a *app) url(api imwire.API) string { return api.Path() + "?" + a.query.Encode() }

// serve hands the simulator one request and returns the recorded answer.
func (a *app) serve(method, target, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body)))
	return w
}

// serveRaw posts with a query exactly as given, which may not even parse.
func (a *app) serveRaw(api imwire.API, query, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, api.Path(), strings.NewReader(body))
	r.URL.RawQuery = query
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

// answer is any answer of the API.
type answer struct {
	ActionStatus           string
	ErrorCode              *int
	ErrorInfo              string
	C2CmsgNospeakingTime   *uint32
	GroupmsgNospeakingTime *uint32
	ResultItem             []imwire.ResultItem
}

// call makes one call and returns its answer, which must be one.
func (a *app) call(tb testing.TB, api imwire.API, body string) answer {
	tb.Helper()
	return a.request(tb, http.MethodPost, a.url(api), body)
}

func (a *app) request(tb testing.TB, method, target, body string) answer {
	tb.Helper()
	w := a.serve(method, target, body)
	require.Equal(tb, http.StatusOK, w.Code)
	var got answer
	require.NoError(tb, json.Unmarshal(w.Body.Bytes(), &got), "%s", w.Body)
	require.NotNil(tb, got.ErrorCode, "%s", w.Body)
	return got
}

// set changes fields of an account and expects the code.
func (a *app) set(tb testing.TB, code int, body string) {
	tb.Helper()
	got := a.call(tb, imwire.SetNoSpeaking, body)
	require.Equal(tb, code, *got.ErrorCode, got.ErrorInfo)
}

// get reads both fields of an account.
func (a *app) get(tb testing.TB, account string) (group, c2c uint32) {
	tb.Helper()
	body, err := json.Marshal(map[string]string{"Get_Account": account})
	require.NoError(tb, err)
	got := a.call(tb, imwire.GetNoSpeaking, string(body))
	require.Zero(tb, *got.ErrorCode, got.ErrorInfo)
	require.NotNil(tb, got.GroupmsgNospeakingTime)
	require.NotNil(tb, got.C2CmsgNospeakingTime)
	return *got.GroupmsgNospeakingTime, *got.C2CmsgNospeakingTime
}

// served is the app behind a real server, for what a recorder cannot show.
type served struct {
	*app
	server *httptest.Server
}

func serveApp(t *testing.T, change func(*imsim.Config)) *served {
	t.Helper()
	a := newApp(t, change)
	server := httptest.NewServer(a)
	t.Cleanup(func() {
		a.Close()
		server.Close()
		server.Client().CloseIdleConnections()
	})
	return &served{app: a, server: server}
}

// post makes a call over HTTP and returns what came back.
func (s *served) post(api imwire.API, body string) (status int, answer string, err error) {
	return s.postTo(s.url(api), body)
}

func (s *served) postTo(target, body string) (status int, answer string, err error) {
	resp, err := s.server.Client().Post(s.server.URL+target, "application/json", strings.NewReader(body)) //nolint:noctx // a test's own request; the server is closed with the test
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}
