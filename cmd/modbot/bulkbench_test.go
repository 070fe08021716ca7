package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/bulk"
	"modbot/internal/commands/grammar"
	"modbot/internal/im"
	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

const (
	// bulkBenchRows is how many accounts BenchmarkBulk mutes, where
	// MODBOT_BULK_ROWS does not say otherwise.
	bulkBenchRows = 10_000
	// typedEvery is how often somebody types a command meanwhile.
	typedEvery = 250 * time.Millisecond
)

// BenchmarkBulk measures a file of 10,000 accounts against an app that enforces
// the vendor's limit, while somebody types commands: how much of the configured
// rate is used from the first to the last accepted change, all callers together;
// how many calls were over the limit; and how long the typed commands took.
func BenchmarkBulk(b *testing.B) {
	rows := bulkBenchRows
	if s := os.Getenv("MODBOT_BULK_ROWS"); s != "" {
		var err error
		rows, err = strconv.Atoi(s)
		require.NoError(b, err)
	}
	for b.Loop() {
		benchmarkBulk(b, rows)
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

func benchmarkBulk(b *testing.B, rows int) {
	b.Helper()
	var file strings.Builder
	accounts := make([]mute.Account, 0, 2*rows)
	for i := range rows {
		fmt.Fprintf(&file, "s%05d\n", i)
		accounts = append(accounts, mute.Account(fmt.Sprintf("s%05d", i)), mute.Account(fmt.Sprintf("typed-%d", i)))
	}
	sim, err := imsim.New(imsim.Config{
		SDKAppID: demoApp, Key: imwire.NewSecretKey(demoKey), Admin: demoAdmin, Accounts: accounts, Rate: imwire.VendorLimit,
	})
	require.NoError(b, err)
	counted := &changes{Handler: sim}
	server := httptest.NewServer(counted)
	defer func() { sim.Close(); server.Close() }()
	client, err := im.New(zap.NewNop(), im.Config{
		Host: server.URL, SDKAppID: demoApp, Identifier: demoAdmin, SecretKey: imwire.NewSecretKey(demoKey), RatePerSecond: im.MaxRate,
	})
	require.NoError(b, err)
	defer client.Close()
	ledger, rules := benchLedger(b), benchPolicy(b)
	dispatcher := func(t tencent) *commands.Dispatcher {
		return commands.New(zap.NewNop(), commands.Config{
			Ledger: ledger, Lookup: t, Actor: t, Policy: rules, Grants: everyone{}, Meaning: meaning,
		})
	}
	typing, filing := dispatcher(tencent{client}), dispatcher(tencent{client.Background()})
	defer typing.Close()
	defer filing.Close()

	week := bulk.Defaults{Term: "7d", Scope: "group", Reason: "spam wave"}
	read, err := bulk.Read(strings.NewReader(file.String()), grammar.New(commands.Specs()), "mute", week)
	require.NoError(b, err)
	require.Empty(b, read.Faults)
	plan, err := filing.Plan(b.Context(), chat.Invocation{Platform: chat.Console, Actor: chat.Actor{ID: "ada"}}, commands.Order{Verb: "mute", Rows: read.Rows})
	require.NoError(b, err)

	ctx, stop := context.WithCancel(b.Context())
	var latencies []time.Duration
	var typist sync.WaitGroup
	typist.Go(func() { latencies = typed(ctx, b, typing) })
	require.NoError(b, plan.Run(b.Context(), commands.Running{Result: func(r commands.RowResult) {
		if r.Outcome != commands.RowDone {
			b.Errorf("%+v", r)
		}
	}}))
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
