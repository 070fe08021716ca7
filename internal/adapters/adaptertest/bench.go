//go:build unix

package adaptertest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Signed is a delivery over HTTP, made and signed before the clock runs. An
// adapter takes each once.
type Signed struct {
	Path   string
	Header map[string]string
	Body   string
}

// request is the delivery to a server, or to a handler when base is empty.
func (s Signed) request(base string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, base+s.Path, bytes.NewReader([]byte(s.Body)))
	r.RequestURI = "" // a client sets it
	for name, value := range s.Header {
		r.Header.Set(name, value)
	}
	return r
}

// wire is the delivery as it stands on a connection.
func (s Signed) wire() []byte {
	out := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: modbot\r\nContent-Length: %d\r\n", s.Path, len(s.Body))
	for name, value := range s.Header {
		out = fmt.Appendf(out, "%s: %s\r\n", name, value)
	}
	return append(append(out, "\r\n"...), s.Body...)
}

// Sides are what BenchHandlers and BenchServers compare. Each handler answers what
// it understood with an empty 200.
type Sides struct {
	Bare    http.Handler // verifies the signature, and no more
	Ours    http.Handler // the adapter up to the understood delivery
	Library http.Handler // the platform's library: verifies and parses
	Next    func() Signed
}

// benchRound is how many deliveries one side takes in one turn, and benchRounds
// the least number of rounds.
const (
	benchRound  = 1000
	benchRounds = 9
)

// BenchHandlers measures the handlers alone, without a network: ns/op is ours,
// "verify/bare" and "library/bare" the medians of the rounds' ratios. The sides
// take turns in rounds, so that the machine's noise hits all of them.
func BenchHandlers(b *testing.B, s Sides) {
	b.Helper()
	s.beside(b, func(h http.Handler, all []Signed) time.Duration {
		requests := make([]*http.Request, len(all))
		for i, one := range all {
			requests[i] = one.request("")
		}
		begun := time.Now()
		for _, r := range requests {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				require.Equal(b, http.StatusOK, w.Code)
			}
		}
		return time.Since(begun)
	})
}

// BenchServers measures the same as parts of servers: the processor's time for a
// delivery over a loopback connection through net/http. The client writes bytes
// that were made beforehand, and costs no more than it has to.
func BenchServers(b *testing.B, s Sides) {
	b.Helper()
	conns := map[string]net.Conn{} // by the handler's address
	s.beside(b, func(h http.Handler, all []Signed) time.Duration {
		key := fmt.Sprintf("%p", h)
		if conns[key] == nil {
			server := httptest.NewServer(h)
			b.Cleanup(server.Close)
			conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", server.Listener.Addr().String())
			require.NoError(b, err)
			b.Cleanup(func() { _ = conn.Close() })
			conns[key] = conn
		}
		requests := make([][]byte, len(all))
		for i, one := range all {
			requests[i] = one.wire()
		}
		begun := processorTime(b)
		require.NoError(b, exchange(conns[key], requests))
		return processorTime(b) - begun
	})
}

// beside lets the sides take turns and reports them.
func (s Sides) beside(b *testing.B, turn func(http.Handler, []Signed) time.Duration) {
	b.Helper()
	all := []http.Handler{s.Bare, s.Ours, s.Library}
	spent, ratios := make([]time.Duration, len(all)), make([][]float64, len(all))
	done := 0
	for round := 0; done < b.N || round < benchRounds; round++ {
		took := make([]time.Duration, len(all))
		for n := range all {
			i := (n + round) % len(all)
			signed := make([]Signed, benchRound)
			for k := range signed {
				signed[k] = s.Next()
			}
			runtime.GC() // what another side left behind is not this one's
			took[i] = turn(all[i], signed)
		}
		for i := range all {
			spent[i] += took[i]
			ratios[i] = append(ratios[i], float64(took[i])/float64(took[0]))
		}
		done += benchRound
	}
	for i, unit := range []string{"bare-ns/op", "ns/op", "library-ns/op"} {
		b.ReportMetric(float64(spent[i])/float64(done), unit)
	}
	b.ReportMetric(median(ratios[1]), "verify/bare")
	b.ReportMetric(median(ratios[2]), "library/bare")
}

// exchange sends requests one after another and reads the empty answers.
func exchange(conn net.Conn, requests [][]byte) error {
	answers := bufio.NewReader(conn)
	for _, r := range requests {
		if _, err := conn.Write(r); err != nil {
			return err
		}
		for first := true; ; first = false {
			line, err := answers.ReadSlice('\n')
			if err != nil {
				return err
			}
			if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
				return fmt.Errorf("answered %q", line)
			}
			if len(line) == len("\r\n") {
				break
			}
		}
	}
	return nil
}

// processorTime is what this process has used so far, the kernel's work for it
// included.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// What BenchAck offers.
const (
	ackEvery  = time.Second / 200
	ackTurn   = 2 * time.Second
	ackRounds = 3
	// ackConns is how many connections the client may keep: one for each
	// delivery that a slow core holds.
	ackConns = 1024
	ackTime  = 10 * time.Second
)

// BenchAck offers deliveries at 200 a second to whole servers and measures until
// the acknowledgement has arrived. The arrivals are fixed beforehand and latency
// counts from them, so that a slow answer delays no other delivery and hides
// behind none. The bare handler gets the same load in turns; the client's share
// is part of both processor times. settled waits until nothing is under way any
// more: what comes after the acknowledgement counts, too.
func BenchAck(b *testing.B, bare, ours http.Handler, next func() Signed, settled func()) {
	b.Helper()
	servers := []*httptest.Server{httptest.NewServer(bare), httptest.NewServer(ours)}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: ackConns}, Timeout: ackTime}
	defer func() {
		client.CloseIdleConnections()
		for _, server := range servers {
			server.Close()
		}
	}()
	latencies, used := make([][]time.Duration, len(servers)), make([]time.Duration, len(servers))
	var ratios []float64
	for round := 0; round < ackRounds || len(latencies[0]) < b.N; round++ {
		turns := make([]time.Duration, len(servers))
		for k := range servers {
			i := (k + round) % len(servers)
			signed := make([]Signed, int(ackTurn/ackEvery))
			for n := range signed {
				signed[n] = next()
			}
			runtime.GC()
			begun := processorTime(b)
			took, err := offer(client, servers[i].URL, signed)
			require.NoError(b, err)
			settled()
			turns[i] = processorTime(b) - begun
			used[i] += turns[i]
			latencies[i] = append(latencies[i], took...)
		}
		ratios = append(ratios, float64(turns[1])/float64(turns[0]))
	}
	for i, prefix := range []string{"bare-", ""} {
		slices.Sort(latencies[i])
		count := len(latencies[i])
		b.ReportMetric(milliseconds(latencies[i][count/2]), prefix+"p50-ms")
		b.ReportMetric(milliseconds(latencies[i][count*99/100]), prefix+"p99-ms")
		b.ReportMetric(float64(used[i].Microseconds())/float64(count), prefix+"cpu-us/op")
	}
	b.ReportMetric(0, "ns/op") // arrivals are fixed: it would say nothing
	b.ReportMetric(median(ratios), "cpu/bare")
}

// offer sends deliveries at their times, and returns how long each took from its
// time on.
func offer(client *http.Client, base string, all []Signed) ([]time.Duration, error) {
	took, errs := make([]time.Duration, len(all)), make([]error, len(all))
	var wg sync.WaitGroup
	begun := time.Now().Add(ackEvery)
	for i, one := range all {
		due := begun.Add(time.Duration(i) * ackEvery)
		if wait := time.Until(due); wait > 0 {
			<-time.After(wait)
		}
		wg.Go(func() {
			errs[i] = post(client, one.request(base))
			took[i] = time.Since(due)
		})
	}
	wg.Wait()
	return took, errors.Join(errs...)
}

// post makes a request and reads the whole answer.
func post(client *http.Client, r *http.Request) error {
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %d", resp.StatusCode)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
