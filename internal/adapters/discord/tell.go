package discord

import (
	"context"
	"errors"
	"fmt"

	"modbot/internal/adapters"
	"modbot/internal/adapters/discord/render"
	"modbot/internal/chat"
)

var _ adapters.Teller = (*Discord)(nil)

// Tell sends somebody a direct message. Its buttons are left out: they act in
// servers only.
func (d *Discord) Tell(ctx context.Context, actor string, m chat.Message) error {
	ctx, cancel := context.WithTimeoutCause(ctx, showTime, errors.New("the direct message took too long"))
	defer cancel()
	m.Buttons = nil
	channel, err := d.api.OpenDM(ctx, actor)
	if err != nil {
		return fmt.Errorf("opening a direct message in Discord: %w", err)
	}
	// Without a nonce: what is told is told once by a process, and by no other.
	if _, err := d.api.CreateMessage(ctx, channel, render.Reply(m), ""); err != nil {
		return fmt.Errorf("sending a direct message in Discord: %w", err)
	}
	return nil
}
