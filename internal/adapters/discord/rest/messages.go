package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"

	"modbot/internal/adapters/discord/render"
)

// maxNonce is the longest nonce, in characters.
const maxNonce = 25

// received is what is read of a message that Discord made. The library's own
// struct refuses a whole message for a component that it doesn't know.
type received struct {
	ID        string                 `json:"id"`
	ChannelID string                 `json:"channel_id"`
	GuildID   string                 `json:"guild_id"`
	Content   string                 `json:"content"`
	Flags     discordgo.MessageFlags `json:"flags"`
}

func (r received) message() discordgo.Message {
	return discordgo.Message{ID: r.ID, ChannelID: r.ChannelID, GuildID: r.GuildID, Content: r.Content, Flags: r.Flags}
}

// CreateMessage posts a message. With a nonce (at most 25 characters), Discord
// makes one message of several attempts for a few minutes. It is never tried
// again here: the caller owns the order and the repeats. Of the message, the
// ids, the content and the flags are filled in.
func (c *Client) CreateMessage(ctx context.Context, channelID string, body render.Body, nonce string) (discordgo.Message, error) {
	const op = "creating a message"
	if err := ids(op, channelID); err != nil {
		return discordgo.Message{}, err
	}
	if utf8.RuneCountInString(nonce) > maxNonce {
		return discordgo.Message{}, &Error{Op: op, Unsent: true, Message: fmt.Sprintf("the nonce is longer than %d characters", maxNonce)}
	}
	extra := map[string]any{}
	if nonce != "" {
		extra = map[string]any{"nonce": nonce, "enforce_nonce": true}
	}
	var out received
	err := c.do(ctx, call{
		op: op, name: "create_message", method: http.MethodPost, route: "/channels/{channel}/messages",
		path: "/channels/" + channelID + "/messages", major: channelID, body: extended{body, extra},
	}, &out)
	return out.message(), err
}

// OpenDM opens the direct messages with a member, or finds them, and returns
// the id of their channel.
func (c *Client) OpenDM(ctx context.Context, userID string) (channelID string, err error) {
	const op = "opening direct messages"
	if err := ids(op, userID); err != nil {
		return "", err
	}
	var out received
	err = c.do(ctx, call{
		op: op, name: "open_dm", method: http.MethodPost, route: "/users/@me/channels", path: "/users/@me/channels",
		body: map[string]string{"recipient_id": userID}, patient: true, repeatable: true,
	}, &out)
	return out.ID, err
}

// extended is a body with what is said beside it.
type extended struct {
	body  render.Body
	extra map[string]any
}

// MarshalJSON is one object of both.
func (e extended) MarshalJSON() ([]byte, error) {
	raw, err := json.Marshal(e.body)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	maps.Copy(fields, e.extra)
	return json.Marshal(fields)
}

// ids refuses what is no id, so that nothing from outside bends a path.
func ids(op string, all ...string) error {
	for _, id := range all {
		if !snowflake(id) {
			return &Error{Op: op, Unsent: true, Message: fmt.Sprintf("%.40q is no id", id)}
		}
	}
	return nil
}

func snowflake(id string) bool {
	if id == "" || len(id) > 20 {
		return false
	}
	for _, r := range id {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}
