package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// A command that a former process began is settled, and its actor, whose reply
// token is gone, is told directly.
func TestServe_TellsActorsWhatCameOfEarlierCommands(t *testing.T) {
	s := newShop(t)
	dir := filepath.Dir(s.file)
	key, err := audit.LoadOrCreateKey(filepath.Join(dir, "ledger.key"), "example.org/serve")
	require.NoError(t, err)
	store, err := sqlstore.Open(t.Context(), zap.NewNop(), "sqlite:"+filepath.Join(dir, "modbot.db"), sqlstore.Options{})
	require.NoError(t, err)
	earlier := func() time.Time { return time.Now().Add(-time.Minute) }
	ledger, err := audit.Open(zap.NewNop(), store, audit.Options{Origin: "example.org/serve", Signer: key, Replica: "dead", Now: earlier})
	require.NoError(t, err)
	term, err := mute.Seconds(7200)
	require.NoError(t, err)
	_, err = ledger.Begin(t.Context(), audit.Intent{Head: audit.Head{
		ID: audit.NewID(), Origin: audit.Origin{Platform: chat.Slack, Workspace: "T1"}, Actor: "slack:T1/U1", ActorName: "mia",
		Account: "alice", Verb: "mute", Scope: mute.ScopeGroup, Term: term,
	}})
	require.NoError(t, err)
	require.NoError(t, store.Close())

	s.open()
	s.eventually("the actor is told", func() bool { return len(s.slack.messages()) > 0 })
	require.Equal(t, exitOK, s.close())
	require.Equal(t, []string{"U1: Not done: Tencent was read back, and nothing came of muting alice in groups. What was in effect before still is. Case 1."}, s.slack.messages())
	require.Empty(t, s.discord.messages())
}
