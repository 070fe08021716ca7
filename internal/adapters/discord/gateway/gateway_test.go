package gateway

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters"
)

const token = "not-a-real-token"

func TestClient_BeginsASessionAndHandsInteractionsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(p *peer, n int) {
			p.ready(n)
			p.send(opDispatch, map[string]any{"id": "7"}, 2, "INTERACTION_CREATE")
			p.send(opDispatch, map[string]any{"id": "8"}, 3, "GUILD_CREATE")
			p.send(99, nil, 0, "")
			p.stay()
		})
		require.NoError(t, w.run(10*time.Minute))
		require.Equal(t, []string{"/first?encoding=json&v=10"}, w.dialled)
		require.Len(t, w.identified, 1)
		require.Equal(t, []string{`{"id":"7"}`}, w.heard)
		require.Equal(t, []bool{true}, w.standing)
		require.Equal(t, []int{1000}, w.codes, "a client that stops for good ends its session")
	})
}

func TestClient_Resumes(t *testing.T) {
	for name, c := range map[string]struct {
		first func(p *peer)
		code  int // with which the client leaves; 0 when the gateway hung up
	}{
		"asked to connect again":           {func(p *peer) { p.send(opReconnect, nil, 0, ""); p.stay() }, closeAgain},
		"an invalid session that goes on":  {func(p *peer) { p.send(opInvalidSession, true, 0, ""); p.stay() }, closeAgain},
		"heartbeats that nobody answers":   {func(p *peer) { p.mute = true; p.stay() }, closeAgain},
		"hung up without a word":           {func(*peer) {}, 0},
		"unknown error":                    {func(p *peer) { p.closes(4000) }, 0},
		"too many requests":                {func(p *peer) { p.closes(4008) }, 0},
		"going away":                       {func(p *peer) { p.closes(1001) }, 0},
		"something that is no frame":       {func(p *peer) { _ = p.ws.WriteMessage(1, []byte("<html>")); p.stay() }, closeAgain},
		"a frame with a field of bad type": {func(p *peer) { _ = p.ws.WriteMessage(1, []byte(`{"op":"x"}`)); p.stay() }, closeAgain},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(p *peer, n int) {
					if n == 1 {
						p.ready(n)
						p.send(opDispatch, map[string]any{"id": "7"}, 41, "INTERACTION_CREATE")
						c.first(p)
						return
					}
					p.hello()
					p.until(opResume)
					p.send(opDispatch, nil, 42, "RESUMED")
					p.stay()
				})
				require.NoError(t, w.run(time.Hour))
				require.Equal(t, []string{"/first?encoding=json&v=10", "/again?encoding=json&v=10"}, w.dialled)
				require.Len(t, w.identified, 1)
				require.Equal(t, []map[string]any{{"token": token, "session_id": "session-1", "seq": 41.0}}, w.resumed)
				require.Equal(t, []bool{true, false, true}, w.standing)
				want := []int{1000}
				if c.code != 0 {
					want = []int{c.code, 1000}
				}
				require.Equal(t, want, w.codes)
			})
		})
	}
}

func TestClient_BeginsAgain(t *testing.T) {
	for name, first := range map[string]func(p *peer){
		"the session is not valid":   func(p *peer) { p.send(opInvalidSession, false, 0, ""); p.stay() },
		"the session timed out":      func(p *peer) { p.closes(4009) },
		"the sequence is not valid":  func(p *peer) { p.closes(4007) },
		"closed as if all were done": func(p *peer) { p.closes(1000) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(p *peer, n int) {
					p.ready(n)
					if n == 1 {
						first(p)
						return
					}
					p.stay()
				})
				require.NoError(t, w.run(time.Hour))
				require.Len(t, w.identified, 2)
				require.Empty(t, w.resumed)
				require.GreaterOrEqual(t, w.identified[1].Sub(w.identified[0]), identifyGap)
				require.Equal(t, []string{"/first?encoding=json&v=10", "/first?encoding=json&v=10"}, w.dialled)
			})
		})
	}
}

func TestClient_StopsWhereAPersonHasToLook(t *testing.T) {
	for _, code := range []int{4004, 4010, 4011, 4012, 4013, 4014} {
		for name, s := range map[string]script{
			"at once":         func(p *peer, _ int) { p.hello(); p.until(opIdentify); p.closes(code) },
			"while it stands": func(p *peer, n int) { p.ready(n); p.closes(code) },
			"when it resumes": func(p *peer, n int) {
				if n == 1 {
					p.ready(n)
					return
				}
				p.hello()
				p.until(opResume)
				p.closes(code)
			},
		} {
			t.Run(fmt.Sprintf("%d %s", code, name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, s)
					err := w.run(time.Hour)
					require.ErrorIs(t, err, adapters.ErrSettings)
					require.ErrorContains(t, err, fmt.Sprint(code))
					require.Len(t, w.identified, 1)
					require.False(t, w.standing[len(w.standing)-1])
				})
			})
		}
	}
}

func TestClient_WaitsWhenDiscordSaysThatFewSessionsAreLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := newWorld(t, func(p *peer, n int) { p.ready(n); p.stay() })
		w.limits = func(context.Context) (Limits, error) {
			return Limits{URL: "ws://gateway.test/first", Remaining: identifyReserve, Reset: 3 * time.Hour, Shards: 1}, nil
		}
		require.NoError(t, w.run(4*time.Hour))
		require.Len(t, w.identified, 1)
		require.Equal(t, 3*time.Hour, w.identified[0].Sub(began).Truncate(time.Second))
	})
}

// asked is an error that says how long to wait.
type asked time.Duration

func (asked) Error() string               { return "429" }
func (a asked) RetryAfter() time.Duration { return time.Duration(a) }

func TestClient_AsksForTheAddress(t *testing.T) {
	t.Run("again, after as long as it is told to", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			w := newWorld(t, func(p *peer, n int) { p.ready(n); p.stay() })
			ok, calls := w.limits, 0
			w.limits = func(ctx context.Context) (Limits, error) {
				if calls++; calls == 1 {
					return Limits{}, asked(90 * time.Second)
				}
				return ok(ctx)
			}
			require.NoError(t, w.run(time.Hour))
			require.Len(t, w.identified, 1)
			require.Equal(t, 90*time.Second, w.identified[0].Sub(began).Truncate(time.Second))
		})
	})
	t.Run("no more, when the token is refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			w.limits = func(context.Context) (Limits, error) { return Limits{}, fmt.Errorf("401: %w", adapters.ErrSettings) }
			require.ErrorIs(t, w.run(time.Hour), adapters.ErrSettings)
			require.Empty(t, w.dialled)
		})
	})
}

// Storms of every kind, for 24 virtual hours each: what the bot does must stay
// far inside Discord's 1000 sessions a day, after which it resets the token.
func TestClient_StaysInsideTheBudgetInAnyStorm(t *testing.T) {
	const budget = identifyBurst + int(24*time.Hour/identifyEvery)
	for name, s := range map[string]script{
		"hangs up at once":                  func(*peer, int) {},
		"hangs up after hello":              func(p *peer, _ int) { p.hello() },
		"every session is invalid":          func(p *peer, _ int) { p.hello(); p.until(opIdentify); p.send(opInvalidSession, false, 0, ""); p.stay() },
		"sessions are lost at once":         func(p *peer, n int) { p.ready(n); p.closes(4009) },
		"sessions are lost after a minute":  func(p *peer, n int) { p.ready(n); p.endsIn(lasting + time.Second) },
		"sessions are lost after two hours": func(p *peer, n int) { p.ready(n); p.endsIn(2 * time.Hour) },
		"drop, resume, invalid, again": func(p *peer, n int) {
			if n%2 == 1 {
				p.ready(n)
				return
			}
			p.hello()
			p.until(opResume)
			p.send(opInvalidSession, false, 0, "")
			p.stay()
		},
		"resumed and dropped": func(p *peer, n int) {
			if n == 1 {
				p.ready(n)
				return
			}
			p.hello()
			p.until(opResume)
			p.send(opDispatch, nil, 5, "RESUMED")
		},
		"reconnect, as soon as it stands": func(p *peer, n int) { p.ready(n); p.send(opReconnect, nil, 0, ""); p.stay() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, s)
				require.NoError(t, w.run(24*time.Hour))
				require.LessOrEqual(t, len(w.identified), budget)
				require.Less(t, len(w.dialled), 1500, "connections")
				for i := 1; i < len(w.identified); i++ {
					require.GreaterOrEqual(t, w.identified[i].Sub(w.identified[i-1]), identifyGap)
				}
				t.Logf("%d connections, %d sessions begun, %d resumed", len(w.dialled), len(w.identified), len(w.resumed))
			})
		})
	}
}
