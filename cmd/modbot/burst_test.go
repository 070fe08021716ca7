package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters"
	"modbot/internal/adapters/discord/render"
	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// packing is a channel that renders as a platform does.
type packing struct {
	adapters.Channel
	render func(posts []chat.Post) (int, []byte, error)
}

func (p packing) Render(posts []chat.Post) (int, []byte, error) { return p.render(posts) }

// expiries are notices of mutes that ended while modbot was away, each of an
// account with a long name.
func expiries(n int) []audit.Posted {
	ended := time.Date(2026, 11, 14, 2, 0, 0, 0, time.UTC)
	var out []audit.Posted
	for i := range int64(n) {
		out = append(out, audit.Posted{
			Entry: audit.Entry{
				Seq: 5001 + i, Kind: audit.KindExpired, Case: 1 + i, Scope: mute.ScopeGroup, After: &mute.State{}, Time: ended.Add(8 * 24 * time.Hour),
			},
			Case: &audit.CaseView{
				Number: 1 + i, Verb: "mute", Scope: mute.ScopeGroup, Account: mute.Account(fmt.Sprintf("member_%019d", i)),
				Deadline: ended.Add(time.Duration(i) * time.Minute), Actor: "slack:T1/U1", ActorName: "carol",
			},
			Checkpoint: "6000 mGm4dW0vyVb_vlWAYkK_YB",
		})
	}
	return out
}

// What a downtime leaves behind becomes few messages on each platform, and every
// entry is taken once.
func TestSink_PutsAlikeEntriesInFewMessages(t *testing.T) {
	const entries, offered = 1000, 800 // at a time, see audit.Deliverer
	for name, tc := range map[string]struct {
		render func(posts []chat.Post) (int, []byte, error)
		most   int // messages
	}{
		"Slack":   {func(p []chat.Post) (int, []byte, error) { return blocks.Posts(p, nil) }, 6},
		"Discord": {func(p []chat.Post) (int, []byte, error) { return render.Posts(p, nil) }, 30},
	} {
		t.Run(name, func(t *testing.T) {
			s := sink{name: "s", channel: packing{render: tc.render}, bursts: true}
			messages := 0
			for rest := expiries(entries); len(rest) > 0; messages++ {
				taken, body, err := s.Compose(rest[:min(len(rest), offered)])
				require.NoError(t, err)
				require.Positive(t, taken)
				for _, p := range rest[:taken] {
					require.Contains(t, string(body), fmt.Sprintf("#%d", p.Entry.Seq))
					require.Contains(t, string(body), fmt.Sprintf("case %d,", p.Case.Number))
				}
				rest = rest[taken:]
			}
			require.LessOrEqual(t, messages, tc.most)
			t.Logf("%d entries in %d messages", entries, messages)
		})
	}
}

// A console is told of each entry by itself.
func TestSink_OfAConsoleTellsEntriesOneByOne(t *testing.T) {
	var seen int
	s := sink{name: "s", channel: packing{render: func(p []chat.Post) (int, []byte, error) {
		seen = len(p)
		return 1, []byte("x"), nil
	}}}
	taken, _, err := s.Compose(expiries(3))
	require.NoError(t, err)
	require.Equal(t, 1, taken)
	require.Equal(t, 3, seen)
}
