package sqlstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/mute"
	"modbot/internal/pgtest"
)

// rawAppend appends blocks of 4 KiB to a file and makes each durable: the
// least that any log on this disk has to pay for one record.
type rawAppend struct {
	file    *os.File
	block   []byte
	appends int
	spent   time.Duration
}

func newRawAppend(b *testing.B) *rawAppend {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, f.Close()) })
	return &rawAppend{file: f, block: make([]byte, 4096)}
}

// run appends for a while.
func (r *rawAppend) run(b *testing.B, d time.Duration) {
	b.Helper()
	start := time.Now()
	for time.Since(start) < d {
		_, err := r.file.Write(r.block)
		require.NoError(b, err)
		require.NoError(b, r.file.Sync())
		r.appends++
	}
	r.spent += time.Since(start)
}

func (r *rawAppend) rate() float64 { return float64(r.appends) / r.spent.Seconds() }

// BenchmarkBeginFinish measures durable records (a Begin or a Finish each is
// one) beside raw append+fsync on the same disk. The two take turns within one
// run, so that a disk or machine that changes its mind changes both.
func BenchmarkBeginFinish(b *testing.B) {
	for _, callers := range []int{1, 200} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			l := benchLog(b)
			raw := newRawAppend(b)
			const turn = 200 * time.Millisecond
			var actions int64
			var spent time.Duration
			b.ResetTimer()
			for b.Loop() {
				b.StopTimer()
				raw.run(b, turn)
				b.StartTimer()
				start := time.Now()
				actions += actFor(b, l, callers, actions, turn)
				spent += time.Since(start)
			}
			records := 2 * float64(actions) / spent.Seconds()
			b.ReportMetric(records, "records/s")
			b.ReportMetric(raw.rate(), "raw-fsyncs/s")
			b.ReportMetric(records/raw.rate(), "records/raw")
			b.ReportMetric(records/raw.rate()/2, "actions/raw")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkBeginFinishPostgres is the same in a PostgreSQL on the same disk,
// one replica alone.
func BenchmarkBeginFinishPostgres(b *testing.B) {
	c := pgtest.New(b, pgtest.Options{Disk: true})
	for _, callers := range []int{1, 200} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			store, err := sqlstore.Open(b.Context(), zap.NewNop(), c.Database(b), sqlstore.Options{})
			require.NoError(b, err)
			b.Cleanup(func() { require.NoError(b, store.Close()) })
			l := openLog(b, store, newKey(b))
			var actions int64
			b.ResetTimer()
			for b.Loop() {
				actions += actFor(b, l, callers, actions, 200*time.Millisecond)
			}
			b.ReportMetric(2*float64(actions)/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// actFor begins and finishes actions from many callers for a while.
func actFor(b *testing.B, l *audit.Log, callers int, from int64, d time.Duration) int64 {
	b.Helper()
	var n atomic.Int64
	var wg sync.WaitGroup
	until := time.Now().Add(d)
	for range callers {
		wg.Go(func() {
			for time.Now().Before(until) {
				begun, err := l.Begin(b.Context(), benchIntent(from+n.Add(1)))
				if err == nil {
					_, err = l.Finish(b.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return n.Load()
}

func benchIntent(n int64) audit.Intent {
	term, _ := mute.Seconds(7200)
	return audit.Intent{Head: audit.Head{
		ID: audit.NewID(), Key: "console\x1f\x1f" + strconv.FormatInt(n, 10), Origin: audit.Origin{Platform: "console"},
		Actor: "console:mia", ActorName: "mia", Account: mute.Account("member" + strconv.FormatInt(n, 10)),
		Verb: "mute", Scope: mute.ScopeGroup, Term: term, Reason: "spamming links", Role: "moderator", Rule: "role/moderator",
		Snapshot: `{"typed":{"verb":"mute","scope":1,"scope_given":true,"seconds":7200,"reason":"spamming links"},"answered":{}}`,
	}}
}

func benchLog(b *testing.B) *audit.Log {
	b.Helper()
	store, err := sqlstore.Open(b.Context(), zap.NewNop(), "sqlite:"+filepath.Join(b.TempDir(), "modbot.db"), sqlstore.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	key, err := audit.NewKey("example.org/modbot")
	require.NoError(b, err)
	l, err := audit.Open(zap.NewNop(), store, audit.Options{Signer: key})
	require.NoError(b, err)
	return l
}
