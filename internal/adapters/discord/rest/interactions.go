package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/bwmarrin/discordgo"

	"modbot/internal/adapters/discord/render"
)

// maxToken is the longest token of an interaction that is believed, in bytes.
const maxToken = 1024

// Encode is a response to an interaction as Discord reads it. The library leaves
// an empty list of choices out, which Discord's client shows as a failure
// instead of as no choice.
func Encode(r *discordgo.InteractionResponse) ([]byte, error) {
	if r.Type != discordgo.InteractionApplicationCommandAutocompleteResult || r.Data == nil {
		return json.Marshal(r)
	}
	type choices struct {
		Choices []*discordgo.ApplicationCommandOptionChoice `json:"choices"`
	}
	out := choices{r.Data.Choices}
	if out.Choices == nil {
		out.Choices = []*discordgo.ApplicationCommandOptionChoice{}
	}
	return json.Marshal(struct {
		Type discordgo.InteractionResponseType `json:"type"`
		Data choices                           `json:"data"`
	}{r.Type, out})
}

// Callback answers an interaction, within three seconds of its delivery. It
// waits for no other call, and is made once.
func (c *Client) Callback(ctx context.Context, interactionID, token string, r *discordgo.InteractionResponse) error {
	const op = "answering an interaction"
	if err := interaction(op, interactionID, token); err != nil {
		return err
	}
	encoded, err := Encode(r)
	if err != nil {
		return &Error{Op: op, Unsent: true, Message: "it cannot be encoded", Cause: err}
	}
	return c.do(ctx, call{
		op: op, name: "callback", method: http.MethodPost, route: "/interactions/{interaction}/{token}/callback",
		path: "/interactions/" + interactionID + "/" + url.PathEscape(token) + "/callback",
		body: json.RawMessage(encoded), secret: token, interaction: true, urgent: true,
	}, nil)
}

// EditOriginal replaces the answer to an interaction, within 15 minutes of its
// delivery. After a deferral it is the answer.
func (c *Client) EditOriginal(ctx context.Context, appID, token string, body render.Body) error {
	const op = "editing an answer"
	if err := interaction(op, appID, token); err != nil {
		return err
	}
	return c.do(ctx, call{
		op: op, name: "edit_original", method: http.MethodPatch, route: "/webhooks/{app}/{token}/messages/@original",
		path:  "/webhooks/" + appID + "/" + url.PathEscape(token) + "/messages/@original",
		major: appID + "/" + token, body: body, secret: token, interaction: true, patient: true, repeatable: true,
	}, nil)
}

// FollowUp says something more about an interaction, within 15 minutes of its
// delivery. An unclear answer is not tried again: it might be said twice.
func (c *Client) FollowUp(ctx context.Context, appID, token string, body render.Body, ephemeral bool) error {
	const op = "following up"
	if err := interaction(op, appID, token); err != nil {
		return err
	}
	extra := map[string]any{}
	if ephemeral {
		extra["flags"] = discordgo.MessageFlagsEphemeral
	}
	return c.do(ctx, call{
		op: op, name: "follow_up", method: http.MethodPost, route: "/webhooks/{app}/{token}",
		path:  "/webhooks/" + appID + "/" + url.PathEscape(token),
		major: appID + "/" + token, body: extended{body, extra}, secret: token, interaction: true, patient: true,
	}, nil)
}

// interaction refuses what can't be of an interaction.
func interaction(op, id, token string) error {
	if err := ids(op, id); err != nil {
		return err
	}
	if token == "" || len(token) > maxToken {
		return &Error{Op: op, Unsent: true, Message: "the interaction has no token"}
	}
	return nil
}
