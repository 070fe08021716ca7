package audit_test

import (
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/pgtest"
)

// verifyEntries is how many entries the large ledger of BenchmarkVerify has, and
// verifySmaller how many times fewer the small one; set
// MODBOT_VERIFY_ENTRIES=1000000 for the size that the README speaks of.
const (
	verifyEntries = 100_000
	verifySmaller = 10
)

// BenchmarkVerify measures a full verification beside reading and decoding the
// same rows, in turns within one run, on a ledger and on one of a tenth of its
// size: how much more an entry of the large one takes, and the heap that it
// takes at most.
func BenchmarkVerify(b *testing.B) {
	n := verifyEntries
	if s := os.Getenv("MODBOT_VERIFY_ENTRIES"); s != "" {
		var err error
		n, err = strconv.Atoi(s)
		require.NoError(b, err)
	}
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + filepath.Join(b.TempDir(), "modbot.db") },
		"postgres": func() string { return pgtest.Database(b) },
	} {
		var small, large *scaled
		b.Run(name, func(b *testing.B) {
			if large == nil {
				small, large = newScaled(b, url(), n/verifySmaller), newScaled(b, url(), n)
			}
			var s, l verifying
			for b.Loop() {
				s.once(b, small)
				l.once(b, large)
			}
			turns := float64(b.N)
			b.ReportMetric(float64(n), "entries")
			b.ReportMetric(l.reading.Seconds()/turns, "s/read")
			b.ReportMetric(l.verifying.Seconds()/turns, "s/verify")
			b.ReportMetric(l.verifying.Seconds()/l.reading.Seconds(), "verify/read")
			b.ReportMetric(l.verifying.Seconds()/s.verifying.Seconds()/verifySmaller, "entry/small")
			b.ReportMetric(float64(s.heap)/1e6, "small-heap-MB")
			b.ReportMetric(float64(l.heap)/1e6, "heap-MB")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// verifying is what the verification of one ledger took.
type verifying struct {
	reading, verifying time.Duration
	heap               uint64 // bytes, at most
}

func (v *verifying) once(b *testing.B, l *scaled) {
	b.Helper()
	size, _, err := l.Head(b.Context())
	require.NoError(b, err)
	start := time.Now()
	read, err := audit.ReadAll(b.Context(), l.store)
	require.NoError(b, err)
	require.Equal(b, size, read)
	v.reading += time.Since(start)
	peak := watchHeap()
	start = time.Now()
	r, err := audit.Verify(b.Context(), l.store, audit.VerifyOptions{})
	require.NoError(b, err)
	require.True(b, r.OK, r.Problem)
	v.verifying += time.Since(start)
	v.heap = max(v.heap, peak())
}

// watchHeap looks at the live heap, as of each collection, until it is asked for
// the most that there was.
func watchHeap() (most func() uint64) {
	const every = 5 * time.Millisecond
	stop := make(chan struct{})
	var peak uint64
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for {
			metrics.Read(live)
			peak = max(peak, live[0].Value.Uint64())
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	})
	return func() uint64 {
		close(stop)
		all.Wait()
		return peak
	}
}
