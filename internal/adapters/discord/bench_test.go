package discord

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The two benchmarks are to be read together: what our way in costs, and what a
// handler costs that only verifies the signature.

func BenchmarkVerifyAndDecode(b *testing.B) {
	bench := newBench(b, nil)
	body := typedCommand(b, bench)
	for b.Loop() {
		got, no := verify(httptest.NewRecorder(), bench.signed(body, time.Now()), bench.d.key, time.Now())
		if no != nil {
			b.Fatal(no)
		}
		if _, err := decodeInteraction(got, testApp, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBareVerify(b *testing.B) {
	bench := newBench(b, nil)
	body := typedCommand(b, bench)
	for b.Loop() {
		if !bare(bench.signed(body, time.Now()), bench.d.key) {
			b.Fatal("not verified")
		}
	}
}

// BenchmarkSign is what both pay for making the request.
func BenchmarkSign(b *testing.B) {
	bench := newBench(b, nil)
	body := typedCommand(b, bench)
	for b.Loop() {
		_ = bench.signed(body, time.Now())
	}
}

func bare(r *http.Request, key ed25519.PublicKey) bool {
	signature, err := hex.DecodeString(r.Header.Get(signatureHeader))
	if err != nil {
		return false
	}
	var message bytes.Buffer
	message.WriteString(r.Header.Get(timestampHeader))
	if _, err := io.Copy(&message, r.Body); err != nil {
		return false
	}
	return ed25519.Verify(key, message.Bytes(), signature)
}

// typedCommand is a command with what Discord sends along.
func typedCommand(tb testing.TB, b *bench) []byte {
	tb.Helper()
	o := b.muting()
	o["locale"], o["guild_locale"], o["app_permissions"], o["version"] = "en-US", "en-US", "442368", 1
	o["entitlements"], o["authorizing_integration_owners"] = []any{}, object{"0": testGuild}
	o["guild"] = object{"id": testGuild, "locale": "en-US", "features": []string{"COMMUNITY", "NEWS"}}
	body, err := json.Marshal(o)
	require.NoError(tb, err)
	return body
}
