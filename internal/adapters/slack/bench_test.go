//go:build unix

package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/adaptertest"
	"modbot/internal/chat"
)

// bareHandler does no more than has to be done: it verifies the signature.
func bareHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCommandBody))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		stamp := r.Header.Get(headerTimestamp)
		at, err := strconv.ParseInt(stamp, 10, 64)
		given, badHex := hex.DecodeString(strings.TrimPrefix(r.Header.Get(headerSignature), "v0="))
		mac := hmac.New(sha256.New, []byte(testSecret))
		mac.Write([]byte("v0:" + stamp + ":"))
		mac.Write(body)
		if err != nil || badHex != nil || time.Since(time.Unix(at, 0)).Abs() > window || !hmac.Equal(mac.Sum(nil), given) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
}

// libraryHandler verifies and parses as slack-go's examples do.
func libraryHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		verifier, err := slack.NewSecretsVerifier(r.Header, testSecret)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.Body = io.NopCloser(io.TeeReader(http.MaxBytesReader(w, r.Body, maxCommandBody), &verifier))
		if _, err := slack.SlashCommandParse(r); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if err := verifier.Ensure(); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
}

// readingHandler is the adapter as far as a delivery is understood, without
// anybody who answers it.
func readingHandler(s *Slack) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, result, status := s.admit(w, r, maxCommandBody)
		if status != 0 {
			s.refuse(w, kindCommand, result, status)
			return
		}
		if _, err := commandForm(body); err != nil {
			s.refuse(w, kindCommand, resultMalformed, http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
}

// benchSlack is an adapter without a network, and without the records that
// other tests look at.
func benchSlack(b *testing.B) *Slack {
	b.Helper()
	s, err := New(zap.NewNop(), Config{
		Mode: HTTP, SigningSecret: testSecret, BotToken: testBotToken, Workspaces: []string{"T1"}, Transport: silent{},
	})
	require.NoError(b, err)
	return s
}

// silent is a Slack that takes everything.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	answer := usual(called{method: r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]})
	return &http.Response{
		StatusCode: answer.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer.body)), Request: r,
	}, nil
}

// orders makes deliveries that were never there before.
type orders struct{ made int }

func (o *orders) next() adaptertest.Signed {
	o.made++
	fields := commandFields(
		"trigger_id", fmt.Sprintf("398738663015.47445629121.%024x", o.made), "response_url", answerURL,
		"text", "mute alice 2h group spamming links in the main hall", "token", "xyzz0WbapA4vBCDEFasx0q6G",
		"channel_id", "C0123456789", "user_id", "U0123456789", "is_enterprise_install", "false",
	)
	body, stamp := fields.Encode(), strconv.FormatInt(time.Now().Unix(), 10)
	return adaptertest.Signed{Path: "/slack/commands", Body: body, Header: map[string]string{
		"Content-Type": formType, headerTimestamp: stamp, headerSignature: sign(testSecret, stamp, body),
	}}
}

func sides(b *testing.B) adaptertest.Sides {
	b.Helper()
	return adaptertest.Sides{
		Bare: bareHandler(), Ours: readingHandler(benchSlack(b)), Library: libraryHandler(), Next: new(orders).next,
	}
}

// BenchmarkSlackVerify measures verification and parsing alone.
func BenchmarkSlackVerify(b *testing.B) { adaptertest.BenchHandlers(b, sides(b)) }

// BenchmarkSlackServer measures the same within net/http's server.
func BenchmarkSlackServer(b *testing.B) { adaptertest.BenchServers(b, sides(b)) }

// BenchmarkSlackAck measures whole commands until they are acknowledged. A core
// that needs two seconds is acknowledged empty after 0.8 s, by design.
func BenchmarkSlackAck(b *testing.B) {
	for _, c := range []struct {
		name  string
		takes time.Duration
	}{{"core=at_once", 0}, {"core=after_2s", 2 * time.Second}} {
		b.Run(c.name, func(b *testing.B) {
			s := benchSlack(b)
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error, 1)
			go func() { ended <- s.Run(ctx, slowCore(c.takes)) }()
			for s.door.Load() == nil { // Run opens it first of all
				runtime.Gosched()
			}
			adaptertest.BenchAck(b, bareHandler(), s.Handler(), new(orders).next, func() {
				for s.door.Load().inFlight.Load() > 0 {
					<-time.After(5 * time.Millisecond)
				}
			})
			cancel()
			require.NoError(b, <-ended)
		})
	}
}

// slowCore answers once some time has passed.
func slowCore(takes time.Duration) adapters.Core {
	return fakeCore{handle: func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
		if pause(ctx, takes) {
			respond(ctx, said("Done: alice is muted in groups for 2h."))
		}
	}}
}
