// Package audittest is what every store of the ledger has to pass.
//
// A store keeps rows and decides nothing, so the suite tests the ledger
// through it: every promise of package audit (exactly one outcome, one mind
// per account, projections that a replay rebuilds, tampering that is found)
// is checked on the real database. Run it with a function that opens a fresh,
// empty store and gives SQL access beside it, for the tests that tamper.
package audittest

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
	"modbot/internal/testclock"
)

// Fixture is a store under test.
type Fixture struct {
	Store audit.Store
	// DB reaches the same database by itself, foreign keys unchecked. Its
	// statements are standard SQL, with $1 and so on for parameters.
	DB *sql.DB
	// Wrote is the statement by which who writes past the store tells it so;
	// empty where the database tells by itself.
	Wrote string
}

// Open opens a fresh, empty store; it closes it at the end of the test.
type Open func(t testing.TB) Fixture

// Run runs the suite.
func Run(t *testing.T, open Open) {
	t.Run("Begin", func(t *testing.T) { testBegin(t, open) })
	t.Run("Leases", func(t *testing.T) { testLeases(t, open) })
	t.Run("Questions", func(t *testing.T) { testQuestions(t, open) })
	t.Run("Settle", func(t *testing.T) { testSettle(t, open) })
	t.Run("Mutes", func(t *testing.T) { testMutes(t, open) })
	t.Run("Links", func(t *testing.T) { testLinks(t, open) })
	t.Run("Lists", func(t *testing.T) { testLists(t, open) })
	t.Run("Prints", func(t *testing.T) { testPrints(t, open) })
	t.Run("Wait", func(t *testing.T) { testWait(t, open) })
	t.Run("Sinks", func(t *testing.T) { testSinks(t, open) })
	t.Run("Faults", func(t *testing.T) { testFaults(t, open) })
	t.Run("Identity", func(t *testing.T) { testIdentity(t, open) })
	t.Run("Verify", func(t *testing.T) { testVerify(t, open) })
	t.Run("Tampering", func(t *testing.T) { testTampering(t, open) })
	t.Run("Witness", func(t *testing.T) { testWitness(t, open) })
	t.Run("Erasure", func(t *testing.T) { testErasure(t, open) })
	t.Run("Crashes", func(t *testing.T) { testCrashes(t, open) })
}

// origin is the ledger's name in the suite.
const origin = "example.org/modbot"

// began is when the suite's clock starts.
var began = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

func newClock() *testclock.Clock { return testclock.New(began) }

// bench is a ledger with its clock, ready to work on.
type bench struct {
	Fixture
	*audit.Log
	t     testing.TB
	key   *audit.Key
	clock *testclock.Clock
}

func newBench(tb testing.TB, open Open) *bench {
	tb.Helper()
	key, err := audit.NewKey(origin)
	require.NoError(tb, err)
	b := &bench{Fixture: open(tb), t: tb, key: key, clock: newClock()}
	b.Log = b.another(b.Store)
	return b
}

// in is the bench for a subtest.
func (b *bench) in(tb testing.TB) *bench {
	tb.Helper()
	sub := *b
	sub.t = tb
	return &sub
}

// another opens the ledger once more, as another process would.
func (b *bench) another(store audit.Store) *audit.Log {
	b.t.Helper()
	l, err := audit.Open(zaptest.NewLogger(b.t, zaptest.Level(zapFatal)), store, audit.Options{
		Origin: origin, Signer: b.key, Replica: "one", Now: b.clock.Now,
	})
	require.NoError(b.t, err)
	return l
}

// seconds is a finite term.
func seconds(tb testing.TB, n int64) mute.Term {
	tb.Helper()
	term, err := mute.Seconds(n)
	require.NoError(tb, err)
	return term
}

// head is the head of a command about an account.
func head(account mute.Account) audit.Head {
	return audit.Head{
		ID: audit.NewID(), Actor: "console:mia", ActorName: "Mia", Role: "moderator", Rule: "role/moderator/mute",
		Account: account, Verb: "mute", Scope: mute.ScopeGroup, Term: must(mute.Seconds(7200)), Reason: "spamming links",
		Snapshot: `{"shown":"nothing"}`,
		Origin: audit.Origin{
			Platform: chat.Console, Workspace: "W1", Channel: chat.Channel{ID: "C1", Name: "mods"}, Client: "uid 1000",
		},
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// planned is an intent on an account as it stands.
func (b *bench) planned(h audit.Head) audit.Intent {
	b.t.Helper()
	v, err := b.Account(context.Background(), h.Account)
	require.NoError(b.t, err)
	return audit.Intent{Head: h, Expect: audit.Expect{Version: v.Version}}
}

// begin begins an intent that must not be refused.
func (b *bench) begin(h audit.Head) audit.Begun {
	b.t.Helper()
	begun, err := b.Begin(context.Background(), b.planned(h))
	require.NoError(b.t, err)
	require.Nil(b.t, begun.Known)
	return begun
}

// finish records what the attempts came to.
func (b *bench) finish(begun audit.Begun, o audit.Outcome) audit.Finished {
	b.t.Helper()
	f, err := b.Finish(context.Background(), begun.Token, audit.Result{Outcome: o, Attempts: 1})
	require.NoError(b.t, err)
	return f
}

// act begins and finishes.
func (b *bench) act(h audit.Head, o audit.Outcome) int64 {
	b.t.Helper()
	begun := b.begin(h)
	b.finish(begun, o)
	return begun.Case
}

// theCase reads a case that must be there.
func (b *bench) theCase(n int64) audit.CaseView {
	b.t.Helper()
	c, err := b.Case(context.Background(), n)
	require.NoError(b.t, err)
	return c
}

// active lists the active mutes of an account as "field case seconds-left".
func (b *bench) active(a mute.Account) []string {
	b.t.Helper()
	v, err := b.Account(context.Background(), a)
	require.NoError(b.t, err)
	out := []string{}
	for _, m := range v.Mutes {
		left := "permanent"
		if !m.Permanent {
			left = m.Until.Sub(b.clock.Now()).String()
		}
		out = append(out, fmt.Sprintf("%s by case %d, %s", m.Field, m.Case, left))
	}
	return out
}

// trace lists the entries as "seq kind outcome case".
func (b *bench) trace() []string {
	b.t.Helper()
	entries, err := b.Entries(context.Background(), audit.EntryFilter{Limit: 1000})
	require.NoError(b.t, err)
	out := []string{}
	for _, e := range entries {
		line := fmt.Sprintf("%d %s", e.Seq, e.Kind)
		if e.Outcome != "" {
			line += " " + string(e.Outcome)
		}
		if e.Case != 0 {
			line += fmt.Sprintf(" case %d", e.Case)
		}
		out = append(out, line)
	}
	return out
}

// verify verifies the ledger, and once more with next to nothing held in memory,
// which must find the same.
func (b *bench) verify(opts audit.VerifyOptions) (audit.Report, error) {
	b.t.Helper()
	r, err := audit.Verify(context.Background(), b.Store, opts)
	opts.Hold = 1
	again, errAgain := audit.Verify(context.Background(), b.Store, opts)
	require.Equal(b.t, err == nil, errAgain == nil)
	require.Equal(b.t, r.OK, again.OK)
	require.Equal(b.t, r.Problem, again.Problem)
	require.Equal(b.t, r.FirstBad, again.FirstBad)
	return r, err
}

// sound verifies the ledger, which must be unaltered.
func (b *bench) sound() audit.Report {
	b.t.Helper()
	r, err := b.verify(audit.VerifyOptions{Verifier: b.key.Verifier()})
	require.NoError(b.t, err)
	require.Empty(b.t, r.Problem)
	require.True(b.t, r.OK)
	return r
}
