package web

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// serving is a server that runs, and a way to end it and see how it ended.
func serving(t *testing.T, h http.Handler) (s *Server, logs *observer.ObservedLogs, end context.CancelFunc, ended <-chan error) {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	s, err := Listen(t.Context(), zap.New(core), "public", "127.0.0.1:0", h)
	require.NoError(t, err)
	ctx, end := context.WithCancel(context.WithoutCancel(t.Context()))
	result := make(chan error, 1)
	go func() { result <- s.Serve(ctx) }()
	t.Cleanup(end)
	return s, logs, end, result
}

// client is a client that keeps no connection.
func client(t *testing.T) *http.Client {
	t.Helper()
	tr := &http.Transport{DisableKeepAlives: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 10 * time.Second}
}

func TestServerLetsRequestsEnd(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	s, logs, end, ended := serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-goOn
		_, _ = io.WriteString(w, "done")
	}))
	answer := make(chan string, 1)
	go func() {
		req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, "http://"+s.Address()+"/", nil)
		if err != nil {
			answer <- err.Error()
			return
		}
		res, err := client(t).Do(req)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer func() { _ = res.Body.Close() }()
		body, _ := io.ReadAll(res.Body)
		answer <- string(body)
	}()
	<-begun
	end()
	// The listener is closed before requests are waited for: who comes now is
	// turned away at once.
	require.Eventually(t, func() bool {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Address())
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	}, 5*time.Second, 5*time.Millisecond)
	close(goOn)
	require.Equal(t, "done", <-answer)
	require.NoError(t, <-ended)
	require.Zero(t, logs.Len())
}

func TestServerCutsOffWhatNeverEnds(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(goOn) })
	s, logs, end, ended := serving(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		select {
		case <-goOn:
		case <-r.Context().Done(): // the connection was closed
		}
	}))
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Address())
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	<-begun
	asked := time.Now()
	end()
	require.NoError(t, <-ended)
	require.GreaterOrEqual(t, time.Since(asked), DrainTime)
	require.Equal(t, 1, logs.FilterMessage("requests were cut off").Len())
}

func TestServerTellsAPanicAndGoesOn(t *testing.T) {
	s, logs, end, ended := serving(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("a bug")
		}
	}))
	for path, works := range map[string]bool{"/panic": false, "/": true} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Address()+path, nil)
		require.NoError(t, err)
		res, err := client(t).Do(req)
		if works {
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
		} else {
			require.Error(t, err)
		}
	}
	end()
	require.NoError(t, <-ended)
	require.Equal(t, 1, logs.Len())
	require.Contains(t, logs.All()[0].Message, "a bug")
}

// A connection that sends more header than anybody needs is refused.
func TestServerBoundsTheHeader(t *testing.T) {
	s, _, end, ended := serving(t, http.NotFoundHandler())
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Address())
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	big := make([]byte, 2*headerBytes)
	for i := range big {
		big[i] = 'x'
	}
	_, _ = c.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\nX: " + string(big) + "\r\n\r\n")) // it may be closed meanwhile
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err == nil { // else the refusal was lost with the connection
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, res.StatusCode)
		require.NoError(t, res.Body.Close())
	}
	end()
	require.NoError(t, <-ended)
}

func TestServerSaysWhyItEnds(t *testing.T) {
	s, err := Listen(t.Context(), zap.NewNop(), "admin", "127.0.0.1:0", http.NotFoundHandler())
	require.NoError(t, err)
	_, err = Listen(t.Context(), zap.NewNop(), "public", s.Address(), http.NotFoundHandler())
	require.ErrorContains(t, err, "listening for the public listener")
	require.NoError(t, s.Close())
	require.ErrorContains(t, s.Serve(t.Context()), "serving the admin listener")
}
