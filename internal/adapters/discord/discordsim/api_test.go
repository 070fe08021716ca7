package discordsim_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/discord/render"
	"modbot/internal/adapters/discord/rest"
	"modbot/internal/chat"
	"modbot/internal/testclock"
)

const (
	app     = discordsim.DefaultApplication
	guild   = discordsim.DefaultGuild
	channel = discordsim.DefaultChannel
)

func newClock() *testclock.Clock {
	return testclock.New(time.Date(2026, 11, 22, 2, 17, 0, 0, time.UTC))
}

func newServer(t *testing.T, cfg discordsim.Config) (*discordsim.Server, *rest.Client) {
	t.Helper()
	s := discordsim.New(cfg)
	t.Cleanup(s.Close)
	c := rest.New(zap.NewNop(), rest.Config{Token: discordsim.DefaultToken, APIURL: s.APIURL()})
	t.Cleanup(c.Close)
	return s, c
}

func said(text string) render.Body { return render.Reply(chat.Text(text)) }

// refusal is the typed error in err.
func refusal(t *testing.T, err error) *rest.Error {
	t.Helper()
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	return e
}

func TestMessages_AreKeptAndNoncesRemembered(t *testing.T) {
	time0 := newClock()
	s, c := newServer(t, discordsim.Config{Now: time0.Now})
	ctx := t.Context()
	first, err := c.CreateMessage(ctx, channel, said("one"), "n-1")
	require.NoError(t, err)
	again, err := c.CreateMessage(ctx, channel, said("one"), "n-1")
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID, "one nonce is one message")
	require.Len(t, s.Messages(channel), 1)
	time0.Advance(4 * time.Minute)
	later, err := c.CreateMessage(ctx, channel, said("one"), "n-1")
	require.NoError(t, err)
	require.NotEqual(t, first.ID, later.ID, "the memory is of a few minutes")
	require.NoError(t, s.Wait(ctx, discordsim.AtLeast(discordsim.Posted, 2)))
	require.Equal(t, "one", s.Of(discordsim.Posted)[0].Message.Content)

	dm, err := c.OpenDM(ctx, "77")
	require.NoError(t, err)
	_, err = c.CreateMessage(ctx, dm, said("psst"), "")
	require.NoError(t, err)
	require.Equal(t, "psst", s.DMs("77")[0].Content)
}

func TestMessages_AreRefused(t *testing.T) {
	s, c := newServer(t, discordsim.Config{})
	long := said("x")
	long.Content = strings.Repeat("x", 2001)
	twice := discordgo.ActionsRow{Components: []discordgo.MessageComponent{
		discordgo.Button{Label: "a", CustomID: "a"}, discordgo.Button{Label: "b", CustomID: "a"},
	}}
	for name, test := range map[string]struct {
		body    render.Body
		channel string
		status  int
		code    int
	}{
		"too long":            {long, channel, 400, rest.CodeInvalidForm},
		"empty":               {render.Body{}, channel, 400, rest.CodeEmptyMessage},
		"two buttons, one id": {render.Body{Content: "x", Components: []discordgo.MessageComponent{twice}}, channel, 400, rest.CodeInvalidForm},
		"no such channel":     {said("x"), "42", 404, rest.CodeUnknownChannel},
	} {
		_, err := c.CreateMessage(t.Context(), test.channel, test.body, "")
		e := refusal(t, err)
		require.Equal(t, test.status, e.Status, name)
		require.Equal(t, test.code, e.Code, name)
	}
	s.LockChannel(channel)
	_, err := c.CreateMessage(t.Context(), channel, said("x"), "")
	require.Equal(t, rest.CodeMissingAccess, refusal(t, err).Code)
	s.AddChannel(channel)
	_, err = c.CreateMessage(t.Context(), channel, said("x"), "")
	require.NoError(t, err)
	s.RemoveChannel(channel)
	_, err = c.CreateMessage(t.Context(), channel, said("x"), "")
	require.Equal(t, rest.CodeUnknownChannel, refusal(t, err).Code)

	stranger := rest.New(zap.NewNop(), rest.Config{Token: "another", APIURL: s.APIURL()})
	defer stranger.Close()
	_, err = stranger.CreateMessage(t.Context(), channel, said("x"), "")
	require.True(t, refusal(t, err).Unauthorized())
	require.Equal(t, 2, s.Invalid())
}

func TestMessages_PingWhomTheyMay(t *testing.T) {
	s, c := newServer(t, discordsim.Config{})
	body := render.Body{Content: "@everyone <@1> <@&2> <@&3>", Roles: []string{"3"}}
	_, err := c.CreateMessage(t.Context(), channel, body, "")
	require.NoError(t, err)
	require.Equal(t, []string{"role:3"}, s.Messages(channel)[0].Pings)
}

func TestFaults(t *testing.T) {
	s, c := newServer(t, discordsim.Config{Unlimited: true})
	const route = "POST /channels/{channel}/messages"
	send := func() *rest.Error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := c.CreateMessage(ctx, channel, said("x"), "")
		if err == nil {
			return nil
		}
		return refusal(t, err)
	}
	for _, test := range []struct {
		name     string
		fault    discordsim.Fault
		status   int
		messages int // that the fault lets through
	}{
		{"429", discordsim.Fault{Kind: discordsim.Throttle, Wait: time.Millisecond}, 429, 0},
		{"429 for all", discordsim.Fault{Kind: discordsim.Throttle, Wait: time.Millisecond, Scope: "global"}, 429, 0},
		{"429 from the edge", discordsim.Fault{Kind: discordsim.ThrottleHTML, Wait: time.Millisecond}, 429, 0},
		{"500", discordsim.Fault{Kind: discordsim.Fail}, 500, 0},
		{"503", discordsim.Fault{Kind: discordsim.Fail, Status: 503}, 503, 0},
		{"refused", discordsim.Fault{Kind: discordsim.Refuse, Status: 400, Code: 50035, Text: "no"}, 400, 0},
		{"dropped before", discordsim.Fault{Kind: discordsim.DropBefore}, 0, 0},
		{"dropped after", discordsim.Fault{Kind: discordsim.DropAfter}, 0, 1},
		{"garbage", discordsim.Fault{Kind: discordsim.Garbage}, 200, 1},
	} {
		before := len(s.Messages(channel))
		test.fault.Route = route
		s.Fault(test.fault)
		e := send()
		require.NotNil(t, e, test.name)
		require.Equal(t, test.status, e.Status, test.name)
		require.Len(t, s.Messages(channel), before+test.messages, test.name)
		require.Nil(t, send(), "a fault happens once")
	}
	s.Fault(discordsim.Fault{Route: "GET /gateway/bot", Kind: discordsim.Fail, Times: -1})
	require.Nil(t, send(), "another route")
	s.Fault(discordsim.Fault{Kind: discordsim.Fail, Times: 2})
	require.NotNil(t, send())
	s.ClearFaults()
	require.Nil(t, send())
	s.Fault(discordsim.Fault{Kind: discordsim.Slow, Wait: time.Millisecond})
	require.Nil(t, send())
}

func TestLimits_AreCountedAndTold(t *testing.T) {
	time0 := newClock()
	s, c := newServer(t, discordsim.Config{Now: time0.Now, Limits: map[string]discordsim.Limit{
		"POST /channels/{channel}/messages": {Calls: 2, Per: time.Hour},
	}})
	for range 2 {
		_, err := c.CreateMessage(t.Context(), channel, said("x"), "")
		require.NoError(t, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := c.CreateMessage(ctx, channel, said("x"), "")
	require.True(t, refusal(t, err).Unsent, "the client has learned from the headers")

	careless := rest.New(zap.NewNop(), rest.Config{Token: discordsim.DefaultToken, APIURL: s.APIURL()})
	defer careless.Close()
	_, err = careless.CreateMessage(ctx, channel, said("x"), "")
	e := refusal(t, err)
	require.False(t, e.Unsent)
	require.Equal(t, time.Hour, e.RetryAfter)
	require.Len(t, s.Of(discordsim.Throttled), 1)
}

func TestCommands_AreRegistered(t *testing.T) {
	s, c := newServer(t, discordsim.Config{Unlimited: true})
	specs := []chat.Spec{
		{Verb: "mute", Summary: "Mute", Options: []chat.OptionSpec{
			{Name: "account", Kind: chat.OptionAccounts, Summary: "Whom", Required: true, Suggests: true},
			{Name: "scope", Kind: chat.OptionScope, Summary: "Where"},
			{Name: "reason", Kind: chat.OptionText, Summary: "Why", MaxRunes: 500},
		}},
		{Verb: "health", Summary: "Health"},
	}
	want, err := render.Commands(specs, "")
	require.NoError(t, err)
	ctx := t.Context()
	have, err := c.GuildCommands(ctx, app, guild)
	require.NoError(t, err)
	require.Len(t, render.Diff(have, want), 4)
	_, err = c.OverwriteGuildCommands(ctx, app, guild, want)
	require.NoError(t, err)
	require.Equal(t, 4, s.Creates(guild))
	have, err = c.GuildCommands(ctx, app, guild)
	require.NoError(t, err)
	require.Empty(t, render.Diff(have, want), "what was registered differs in nothing")
	id := have[0].ID
	have, err = c.OverwriteGuildCommands(ctx, app, guild, want[:1])
	require.NoError(t, err)
	require.Equal(t, id, have[0].ID)
	require.Equal(t, 4, s.Creates(guild), "what was there is not created")
	require.Len(t, s.Commands(guild), 1)

	bad := *want[0]
	bad.Name = "Mute"
	_, err = c.OverwriteGuildCommands(ctx, app, guild, []*discordgo.ApplicationCommand{&bad})
	require.Equal(t, rest.CodeInvalidForm, refusal(t, err).Code)
	_, err = c.GuildCommands(ctx, app, "42")
	require.Equal(t, rest.CodeMissingAccess, refusal(t, err).Code)

	global, err := c.GlobalCommands(ctx, app)
	require.NoError(t, err)
	require.Empty(t, global)
	require.Equal(t, http.StatusNotFound, refusal(t, c.DeleteGlobalCommand(ctx, app, "42")).Status)
}

func TestApplication(t *testing.T) {
	s, c := newServer(t, discordsim.Config{})
	got, err := c.Application(t.Context())
	require.NoError(t, err)
	require.Equal(t, rest.Application{ID: app, Name: "modbot", VerifyKey: s.PublicKey()}, got)
	s.UseEndpoint("http://127.0.0.1:1/discord/interactions")
	got, err = c.Application(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, got.InteractionsEndpointURL)
	bot, err := c.GatewayBot(t.Context())
	require.NoError(t, err)
	require.Equal(t, s.GatewayURL(), bot.URL)
	require.Equal(t, 1000, bot.SessionStartLimit.Remaining)
}
