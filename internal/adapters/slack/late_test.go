package slack

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asleep is a context whose time is over, and which has not noticed.
type asleep struct{ context.Context }

func (asleep) Deadline() (time.Time, bool) { return time.Unix(1, 0), true }

// Whoever was stopped before it sent something does not send it when it wakes.
func TestNothingIsSentWhoseTimeIsOver(t *testing.T) {
	t.Parallel()
	sent := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent++ }))
	defer server.Close()
	try := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, http.NoBody)
		require.NoError(t, err)
		resp, err := bounded{server.Client().Transport}.RoundTrip(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	require.ErrorIs(t, try(asleep{t.Context()}), context.DeadlineExceeded)
	require.Zero(t, sent)
	require.NoError(t, try(t.Context()))
	require.Equal(t, 1, sent)
}
