package audit_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/mute"
	"modbot/internal/pgtest"
)

// The sizes that BenchmarkScale compares; set MODBOT_SCALE_ENTRIES=1000000 for
// the large one that the README speaks of.
const (
	scaleSmall = 10_000
	scaleLarge = 200_000
)

// scaleTurns is how often each question is asked of each ledger, in turns.
const scaleTurns = 41

// scaled is a filled ledger.
type scaled struct {
	*audit.Log
	store audit.Store
	next  int
}

func newScaled(b *testing.B, url string, entries int) *scaled {
	b.Helper()
	store, err := sqlstore.Open(b.Context(), zap.NewNop(), url, sqlstore.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	key, err := audit.NewKey("example.org/modbot")
	require.NoError(b, err)
	l, err := audit.Open(zap.NewNop(), store, audit.Options{Signer: key})
	require.NoError(b, err)
	start := time.Now()
	require.NoError(b, l.Fill(b.Context(), entries/2))
	b.Logf("%d entries made in %s", entries, time.Since(start))
	return &scaled{Log: l, store: store}
}

// question is something that is asked of a ledger.
type question struct {
	name string
	ask  func(ctx context.Context, l *scaled) error
}

func ls(f audit.EntryFilter) func(context.Context, *scaled) error {
	return func(ctx context.Context, l *scaled) error {
		_, err := l.Entries(ctx, f)
		return err
	}
}

func listed(f audit.MuteFilter, p audit.Page) func(context.Context, *scaled) error {
	return func(ctx context.Context, l *scaled) error {
		_, err := l.Mutes(ctx, f, p)
		return err
	}
}

// questions are those that issue and documents promise something about.
func questions() []question {
	page := func(f audit.EntryFilter) audit.EntryFilter {
		f.Newest, f.Limit = true, 50
		return f
	}
	const (
		since = time.Minute
		few   = 2 // of what there is little of, also in the small ledger
	)
	return []question{
		{"history", func(ctx context.Context, l *scaled) error {
			_, err := l.History(ctx, "member77", audit.Page{})
			return err
		}},
		{"mutes", listed(audit.MuteFilter{}, audit.Page{})},
		{"mutes/page", listed(audit.MuteFilter{}, audit.Page{Before: 2500})},
		{"mutes/scope", listed(audit.MuteFilter{Scope: mute.ScopeC2C}, audit.Page{Limit: few})},
		{"mutes/actor", listed(audit.MuteFilter{Actor: "console:actor7"}, audit.Page{})},
		{"mutes/name", listed(audit.MuteFilter{Actor: "actor7"}, audit.Page{})},
		{"mutes/rare", listed(audit.MuteFilter{Actor: "console:rare"}, audit.Page{Limit: few})},
		{"ls", ls(page(audit.EntryFilter{}))},
		{"ls/oldest", ls(audit.EntryFilter{Limit: 50})},
		{"ls/account", ls(page(audit.EntryFilter{Account: "member77"}))},
		{"ls/actor", ls(page(audit.EntryFilter{Actor: "console:actor7"}))},
		{"ls/rare_actor", ls(audit.EntryFilter{Actor: "console:rare", Newest: true, Limit: few})},
		{"ls/kind", ls(page(audit.EntryFilter{Kinds: []audit.Kind{audit.KindOutcome}}))},
		{"ls/rare_kinds", ls(audit.EntryFilter{Kinds: []audit.Kind{audit.KindRefused, audit.KindDrift}, Newest: true, Limit: few})},
		{"ls/case", ls(page(audit.EntryFilter{Case: 77}))},
		{"ls/since", func(ctx context.Context, l *scaled) error {
			_, err := l.Entries(ctx, audit.EntryFilter{Since: time.Now().Add(-since), Limit: 50})
			return err
		}},
		{"ls/all_filters", func(ctx context.Context, l *scaled) error {
			_, err := l.Entries(ctx, page(audit.EntryFilter{
				Account: "member77", Actor: "console:actor0", Kinds: []audit.Kind{audit.KindIntent}, Since: time.Now().Add(-time.Hour),
			}))
			return err
		}},
		{"health", func(ctx context.Context, l *scaled) error {
			_, err := l.Health(ctx)
			return err
		}},
		{"unsettled", func(ctx context.Context, l *scaled) error {
			_, _, err := l.Unsettled(ctx)
			return err
		}},
		{"begin", func(ctx context.Context, l *scaled) error {
			l.next++
			b, err := begin(ctx, l.Log, mute.Account("new"+strconv.Itoa(l.next)), mute.ScopeGroup, mute.Permanent())
			if err == nil {
				_, err = l.Finish(ctx, b.Token, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
			}
			return err
		}},
	}
}

// BenchmarkScale asks the same of a small ledger and of a large one, in turns
// within one run, and reports how much more the large one takes.
func BenchmarkScale(b *testing.B) {
	large := scaleLarge
	if s := os.Getenv("MODBOT_SCALE_ENTRIES"); s != "" {
		var err error
		large, err = strconv.Atoi(s)
		require.NoError(b, err)
	}
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + filepath.Join(b.TempDir(), "modbot.db") },
		"postgres": func() string { return pgtest.Database(b) },
	} {
		var ledgers []*scaled
		b.Run(name, func(b *testing.B) {
			if ledgers == nil {
				ledgers = []*scaled{newScaled(b, url(), scaleSmall), newScaled(b, url(), large)}
			}
			for _, q := range questions() {
				b.Run(q.name, func(b *testing.B) { compare(b, q, ledgers[0], ledgers[1]) })
			}
		})
	}
}

// compare asks both and reports the medians.
func compare(b *testing.B, q question, small, large *scaled) {
	b.Helper()
	var took [2][]time.Duration
	for b.Loop() {
		for range scaleTurns {
			for i, l := range []*scaled{small, large} {
				start := time.Now()
				require.NoError(b, q.ask(b.Context(), l))
				took[i] = append(took[i], time.Since(start))
			}
		}
	}
	for i := range took {
		slices.Sort(took[i])
	}
	median := func(i int) float64 { return float64(took[i][len(took[i])/2].Microseconds()) }
	b.ReportMetric(median(0), "small-us")
	b.ReportMetric(median(1), "large-us")
	b.ReportMetric(median(1)/max(1, median(0)), "ratio")
	b.ReportMetric(0, "ns/op")
}
