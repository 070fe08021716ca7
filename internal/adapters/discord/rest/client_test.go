package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"modbot/internal/adapters/discord/render"
	"modbot/internal/adapters/discord/rest"
	"modbot/internal/chat"
)

const (
	botToken         = "MTEw.very-secret-bot-token"
	interactionToken = "aW50ZXJhY3Rpb246very-secret"
)

// wire answers requests without a network.
type wire func(r *http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close() //nolint:errcheck // a RoundTripper closes it
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w(r)
}

// reply is an answer with headers given as pairs.
func reply(status int, body string, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

const made = `{"id":"9","channel_id":"2","content":"hello"}`

// window are the headers of a bucket.
func window(limit, remaining int, after string) []string {
	return []string{
		"X-RateLimit-Limit", fmt.Sprint(limit), "X-RateLimit-Remaining", fmt.Sprint(remaining),
		"X-RateLimit-Reset-After", after, "X-RateLimit-Bucket", "abcd",
	}
}

func newClient(tb testing.TB, w wire) *rest.Client {
	tb.Helper()
	c := rest.New(zap.NewNop(), rest.Config{Token: botToken, APIURL: "https://discord.test/api/v10", Transport: w})
	tb.Cleanup(c.Close)
	return c
}

func hello() render.Body { return render.Reply(chat.Text("hello")) }

func post(ctx context.Context, c *rest.Client, channel string) error {
	_, err := c.CreateMessage(ctx, channel, hello(), "nonce")
	return err
}

// failure is the typed error in err.
func failure(t require.TestingT, err error) *rest.Error {
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	return e
}

func TestClient_SendsWhatDiscordTakes(t *testing.T) {
	var got []string
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.Regexp(t, `^DiscordBot \(\S+, \S+\)$`, r.Header.Get("User-Agent"))
		got = append(got, r.Method+" "+r.URL.String()+" auth="+r.Header.Get("Authorization")+" "+string(body))
		switch {
		case strings.HasSuffix(r.URL.Path, "/commands"):
			return reply(200, `[{"id":"1","type":4,"name":"launch","description":"","default_member_permissions":null}]`), nil
		case strings.HasSuffix(r.URL.Path, "/callback"):
			return reply(204, ``), nil
		}
		return reply(200, made), nil
	})
	ctx := t.Context()
	message, err := c.CreateMessage(ctx, "2", hello(), "n-1")
	require.NoError(t, err)
	require.Equal(t, "9", message.ID)
	require.NoError(t, c.EditOriginal(ctx, "1", "a/b", hello()))
	require.NoError(t, c.FollowUp(ctx, "1", "tok", hello(), true))
	require.NoError(t, c.Callback(ctx, "5", "tok", &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredMessageUpdate}))
	channel, err := c.OpenDM(ctx, "7")
	require.NoError(t, err)
	require.Equal(t, "9", channel)
	_, err = c.OverwriteGuildCommands(ctx, "1", "3", nil)
	require.NoError(t, err)
	commands, err := c.GlobalCommands(ctx, "1")
	require.NoError(t, err)
	require.Equal(t, "launch", commands[0].Name)
	require.NoError(t, c.DeleteGlobalCommand(ctx, "1", "4"))
	const body = `"allowed_mentions":{"parse":[]},"components":[],"content":"hello"`
	require.Equal(t, []string{
		`POST https://discord.test/api/v10/channels/2/messages auth=Bot ` + botToken + ` {` + body + `,"enforce_nonce":true,"nonce":"n-1"}`,
		`PATCH https://discord.test/api/v10/webhooks/1/a%2Fb/messages/@original auth= {"content":"hello","components":[],"allowed_mentions":{"parse":[]}}`,
		`POST https://discord.test/api/v10/webhooks/1/tok auth= {` + body + `,"flags":64}`,
		`POST https://discord.test/api/v10/interactions/5/tok/callback auth= {"type":6}`,
		`POST https://discord.test/api/v10/users/@me/channels auth=Bot ` + botToken + ` {"recipient_id":"7"}`,
		`PUT https://discord.test/api/v10/applications/1/guilds/3/commands auth=Bot ` + botToken + ` []`,
		`GET https://discord.test/api/v10/applications/1/commands?with_localizations=true auth=Bot ` + botToken + ` `,
		`DELETE https://discord.test/api/v10/applications/1/commands/4 auth=Bot ` + botToken + ` `,
	}, got)
}

func TestClient_EveryAnswerHasItsClass(t *testing.T) {
	for name, c := range map[string]struct {
		status    int
		body      string
		throttled bool
		content   bool
		expired   bool
		token     bool
	}{
		"a form that is wrong":       {status: 400, body: `{"code":50035,"message":"Invalid Form Body"}`, content: true},
		"an empty message":           {status: 400, body: `{"code":50006,"message":"Cannot send an empty message"}`, content: true},
		"automatic moderation":       {status: 400, body: `{"code":200000,"message":"Message was blocked"}`, content: true},
		"too large":                  {status: 413, body: `<html>`, content: true},
		"a bad request of no kind":   {status: 400, body: `x`},
		"no token":                   {status: 401, body: `{"code":0,"message":"401: Unauthorized"}`, token: true},
		"an expired interaction":     {status: 401, body: `{"code":50027,"message":"Invalid Webhook Token"}`, expired: true},
		"no access":                  {status: 403, body: `{"code":50001,"message":"Missing Access"}`},
		"no such channel":            {status: 404, body: `{"code":10003,"message":"Unknown Channel"}`},
		"no such webhook":            {status: 404, body: `{"code":10015,"message":"Unknown Webhook"}`, expired: true},
		"no such interaction":        {status: 404, body: `{"code":10062,"message":"Unknown interaction"}`, expired: true},
		"a redirect is not followed": {status: 302, body: ``},
		"too many":                   {status: 429, body: `{"message":"You are being rate limited.","retry_after":0.5,"global":false}`, throttled: true},
		"too many, from the edge":    {status: 429, body: `<html>error 1015</html>`, throttled: true},
		"Discord's own error":        {status: 500, body: ``},
		"a gateway's error":          {status: 502, body: `<html>`},
		"unavailable":                {status: 503, body: ``},
		"a success that isn't JSON":  {status: 200, body: `<html>`},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			client := newClient(t, func(*http.Request) (*http.Response, error) {
				requests++
				return reply(c.status, c.body), nil
			})
			e := failure(t, post(t.Context(), client, "2"))
			require.Equal(t, c.status, e.Status)
			require.Equal(t, c.throttled, e.Throttled())
			require.Equal(t, c.content, e.RefusesContent())
			require.Equal(t, c.expired, e.Expired())
			require.Equal(t, c.token, e.Unauthorized())
			require.False(t, e.Unsent)
			require.Equal(t, 1, requests, "who posts owns the repeats")
		})
	}
}

func TestClient_NoTokenInErrorsAndLogs(t *testing.T) {
	level, logs := observer.New(zapcore.DebugLevel)
	answers := []func(r *http.Request) (*http.Response, error){
		func(r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: errors.New("connection reset by " + r.URL.Path + r.Header.Get("Authorization"))}
		},
		func(r *http.Request) (*http.Response, error) {
			return reply(404, `{"code":10015,"message":"no `+r.URL.Path+` for `+r.Header.Get("Authorization")+`"}`), nil
		},
		func(r *http.Request) (*http.Response, error) {
			return reply(429, `{"retry_after":0.001,"message":"`+r.URL.Path+r.Header.Get("Authorization")+`"}`), nil
		},
		func(r *http.Request) (*http.Response, error) {
			return reply(400, `{"code":50035,"message":"bad","errors":{"`+r.URL.Path+`":1}}`), nil
		},
	}
	for _, answer := range answers {
		c := rest.New(zap.New(level), rest.Config{Token: botToken, Transport: wire(answer)})
		var said strings.Builder
		for _, err := range []error{
			post(t.Context(), c, "2"), c.EditOriginal(t.Context(), "1", interactionToken, hello()),
			c.FollowUp(t.Context(), "1", interactionToken, hello(), false),
			c.Callback(t.Context(), "5", interactionToken, &discordgo.InteractionResponse{Type: 5}),
		} {
			require.Error(t, err)
			fmt.Fprintf(&said, "%v %+v %#v", err, err, failure(t, err).Message)
			for cause := err; cause != nil; cause = errors.Unwrap(cause) {
				said.WriteString(cause.Error())
			}
		}
		for _, entry := range logs.All() {
			encoded, err := json.Marshal(entry.ContextMap())
			require.NoError(t, err)
			said.WriteString(entry.Message + string(encoded))
		}
		require.NotContains(t, said.String(), "very-secret")
	}
	require.NotZero(t, logs.Len(), "the throttled calls were logged")
}

func TestClient_RefusesBeforeItSends(t *testing.T) {
	c := newClient(t, func(*http.Request) (*http.Response, error) {
		require.Fail(t, "something was sent")
		return nil, errors.New("sent")
	})
	ctx := t.Context()
	for name, err := range map[string]error{
		"a path in an id":   post(ctx, c, "2/../3"),
		"an empty id":       post(ctx, c, ""),
		"a token missing":   c.EditOriginal(ctx, "1", "", hello()),
		"a token too long":  c.FollowUp(ctx, "1", strings.Repeat("a", 2000), hello(), true),
		"an id of a member": func() error { _, err := c.OpenDM(ctx, "x"); return err }(),
		"a nonce too long":  func() error { _, err := c.CreateMessage(ctx, "2", hello(), strings.Repeat("a", 26)); return err }(),
		"no bot token":      post(ctx, rest.New(zap.NewNop(), rest.Config{}), "2"),
		"no address":        post(ctx, rest.New(zap.NewNop(), rest.Config{Token: "x", APIURL: "nowhere"}), "2"),
	} {
		require.True(t, failure(t, err).Unsent, name)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	err := post(cancelled, c, "2")
	require.ErrorIs(t, err, context.Canceled)
	require.True(t, failure(t, err).Unsent)
}

func TestClient_AFailedDialWasNotSent(t *testing.T) {
	c := rest.New(zap.NewNop(), rest.Config{Token: botToken, APIURL: "http://127.0.0.1:1"})
	defer c.Close()
	e := failure(t, post(t.Context(), c, "2"))
	require.True(t, e.Unsent)
	require.Zero(t, e.Status)
}

// counts is a meter.
type counts struct {
	mu  sync.Mutex
	all map[string]int
}

func (*counts) Delivered(chat.Platform, string, string) {}

func (m *counts) Called(p chat.Platform, method, result string, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all[string(p)+" "+method+" "+result]++
}

func TestClient_Meters(t *testing.T) {
	statuses := []int{200, 403, 429, 500, 0}
	m := &counts{all: make(map[string]int)}
	c := rest.New(zap.NewNop(), rest.Config{Token: botToken, Meter: m, Transport: wire(func(*http.Request) (*http.Response, error) {
		status := statuses[0]
		statuses = statuses[1:]
		if status == 0 {
			return nil, io.ErrUnexpectedEOF
		}
		return reply(status, made), nil
	})})
	for _, channel := range []string{"1", "2", "3", "4", "5"} {
		_ = post(t.Context(), c, channel) // the meter tells
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = post(ctx, c, "6") // the meter tells
	require.Equal(t, map[string]int{
		"discord create_message ok": 1, "discord create_message refused": 1, "discord create_message throttled": 1,
		"discord create_message failed": 1, "discord create_message unanswered": 1, "discord create_message unsent": 1,
	}, m.all)
}
