package slack

import (
	"context"
	"errors"
	"sync"
	"time"

	"modbot/internal/adapters"
	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

// postGap is how far apart messages to one channel are: Slack takes about one a
// second (docs.slack.dev/apis/web-api/rate-limits). Whoever is told to wait
// instead has spent a call, and waits as long.
const postGap = time.Second

// auditChannel is one channel on Slack that audit posts go to.
type auditChannel struct {
	web     *web
	channel string
	mention []string
	stand   *standing

	mu     sync.Mutex
	posted time.Time // when Slack took the last message
}

// Render makes one message of as many posts as fit. See adapters.Channel.
func (c *auditChannel) Render(posts []chat.Post) (taken int, body []byte, err error) {
	return blocks.Posts(posts, c.mention)
}

// Send posts a rendered message. Slack knows no key by which it would tell a
// repeat, so a repeat is always marked.
func (c *auditChannel) Send(ctx context.Context, body []byte, d chat.Delivery) (chat.MessageRef, error) {
	if err := ctx.Err(); err != nil {
		return chat.MessageRef{}, &adapters.SendError{Cause: err}
	}
	b, err := blocks.Thaw(body)
	if d.Repeat && err == nil {
		b, err = blocks.Marked(body, d.FirstSeq, d.LastSeq)
	}
	if err != nil {
		return chat.MessageRef{}, &adapters.SendError{Content: true, Cause: err}
	}
	if !pause(ctx, c.due()) {
		return chat.MessageRef{}, &adapters.SendError{Cause: context.Cause(ctx)}
	}
	ts, err := c.web.post(ctx, c.channel, b)
	if err != nil {
		return chat.MessageRef{}, c.failed(err)
	}
	c.took()
	c.stand.set(topicAudit, "")
	return chat.MessageRef{Channel: c.channel, ID: ts, Link: c.web.permalink(ctx, c.channel, ts)}, nil
}

// due is how long it is until Slack takes another message.
func (c *auditChannel) due() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.posted.IsZero() {
		return 0
	}
	return postGap - time.Since(c.posted)
}

// took notes that Slack took a message. It did so before it answered.
func (c *auditChannel) took() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.posted = time.Now()
}

// failed says what may be done about a post that failed.
func (c *auditChannel) failed(err error) error {
	e, ok := errors.AsType[*callError](err)
	if !ok {
		return &adapters.SendError{Cause: err}
	}
	out := &adapters.SendError{Cause: err, Wait: e.wait}
	switch e.code {
	case "invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text",
		"too_many_attachments", "metadata_too_large", "block_mismatch", "invalid_arguments":
		out.Content = true
	case "":
		return out // throttled, or nobody answered
	default:
		out.Untaken = !unsure(e.code)
	}
	c.stand.set(topicAudit, "The audit channel "+c.channel+" takes no posts: "+explain(err))
	if explained := explain(err); explained != err.Error() {
		out.Cause = &explainedError{says: explained, cause: err}
	}
	return out
}

// explainedError adds to an error what can be done about it.
type explainedError struct {
	says  string
	cause error
}

func (e *explainedError) Error() string { return e.cause.Error() + ": " + e.says }
func (e *explainedError) Unwrap() error { return e.cause }
