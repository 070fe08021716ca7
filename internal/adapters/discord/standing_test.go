package discord

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters"
	"modbot/internal/adapters/discord/rest"
)

func TestMismatch_NamesWhatSilencesTheBot(t *testing.T) {
	fits := rest.Application{ID: testApp, InteractionsEndpointURL: "https://mod.example.org/discord/interactions"}
	b := newBench(t, nil)
	require.Empty(t, b.d.mismatch(fits))
	require.Contains(t, b.d.mismatch(rest.Application{ID: testApp}), "no interactions endpoint URL")
	require.Contains(t, b.d.mismatch(rest.Application{ID: "1"}), "discord.application_id")
	other := fits
	other.VerifyKey = strings.Repeat("00", 32)
	require.Contains(t, b.d.mismatch(other), "discord.public_key")

	b = newBench(t, func(c *Config) { c.Mode = Gateway })
	require.Contains(t, b.d.mismatch(fits), "silences the gateway")
	require.Empty(t, b.d.mismatch(rest.Application{ID: testApp}))
}

func TestStatus_FollowsTheSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		require.False(t, b.d.Status().Up)
		var mended atomic.Bool
		b.script(func(string) (int, string) {
			if !mended.Load() {
				return 200, fmt.Sprintf(`{"id":%q,"interactions_endpoint_url":null}`, testApp)
			}
			return 200, ""
		})
		b.run()
		synctest.Wait()
		require.False(t, b.d.Status().Up)
		require.Contains(t, b.d.Status().Why, "no interactions endpoint URL")
		b.deliver(b.muting())
		require.True(t, b.d.Status().Up, "something was delivered all the same")
		time.Sleep(10 * lookAgain)
		require.False(t, b.d.Status().Up)
		require.Len(t, b.logs.FilterMessageSnippet("don't fit").All(), 1, "said once")
		mended.Store(true)
		time.Sleep(2 * lookAgain)
		require.Equal(t, adapters.Status{Up: true}, b.d.Status())
		require.NoError(t, b.end())
		require.False(t, b.d.Status().Up)
	})
}

func TestRun_LivesWithSettingsThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.script(func(string) (int, string) { return 503, "<html>" })
		b.run()
		time.Sleep(time.Hour)
		require.True(t, b.d.Status().Up)
		require.NoError(t, b.end())
	})
}

func TestRun_StopsWhenTheTokenIsRefused(t *testing.T) {
	for _, mode := range []Mode{HTTP, Gateway} {
		t.Run(string(mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, func(c *Config) { c.Mode = mode })
				b.script(func(string) (int, string) { return 401, `{"code":0,"message":"401: Unauthorized"}` })
				b.run()
				time.Sleep(time.Second)
				require.False(t, b.d.Status().Up)
				require.Contains(t, b.d.Status().Why, "token")
				require.ErrorIs(t, b.end(), adapters.ErrSettings)
			})
		})
	}
}
