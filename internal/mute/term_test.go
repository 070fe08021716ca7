package mute_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/mute"
)

func TestSeconds_LetsThroughWhatIsATermAndNothingElse(t *testing.T) {
	for _, n := range []int64{math.MinInt64, -1, 0, math.MaxUint32, math.MaxUint32 + 1, 1 << 32, math.MaxInt64} {
		term, err := mute.Seconds(n)
		var bad *mute.TermError
		require.ErrorAs(t, err, &bad, n)
		require.True(t, term.IsZero())
	}
	for _, n := range []int64{1, 7200, mute.MaxSeconds} {
		term, err := mute.Seconds(n)
		require.NoError(t, err)
		got, finite := term.Seconds()
		require.True(t, finite)
		require.Equal(t, n, got)
	}
}

func TestPermanent_IsAKindOfItsOwn(t *testing.T) {
	longest, err := mute.Seconds(mute.MaxSeconds)
	require.NoError(t, err)
	require.True(t, mute.Permanent().IsPermanent())
	require.False(t, longest.IsPermanent())
	require.True(t, mute.Permanent().Exceeds(longest))
	_, finite := mute.Permanent().Seconds()
	require.False(t, finite)
	_, finite = mute.Permanent().Duration()
	require.False(t, finite)
}

// A mute never carries 0, and 4294967295 only when it is permanent; what is
// sent again later ends less than a second later.
func TestRunning_Wire(t *testing.T) {
	began := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, mute.MaxSeconds).Draw(t, "seconds")
		after := time.Duration(rapid.Int64Range(-int64(time.Hour), int64(200*365*24*time.Hour)).Draw(t, "after"))
		term, err := mute.Seconds(n)
		require.NoError(t, err)
		now := began.Add(after)
		wire, ok := term.From(began).Wire(now)
		deadline := began.Add(time.Duration(n) * time.Second)
		require.Equal(t, deadline.Sub(now) >= time.Second, ok, "under a second left there is no attempt")
		if !ok {
			require.Zero(t, wire)
			return
		}
		require.NotZero(t, wire)
		require.NotEqual(t, uint32(math.MaxUint32), wire)
		if after >= 0 {
			late := now.Add(time.Duration(wire) * time.Second).Sub(deadline)
			require.GreaterOrEqual(t, late, time.Duration(0))
			require.Less(t, late, time.Second)
		}
	})
}

func TestRunning_WirePermanentAndNone(t *testing.T) {
	now := time.Now()
	wire, ok := mute.Permanent().From(now).Wire(now.Add(1000 * time.Hour))
	require.True(t, ok)
	require.Equal(t, uint32(math.MaxUint32), wire)
	_, ok = mute.Term{}.From(now).Wire(now)
	require.False(t, ok, "no term is nothing to send")
}
