//go:build unix

package replicas

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// giveUp is how long the balancer waits for a modbot that takes a connection
// and says nothing, as one that is stopped does.
const giveUp = 5 * time.Second

// balancer hands what platforms deliver to one modbot after the other. Like any
// of its kind it asks another one where nobody listens, and not where an answer
// was lost: the delivery may have been taken.
type balancer struct {
	url    string
	w      *world
	turn   atomic.Int64
	client *http.Client
}

func newBalancer(t *testing.T, w *world) *balancer {
	t.Helper()
	b := &balancer{w: w, client: &http.Client{
		Timeout: giveUp, Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: time.Second}).DialContext},
	}}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

func (b *balancer) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	body, err := io.ReadAll(io.LimitReader(in.Body, 1<<20))
	if err != nil {
		http.Error(out, "", http.StatusBadRequest)
		return
	}
	for range replicas {
		public, _ := b.w.all[int(b.turn.Add(1))%replicas].addresses()
		if public == "" {
			continue
		}
		req, err := http.NewRequestWithContext(in.Context(), in.Method, public+in.URL.Path, bytes.NewReader(body))
		if err != nil {
			break
		}
		req.Header = in.Header.Clone()
		res, err := b.client.Do(req)
		if unreached := (*net.OpError)(nil); errors.As(err, &unreached) && unreached.Op == "dial" {
			continue
		}
		if err != nil {
			http.Error(out, "", http.StatusGatewayTimeout)
			return
		}
		out.Header().Set("Content-Type", res.Header.Get("Content-Type"))
		out.WriteHeader(res.StatusCode)
		_, _ = io.Copy(out, res.Body) // the platform's wait is over, or it is not
		_ = res.Body.Close()
		return
	}
	http.Error(out, "", http.StatusBadGateway)
}

// send makes a request and reads the answer.
func send(t *testing.T, req *http.Request) (int, string) {
	t.Helper()
	client := &http.Client{Timeout: answerTime, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(text)
}
