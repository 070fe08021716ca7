package discordsim_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/discord/rest"
)

// endpoint is an adapter's, verified by the pinned library.
func endpoint(t *testing.T, s *discordsim.Server, answer func(w http.ResponseWriter, i *discordgo.Interaction)) string {
	t.Helper()
	key, err := hex.DecodeString(s.PublicKey())
	require.NoError(t, err)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !discordgo.VerifyInteraction(r, ed25519.PublicKey(key)) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var i discordgo.Interaction
		if json.NewDecoder(r.Body).Decode(&i) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if i.Type == discordgo.InteractionPing {
			respond(w, discordgo.InteractionResponse{Type: discordgo.InteractionResponsePong})
			return
		}
		answer(w, &i)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func respond(w http.ResponseWriter, r discordgo.InteractionResponse) {
	encoded, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(encoded) // the simulator may be gone
}

func deferred() discordgo.InteractionResponse {
	return discordgo.InteractionResponse{
		Type: discordgo.InteractionResponseDeferredChannelMessageWithSource,
		Data: &discordgo.InteractionResponseData{Flags: discordgo.MessageFlagsEphemeral},
	}
}

func mute() discordsim.Interaction {
	return discordsim.Interaction{User: "77", UserName: "mia", Roles: []string{"3"}, Name: "mute", Options: []discordsim.Option{
		{Name: "account", Value: "alice"}, {Name: "by", Type: discordgo.ApplicationCommandOptionUser, Value: "5"},
	}}
}

func TestCommand_OverHTTP(t *testing.T) {
	time0 := newClock()
	s, c := newServer(t, discordsim.Config{Now: time0.Now, Unlimited: true})
	var got *discordgo.Interaction
	url := endpoint(t, s, func(w http.ResponseWriter, i *discordgo.Interaction) {
		got = i
		respond(w, deferred())
	})
	ctx := t.Context()
	require.NoError(t, s.SetEndpoint(ctx, url))
	r, err := s.Command(ctx, mute())
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, r.Status)
	require.Empty(t, r.Problem)
	require.Equal(t, discordgo.InteractionResponseDeferredChannelMessageWithSource, r.Type)
	require.Equal(t, guild, got.GuildID)
	require.Equal(t, "77", got.Member.User.ID)
	require.Equal(t, []string{"3"}, got.Member.Roles)
	data := got.ApplicationCommandData()
	require.Equal(t, "alice", data.Options[0].StringValue())
	require.Contains(t, data.Resolved.Users, "5")

	require.True(t, s.Waiting(r.ID))
	require.Empty(t, s.Private(r.ID))
	require.NoError(t, c.EditOriginal(ctx, app, r.Token, said("Done")))
	require.False(t, s.Waiting(r.ID))
	require.NoError(t, c.FollowUp(ctx, app, r.Token, said("More"), true))
	private := s.Private(r.ID)
	require.Len(t, private, 2)
	require.Equal(t, "Done", private[0].Content)
	require.True(t, private[0].Ephemeral(), "the deferral decided")
	require.Equal(t, "More", private[1].Content)

	again := mute()
	again.ID = r.ID
	_, err = s.Command(ctx, again)
	require.NoError(t, err)
	require.Len(t, s.Private(r.ID), 2, "a second response to a redelivery changes nothing")

	time0.Advance(15 * time.Minute)
	require.True(t, refusal(t, c.EditOriginal(ctx, app, r.Token, said("Late"))).Expired())
	require.True(t, refusal(t, c.FollowUp(ctx, app, r.Token, said("Late"), true)).Expired())
}

func TestFollowUp_TheFirstAfterADeferralIsTheAnswer(t *testing.T) {
	s, c := newServer(t, discordsim.Config{})
	s.UseEndpoint(endpoint(t, s, func(w http.ResponseWriter, _ *discordgo.Interaction) { respond(w, deferred()) }))
	r, err := s.Command(t.Context(), mute())
	require.NoError(t, err)
	require.NoError(t, c.FollowUp(t.Context(), app, r.Token, said("Done"), false))
	private := s.Private(r.ID)
	require.Len(t, private, 1)
	require.True(t, private[0].Ephemeral())
}

func TestDeliveries_BadSignatures(t *testing.T) {
	s, _ := newServer(t, discordsim.Config{})
	s.UseEndpoint(endpoint(t, s, func(w http.ResponseWriter, _ *discordgo.Interaction) { respond(w, deferred()) }))
	_, other, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	for name, how := range map[string]discordsim.Signing{
		"broken": {Broken: true}, "missing": {Missing: true}, "somebody else's": {Key: other},
	} {
		d := mute()
		d.Sign = how
		r, err := s.Command(t.Context(), d)
		require.NoError(t, err, name)
		require.Equal(t, http.StatusUnauthorized, r.Status, name)
		require.Zero(t, r.Type, name)
	}
	careless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		respond(w, discordgo.InteractionResponse{Type: discordgo.InteractionResponsePong})
	}))
	defer careless.Close()
	require.ErrorContains(t, s.SetEndpoint(t.Context(), careless.URL), "bad signature")
}

func TestResponses_MustFit(t *testing.T) {
	s, _ := newServer(t, discordsim.Config{})
	var next discordgo.InteractionResponse
	s.UseEndpoint(endpoint(t, s, func(w http.ResponseWriter, _ *discordgo.Interaction) { respond(w, next) }))
	modal := func(title string) discordgo.InteractionResponse {
		return discordgo.InteractionResponse{Type: discordgo.InteractionResponseModal, Data: &discordgo.InteractionResponseData{
			CustomID: "f", Title: title, Components: []discordgo.MessageComponent{discordgo.ActionsRow{Components: []discordgo.MessageComponent{
				discordgo.TextInput{CustomID: "a", Label: "A", Style: discordgo.TextInputShort, MaxLength: 10},
			}}},
		}}
	}
	choices := discordgo.InteractionResponse{
		Type: discordgo.InteractionApplicationCommandAutocompleteResult,
		Data: &discordgo.InteractionResponseData{Choices: []*discordgo.ApplicationCommandOptionChoice{{Name: "alice", Value: "alice"}}},
	}
	shown := discordgo.InteractionResponse{
		Type: discordgo.InteractionResponseChannelMessageWithSource, Data: said("hello").Data(discordgo.MessageFlagsEphemeral),
	}
	ctx := t.Context()
	form := mute()
	form.Name, form.Options = "f", []discordsim.Option{{Name: "a", Value: "b"}}

	next = shown
	r, err := s.Command(ctx, mute())
	require.NoError(t, err)
	require.Equal(t, "hello", r.Message.Content)
	next = modal("Mute")
	r, err = s.UserMenu(ctx, discordsim.Interaction{User: "77", Name: "Mute…", Target: "5"})
	require.NoError(t, err)
	require.Equal(t, "A", r.Modal.Inputs[0].Label)
	r, err = s.MessageMenu(ctx, discordsim.Interaction{User: "77", Name: "Mute author…", Target: "6", Author: "5"})
	require.NoError(t, err)
	require.NotNil(t, r.Modal)
	r, err = s.ModalSubmit(ctx, form)
	require.NoError(t, err)
	require.NotEmpty(t, r.Problem, "a modal can't follow a modal")
	next = modal(strings.Repeat("a", 46))
	r, err = s.Command(ctx, mute())
	require.NoError(t, err)
	require.Contains(t, r.Problem, "title")
	next = choices
	typing := mute()
	typing.Focused = "account"
	r, err = s.Autocomplete(ctx, typing)
	require.NoError(t, err)
	require.Equal(t, "alice", r.Choices[0].Name)
	r, err = s.Command(ctx, mute())
	require.NoError(t, err)
	require.NotEmpty(t, r.Problem, "choices are for autocompletions")
	next = deferred()
	next.Data.Flags |= discordgo.MessageFlagsSuppressEmbeds
	r, err = s.Command(ctx, mute())
	require.NoError(t, err)
	require.NotEmpty(t, r.Problem, "a deferral takes one flag")
}

func TestComponent_UpdatesItsMessage(t *testing.T) {
	s, c := newServer(t, discordsim.Config{})
	message, err := c.CreateMessage(t.Context(), channel, said("before"), "")
	require.NoError(t, err)
	s.UseEndpoint(endpoint(t, s, func(w http.ResponseWriter, i *discordgo.Interaction) {
		if i.Message.ID != message.ID || i.MessageComponentData().CustomID != "m1|x" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		respond(w, discordgo.InteractionResponse{Type: discordgo.InteractionResponseUpdateMessage, Data: said("after").Data(0)})
	}))
	r, err := s.Component(t.Context(), discordsim.Interaction{User: "77", Name: "m1|x", Message: message.ID})
	require.NoError(t, err)
	require.Empty(t, r.Problem)
	require.Equal(t, "after", s.Messages(channel)[0].Content)
}

// A click on what only its reader sees says so, and updates that.
func TestComponent_OfAPrivateAnswer(t *testing.T) {
	s, _ := newServer(t, discordsim.Config{})
	private := make(chan discordgo.MessageFlags, 1)
	s.UseEndpoint(endpoint(t, s, func(w http.ResponseWriter, i *discordgo.Interaction) {
		if i.Type == discordgo.InteractionMessageComponent {
			private <- i.Message.Flags
			respond(w, discordgo.InteractionResponse{Type: discordgo.InteractionResponseUpdateMessage, Data: said("after").Data(0)})
			return
		}
		respond(w, discordgo.InteractionResponse{
			Type: discordgo.InteractionResponseChannelMessageWithSource, Data: said("before").Data(discordgo.MessageFlagsEphemeral),
		})
	}))
	r, err := s.Command(t.Context(), mute())
	require.NoError(t, err)
	_, err = s.Component(t.Context(), discordsim.Interaction{User: "77", Name: "m1|x", Message: r.Message.ID})
	require.NoError(t, err)
	require.Equal(t, discordgo.MessageFlagsEphemeral, <-private&discordgo.MessageFlagsEphemeral)
	require.Equal(t, "after", s.Private(r.ID)[0].Content)
}

func TestDelivery_NotAnsweredInTime(t *testing.T) {
	s, c := newServer(t, discordsim.Config{AnswerTime: 50 * time.Millisecond})
	s.UseEndpoint(endpoint(t, s, func(w http.ResponseWriter, _ *discordgo.Interaction) { w.WriteHeader(http.StatusAccepted) }))
	r, err := s.Command(t.Context(), mute())
	require.ErrorIs(t, err, discordsim.ErrNoAnswer)
	response := deferred()
	require.Equal(t, rest.CodeUnknownInteraction, refusal(t, c.Callback(t.Context(), r.ID, r.Token, &response)).Code)
	require.Equal(t, rest.CodeUnknownWebhook, refusal(t, c.EditOriginal(t.Context(), app, r.Token, said("x"))).Code)
}

func TestRead(t *testing.T) {
	for content, want := range map[string]discordsim.View{
		"plain":                              {Text: "plain"},
		`\*a\* \@everyone \<\@1>`:            {Text: "*a* @everyone <@1>"},
		"**Done** `mute a_b`":                {Text: "Done mute a_b"},
		"<t:1795313820:f>":                   {Text: "2026-11-22 02:17 UTC"},
		"@everyone":                          {Text: "@everyone", Live: []string{`everyone "@everyone"`}},
		"<@1> <@&2>":                         {Text: "<@1> <@&2>", Live: []string{`mention "<@1>"`, `mention "<@&2>"`}},
		"# a":                                {Text: "a", Live: []string{`heading "# "`}},
		"_a_":                                {Text: "a", Live: []string{`emphasis "_a_"`}},
		"[a](https://b.c)":                   {Text: "[a](https://b.c)", Live: []string{`masked link "[a](https://b.c)"`}},
		"https://a.b":                        {Text: "https://a.b", Live: []string{`link "https://a.b"`}},
		"https://discord.com/channels/1/2/3": {Text: "https://discord.com/channels/1/2/3"},
		":wave:":                             {Text: ":wave:", Live: []string{`emoji ":wave:"`}},
		"a\u202eb":                           {Text: "a\u202eb", Live: []string{`control "\u202e"`}},
		"one\n- two":                         {Text: "one\ntwo", Live: []string{`list "- "`}},
	} {
		require.Equal(t, want, discordsim.Read(content), "%q", content)
	}
}
