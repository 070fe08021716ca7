package im

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// brittle is a connection whose writes fail, with nothing written, while
// broken is set: what a connection does that died while it was idle.
type brittle struct {
	net.Conn
	broken *atomic.Bool
}

func (c brittle) Write(b []byte) (int, error) {
	if c.broken.Load() {
		return 0, errors.New("broken pipe")
	}
	return c.Conn.Write(b)
}

// inBrittleBubble runs a scenario in which the first connection breaks once
// it has served one call.
func inBrittleBubble(t *testing.T, scenario func(r *rig), change ...func(*Config)) {
	t.Helper()
	var broken atomic.Bool
	first := true
	var dial dialFunc
	change = append(change, func(c *Config) {
		dial = c.Dial
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err == nil && first {
				first = false
				return brittle{conn, &broken}, nil
			}
			return conn, err
		}
	})
	inBubble(t, func(r *rig) {
		t := r.t
		_, err := r.client.State(t.Context(), "warm-up")
		require.NoError(t, err)
		synctest.Wait() // the connection is idle again
		broken.Store(true)
		scenario(r)
	}, change...)
}

func TestAnIdleConnectionThatDied(t *testing.T) {
	const warmUp = `getnospeaking {"Get_Account":"warm-up"}`
	t.Run("another one is taken within the attempt", func(t *testing.T) {
		inBrittleBubble(t, func(r *rig) {
			t := r.t
			rec, err := r.muteAlice(t.Context(), r.lease(10*time.Second))
			require.NoError(t, err)
			require.Equal(t, Receipt{Attempts: 1}, rec)
			require.Equal(t, []string{warmUp, "guard", muteCall}, r.happened())
		})
	})
	t.Run("with the seconds left by then", func(t *testing.T) {
		inBrittleBubble(t, func(r *rig) {
			t := r.t
			r.dialling(dialTakes(2 * time.Second))
			rec, err := r.muteAlice(t.Context())
			require.NoError(t, err)
			require.Equal(t, Receipt{Attempts: 1}, rec)
			require.Equal(t, []string{warmUp, `setnospeaking {"Set_Account":"alice","GroupmsgNospeakingTime":7198}`}, r.happened())
		})
	})
	t.Run("and nobody to connect to: not sent", func(t *testing.T) {
		inBrittleBubble(t, func(r *rig) {
			t := r.t
			r.dialling(refuses, refuses, refuses)
			rec, err := r.muteAlice(t.Context())
			require.ErrorIs(t, err, ErrUnreachable)
			require.True(t, rec.LockedUntil.IsZero())
			require.Equal(t, []string{warmUp}, r.happened())
		})
	})
	t.Run("and the guard's time is over by then: not sent", func(t *testing.T) {
		var paused atomic.Int64
		now := func() time.Time { return time.Now().Add(time.Duration(paused.Load())) }
		inBrittleBubble(t, func(r *rig) {
			t := r.t
			r.dialling(func(context.Context) error { paused.Add(int64(20 * time.Second)); return nil })
			asked := 0
			_, err := r.muteAlice(t.Context(), WithGuard(func(context.Context) (time.Time, error) {
				if asked++; asked > 1 {
					return time.Time{}, errRefused
				}
				return now().Add(10 * time.Second), nil
			}))
			require.ErrorIs(t, err, errRefused)
			require.Equal(t, VerdictNo, Classify(err).Verdict)
			require.Equal(t, []string{warmUp}, r.happened())
		}, func(c *Config) { c.Now = now })
	})
}

// httpService is a real server that says yes, with its connections counted.
func httpService(t *testing.T, overTLS bool, handler http.HandlerFunc) (server *httptest.Server, opened *atomic.Int32) {
	t.Helper()
	opened = new(atomic.Int32)
	server = httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = zap.NewStdLog(zap.NewNop())
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	if overTLS {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server, opened
}

func yes(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, `{"ErrorCode":0,"ErrorInfo":""}`)
}

func httpClient(t *testing.T, server *httptest.Server, change ...func(*Config)) *Client {
	t.Helper()
	cfg := goodConfig()
	cfg.Region, cfg.Host, cfg.Slots = "", server.URL, unlimited{}
	if server.TLS != nil {
		cfg.RootCAs = x509.NewCertPool()
		cfg.RootCAs.AddCert(server.Certificate())
	}
	for _, c := range change {
		c(&cfg)
	}
	client, err := New(zap.NewNop(), cfg)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

func TestConnectionsAreKeptAndReused(t *testing.T) {
	const callers, each = 16, 20
	for name, overTLS := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			var first sync.WaitGroup // holds the first wave until each has a connection
			first.Add(callers)
			var n atomic.Int32
			server, opened := httpService(t, overTLS, func(w http.ResponseWriter, r *http.Request) {
				if n.Add(1) <= callers {
					first.Done()
					first.Wait()
				}
				yes(w, r)
			})
			client := httpClient(t, server)
			wave := func(calls int) {
				var wg sync.WaitGroup
				for range callers {
					wg.Go(func() {
						for range calls {
							rec, err := client.Unmute(t.Context(), "alice", mute.ScopeAll)
							require.NoError(t, err)
							require.Equal(t, Receipt{Attempts: 1}, rec)
						}
					})
				}
				wg.Wait()
			}
			wave(1)
			require.Equal(t, callers, int(opened.Load()))
			wave(each)
			require.Equal(t, callers, int(opened.Load()))
		})
	}
}

// Holding one request back costs one connection, not the whole pool.
func TestTheFenceClosesOneConnection(t *testing.T) {
	var readings, jumpAt atomic.Int32
	now := func() time.Time {
		if n := readings.Add(1); jumpAt.Load() > 0 && n >= jumpAt.Load() {
			return time.Now().Add(time.Minute)
		}
		return time.Now()
	}
	inBubble(t, func(r *rig) {
		t := r.t
		r.then(times(3, after(time.Second, says(`{"ErrorCode":0}`)))...)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { _, _ = r.muteAlice(t.Context()) })
		}
		wg.Wait()
		require.Equal(t, 3, r.dialled())

		asked := 0
		_, err := r.muteAlice(t.Context(), WithGuard(func(context.Context) (time.Time, error) {
			if asked++; asked > 1 {
				return time.Time{}, errRefused
			}
			// The attempt reads the clock twice more before it has a connection.
			jumpAt.Store(readings.Load() + 3)
			return time.Now().Add(10 * time.Second), nil
		}))
		require.ErrorIs(t, err, errRefused)
		require.Equal(t, 3, r.calls())
		jumpAt.Store(0)

		r.then(times(2, after(time.Second, says(`{"ErrorCode":0}`)))...)
		for range 2 {
			wg.Go(func() { _, _ = r.muteAlice(t.Context()) })
		}
		wg.Wait()
		require.Equal(t, 3, r.dialled(), "two of three connections are still good")
	}, func(c *Config) { c.Now = now })
}

// A body in memory leaves in the same write as its header: for any other
// reader net/http writes the header by itself first.
func TestARequestLeavesInOneWrite(t *testing.T) {
	server, _ := httpService(t, false, yes)
	var writes atomic.Int32
	client := httpClient(t, server, func(c *Config) {
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return counted{conn, &writes}, err
		}
	})
	const calls = 10
	for range calls {
		_, err := client.Unmute(t.Context(), "alice", mute.ScopeAll)
		require.NoError(t, err)
	}
	require.Equal(t, calls, int(writes.Load()))
}

type counted struct {
	net.Conn
	writes *atomic.Int32
}

func (c counted) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

func TestACertificateThatIsNotTrusted(t *testing.T) {
	var served atomic.Int32
	server, _ := httpService(t, true, func(w http.ResponseWriter, r *http.Request) { served.Add(1); yes(w, r) })
	client := httpClient(t, server, func(c *Config) { c.RootCAs = x509.NewCertPool() })
	_, err := client.Unmute(t.Context(), "alice", mute.ScopeAll)
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorContains(t, err, "certificate")
	require.Equal(t, VerdictNo, Classify(err).Verdict)
	require.Zero(t, served.Load())
}

// The fence closes what lies under TLS, so that closing does not wait for the
// other side and not one record of the request leaves.
func TestNothingLeavesAfterTheGuardsTimeOverTLS(t *testing.T) {
	var served atomic.Int32
	server, _ := httpService(t, true, func(w http.ResponseWriter, r *http.Request) { served.Add(1); yes(w, r) })
	var paused atomic.Int64
	client := httpClient(t, server, func(c *Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(paused.Load())) }
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			paused.Add(int64(time.Minute))
			return new(net.Dialer).DialContext(ctx, network, address)
		}
	})
	rec, err := client.Unmute(t.Context(), "alice", mute.ScopeAll, WithGuard(func(context.Context) (time.Time, error) {
		return time.Now().Add(time.Duration(paused.Load()) + 10*time.Second), nil
	}))
	require.ErrorIs(t, err, ErrGuardExpired)
	require.Equal(t, Receipt{Attempts: MaxAttempts}, rec)
	require.Zero(t, served.Load())
}

func TestManyCallsAtOnceWithFaults(t *testing.T) {
	var n atomic.Int32
	server, _ := httpService(t, false, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch n.Add(1) % 7 {
		case 0:
			hijack(w, "")
		case 1:
			w.WriteHeader(http.StatusBadGateway)
		case 2:
			code(60008)(w, r)
		case 3:
			code(imwire.CodeSigExpired)(w, r)
		default:
			_, _ = io.WriteString(w, `{"ErrorCode":0,"ErrorInfo":""}`)
		}
	})
	client := httpClient(t, server)
	var wg sync.WaitGroup
	verdicts := make([]atomic.Int32, VerdictUnknown+1)
	for range 16 {
		wg.Go(func() {
			for range 10 {
				rec, err := client.Mute(t.Context(), "alice", mute.ScopeAll, mute.Permanent().From(time.Now()))
				got := Classify(err)
				verdicts[got.Verdict].Add(1)
				require.Equal(t, got.Verdict == VerdictUnknown, errors.Is(err, ErrOutcomeUnknown))
				require.True(t, got.Verdict != VerdictUnknown || rec.LockedUntil.Equal(got.LiveUntil))
			}
		})
	}
	wg.Wait()
	require.Positive(t, verdicts[VerdictDone].Load())
	require.Positive(t, verdicts[VerdictUnknown].Load())
	require.Equal(t, int32(160), verdicts[VerdictDone].Load()+verdicts[VerdictNo].Load()+verdicts[VerdictUnknown].Load())
}
