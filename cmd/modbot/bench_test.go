package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/policy"
	"modbot/internal/im"
	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// everyone gives each actor the grant of being who they are.
type everyone struct{}

func (everyone) Grants(_ context.Context, inv chat.Invocation) ([]chat.Grant, error) {
	return []chat.Grant{{Kind: chat.GrantMember, ID: inv.Actor.ID}}, nil
}

// fleet spreads calls over several clients, because one client keeps to the
// vendor's rate and this benchmark asks what the rest can do.
type fleet struct {
	clients []tencent
	next    atomic.Int64
}

func (f *fleet) pick() tencent { return f.clients[f.next.Add(1)%int64(len(f.clients))] }

func (f *fleet) State(ctx context.Context, a mute.Account) (mute.State, error) {
	return f.pick().State(ctx, a)
}

func (f *fleet) Exist(ctx context.Context, as []mute.Account) (map[mute.Account]bool, error) {
	return f.pick().Exist(ctx, as)
}

func (f *fleet) Mute(ctx context.Context, a mute.Account, s mute.Scope, u mute.Running, g commands.Guard) commands.Answer {
	return f.pick().Mute(ctx, a, s, u, g)
}

func (f *fleet) Unmute(ctx context.Context, a mute.Account, s mute.Scope, g commands.Guard) commands.Answer {
	return f.pick().Unmute(ctx, a, s, g)
}

// BenchmarkCommands measures whole commands: parsed, resolved over real HTTP
// with a simulated Tencent, planned, begun, done, finished and answered, on a
// ledger on disk. The aim is 1,000 a second with 32 callers on 2 cores, five
// times the vendor's limit.
func BenchmarkCommands(b *testing.B) {
	for _, callers := range []int{1, 32} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) { benchmarkCommands(b, callers) })
	}
}

// benchClients lets the fleet do more than the aim: each client keeps to 195
// calls a second of each API.
const benchClients = 32

func benchmarkCommands(b *testing.B, callers int) {
	b.Helper()
	accounts := make([]mute.Account, 1<<14)
	for i := range accounts {
		accounts[i] = mute.Account(fmt.Sprintf("account-%d", i))
	}
	sim, err := imsim.New(imsim.Config{SDKAppID: demoApp, Key: imwire.NewSecretKey(demoKey), Admin: demoAdmin, Accounts: accounts})
	require.NoError(b, err)
	server := httptest.NewServer(sim)
	b.Cleanup(func() { sim.Close(); server.Close() })
	dispatcher := benchDispatcher(b, server.URL)
	var next atomic.Int64
	began := time.Now()
	b.SetParallelism(max(1, callers/2)) // times GOMAXPROCS
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := next.Add(1) - 1
			// Every second round lifts what the round before it set.
			verb, account := "/mute %s 2h group", accounts[n%int64(len(accounts))]
			if (n/int64(len(accounts)))%2 == 1 {
				verb = "/unmute %s group"
			}
			inv := chat.Invocation{Platform: chat.Console, Actor: chat.Actor{ID: "ada"}, Line: fmt.Sprintf(verb, account)}
			dispatcher.Handle(context.Background(), inv, func(_ context.Context, r chat.Reply) {
				if r.State != chat.StateDone {
					b.Errorf("%s: %s", inv.Line, r.Message.Plain())
				}
			})
		}
	})
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "commands/s")
}

func benchDispatcher(b *testing.B, host string) *commands.Dispatcher {
	b.Helper()
	f := new(fleet)
	for range benchClients {
		client, err := im.New(zap.NewNop(), im.Config{
			Host: host, SDKAppID: demoApp, Identifier: demoAdmin, SecretKey: imwire.NewSecretKey(demoKey), RatePerSecond: im.MaxRate,
		})
		require.NoError(b, err)
		b.Cleanup(client.Close)
		f.clients = append(f.clients, tencent{client})
	}
	d := commands.New(zap.NewNop(), commands.Config{
		Ledger: benchLedger(b), Lookup: f, Actor: f, Policy: benchPolicy(b), Grants: everyone{}, Meaning: meaning,
	})
	b.Cleanup(d.Close)
	return d
}

// benchLedger is a ledger on disk.
func benchLedger(b *testing.B) *audit.Log {
	b.Helper()
	store, err := sqlstore.Open(context.Background(), zap.NewNop(), "sqlite:"+filepath.Join(b.TempDir(), "bench.db"), sqlstore.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	key, err := audit.NewKey("bench")
	require.NoError(b, err)
	ledger, err := audit.Open(zap.NewNop(), store, audit.Options{Origin: "bench", Signer: key})
	require.NoError(b, err)
	return ledger
}

// benchPolicy lets ada, and her colleague mia, mute for a week.
func benchPolicy(b *testing.B) *policy.Policy {
	b.Helper()
	week, err := mute.Seconds(7 * 24 * 3600)
	require.NoError(b, err)
	rules, err := policy.New([]policy.Role{{
		Name: "admin", Grants: map[chat.Platform][]chat.Grant{chat.Console: {
			{Kind: chat.GrantMember, ID: "ada"}, {Kind: chat.GrantMember, ID: "mia"},
		}},
		Verbs: []string{"mute", "unmute"}, Scopes: mute.ScopeAll, MaxTerm: week,
	}}, nil, policy.Confirm{})
	require.NoError(b, err)
	return rules
}
