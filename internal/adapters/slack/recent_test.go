package slack

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever came within keep is known again, as long as there were not too many;
// and there are never more than two generations.
func TestRecent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const keep, limit = time.Minute, 20
		r := newRecent[int, int](keep, limit)
		now := time.Unix(1_000_000, 0)
		last := map[int]time.Time{} // when each was claimed
		var claims []time.Time
		for i := range rapid.IntRange(1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "seconds")) * time.Second)
			k := rapid.IntRange(0, 30).Draw(t, "key")
			_, claimed := r.claim(now, k, i)
			before, known := last[k]
			within := 0
			for _, c := range claims {
				if c.After(before) {
					within++
				}
			}
			if known && now.Sub(before) < keep && within < limit {
				require.False(t, claimed, "it was forgotten early")
			}
			if claimed {
				last[k] = now
				claims = append(claims, now)
			}
			require.LessOrEqual(t, len(r.young)+len(r.previous), 2*limit)
		}
	})
}

func TestRecent_ReturnsWhatWasThere(t *testing.T) {
	r := newRecent[string, int](time.Minute, 10)
	now := time.Unix(1_000_000, 0)
	v, claimed := r.claim(now, "a", 1)
	require.True(t, claimed)
	require.Equal(t, 1, v)
	v, claimed = r.claim(now.Add(time.Second), "a", 2)
	require.False(t, claimed)
	require.Equal(t, 1, v)
	_, claimed = r.claim(now.Add(3*time.Minute), "a", 3)
	require.False(t, claimed, "one generation is kept however long nothing comes")
	_, _ = r.claim(now.Add(5*time.Minute), "b", 4)
	_, claimed = r.claim(now.Add(7*time.Minute), "a", 5)
	require.True(t, claimed)
}
