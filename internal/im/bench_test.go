package im

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// BenchmarkClientBesideBarePOST measures a whole Mute beside what net/http
// alone needs to send the same body to the same server and read the answer.
// The two take turns in rounds, so that the machine's noise hits both, and
// the metric "ratio" is the median of the rounds: client over bare. The bare
// side has the client's own pool settings and decodes nothing.
func BenchmarkClientBesideBarePOST(b *testing.B) {
	for _, scheme := range []string{"http", "https"} {
		for _, goroutines := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/goroutines=%d", scheme, goroutines), func(b *testing.B) {
				benchmarkRatio(b, scheme == "https", goroutines)
			})
		}
	}
}

func benchmarkRatio(b *testing.B, overTLS bool, goroutines int) {
	b.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"ErrorCode":0,"ErrorInfo":""}`)
	}))
	server.Config.ErrorLog = zap.NewStdLog(zap.NewNop()) // connections given up while dialling
	var roots *x509.CertPool
	if overTLS {
		server.StartTLS()
		roots = x509.NewCertPool()
		roots.AddCert(server.Certificate())
	} else {
		server.Start()
	}
	b.Cleanup(server.Close)

	client, err := New(zap.NewNop(), Config{
		Host: server.URL, SDKAppID: 1400000000, Identifier: "administrator",
		SecretKey: imwire.NewSecretKey("benchmark"), RootCAs: roots, Slots: unlimited{},
	})
	require.NoError(b, err)
	b.Cleanup(client.Close)
	until := mute.Permanent().From(time.Now())
	call := func() error {
		_, err := client.Mute(context.Background(), "alice", mute.ScopeGroup, until)
		return err
	}

	bare := &http.Client{Transport: newTransport(DefaultRate, roots, nil)}
	b.Cleanup(bare.CloseIdleConnections)
	usersig, err := client.UserSig()
	require.NoError(b, err)
	url := server.URL + imwire.SetNoSpeaking.Path() +
		"?sdkappid=1400000000&identifier=administrator&usersig=" + usersig + "&random=99999999&contenttype=json"
	body, err := json.Marshal(imwire.SetRequest{SetAccount: "alice", GroupmsgNospeakingTime: new(uint32(1<<32 - 1))})
	require.NoError(b, err)
	floor := func() error {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := bare.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		_, err = io.ReadAll(resp.Body)
		return err
	}

	const perRound = 320
	timed(b, goroutines, perRound, call) // both pools filled
	timed(b, goroutines, perRound, floor)
	var calls, floors time.Duration
	var ratios []float64
	done := 0
	b.ResetTimer()
	for done < b.N || len(ratios) < 5 {
		var c, f time.Duration
		if len(ratios)%2 == 0 {
			c, f = timed(b, goroutines, perRound, call), timed(b, goroutines, perRound, floor)
		} else {
			f, c = timed(b, goroutines, perRound, floor), timed(b, goroutines, perRound, call)
		}
		calls, floors, done = calls+c, floors+f, done+perRound
		ratios = append(ratios, float64(c)/float64(f))
	}
	slices.Sort(ratios)
	b.ReportMetric(float64(calls)/float64(done), "ns/op")
	b.ReportMetric(float64(floors)/float64(done), "bare-ns/op")
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
}

// timed runs do n times, shared among the goroutines.
func timed(b *testing.B, goroutines, n int, do func() error) time.Duration {
	b.Helper()
	var wg sync.WaitGroup
	errs := make(chan error, goroutines)
	begun := time.Now()
	for range goroutines {
		wg.Go(func() {
			for range n / goroutines {
				if err := do(); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(begun)
	select {
	case err := <-errs:
		require.NoError(b, err)
	default:
	}
	return took
}
