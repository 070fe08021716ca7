package commands_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/mute"
)

// callers are accounts that have nicknames.
type callers struct {
	mu    sync.Mutex
	names map[mute.Account]string
	err   error
	asked []mute.Account
}

func (c *callers) Nicknames(_ context.Context, accounts []mute.Account) (map[mute.Account]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, accounts...)
	return c.names, c.err
}

func (c *callers) were() []mute.Account {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

func TestNicknames_AreShownInAnswers(t *testing.T) {
	hostile := "Mal\u202e <!channel> @here\x1b[2J"
	source := &callers{names: map[mute.Account]string{"alice": "Alice W.", "bob": hostile}}
	h := newHouseOf(t, func(c *commands.Config) { c.Nicknames = source })
	shown := func(account, nick string) {
		t.Helper()
		require.Eventually(t, func() bool { // the first answer may come before the name
			for _, line := range h.say("mia", "/status "+account).Message.Lines {
				for i, s := range line {
					if s == chat.Quote(nick) && line[i-1].Text == " (" && line[i-2] == chat.Quote(account) {
						return true
					}
				}
			}
			return false
		}, 10*time.Second, time.Millisecond)
	}
	shown("alice", "Alice W.")
	shown("bob", hostile)
	r := h.say("mia", "/mute alice 2h group")
	require.Contains(t, r.Message.Plain(), "Done: alice (Alice W.) is muted")
	require.Contains(t, h.say("mia", "/history alice").Message.Plain(), "Cases about alice (Alice W.), newest first")
	asked := h.say("moe", "/mute alice 1h group")
	require.Contains(t, asked.Message.Plain(), "alice (Alice W.) is muted already")
	require.Contains(t, h.say("moe", "/confirm 2 keep").Message.Plain(), "alice (Alice W.) is left as it is")
}

func TestNicknames_StrangersCauseNoQuestion(t *testing.T) {
	source := &callers{names: map[mute.Account]string{"boss": "The Boss"}}
	h := newHouseOf(t, func(c *commands.Config) { c.Nicknames = source })
	for _, line := range []string{"/status boss", "/mute boss 2h", "/link <@bob> boss"} {
		require.NotContains(t, h.say("max", line).Message.Plain(), "The Boss")
	}
	h.dispatcher.Close()
	require.Empty(t, source.were())
}

func TestNicknames_ThatFailChangeNothing(t *testing.T) {
	h := newHouseOf(t, func(c *commands.Config) { c.Nicknames = &callers{err: errors.New("down")} })
	r := h.say("mia", "/mute alice 2h group")
	require.Equal(t, "muted", r.Code)
	require.Contains(t, r.Message.Plain(), "Done: alice is muted")
}
