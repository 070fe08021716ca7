package slacksim_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/slack/slacksim"
)

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault   slacksim.Fault
		want    func(*testing.T, error)
		applied int
	}{
		"an error of Slack's": {slacksim.Fault{Error: "fatal_error"}, func(t *testing.T, err error) {
			var refused slack.SlackErrorResponse
			require.ErrorAs(t, err, &refused)
			require.Equal(t, "fatal_error", refused.Err)
		}, 0},
		"throttled": {slacksim.Throttled(7), func(t *testing.T, err error) {
			var limited *slack.RateLimitedError
			require.ErrorAs(t, err, &limited)
			require.Equal(t, 7*time.Second, limited.RetryAfter)
		}, 0},
		"throttled without saying how long": {slacksim.Fault{Status: http.StatusTooManyRequests}, status(http.StatusTooManyRequests), 0},
		"down":                              {slacksim.Fault{Status: http.StatusBadGateway}, status(http.StatusBadGateway), 0},
		"down after it was done":            {slacksim.Fault{Status: http.StatusInternalServerError, Apply: true}, status(http.StatusInternalServerError), 1},
		"no JSON": {slacksim.Fault{Garbage: true}, func(t *testing.T, err error) {
			var syntax *json.SyntaxError
			require.ErrorAs(t, err, &syntax)
		}, 0},
		"dropped":                   {slacksim.Fault{Drop: true}, broken, 0},
		"dropped after it was done": {slacksim.Fault{Drop: true, Apply: true}, broken, 1},
		"slow":                      {slacksim.Fault{Delay: time.Millisecond}, func(t *testing.T, err error) { require.NoError(t, err) }, 1},
		"of another channel":        {slacksim.Fault{Error: "x", Channel: "C2"}, func(t *testing.T, err error) { require.NoError(t, err) }, 1},
		"of this channel":           {slacksim.Fault{Error: "x", Channel: "C1"}, func(t *testing.T, err error) { require.EqualError(t, err, "x") }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			h.Fail("chat.postMessage", c.fault)
			_, _, err := h.api.PostMessageContext(t.Context(), "C1", slack.MsgOptionText("x", false))
			c.want(t, err)
			require.Len(t, h.Messages("C1"), c.applied)
			if c.fault.Channel == "C2" {
				return
			}
			_, _, err = h.api.PostMessageContext(t.Context(), "C1", slack.MsgOptionText("x", false))
			require.NoError(t, err, "once is once")
		})
	}
}

func status(want int) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		var code slack.StatusCodeError
		require.ErrorAs(t, err, &code)
		require.Equal(t, want, code.Code)
	}
}

func broken(t *testing.T, err error) {
	t.Helper()
	var lost net.Error
	require.True(t, errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &lost), "%v", err)
}

func TestFaults_InOrderAndOfEveryMethod(t *testing.T) {
	h := newHouse(t, nil)
	h.Fail("auth.test", slacksim.Fault{Error: "first", Times: 2})
	h.Fail("auth.test", slacksim.Fault{Error: "second"})
	h.Fail(slacksim.AnyMethod, slacksim.Fault{Error: "any"})
	for _, want := range []string{"first", "first", "second", "any"} {
		_, err := h.api.AuthTestContext(t.Context())
		require.EqualError(t, err, want)
	}
	_, err := h.api.AuthTestContext(t.Context())
	require.NoError(t, err)
	h.Fail("auth.test", slacksim.Fault{Error: "x", Times: slacksim.Forever})
	h.Heal()
	_, err = h.api.AuthTestContext(t.Context())
	require.NoError(t, err)
}

func TestFaults_ASlowAnswerEndsWithItsCaller(t *testing.T) {
	h := newHouse(t, nil)
	h.Fail("auth.test", slacksim.Fault{Delay: time.Hour, Error: "x"})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := h.api.AuthTestContext(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
