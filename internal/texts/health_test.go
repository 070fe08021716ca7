package texts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/chat"
)

// TestHealth_Golden holds what /mod health shows against a golden file.
// MODBOT_UPDATE_GOLDEN=1 writes it anew.
func TestHealth_Golden(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	works := audit.Health{Entries: 1204, InFlight: 1, Waiting: 2, ActiveMutes: 37}
	with := func(replicas ...audit.ReplicaHealth) audit.Health {
		h := works
		h.Replicas = replicas
		return h
	}
	behind := works
	behind.Sinks = []audit.SinkHealth{
		{Name: "slack:C1", Cursor: 1204},
		{Name: "discord:2", Cursor: 1100, Behind: 52, Oldest: now.Add(-5 * time.Minute), LastError: "Discord answered 403: Missing Access"},
	}
	idle := audit.ReplicaHealth{Name: "mod-b/k3j9x2", Seen: now}
	busy := audit.ReplicaHealth{Name: "mod-a/q7w1zz", Seen: now, Holds: []string{"connect/discord", "connect/slack", "settle", "expire", "succeed"}}
	var got strings.Builder
	for _, c := range []struct {
		name string
		in   HealthInput
	}{
		{"at a console", HealthInput{Ledger: works}},
		{"one replica has no line of its own", HealthInput{Ledger: with(busy), Platforms: []PlatformHealth{{Name: "slack", Up: true}}}},
		{"two replicas, asked of the one that stands by", HealthInput{Ledger: with(busy, idle), Platforms: []PlatformHealth{
			{Name: "discord", Up: true, Why: "standing by: another replica holds the connection"}, {Name: "slack", Up: true, Why: "standing by: another replica holds the connection"},
		}}},
		{"a replica whose name is markup", HealthInput{Ledger: with(idle, audit.ReplicaHealth{Name: "<!channel>/*b*", Holds: []string{"settle"}})}},
		{"a platform that is down", HealthInput{Ledger: works, Platforms: []PlatformHealth{{Name: "slack", Why: "the token was revoked"}}}},
		{"a channel that is behind", HealthInput{Ledger: behind}},
	} {
		got.WriteString("== " + c.name + "\n" + chat.Message{Lines: Health(c.in, now)}.Plain() + "\n\n")
	}
	golden := filepath.Join("testdata", "health.golden")
	if os.Getenv("MODBOT_UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err, "make golden writes it")
	require.Equal(t, string(want), got.String())
}
