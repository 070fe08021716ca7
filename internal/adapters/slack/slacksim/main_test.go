package slacksim_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/testclock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait; it is only ever waited out by a test that fails.
const patience = 20 * time.Second

// house is a server with a client of the real library and one channel.
type house struct {
	*slacksim.Server
	api   *slack.Client
	clock *testclock.Clock

	transport *http.Transport
}

// as is a client with other tokens.
func (h *house) as(bot, app string) *slack.Client {
	return slack.New(bot, slack.OptionAppLevelToken(app), slack.OptionAPIURL(h.APIURL()),
		slack.OptionHTTPClient(&http.Client{Transport: h.transport, Timeout: patience}))
}

func newHouse(t *testing.T, change func(*slacksim.Config)) *house {
	t.Helper()
	h := &house{clock: testclock.New(time.Now())} // the library's verifier has no other clock
	cfg := slacksim.Config{Now: h.clock.Now}
	if change != nil {
		change(&cfg)
	}
	var err error
	h.Server, err = slacksim.New(cfg)
	require.NoError(t, err)
	t.Cleanup(h.Close)
	h.transport = &http.Transport{}
	t.Cleanup(h.transport.CloseIdleConnections)
	h.api = h.as(h.Config().BotToken, h.Config().AppToken)
	h.SetChannel(slacksim.Channel{ID: "C1", Name: "mods", Member: true})
	h.AddUser(slacksim.User{ID: "U1", Name: "mia"})
	return h
}

func waiting(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// request is what an adapter got.
type request struct {
	path   string
	header http.Header
	body   []byte
}

// adapter is the other side of deliveries: it keeps them and answers with a
// function.
type adapter struct {
	*httptest.Server
	got chan request
}

func newAdapter(t *testing.T, answer http.HandlerFunc) *adapter {
	t.Helper()
	a := &adapter{got: make(chan request, 100)}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			a.got <- request{r.URL.Path, r.Header, body}
		}
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(a.Close)
	return a
}

func answerWith(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func texts(all []slacksim.Message) (out []string) {
	for _, m := range all {
		out = append(out, m.Shown().Text)
	}
	return out
}
