package commands_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands"
)

// posted notes where a channel put the post about an entry.
func (h *house) posted(sink string, seq int64, link string) {
	h.t.Helper()
	_, err := h.ledger.Register(h.t.Context(), sink, seq-1)
	require.NoError(h.t, err)
	_, err = h.ledger.Freeze(h.t.Context(), sink, audit.Attempt{First: seq, Last: seq, Nonce: "m", Body: []byte("x")})
	require.NoError(h.t, err)
	_, err = h.ledger.Posted(h.t.Context(), sink, "m", []chat.MessageRef{{Channel: "C1", ID: "1", Link: link}})
	require.NoError(h.t, err)
}

func TestPostLink_IsShownWithTheCase(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, "muted", h.say("mia", "/mute alice 2h group").Code)
	for _, line := range []string{"/case 1", "/history alice"} {
		require.NotContains(t, h.say("mia", line).Message.Plain(), "http", line)
	}
	h.posted("slack:C1", 2, "https://example.slack.com/archives/C1/p1")
	for _, line := range []string{"/case 1", "/history alice"} {
		require.Contains(t, h.say("mia", line).Message.Plain(), "https://example.slack.com/archives/C1/p1", line)
	}
	h.posted("console:1", 2, "https://console.example/1")
	h.posted("discord:2", 2, "https://discord.com/channels/1/2/3")
	r := h.say("mia", "/case 1").Message.Plain()
	require.Contains(t, r, "https://console.example/1", "the reader's own platform comes first")
	require.NotContains(t, r, "slack.com")
}

// The answer links to its post in the channel of its own platform, when that is
// there in time.
func TestPostLink_IsInTheAnswerInTime(t *testing.T) {
	h := newHouseOf(t, func(cfg *commands.Config) {
		cfg.Channels = map[chat.Platform]string{chat.Console: "console:1"}
	})
	changed, stop := h.ledger.Subscribe()
	defer stop()
	var all sync.WaitGroup
	all.Go(func() { // the channel, which is told of the outcome and of nothing else
		for range changed {
			if size, _, err := h.ledger.Head(context.Background()); err != nil || size >= 2 {
				h.posted("console:1", 2, "https://console.example/1")
				return
			}
		}
	})
	require.Contains(t, h.say("mia", "/mute alice 2h group").Message.Plain(), "Audit post: https://console.example/1")
	all.Wait()
	late := h.say("mia", "/mute bob 2h group")
	require.Equal(t, "muted", late.Code)
	require.NotContains(t, late.Message.Plain(), "Audit post")
}
