package main

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/chat"
)

// remotePatience is how long a command waits for a ledger at the other end of a
// network: whoever typed it is told within two seconds that it does not answer.
const remotePatience = 1500 * time.Millisecond

// patienceWith is how long a command waits for the ledger of a URL.
func patienceWith(url string) time.Duration {
	if ownLedger(url) {
		return 0
	}
	return remotePatience
}

// ownLedger reports whether a ledger is a file, which one process serves; see
// holdLedger. All others are shared.
func ownLedger(url string) bool { return strings.HasPrefix(url, "sqlite:") }

// sharing divides the work on a ledger among the processes that share it.
type sharing struct {
	log    *zap.Logger
	ledger *audit.Log
	alone  bool
}

// keep runs a worker while it is this process's turn.
func (s sharing) keep(ctx context.Context, worker string, run func(ctx context.Context) error) error {
	if s.alone {
		return run(ctx)
	}
	return audit.NewHold(s.log, s.ledger, worker).Keep(ctx, run)
}

// connect runs what keeps the connection to a platform while it is this
// process's turn.
func (s sharing) connect(ctx context.Context, p chat.Platform, held func(ctx context.Context) error) error {
	return s.keep(ctx, "connect/"+string(p), held)
}

// replicaTag is how many characters tell the processes of one host apart: 30
// bits, of which there is one process a start.
const replicaTag = 6

// replica names this process in the ledger: its host, and something that no
// other process there had, nor will have after a restart.
func replica() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return host + "/" + strings.ToLower(rand.Text()[:replicaTag])
}
