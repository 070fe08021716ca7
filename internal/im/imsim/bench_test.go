package imsim_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"modbot/internal/im/imwire"
)

// The simulator alone, without a network: it must not be what a measurement of
// modbot measures.
func BenchmarkSet(b *testing.B) {
	a := newApp(b, nil)
	target := a.url(imwire.SetNoSpeaking)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			w := httptest.NewRecorder()
			a.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodPost, target, strings.NewReader(muteAlice)))
			if w.Code != http.StatusOK {
				b.Error(w.Code)
			}
		}
	})
}

// The simulator behind net/http on the loopback, with 16 callers a core.
func BenchmarkSetOverHTTP(b *testing.B) {
	a := newApp(b, nil)
	server := httptest.NewServer(a)
	b.Cleanup(server.Close)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	b.Cleanup(client.CloseIdleConnections)
	target := server.URL + a.url(imwire.SetNoSpeaking)
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := client.Post(target, "application/json", strings.NewReader(muteAlice)) //nolint:noctx // a benchmark's own request
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
}
