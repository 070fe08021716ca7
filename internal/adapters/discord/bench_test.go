//go:build unix

package discord

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters/adaptertest"
	"modbot/internal/chat"
)

// bareHandler does no more than has to be done: it verifies the signature.
func bareHandler(key ed25519.PublicKey) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signature, err := hex.DecodeString(r.Header.Get(signatureHeader))
		var message bytes.Buffer
		message.WriteString(r.Header.Get(timestampHeader))
		_, broken := io.Copy(&message, http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil || broken != nil || !ed25519.Verify(key, message.Bytes(), signature) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
}

// libraryHandler verifies and parses as discordgo's example does.
func libraryHandler(key ed25519.PublicKey) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in discordgo.Interaction
		if !discordgo.VerifyInteraction(r, key) || json.NewDecoder(r.Body).Decode(&in) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
}

// readingHandler is the adapter as far as an interaction is understood, without
// anybody who answers it.
func readingHandler(key ed25519.PublicKey) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		received := time.Now()
		body, no := verify(w, r, key, received)
		if no != nil {
			turnAway(w, no.status)
			return
		}
		if _, err := decodeInteraction(body, testApp, received); err != nil {
			turnAway(w, http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
}

// orders makes deliveries that were never there before.
type orders struct {
	b *testing.B
	*bench
}

func (o orders) next() adaptertest.Signed {
	o.b.Helper()
	in := o.muting()
	in["locale"], in["guild_locale"], in["app_permissions"], in["version"] = "en-US", "en-US", "442368", 1
	in["entitlements"], in["authorizing_integration_owners"] = []any{}, object{"0": testGuild}
	in["guild"] = object{"id": testGuild, "locale": "en-US", "features": []string{"COMMUNITY", "NEWS"}}
	body, err := json.Marshal(in)
	require.NoError(o.b, err)
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	return adaptertest.Signed{Path: Path, Body: string(body), Header: map[string]string{
		"Content-Type": "application/json", timestampHeader: stamp,
		signatureHeader: hex.EncodeToString(ed25519.Sign(o.key, append([]byte(stamp), body...))),
	}}
}

func sides(b *testing.B) adaptertest.Sides {
	b.Helper()
	o := orders{b, newBench(b, nil)}
	return adaptertest.Sides{
		Bare: bareHandler(o.d.key), Ours: readingHandler(o.d.key), Library: libraryHandler(o.d.key), Next: o.next,
	}
}

// BenchmarkDiscordVerify measures verification and parsing alone.
func BenchmarkDiscordVerify(b *testing.B) { adaptertest.BenchHandlers(b, sides(b)) }

// BenchmarkDiscordServer measures the same within net/http's server.
func BenchmarkDiscordServer(b *testing.B) { adaptertest.BenchServers(b, sides(b)) }

// BenchmarkDiscordAck measures whole commands until they are acknowledged. A
// core that needs two seconds is acknowledged by a placeholder long before.
func BenchmarkDiscordAck(b *testing.B) {
	for _, c := range []struct {
		name  string
		takes time.Duration
	}{{"core=at_once", 0}, {"core=after_2s", 2 * time.Second}} {
		b.Run(c.name, func(b *testing.B) {
			o := orders{b, newBench(b, func(cfg *Config) { cfg.Meter, cfg.Transport = nil, takesAll{} })}
			o.d.log = zap.NewNop()
			core := &slowCore{takes: c.takes}
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error, 1)
			go func() { ended <- o.d.Run(ctx, core) }()
			for o.d.intake.Load() == nil {
				<-time.After(time.Millisecond)
			}
			adaptertest.BenchAck(b, bareHandler(o.d.key), o.d.Handler(), o.next, func() { <-time.After(c.takes) })
			cancel()
			require.NoError(b, <-ended)
		})
	}
}

// slowCore answers once some time has passed.
type slowCore struct {
	testCore
	takes time.Duration
}

func (c *slowCore) Handle(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
	if c.takes > 0 {
		timer := time.NewTimer(c.takes)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	respond(ctx, said("Done: alice is muted in groups for 2h."))
}

// takesAll is a Discord that takes every call.
type takesAll struct{}

func (takesAll) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"id":"1"}`)), Request: r,
	}, nil
}
