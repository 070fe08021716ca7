package imsim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
)

func TestRateIsPerAPIAndPerSlidingSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, func(cfg *imsim.Config) { cfg.Rate, cfg.Now = imwire.VendorLimit, time.Now })
		a.query.Set("usersig", sign(t, appKey(), adminID, appID, time.Now(), time.Hour))
		burst := func(api imwire.API, n int) (admitted int) {
			for range n {
				switch code := *a.call(t, api, wellFormed(api)).ErrorCode; code {
				case 0:
					admitted++
				default:
					require.Equal(t, 60007, code)
				}
			}
			return admitted
		}
		time.Sleep(900 * time.Millisecond)
		require.Equal(t, 150, burst(imwire.SetNoSpeaking, 150))
		require.Equal(t, 200, burst(imwire.GetNoSpeaking, 250), "another API has its own limit")
		time.Sleep(200 * time.Millisecond) // into the next second of the clock
		require.Equal(t, 50, burst(imwire.SetNoSpeaking, 100), "the last second holds 150 already")
		time.Sleep(799 * time.Millisecond)
		require.Zero(t, burst(imwire.SetNoSpeaking, 1))
		time.Sleep(time.Millisecond)
		require.Equal(t, 150, burst(imwire.SetNoSpeaking, 151))

		snap := a.Snapshot()
		require.Equal(t, 50+50+1+1, snap.OverLimit)
		require.Equal(t, map[string]int{"setnospeaking": 402, "getnospeaking": 250, "account_check": 0, "portrait_get": 0}, snap.Calls)

		require.NoError(t, a.Advance(time.Hour))
		require.Zero(t, burst(imwire.SetNoSpeaking, 10), "advancing the mutes' clock frees nothing")
	})
}

func TestRateZeroIsNoLimit(t *testing.T) {
	a := newApp(t, nil)
	for range 1000 {
		a.set(t, 0, muteAlice)
	}
	require.Zero(t, a.Snapshot().OverLimit)
}

// Calls over the limit change nothing.
func TestOverLimitChangesNothing(t *testing.T) {
	a := newApp(t, func(cfg *imsim.Config) { cfg.Rate = 1 })
	a.set(t, 0, muteAlice)
	a.set(t, 60007, `{"Set_Account":"bob","GroupmsgNospeakingTime":7200}`)
	require.Zero(t, a.Snapshot().Accounts["bob"])
	require.Equal(t, 1, a.Snapshot().OverLimit)
}

// In every window of one second at most Rate calls are admitted, and a call is
// refused only when that many were admitted in the second before it.
func TestRateProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rate := rapid.IntRange(1, 5).Draw(rt, "rate")
		a := newApp(t, func(cfg *imsim.Config) { cfg.Rate = rate })
		var admitted []time.Time
		for _, gap := range rapid.SliceOfN(rapid.IntRange(0, 600), 1, 60).Draw(rt, "gaps in ms") {
			a.clock.Advance(time.Duration(gap) * time.Millisecond)
			now := a.clock.Now()
			recent := 0
			for _, at := range admitted {
				if now.Sub(at) < time.Second {
					recent++
				}
			}
			code := *a.call(t, imwire.GetNoSpeaking, `{"Get_Account":"alice"}`).ErrorCode
			require.Equal(rt, recent < rate, code == 0, "%d calls in the last second, rate %d", recent, rate)
			if code == 0 {
				admitted = append(admitted, now)
			}
		}
	})
}
