package discord

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"modbot/internal/adapters"
	"modbot/internal/adapters/discord/render"
	"modbot/internal/adapters/discord/rest"
	"modbot/internal/chat"
)

// nonceChars is how many characters a message's nonce may have.
const nonceChars = 25

// audit is the audit channel.
type audit struct{ d *Discord }

var _ adapters.Channel = audit{}

// Audit is the audit channel of the configuration.
func (d *Discord) Audit() adapters.Channel { return audit{d} }

// Render puts as many posts into a message as it may hold.
func (a audit) Render(posts []chat.Post) (taken int, body []byte, err error) {
	return render.Posts(posts, a.d.cfg.MentionOnFailure)
}

// nonceMemory is how long Discord is trusted to know a nonce again. It does for
// a few minutes, which are documented no better.
const nonceMemory = 2 * time.Minute

// Send posts a message. Discord makes one of several attempts with the same
// nonce for some minutes; a repeat after that is marked as one.
func (a audit) Send(ctx context.Context, body []byte, d chat.Delivery) (chat.MessageRef, error) {
	channel := a.d.cfg.AuditChannel
	if channel == "" {
		return chat.MessageRef{}, &adapters.SendError{Cause: errors.New("discord.audit_channel is not set")}
	}
	b, err := render.Decode(body)
	if err != nil {
		return chat.MessageRef{}, &adapters.SendError{Content: true, Cause: err}
	}
	if d.Repeat && (d.First.IsZero() || a.d.cfg.Now().Sub(d.First).Abs() >= nonceMemory) {
		b = render.Marked(b, d.FirstSeq, d.LastSeq)
	}
	message, err := a.d.api.CreateMessage(ctx, channel, b, shortNonce(d.Nonce, 0))
	if err != nil {
		return chat.MessageRef{}, refusedPost(channel, err)
	}
	return chat.MessageRef{Channel: channel, ID: message.ID, Link: a.link(channel, message.ID)}, nil
}

// link is the address of a message; empty where the guild isn't known, which
// Discord doesn't say with a message: with several guilds it is learned from
// what is clicked in the channel.
func (a audit) link(channel, message string) string {
	guild := a.d.auditsIn.Load()
	if guild == nil || message == "" {
		return ""
	}
	return fmt.Sprintf("https://discord.com/channels/%s/%s/%s", *guild, channel, message)
}

// shortNonce makes a nonce that Discord takes out of one of any length. Variants
// are different messages. Nothing stays nothing.
func shortNonce(nonce string, variant int) string {
	if nonce == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(strconv.Itoa(variant) + "\n" + nonce))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:nonceChars]
}

// refusedPost classes what went wrong with a post.
func refusedPost(channel string, err error) error {
	out := &adapters.SendError{Cause: err}
	refused, ok := errors.AsType[*rest.Error](err)
	if !ok {
		return out
	}
	out.Wait, out.Content = refused.RetryAfter, refused.RefusesContent()
	out.Untaken = refused.Unsent || refused.Status >= http.StatusBadRequest && refused.Status < http.StatusInternalServerError
	hint := ""
	switch refused.Code {
	case rest.CodeUnknownChannel:
		hint = "there is no channel " + channel + ": discord.audit_channel must be the id of one in a guild that the bot is in"
	case rest.CodeMissingAccess:
		hint = "the bot can't see channel " + channel + ": allow its role to view the channel"
	case rest.CodeMissingPermissions:
		hint = "the bot may not write in channel " + channel + ": allow its role to send messages there"
	}
	if hint != "" {
		out.Cause = fmt.Errorf("%s: %w", hint, err)
	}
	return out
}
