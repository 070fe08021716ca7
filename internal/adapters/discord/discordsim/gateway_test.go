package discordsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/discord/rest"
)

// client is a gateway client by hand.
type client struct {
	t  *testing.T
	ws *websocket.Conn
}

type frame struct {
	Op   int            `json:"op"`
	Data map[string]any `json:"d"`
	Seq  int64          `json:"s"`
	Type string         `json:"t"`
}

const patience = 20 * time.Second

func dial(t *testing.T, address string) *client {
	t.Helper()
	ws, resp, err := websocket.DefaultDialer.DialContext(t.Context(), address+"?v=10&encoding=json", nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	t.Cleanup(func() { _ = ws.Close() })
	require.NoError(t, ws.SetReadDeadline(time.Now().Add(patience)))
	return &client{t: t, ws: ws}
}

func (c *client) send(op int, data any) {
	c.t.Helper()
	require.NoError(c.t, c.ws.WriteJSON(map[string]any{"op": op, "d": data}))
}

func (c *client) next(op int) frame {
	c.t.Helper()
	var raw struct {
		Op   int    `json:"op"`
		Data any    `json:"d"`
		Seq  int64  `json:"s"`
		Type string `json:"t"`
	}
	require.NoError(c.t, c.ws.ReadJSON(&raw))
	require.Equal(c.t, op, raw.Op)
	data, _ := raw.Data.(map[string]any)
	return frame{Op: raw.Op, Data: data, Seq: raw.Seq, Type: raw.Type}
}

func (c *client) closed() int {
	c.t.Helper()
	for {
		_, _, err := c.ws.ReadMessage()
		if err == nil {
			continue
		}
		var closed *websocket.CloseError
		require.ErrorAs(c.t, err, &closed)
		return closed.Code
	}
}

func identity(intents int) map[string]any {
	return map[string]any{"token": discordsim.DefaultToken, "intents": intents, "properties": map[string]any{}}
}

// begin identifies and returns the READY.
func (c *client) begin() frame {
	c.t.Helper()
	c.next(10)
	c.send(2, identity(0))
	ready := c.next(0)
	require.Equal(c.t, "READY", ready.Type)
	return ready
}

func TestGateway_ASessionBeginsAndIsResumed(t *testing.T) {
	s, _ := newServer(t, discordsim.Config{})
	c := dial(t, s.GatewayURL())
	ready := c.begin()
	c.send(1, ready.Seq)
	c.next(11)
	s.Dispatch("PING_A", map[string]any{})
	require.Equal(t, "PING_A", c.next(0).Type)
	s.Reconnect()
	require.NoError(t, c.ws.SetReadDeadline(time.Now().Add(patience)))
	c.next(7)
	require.NoError(t, c.ws.Close())
	require.NoError(t, s.Wait(t.Context(), discordsim.AtLeast(discordsim.Left, 1)))
	s.Dispatch("PING_B", map[string]any{})

	resumeURL, is := ready.Data["resume_gateway_url"].(string)
	require.True(t, is)
	again := dial(t, resumeURL)
	again.next(10)
	again.send(6, map[string]any{"token": discordsim.DefaultToken, "session_id": ready.Data["session_id"], "seq": ready.Seq + 1})
	require.Equal(t, "PING_B", again.next(0).Type, "what was missed is sent again")
	require.Equal(t, "RESUMED", again.next(0).Type)
	require.Equal(t, 1, s.SessionStarts())
	require.Equal(t, "/gateway/resume", s.Of(discordsim.Connected)[1].Text)

	s.InvalidateSession(false)
	again.next(9)
	require.NoError(t, again.ws.Close())
	last := dial(t, resumeURL)
	last.next(10)
	last.send(6, map[string]any{"token": discordsim.DefaultToken, "session_id": ready.Data["session_id"], "seq": 1})
	last.next(9)
}

func TestGateway_ANormalCloseEndsTheSession(t *testing.T) {
	s, _ := newServer(t, discordsim.Config{})
	for code, op := range map[int]int{1000: 9, 4900: 0} {
		c := dial(t, s.GatewayURL())
		ready := c.begin()
		require.NoError(t, c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(patience)))
		_ = c.closed()
		require.NoError(t, s.Wait(t.Context(), func(events []discordsim.Event) bool {
			for _, e := range events {
				if e.What == discordsim.Left && e.Code == code {
					return true
				}
			}
			return false
		}))
		again := dial(t, s.GatewayURL())
		again.next(10)
		again.send(6, map[string]any{"token": discordsim.DefaultToken, "session_id": ready.Data["session_id"], "seq": ready.Seq})
		again.next(op)
	}
}

func TestGateway_EveryMistakeHasItsCode(t *testing.T) {
	s, _ := newServer(t, discordsim.Config{})
	for name, test := range map[string]struct {
		code int
		do   func(c *client)
	}{
		"unknown operation":  {discordsim.CloseUnknownOp, func(c *client) { c.send(42, nil) }},
		"no JSON":            {discordsim.CloseDecode, func(c *client) { require.NoError(c.t, c.ws.WriteMessage(websocket.TextMessage, []byte("x"))) }},
		"too long":           {discordsim.CloseDecode, func(c *client) { c.send(3, strings.Repeat("a", 5000)) }},
		"not identified":     {discordsim.CloseNotIdentified, func(c *client) { c.send(3, map[string]any{}) }},
		"wrong token":        {discordsim.CloseBadToken, func(c *client) { c.send(2, map[string]any{"token": "x", "intents": 0}) }},
		"identified twice":   {discordsim.CloseIdentifiedTwice, func(c *client) { c.send(2, identity(0)); c.send(2, identity(0)) }},
		"unknown intents":    {discordsim.CloseBadIntents, func(c *client) { c.send(2, identity(1<<30)) }},
		"privileged intents": {discordsim.CloseForbiddenIntents, func(c *client) { c.send(2, identity(1<<15)) }},
		"a shard too many": {discordsim.CloseBadShard, func(c *client) {
			c.send(2, map[string]any{"token": discordsim.DefaultToken, "intents": 0, "shard": []int{1, 1}})
		}},
		"too many frames": {discordsim.CloseRateLimited, func(c *client) {
			for range 121 {
				c.send(1, nil)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, s.GatewayURL())
			c.next(10)
			test.do(c)
			require.Equal(t, test.code, c.closed())
		})
	}
	s.RefuseIdentify(discordsim.CloseShardingNeeded)
	c := dial(t, s.GatewayURL())
	c.next(10)
	c.send(2, identity(0))
	require.Equal(t, discordsim.CloseShardingNeeded, c.closed())
	ws, resp, err := websocket.DefaultDialer.DialContext(t.Context(), s.GatewayURL()+"?v=6&encoding=json", nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	defer ws.Close() //nolint:errcheck // the server has closed it
	require.Equal(t, discordsim.CloseBadVersion, (&client{t: t, ws: ws}).closed())
}

func TestGateway_TheIdentifyBudgetEnds(t *testing.T) {
	time0 := newClock()
	s, c := newServer(t, discordsim.Config{Now: time0.Now, SessionStarts: 2, IdentifyEvery: 5 * time.Second})
	dial(t, s.GatewayURL()).begin()
	soon := dial(t, s.GatewayURL())
	soon.next(10)
	soon.send(2, identity(0))
	soon.next(9)
	bot, err := c.GatewayBot(t.Context())
	require.NoError(t, err)
	require.Zero(t, bot.SessionStartLimit.Remaining)
	time0.Advance(time.Minute)
	last := dial(t, s.GatewayURL())
	last.next(10)
	last.send(2, identity(0))
	require.Equal(t, discordsim.CloseBadToken, last.closed())
	_, err = c.GatewayBot(t.Context())
	require.True(t, refusal(t, err).Unauthorized(), "the token was reset")
}

func TestGateway_EndsWhatStopsBeating(t *testing.T) {
	s, _ := newServer(t, discordsim.Config{Heartbeat: 100 * time.Millisecond})
	c := dial(t, s.GatewayURL())
	c.begin()
	c.send(1, 1)
	require.NoError(t, s.Wait(t.Context(), discordsim.AtLeast(discordsim.Beaten, 1)))
	require.Equal(t, discordsim.CloseSessionTimeout, c.closed())
}

func TestGateway_AcksCanBeHeld(t *testing.T) {
	s, _ := newServer(t, discordsim.Config{})
	s.HoldAcks(true)
	c := dial(t, s.GatewayURL())
	c.begin()
	c.send(1, 1)
	require.NoError(t, s.Wait(t.Context(), discordsim.AtLeast(discordsim.Beaten, 1)))
	s.AskBeat()
	c.next(1) // and no acknowledgement before it
	s.CloseGateway(discordsim.CloseSessionTimeout)
	require.Equal(t, discordsim.CloseSessionTimeout, c.closed())
}

// rewritten sends the pinned library's requests to the simulator: its addresses
// are globals.
type rewritten struct {
	to   string
	wire *http.Transport
}

func (r rewritten) RoundTrip(req *http.Request) (*http.Response, error) {
	to, err := url.Parse(r.to)
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host = to.Scheme, to.Host
	return r.wire.RoundTrip(req)
}

// The pinned library, which others wrote, understands what the simulator says.
func TestGateway_WithDiscordgo(t *testing.T) {
	s, c := newServer(t, discordsim.Config{Unlimited: true})
	session, err := discordgo.New("Bot " + discordsim.DefaultToken)
	require.NoError(t, err)
	wire := &http.Transport{}
	session.Client = &http.Client{Transport: rewritten{to: s.APIURL(), wire: wire}, Timeout: patience}
	session.Identify.Intents = discordgo.IntentsNone
	session.StateEnabled, session.ShouldReconnectOnError = false, false
	session.AddHandler(func(_ *discordgo.Session, i *discordgo.InteractionCreate) {
		response := deferred()
		_ = c.Callback(t.Context(), i.ID, i.Token, &response) // the delivery tells
	})
	require.NoError(t, session.Open())
	defer wire.CloseIdleConnections()
	defer session.Close() //nolint:errcheck // it was tested

	r, err := s.Command(t.Context(), mute())
	require.NoError(t, err)
	require.Equal(t, discordgo.InteractionResponseDeferredChannelMessageWithSource, r.Type)
	require.NoError(t, c.EditOriginal(t.Context(), app, r.Token, said("Done")))
	require.Equal(t, "Done", s.Private(r.ID)[0].Content)
	response := deferred()
	require.Equal(t, rest.CodeAlreadyAnswered, refusal(t, c.Callback(t.Context(), r.ID, r.Token, &response)).Code)

	message, err := session.ChannelMessageSend(channel, "by the library")
	require.NoError(t, err)
	require.Equal(t, "by the library", message.Content)
	commands, err := session.ApplicationCommandBulkOverwrite(app, guild, []*discordgo.ApplicationCommand{{Name: "mute", Description: "Mute"}})
	require.NoError(t, err)
	require.Equal(t, "mute", commands[0].Name)
}
