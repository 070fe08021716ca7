package audit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/mute"
	"modbot/internal/testclock"
)

const testOrigin = "test.example/modbot"

func newClock() *testclock.Clock { return testclock.New(time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)) }

// tencent plays Tencent: what is in effect for the accounts that exist, and a
// trace of what was read. fail, when set, decides whether a read fails.
type tencent struct {
	clock *testclock.Clock

	mu    sync.Mutex
	ends  map[mute.Account]map[mute.Field]time.Time // zero time: permanent
	fail  func(mute.Account) error
	reads []mute.Account
}

func newTencent(c *testclock.Clock, accounts ...mute.Account) *tencent {
	t := &tencent{clock: c, ends: map[mute.Account]map[mute.Field]time.Time{}}
	for _, a := range accounts {
		t.ends[a] = map[mute.Field]time.Time{}
	}
	return t
}

// set makes fields of an account muted until end; the zero time is for ever.
func (t *tencent) set(a mute.Account, s mute.Scope, end time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range s.Fields() {
		t.ends[a][f] = end
	}
}

func (t *tencent) lift(a mute.Account, s mute.Scope) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range s.Fields() {
		delete(t.ends[a], f)
	}
}

func (t *tencent) failing(fail func(mute.Account) error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fail = fail
}

// seen lists the reads since it was last asked.
func (t *tencent) seen() []mute.Account {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.reads
	t.reads = nil
	return out
}

func (t *tencent) Read(ctx context.Context, a mute.Account) (mute.State, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reads = append(t.reads, a)
	if t.fail != nil {
		if err := t.fail(a); err != nil {
			return mute.State{}, err
		}
	}
	if ctx.Err() != nil {
		return mute.State{}, context.Cause(ctx)
	}
	fields, ok := t.ends[a]
	if !ok {
		return mute.State{}, fmt.Errorf("reading %s: %w", a, audit.ErrNoAccount)
	}
	var s mute.State
	for f, end := range fields {
		left := end.Sub(t.clock.Now())
		switch {
		case end.IsZero():
			s = s.With(f, mute.ReadingOf(4294967295))
		case left > 0:
			s = s.With(f, mute.ReadingOf(uint32((left+time.Second-1)/time.Second)))
		}
	}
	return s, nil
}

// errDown is a Tencent that cannot be reached.
var errDown = errors.New("tencent is down")

func down(mute.Account) error { return errDown }

// verify proves at the end of a test that the ledger is whole.
func (h *house) verify() {
	report, err := audit.Verify(context.Background(), h.store, audit.VerifyOptions{})
	require.NoError(h.t, err)
	require.True(h.t, report.OK, report.Problem)
}

func seconds(t require.TestingT, n int64) mute.Term {
	term, err := mute.Seconds(n)
	require.NoError(t, err)
	return term
}

// begin makes an intent durable; the zero term is an unmute.
func (h *house) begin(a mute.Account, s mute.Scope, term mute.Term) audit.Begun {
	h.t.Helper()
	b, err := begin(h.t.Context(), h.ledger, a, s, term)
	require.NoError(h.t, err)
	require.Nil(h.t, b.Known)
	return b
}

func begin(ctx context.Context, l *audit.Log, a mute.Account, s mute.Scope, term mute.Term) (audit.Begun, error) {
	v, err := l.Account(ctx, a)
	if err != nil {
		return audit.Begun{}, err
	}
	verb := "mute"
	if term.IsZero() {
		verb = "unmute"
	}
	return l.Begin(ctx, audit.Intent{
		Head: audit.Head{
			ID: audit.NewID(), Actor: "console:mia", ActorName: "Mia", Role: "moderator", Rule: "role/moderator",
			Account: a, Verb: verb, Scope: s, Term: term, Reason: "spamming links",
		},
		Expect: audit.Expect{Version: v.Version},
	})
}

// finish records what came of an intent.
func (h *house) finish(b audit.Begun, r audit.Result) audit.Finished {
	h.t.Helper()
	f, err := h.ledger.Finish(h.t.Context(), b.Token, r)
	require.NoError(h.t, err)
	return f
}

// muted is a mute that Tencent confirmed.
func (h *house) muted(a mute.Account, s mute.Scope, term mute.Term) audit.Begun {
	h.t.Helper()
	b := h.begin(a, s, term)
	h.tencent.set(a, s, b.Deadline)
	h.finish(b, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
	return b
}

// unknown is an action that was not answered: it may be inside the service for
// six seconds more.
func (h *house) unknown(a mute.Account, s mute.Scope, term mute.Term) audit.Begun {
	h.t.Helper()
	b := h.begin(a, s, term)
	h.finish(b, audit.Result{Outcome: audit.OutcomeUnknown, Code: 60008, Attempts: 1, LockedUntil: h.clock.Now().Add(6 * time.Second)})
	return b
}

func (h *house) settler() *audit.Settler {
	return audit.NewSettler(zaptest.NewLogger(h.t), h.ledger, h.tencent)
}

func (h *house) expirer() *audit.Expirer {
	return audit.NewExpirer(zaptest.NewLogger(h.t), h.ledger, h.tencent)
}

func (h *house) caseOf(n int64) audit.CaseView {
	h.t.Helper()
	c, err := h.ledger.Case(h.t.Context(), n)
	require.NoError(h.t, err)
	return c
}

// log lists the entries from one on, in short: "outcome done group".
func (h *house) log(after int64) []string {
	h.t.Helper()
	entries, err := h.ledger.Entries(h.t.Context(), audit.EntryFilter{After: after, Limit: 1000})
	require.NoError(h.t, err)
	out := make([]string, 0, len(entries))
	for _, e := range entries {
		out = append(out, short(e))
	}
	return out
}

func short(e audit.Entry) string {
	s := fmt.Sprintf("%s %d", e.Kind, e.Case)
	if e.Outcome != "" {
		s += " " + string(e.Outcome)
	}
	if e.Kind == audit.KindExpired || e.Kind == audit.KindDrift {
		s += " " + e.Scope.String()
	}
	if e.Effect != 0 {
		s += " in effect: " + e.Effect.String()
	}
	return s
}

// mutes lists the active mutes of an account: "group 3 until 04:00:00".
func (h *house) mutes(a mute.Account) []string {
	h.t.Helper()
	v, err := h.ledger.Account(h.t.Context(), a)
	require.NoError(h.t, err)
	out := []string{}
	for _, m := range v.Mutes {
		until := m.Until.Format(time.TimeOnly)
		if m.Permanent {
			until = "for ever"
		}
		out = append(out, fmt.Sprintf("%s %d until %s", m.Field, m.Case, until))
	}
	return out
}

// once is one pass of a worker.
func once(tb testing.TB, pass func(context.Context) (int, time.Time, error)) (int, time.Time) {
	tb.Helper()
	n, next, err := pass(tb.Context())
	require.NoError(tb, err)
	return n, next
}
