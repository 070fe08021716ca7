package rest_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Every interaction has a bucket of its own. What the pinned library keeps of
// 20,000 of them is 7.6 MB for ever.
func TestLimiter_ForgetsWhatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, func(*http.Request) (*http.Response, error) {
			return reply(200, made, window(5, 4, "5")...), nil
		})
		for i := range 20_000 {
			require.NoError(t, c.EditOriginal(t.Context(), "1", fmt.Sprint("token-", i), hello()))
			require.LessOrEqual(t, c.Buckets(), 4097)
		}
		time.Sleep(2 * time.Minute)
		require.NoError(t, c.EditOriginal(t.Context(), "1", "last", hello()))
		require.LessOrEqual(t, c.Buckets(), 2)
	})
}
