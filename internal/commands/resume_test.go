package commands_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// leave begins a mute as a process does that then dies.
func (h *house) leave(account mute.Account, platform chat.Platform, workspace chat.Workspace, actor string) audit.Begun {
	h.t.Helper()
	term, err := mute.Seconds(7200)
	require.NoError(h.t, err)
	begun, err := h.ledger.Begin(h.t.Context(), audit.Intent{Head: audit.Head{
		ID: audit.NewID(), Origin: audit.Origin{Platform: platform, Workspace: workspace},
		Actor: actor, ActorName: "somebody", Account: account, Verb: "mute", Scope: mute.ScopeGroup, Term: term,
	}})
	require.NoError(h.t, err)
	return begun
}

func TestResume_TellsWhatCameOfEarlierCommands(t *testing.T) {
	h := newHouse(t)
	cases := []audit.Begun{
		h.leave("alice", chat.Slack, "T1", "slack:T1/U1"),
		h.leave("bob", chat.Discord, "77", "discord:77/900"),
		h.leave("carol", chat.Console, "", "console:mia"),
	}

	var told []string
	h.clock.advance(audit.LeaseTime + audit.SettleGrace)
	for i, begun := range cases {
		token, _, err := h.ledger.TakeOver(t.Context(), begun.Case)
		require.NoError(t, err)
		outcome := audit.Settlement{Outcome: audit.OutcomeFailed, After: new(mute.State)}
		if i == 0 {
			outcome = audit.Settlement{Outcome: audit.OutcomeDone, Effect: mute.ScopeGroup}
		}
		_, err = h.ledger.Settle(t.Context(), token, outcome)
		require.NoError(t, err)
		c, err := h.ledger.Case(t.Context(), begun.Case)
		require.NoError(t, err)
		h.dispatcher.Resume(t.Context(), c, func(_ context.Context, inv chat.Invocation, r chat.Reply) error {
			told = append(told, string(inv.Platform)+" "+string(inv.Workspace)+" "+inv.Actor.ID+": "+r.Message.Summary())
			return errors.New("direct messages are off") // hurts nobody
		})
	}
	require.Equal(t, []string{
		"slack T1 U1: Done: alice is muted in groups for 2h, until 2026-11-22 04:00 UTC (in 2 h). Case 1.",
		"discord 77 900: Not done: Tencent was read back, and nothing came of muting bob in groups. What was in effect before still is. Case 2.",
		"console  mia: Not done: Tencent was read back, and nothing came of muting carol in groups. What was in effect before still is. Case 3.",
	}, told)
}
