package audit_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
)

// verifyEntries is how many entries BenchmarkVerify makes; set
// MODBOT_VERIFY_ENTRIES=1000000 for the size that the README speaks of.
const verifyEntries = 100_000

// BenchmarkVerify measures a full verification beside reading and decoding the
// same rows, in turns within one run.
func BenchmarkVerify(b *testing.B) {
	n := verifyEntries
	if s := os.Getenv("MODBOT_VERIFY_ENTRIES"); s != "" {
		var err error
		n, err = strconv.Atoi(s)
		require.NoError(b, err)
	}
	store, err := sqlstore.Open(b.Context(), zap.NewNop(), "sqlite:"+filepath.Join(b.TempDir(), "modbot.db"), sqlstore.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	key, err := audit.NewKey("example.org/modbot")
	require.NoError(b, err)
	l, err := audit.Open(zap.NewNop(), store, audit.Options{Signer: key})
	require.NoError(b, err)
	start := time.Now()
	require.NoError(b, l.Fill(b.Context(), n/2))
	b.Logf("%d entries made in %s", n, time.Since(start))
	size, _, err := l.Head(b.Context())
	require.NoError(b, err)
	var reading, verifying time.Duration
	b.ResetTimer()
	for b.Loop() {
		start := time.Now()
		read, err := audit.ReadAll(b.Context(), store)
		require.NoError(b, err)
		require.Equal(b, size, read)
		reading += time.Since(start)
		start = time.Now()
		r, err := audit.Verify(b.Context(), store, audit.VerifyOptions{})
		require.NoError(b, err)
		require.True(b, r.OK, r.Problem)
		verifying += time.Since(start)
	}
	turns := float64(b.N)
	b.ReportMetric(float64(n), "entries")
	b.ReportMetric(reading.Seconds()/turns, "s/read")
	b.ReportMetric(verifying.Seconds()/turns, "s/verify")
	b.ReportMetric(verifying.Seconds()/reading.Seconds(), "verify/read")
	b.ReportMetric(0, "ns/op")
}
