package discord_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/adaptertest"
	"modbot/internal/adapters/discord"
	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/discord/render"
	"modbot/internal/adapters/discord/rest"
	"modbot/internal/chat"
)

// patience bounds waits that only a failing test waits out.
const patience = 15 * time.Second

// start runs the world's adapter with a core, and returns how to end it.
func (w *world) start(t *testing.T, core adapters.Core) (end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.d.Run(ctx, core) }()
	return func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(patience):
			require.Fail(t, "Run doesn't end")
			return nil
		}
	}
}

func (w *world) await(t *testing.T, what discordsim.What, n int) []discordsim.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, w.sim.Wait(ctx, discordsim.AtLeast(what, n)))
	return w.sim.Of(what)
}

func TestWorld_DiscordAcceptsTheEndpoint(t *testing.T) {
	w := newWorld(t, discord.HTTP, discordsim.Config{}, nil)
	defer w.close()
	end := w.start(t, adaptertest.NewCore(adaptertest.NewTrace()))
	w.ready(t)
	require.NoError(t, w.sim.SetEndpoint(t.Context(), w.server.URL+discord.Path), "a ping, and a bad signature")
	require.NoError(t, end())
}

// Whatever happens to the connection, what Discord delivers is handled, once,
// and Discord's own budget of sessions is hardly touched.
func TestWorld_TheGatewayGoesOn(t *testing.T) {
	for name, break1 := range map[string]func(w *world){
		"asked to connect again":    func(w *world) { w.sim.Reconnect() },
		"an invalid session":        func(w *world) { w.sim.InvalidateSession(true) },
		"closed for another reason": func(w *world) { w.sim.CloseGateway(discordsim.CloseUnknownError) },
		"dropped without a word":    func(w *world) { w.sim.DropGateway() },
		"heartbeats that nobody answers": func(w *world) {
			w.sim.HoldAcks(true)
			w.sim.AskBeat()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, discord.Gateway, discordsim.Config{Heartbeat: 300 * time.Millisecond}, nil)
			defer w.close()
			trace := adaptertest.NewTrace()
			end := w.start(t, adaptertest.NewCore(trace))
			w.ready(t)
			break1(w)
			w.await(t, discordsim.Resumed, 1)
			w.sim.HoldAcks(false)
			w.deliver(t, adaptertest.Delivery{ID: "delivery-1", Actor: mia, Reason: "delivery-1"})
			w.deliver(t, adaptertest.Delivery{ID: "delivery-1", Actor: mia, Reason: "delivery-1"})
			require.NoError(t, end())
			require.Len(t, trace.Of(adaptertest.Handling, "delivery-1"), 1)
			require.Equal(t, 1, w.sim.SessionStarts())
			require.Empty(t, w.sim.Of(discordsim.Broken))
		})
	}
}

func TestWorld_TheGatewayStopsWhereAPersonHasToLook(t *testing.T) {
	for name, codes := range map[string][]int{
		"a bad token":        {discordsim.CloseBadToken},
		"forbidden intents":  {discordsim.CloseForbiddenIntents},
		"sharding is needed": {discordsim.CloseShardingNeeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, discord.Gateway, discordsim.Config{}, nil)
			defer w.close()
			w.sim.RefuseIdentify(codes...)
			err := w.d.Run(t.Context(), adaptertest.NewCore(adaptertest.NewTrace()))
			require.ErrorIs(t, err, adapters.ErrSettings)
			require.False(t, w.d.Status().Up)
			require.NotEmpty(t, w.d.Status().Why)
		})
	}
}

func TestWorld_AnEndpointSilencesTheGateway(t *testing.T) {
	w := newWorld(t, discord.Gateway, discordsim.Config{}, nil)
	defer w.close()
	w.sim.UseEndpoint("http://127.0.0.1:1")
	end := w.start(t, adaptertest.NewCore(adaptertest.NewTrace()))
	require.Eventually(t, func() bool { return w.sim.Connections() == 1 }, patience, time.Millisecond)
	require.Eventually(t, func() bool { return strings.Contains(w.d.Status().Why, "silences the gateway") }, patience, time.Millisecond)
	require.False(t, w.d.Status().Up)
	require.NoError(t, end())
}

// A button on an audit post is answered privately and leaves the post alone; a
// button on one's own answer changes the answer.
func TestWorld_ClicksLeavePostsAlone(t *testing.T) {
	for _, mode := range []discord.Mode{discord.HTTP, discord.Gateway} {
		t.Run(string(mode), func(t *testing.T) {
			w := newWorld(t, mode, discordsim.Config{}, nil)
			defer w.close()
			core := adaptertest.NewCore(adaptertest.NewTrace())
			button := chat.Button{Label: "History", Choice: "history", Case: 1, Origin: "o", Entry: "e"}
			core.Answer = func(context.Context, chat.Invocation, func(chat.Reply)) chat.Reply {
				m := chat.Text("One mute before.")
				m.Buttons = []chat.Button{button}
				return chat.Reply{State: chat.StateInfo, Message: m}
			}
			end := w.start(t, core)
			w.ready(t)
			post := chat.Post{FirstSeq: 4, LastSeq: 4, Kind: "outcome", Message: chat.Text("Done · mute · alice")}
			post.Message.Buttons = []chat.Button{button}
			_, body, err := w.d.Audit().Render([]chat.Post{post})
			require.NoError(t, err)
			ref, err := w.d.Audit().Send(t.Context(), body, chat.Delivery{FirstSeq: 4, LastSeq: 4, Nonce: "n"})
			require.NoError(t, err)
			require.Equal(t, "https://discord.com/channels/"+discordsim.DefaultGuild+"/"+discordsim.DefaultChannel+"/"+ref.ID, ref.Link)

			posted := w.sim.Messages(discordsim.DefaultChannel)[0]
			press := discordsim.Interaction{User: mia, UserName: "mia", Name: posted.Buttons[0].CustomID, Message: ref.ID}
			r, err := w.sim.Component(t.Context(), press)
			require.NoError(t, err)
			require.Empty(t, r.Problem)
			require.EqualValues(t, 4, r.Type)
			require.True(t, r.Message.Ephemeral())
			require.Zero(t, w.sim.Messages(discordsim.DefaultChannel)[0].Edits)
			require.NoError(t, end())
			require.Empty(t, w.sim.Of(discordsim.Broken))
		})
	}
}

func TestRegister_ChangesOnlyWhatDiffers(t *testing.T) {
	sim := discordsim.New(discordsim.Config{Unlimited: true})
	defer sim.Close()
	client := rest.New(zap.NewNop(), rest.Config{Token: discordsim.DefaultToken, APIURL: sim.APIURL()})
	defer client.Close()
	cfg := discord.Config{ApplicationID: discordsim.DefaultApplication, Guilds: []string{discordsim.DefaultGuild}, Specs: specs()}
	register := func(dry bool) discord.Registration {
		t.Helper()
		r, err := discord.Register(t.Context(), client, cfg, discordsim.DefaultGuild, dry)
		require.NoError(t, err)
		return r
	}

	r := register(true)
	require.Len(t, r.Changes, 3)
	require.Contains(t, r.String(), "would be made")
	require.Empty(t, sim.Commands(discordsim.DefaultGuild), "a dry run did something")

	r = register(false)
	require.False(t, r.Empty())
	require.Len(t, sim.Commands(discordsim.DefaultGuild), 3)
	writes := len(sim.Of(discordsim.Registered))

	r = register(false)
	require.True(t, r.Empty(), "%s", r)
	require.Contains(t, r.String(), "nothing to change")
	require.Len(t, sim.Of(discordsim.Registered), writes, "nothing differs, and something was written")
	require.Equal(t, 3, sim.Creates(discordsim.DefaultGuild))

	cfg.CommandPrefix = "mod-"
	r = register(false)
	require.Len(t, r.Changes, 2, "%s", r)
	require.Equal(t, render.Create, r.Changes[0].Kind)
	require.Equal(t, render.Delete, r.Changes[1].Kind)
}

func TestRegister_RemovesOurOwnGlobalCommands(t *testing.T) {
	sim := discordsim.New(discordsim.Config{Unlimited: true})
	defer sim.Close()
	client := rest.New(zap.NewNop(), rest.Config{Token: discordsim.DefaultToken, APIURL: sim.APIURL()})
	defer client.Close()
	overwriteGlobal(t, sim, `[{"name":"mute","type":1,"description":"old"},{"name":"weather","type":1,"description":"somebody else's"}]`)
	cfg := discord.Config{ApplicationID: discordsim.DefaultApplication, Guilds: []string{discordsim.DefaultGuild}, Specs: specs()}
	r, err := discord.Register(t.Context(), client, cfg, discordsim.DefaultGuild, false)
	require.NoError(t, err)
	require.Equal(t, []string{"mute"}, r.Removed)
	left := sim.Commands("")
	require.Len(t, left, 1)
	require.Equal(t, "weather", left[0].Name)
}

func TestRegister_SaysWhatToDo(t *testing.T) {
	sim := discordsim.New(discordsim.Config{Unlimited: true})
	defer sim.Close()
	client := rest.New(zap.NewNop(), rest.Config{Token: discordsim.DefaultToken, APIURL: sim.APIURL()})
	defer client.Close()
	cfg := discord.Config{ApplicationID: discordsim.DefaultApplication, Guilds: []string{discordsim.DefaultGuild, "4242"}, Specs: specs()}
	_, err := discord.Register(t.Context(), client, cfg, "1", false)
	require.ErrorContains(t, err, "isn't in discord.guilds")
	_, err = discord.Register(t.Context(), client, cfg, "4242", false)
	require.ErrorContains(t, err, "discord invite")
	stranger := rest.New(zap.NewNop(), rest.Config{Token: "other", APIURL: sim.APIURL()})
	defer stranger.Close()
	_, err = discord.Register(t.Context(), stranger, cfg, discordsim.DefaultGuild, false)
	require.ErrorContains(t, err, "bot token isn't valid")
}

func TestInviteURL_AsksForTheLeast(t *testing.T) {
	require.Equal(t, "https://discord.com/oauth2/authorize?client_id=1100&scope=bot+applications.commands&permissions=3072&integration_type=0",
		discord.InviteURL("1100"))
}

// overwriteGlobal registers commands everywhere, as another program would.
func overwriteGlobal(t *testing.T, sim *discordsim.Server, commands string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut,
		sim.APIURL()+"/applications/"+discordsim.DefaultApplication+"/commands", strings.NewReader(commands))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bot "+discordsim.DefaultToken)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	resp, err := client.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
}
