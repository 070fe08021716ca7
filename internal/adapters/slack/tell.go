package slack

import (
	"context"
	"errors"
	"fmt"

	"modbot/internal/adapters"
	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

var _ adapters.Teller = (*Slack)(nil)

// Tell sends somebody a direct message.
func (s *Slack) Tell(ctx context.Context, actor string, m chat.Message) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, errors.New("the direct message took too long"))
	defer cancel()
	if err := s.web.direct(ctx, actor, blocks.Reply(m)); err != nil {
		return fmt.Errorf("sending a direct message in Slack: %w", err)
	}
	return nil
}
