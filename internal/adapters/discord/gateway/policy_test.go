package gateway

import (
	"errors"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestClosed_ReadsTheTableOfCodes(t *testing.T) {
	for code, want := range map[int]then{
		1000: begin, 1001: resume, 1006: resume, 1011: resume,
		4000: resume, 4001: resume, 4002: resume, 4003: begin, 4004: stop, 4005: resume,
		4007: begin, 4008: resume, 4009: begin,
		4010: stop, 4011: stop, 4012: stop, 4013: stop, 4014: stop, 4999: resume,
	} {
		got := closed(&websocket.CloseError{Code: code})
		require.Equal(t, want, got.then, "code %d", code)
		require.Equal(t, code, got.code)
		require.Error(t, got.err)
	}
	require.Equal(t, resume, closed(errors.New("broken pipe")).then)
}

func TestPolicy_AfterDoublesAndForgives(t *testing.T) {
	p := newPolicy(func() float64 { return 0.999999 })
	short := ending{then: resume}
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		require.InDelta(t, float64(want*time.Second), float64(p.after(short)), float64(time.Second))
	}
	require.InDelta(t, float64(resumeWait), float64(p.after(ending{then: resume, stood: time.Second})), float64(time.Second),
		"a session that was up is taken up again soon")
	require.InDelta(t, float64(longWait), float64(p.after(ending{then: begin, stood: time.Second})), float64(time.Second))
	require.Less(t, p.after(ending{then: resume, stood: lasting}), shortWait)
	require.Less(t, p.after(short), shortWait)
	require.Equal(t, longestAsked, p.after(ending{wait: time.Hour}), "what is asked is capped")
}

// Found in a soak: with sessions that ended twice a minute, the waits grew to
// five minutes, and the bot was away for a third of the time.
func TestPolicy_SessionsThatStoodAreSoonBegunAgain(t *testing.T) {
	p := newPolicy(func() float64 { return 0.999999 })
	for range 20 {
		require.LessOrEqual(t, p.after(ending{then: begin, stood: 35 * time.Second}), 35*time.Second/standingShare)
		require.LessOrEqual(t, p.after(ending{then: begin, stood: resumeWait}), resumeWait)
	}
	require.Zero(t, p.unreached, "an address that is reached each time is not given up")
	p.after(ending{then: resume})
	require.Equal(t, 1, p.unreached)
}

// Whatever happens, waits stay within their bounds, and sessions within the
// budget of any 24 hours.
func TestPolicy_HoldsTheBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPolicy(func() float64 { return rapid.Float64Range(0, 0.999).Draw(t, "random") })
		now := time.Unix(1_790_000_000, 0)
		var begun []time.Time
		for range rapid.IntRange(1, 600).Draw(t, "connections") {
			now = now.Add(p.untilBegin(now, Limits{Remaining: 1000}))
			if p.begun(now) {
				begun = append(begun, now)
			}
			stood := time.Duration(rapid.Int64Range(0, int64(2*time.Minute)).Draw(t, "stood"))
			next := rapid.SampledFrom([]then{resume, begin}).Draw(t, "next")
			wait := p.after(ending{then: next, stood: stood})
			require.GreaterOrEqual(t, wait, time.Duration(0))
			require.LessOrEqual(t, wait, longWait)
			now = now.Add(stood + wait)
		}
		for i, from := range begun {
			n := 0
			for _, at := range begun[i:] {
				if at.Sub(from) < 24*time.Hour {
					n++
				}
			}
			require.LessOrEqual(t, n, identifyBurst+288)
		}
	})
}

func TestTalk_ResumeAtTrustsAddressesThatKeepTLS(t *testing.T) {
	for name, c := range map[string]struct{ own, given, want string }{
		"as given":         {"wss://gateway.discord.gg", "wss://us-east.discord.gg", "wss://us-east.discord.gg"},
		"without TLS":      {"wss://gateway.discord.gg", "ws://us-east.discord.gg", "wss://gateway.discord.gg"},
		"none":             {"wss://gateway.discord.gg", "", "wss://gateway.discord.gg"},
		"something else":   {"wss://gateway.discord.gg", "https://example.org", "wss://gateway.discord.gg"},
		"no address":       {"wss://gateway.discord.gg", "::", "wss://gateway.discord.gg"},
		"a test server":    {"ws://127.0.0.1:1", "ws://127.0.0.1:2", "ws://127.0.0.1:2"},
		"to TLS is better": {"ws://127.0.0.1:1", "wss://127.0.0.1:2", "wss://127.0.0.1:2"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, (&talk{address: c.own}).resumeAt(c.given))
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"op":10,"d":{"heartbeat_interval":45000},"s":null,"t":null}`))
	f.Add([]byte(`{"op":0,"d":{"session_id":"a","resume_gateway_url":"wss://x"},"s":1,"t":"READY"}`))
	f.Add([]byte(`{"op":9,"d":[[]]}`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		frame, err := decode(body)
		if err != nil || frame.Type == "READY" || frame.Type == "RESUMED" || frame.Op == opHeartbeat || frame.Op == opInvalidSession {
			return // what they do needs a connection; the scripted gateway plays them
		}
		talk := &talk{link: &link{}, s: &session{}, to: &world{}}
		_ = talk.hear(frame)
	})
}
