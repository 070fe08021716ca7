package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// politeness is how long a post waits for the answer to the line that is being
// handled, so that an answer comes before the post about it.
const politeness = 2 * time.Second

// postLine is a post as programs read it, and as it is frozen in the ledger:
// a console of either face can show what one of the other rendered.
type postLine struct {
	Type     string  `json:"type"`
	FirstSeq int64   `json:"first_seq"`
	LastSeq  int64   `json:"last_seq"`
	Kind     string  `json:"kind"`
	Cases    []int64 `json:"cases"`
	Outcome  *string `json:"outcome"`
	Text     string  `json:"text"`
}

// Render makes a message of the first post. A console never puts several into
// one: there is no limit to its rate.
func (c *Console) Render(posts []chat.Post) (taken int, body []byte, err error) {
	if len(posts) == 0 {
		return 0, nil, errors.New("rendering a post: there is none")
	}
	p := posts[0]
	body, err = encode(postLine{
		Type: "post", FirstSeq: p.FirstSeq, LastSeq: p.LastSeq, Kind: p.Kind, Cases: noneIsNull(p.Cases),
		Outcome: orNull(p.Outcome), Text: style{}.message(p.Alone(), ""),
	})
	if err != nil {
		return 0, nil, err
	}
	return 1, body, nil
}

// Send shows a rendered post. A repeat of what this console showed last is not
// shown again; any other repeat is marked with its entry numbers.
func (c *Console) Send(ctx context.Context, body []byte, d chat.Delivery) (chat.MessageRef, error) {
	if err := c.await(ctx); err != nil {
		return chat.MessageRef{}, &adapters.SendError{Cause: err}
	}
	p, err := thaw(body)
	if err != nil {
		return chat.MessageRef{}, &adapters.SendError{Content: true, Cause: err}
	}
	ref := chat.MessageRef{Channel: place, ID: strconv.FormatInt(p.FirstSeq, 10)}
	if shown := c.lastPost.Load(); d.Repeat && d.Nonce != "" && shown != nil && *shown == d.Nonce {
		return ref, nil
	}
	if err := c.post(p, body, d); err != nil {
		return chat.MessageRef{}, &adapters.SendError{Cause: err}
	}
	c.lastPost.Store(&d.Nonce)
	return ref, nil
}

// thaw reads a body that Render made, perhaps in another process.
func thaw(body []byte) (postLine, error) {
	var p postLine
	if err := json.Unmarshal(body, &p); err != nil {
		return postLine{}, fmt.Errorf("reading a rendered post: %w", err)
	}
	if p.Type != "post" || bytes.ContainsAny(body, "\r\n") {
		return postLine{}, errors.New("reading a rendered post: no console made it")
	}
	return p, nil
}

// post writes one post.
func (c *Console) post(p postLine, body []byte, d chat.Delivery) error {
	if d.Repeat {
		p.Text = repeatMark(d) + p.Text
	}
	switch {
	case !c.cfg.JSON:
		// The text was made visible when it was rendered, but the body has been
		// in a store since.
		return c.out.block(c.style.pane(visibleLines(p.Text), deref(p.Outcome), c.width()))
	case d.Repeat:
		return c.out.object(p)
	default:
		return c.out.block(string(body) + "\n")
	}
}

// await lets the answer go first to the line that is being handled.
func (c *Console) await(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := c.waiting.Load()
	if t == nil {
		return nil
	}
	patience := time.NewTimer(politeness)
	defer patience.Stop()
	select {
	case <-t.shown:
	case <-patience.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// width is the terminal's, or 0 where there is none.
func (c *Console) width() int {
	if !c.cfg.Terminal {
		return 0
	}
	width, _ := windowSize(c.cfg.Out)
	return width
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
