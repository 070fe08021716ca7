package main

import (
	"context"

	"modbot/internal/mute"
)

// Nicknames says what accounts call themselves (commands.Nicknamer).
func (t tencent) Nicknames(ctx context.Context, accounts []mute.Account) (map[mute.Account]string, error) {
	return t.client.Nicknames(ctx, accounts...)
}
