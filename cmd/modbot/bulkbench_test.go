package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/bulk"
	"modbot/internal/commands/grammar"
	"modbot/internal/im"
	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
	"modbot/internal/pgtest"
)

const (
	// bulkBenchRows is how many accounts BenchmarkBulk mutes, where
	// MODBOT_BULK_ROWS does not say otherwise.
	bulkBenchRows = 10_000
	// typedEvery is how often somebody types a command meanwhile.
	typedEvery = 250 * time.Millisecond
)

// BenchmarkBulk measures a file of 10,000 accounts, by one process or cut among
// three, against an app that enforces the vendor's limit, while somebody types
// commands to one more process: how much of the configured rate is used from the
// first to the last accepted change, all callers together; how many calls were
// over the limit; and how long the typed commands took.
func BenchmarkBulk(b *testing.B) {
	rows := bulkBenchRows
	if s := os.Getenv("MODBOT_BULK_ROWS"); s != "" {
		var err error
		rows, err = strconv.Atoi(s)
		require.NoError(b, err)
	}
	for _, bench := range []struct {
		name      string
		store     func(b *testing.B) string
		processes int
	}{
		{"sqlite/processes=1", func(b *testing.B) string { return "sqlite:" + filepath.Join(b.TempDir(), "bench.db") }, 1},
		{"postgres/processes=1", func(b *testing.B) string { return pgtest.Database(b) }, 1},
		{"postgres/processes=3", func(b *testing.B) string { return pgtest.Database(b) }, 3},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				benchmarkBulk(b, bench.store(b), rows, bench.processes)
			}
		})
	}
}

// changes notes when changes were answered.
type changes struct {
	http.Handler
	mu          sync.Mutex
	n           int
	first, last time.Time
}

func (c *changes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.Handler.ServeHTTP(w, r)
	if !strings.HasSuffix(r.URL.Path, string(imwire.SetNoSpeaking)) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = time.Now()
	if c.n++; c.n == 1 {
		c.first = c.last
	}
}

func benchmarkBulk(b *testing.B, storeURL string, rows, processes int) {
	b.Helper()
	files := make([]strings.Builder, processes)
	accounts := make([]mute.Account, 0, 2*rows)
	for i := range rows {
		fmt.Fprintf(&files[i*processes/rows], "s%05d\n", i)
		accounts = append(accounts, mute.Account(fmt.Sprintf("s%05d", i)), mute.Account(fmt.Sprintf("typed-%d", i)))
	}
	sim, err := imsim.New(imsim.Config{
		SDKAppID: demoApp, Key: imwire.NewSecretKey(demoKey), Admin: demoAdmin, Accounts: accounts, Rate: imwire.VendorLimit,
	})
	require.NoError(b, err)
	counted := &changes{Handler: sim}
	server := httptest.NewServer(counted)
	defer func() { sim.Close(); server.Close() }()
	key, err := audit.NewKey("bench")
	require.NoError(b, err)
	process := func(background bool) *core {
		c, err := newCore(b.Context(), zap.NewNop(), parts{
			storeURL: storeURL, key: key, origin: "bench", policy: benchPolicy(b), grants: everyone{}, background: background,
			client: im.Config{
				Host: server.URL, SDKAppID: demoApp, Identifier: demoAdmin, SecretKey: imwire.NewSecretKey(demoKey), RatePerSecond: im.MaxRate,
			},
		})
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, c.Close()) })
		return c
	}
	typing := process(false)
	// The first call of a ledger's life has the row of its rate made, which begins
	// a second late.
	_, err = typing.client.State(b.Context(), accounts[0])
	require.NoError(b, err)
	_, err = typing.client.Unmute(b.Context(), accounts[0], mute.ScopeAll)
	require.NoError(b, err)
	counted.n = 0
	plans := make([]*commands.Bulk, processes)
	for i := range plans {
		plans[i] = planned(b, process(true), files[i].String())
	}

	ctx, stop := context.WithCancel(b.Context())
	var latencies []time.Duration
	var typist, filing sync.WaitGroup
	typist.Go(func() { latencies = typed(ctx, b, typing.dispatcher) })
	for _, plan := range plans {
		filing.Go(func() {
			err := plan.Run(b.Context(), commands.Running{Result: func(r commands.RowResult) {
				if r.Outcome != commands.RowDone {
					b.Errorf("%+v", r)
				}
			}})
			if err != nil {
				b.Error(err)
			}
		})
	}
	filing.Wait()
	stop()
	typist.Wait()

	counted.mu.Lock()
	defer counted.mu.Unlock()
	perSecond := float64(counted.n-1) / counted.last.Sub(counted.first).Seconds()
	slices.Sort(latencies)
	p99 := latencies[min(len(latencies)-1, len(latencies)*99/100)]
	b.ReportMetric(perSecond/im.MaxRate, "of-rate")
	b.ReportMetric(float64(sim.Snapshot().OverLimit), "over-limit")
	b.ReportMetric(float64(p99)/float64(time.Millisecond), "typed-p99-ms")
	b.ReportMetric(0, "ns/op")
}

// planned is a file as `modbot bulk mute` plans it.
func planned(b *testing.B, c *core, file string) *commands.Bulk {
	b.Helper()
	week := bulk.Defaults{Term: "7d", Scope: "group", Reason: "spam wave"}
	read, err := bulk.Read(strings.NewReader(file), grammar.New(commands.Specs()), "mute", week)
	require.NoError(b, err)
	require.Empty(b, read.Faults)
	plan, err := c.dispatcher.Plan(b.Context(), chat.Invocation{Platform: chat.Console, Actor: chat.Actor{ID: "ada"}}, commands.Order{Verb: "mute", Rows: read.Rows})
	require.NoError(b, err)
	return plan
}

// typed types commands in a constant beat until the context ends, and returns how
// long each took, from when it was due.
func typed(ctx context.Context, b *testing.B, d *commands.Dispatcher) []time.Duration {
	b.Helper()
	var latencies []time.Duration
	beat := time.NewTicker(typedEvery)
	defer beat.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return latencies
		case <-beat.C:
		}
		due := time.Now()
		inv := chat.Invocation{Platform: chat.Console, Actor: chat.Actor{ID: "mia"}, Line: fmt.Sprintf("/mute typed-%d 2h group", n)}
		d.Handle(context.WithoutCancel(ctx), inv, func(_ context.Context, r chat.Reply) {
			if r.State != chat.StateDone {
				b.Errorf("%s: %s", inv.Line, r.Message.Plain())
			}
		})
		latencies = append(latencies, time.Since(due))
	}
}
