package commands_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/audit/sqlstore"
	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/policy"
	"modbot/internal/mute"
)

// tencent plays Tencent: what is in effect, and one ordered trace of what was
// asked. answer, when set, decides the next change: it says whether the change
// is applied, and what is answered.
type tencent struct {
	mu     sync.Mutex
	now    func() time.Time
	fields map[mute.Account]map[mute.Field]time.Time // end; forever for permanent
	trace  []string
	answer func(what string) (applied bool, a commands.Answer)
	down   error
	// before is called with each change before the guard is asked.
	before func(what string)
}

var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func newTencent(now func() time.Time, accounts ...mute.Account) *tencent {
	t := &tencent{now: now, fields: map[mute.Account]map[mute.Field]time.Time{}}
	for _, a := range accounts {
		t.fields[a] = map[mute.Field]time.Time{}
	}
	return t
}

func (t *tencent) note(format string, args ...any) {
	t.trace = append(t.trace, fmt.Sprintf(format, args...))
}

// changes is the part of the trace that changed something.
func (t *tencent) changes() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.trace)
}

func (t *tencent) State(_ context.Context, a mute.Account) (mute.State, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down != nil {
		return mute.State{}, t.down
	}
	fields, ok := t.fields[a]
	if !ok {
		return mute.State{}, commands.ErrNoSuchAccount
	}
	var s mute.State
	for f, end := range fields {
		switch left := end.Sub(t.now()); {
		case end.Equal(forever):
			s = s.With(f, mute.ReadingOf(4294967295))
		case left > 0:
			s = s.With(f, mute.ReadingOf(uint32((left+time.Second-1)/time.Second)))
		}
	}
	return s, nil
}

// Read is State for the ledger's workers.
func (t *tencent) Read(ctx context.Context, a mute.Account) (mute.State, error) {
	s, err := t.State(ctx, a)
	if err == commands.ErrNoSuchAccount { //nolint:errorlint // the fake returns it bare
		return s, audit.ErrNoAccount
	}
	return s, err
}

func (t *tencent) Exist(_ context.Context, accounts []mute.Account) (map[mute.Account]bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down != nil {
		return nil, t.down
	}
	out := map[mute.Account]bool{}
	for _, a := range accounts {
		_, out[a] = t.fields[a]
	}
	return out, nil
}

func (t *tencent) change(ctx context.Context, what string, guard commands.Guard, apply func()) commands.Answer {
	t.mu.Lock()
	before := t.before
	t.mu.Unlock()
	if before != nil {
		before(what)
	}
	if _, err := guard(ctx); err != nil {
		return commands.Answer{Verdict: commands.VerdictNo, Why: "Nothing was sent: the account's lease was lost."}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.note("%s", what)
	applied, a := true, commands.Answer{Verdict: commands.VerdictDone}
	if t.answer != nil {
		applied, a = t.answer(what)
	}
	if applied {
		apply()
	}
	a.Attempts = 1
	return a
}

func (t *tencent) Mute(ctx context.Context, a mute.Account, s mute.Scope, until mute.Running, guard commands.Guard) commands.Answer {
	seconds, ok := until.Wire(t.now())
	if !ok {
		return commands.Answer{Verdict: commands.VerdictNo, Why: "Nothing was sent: the term is over."}
	}
	end := t.now().Add(time.Duration(seconds) * time.Second)
	if until.Term().IsPermanent() {
		end = forever
	}
	return t.change(ctx, fmt.Sprintf("mute %s %s %s", a, s, until.Term()), guard, func() {
		for _, f := range s.Fields() {
			t.fields[a][f] = end
		}
	})
}

func (t *tencent) Unmute(ctx context.Context, a mute.Account, s mute.Scope, guard commands.Guard) commands.Answer {
	return t.change(ctx, fmt.Sprintf("unmute %s %s", a, s), guard, func() {
		for _, f := range s.Fields() {
			delete(t.fields[a], f)
		}
	})
}

// set changes a field behind modbot's back.
func (t *tencent) set(a mute.Account, f mute.Field, end time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fields[a][f] = end
}

// state is what is in effect, for comparing whole.
func (t *tencent) state(a mute.Account) map[mute.Field]time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.fields[a])
}

// clock is a clock that only tests move.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

// start is when every test begins.
var start = time.Date(2026, time.November, 22, 2, 0, 0, 0, time.UTC)

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return start.Add(c.offset)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// house is the core with a real ledger on a real file, and Tencent played.
type house struct {
	t          *testing.T
	clock      *clock
	tencent    *tencent
	ledger     *audit.Log
	dispatcher *commands.Dispatcher
	noRoles    error // what looking up roles returns
}

// Grants: everybody is just who they are.
func (h *house) Grants(_ context.Context, inv chat.Invocation) ([]chat.Grant, error) {
	return []chat.Grant{{Kind: chat.GrantMember, ID: inv.Actor.ID}}, h.noRoles
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseOf(t, func(*commands.Config) {})
}

// newHouseOf is a house whose core is configured further.
func newHouseOf(t *testing.T, further func(*commands.Config)) *house {
	t.Helper()
	h := &house{t: t, clock: &clock{}}
	h.tencent = newTencent(h.clock.now, "alice", "bob", "carol", "Carol", "dave", "boss", "administrator", "u_zed")
	store, err := sqlstore.Open(t.Context(), zaptest.NewLogger(t), "sqlite:"+t.TempDir()+"/ledger.db", sqlstore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	key, err := audit.NewKey("test/ledger")
	require.NoError(t, err)
	h.ledger, err = audit.Open(zaptest.NewLogger(t), store, audit.Options{Origin: "test/ledger", Signer: key, Replica: "test", Now: h.clock.now})
	require.NoError(t, err)
	cfg := commands.Config{
		Ledger: h.ledger, Lookup: h.tencent, Actor: h.tencent, Policy: testPolicy(t), Grants: h, Now: h.clock.now,
		LinkTemplates: map[chat.Platform]string{chat.Console: "u_{id}"},
	}
	further(&cfg)
	h.dispatcher = commands.New(zaptest.NewLogger(t), cfg)
	t.Cleanup(h.dispatcher.Close)
	t.Cleanup(func() {
		report, err := audit.Verify(context.Background(), store, audit.VerifyOptions{})
		require.NoError(t, err)
		require.True(t, report.OK, report.Problem)
	})
	return h
}

func testPolicy(t *testing.T) *policy.Policy {
	t.Helper()
	seconds := func(d time.Duration) mute.Term {
		term, err := mute.Seconds(int64(d / time.Second))
		require.NoError(t, err)
		return term
	}
	holder := func(ids ...string) map[chat.Platform][]chat.Grant {
		var grants []chat.Grant
		for _, id := range ids {
			grants = append(grants, chat.Grant{Kind: chat.GrantMember, ID: id})
		}
		return map[chat.Platform][]chat.Grant{chat.Console: grants}
	}
	verbs := []string{"mute", "unmute", "status", "mutes", "history", "case"}
	p, err := policy.New([]policy.Role{
		{Name: "moderator", Grants: holder("mia", "moe"), Verbs: verbs, Scopes: mute.ScopeAll, MaxTerm: seconds(7 * 24 * time.Hour), PerHour: 60},
		{Name: "admin", Grants: holder("ada"), Verbs: append(verbs, "health", "link", "unlink"), Scopes: mute.ScopeAll, MaxTerm: seconds(365 * 24 * time.Hour), Permanent: true},
	}, []policy.Protected{{Account: "administrator"}, {Account: "boss", Roles: []chat.Role{"admin"}}},
		policy.Confirm{LongerThan: seconds(30 * 24 * time.Hour), Permanent: true})
	require.NoError(t, err)
	return p
}

// say is one line typed by somebody, and the first answer to it.
func (h *house) say(who, line string) chat.Reply {
	h.t.Helper()
	return h.deliver(chat.Invocation{Platform: chat.Console, Actor: chat.Actor{ID: who, Name: who}, Line: line})
}

func (h *house) deliver(inv chat.Invocation) chat.Reply {
	h.t.Helper()
	inv.Received = h.clock.now()
	var replies []chat.Reply
	var mu sync.Mutex
	h.dispatcher.Handle(h.t.Context(), inv, func(_ context.Context, r chat.Reply) {
		mu.Lock()
		defer mu.Unlock()
		replies = append(replies, r)
	})
	mu.Lock()
	defer mu.Unlock()
	require.NotEmpty(h.t, replies, "no answer to %q", inv.Line)
	require.NotEmpty(h.t, replies[0].Ref)
	require.NotEmpty(h.t, replies[0].Code)
	return replies[0]
}

// entries lists what the ledger has, kind by kind.
func (h *house) kinds() []string {
	h.t.Helper()
	entries, err := h.ledger.Entries(h.t.Context(), audit.EntryFilter{Limit: 500})
	require.NoError(h.t, err)
	var out []string
	for _, e := range entries {
		kind := string(e.Kind)
		if e.Outcome != "" && e.Kind == audit.KindOutcome {
			kind += " " + string(e.Outcome)
		}
		out = append(out, kind)
	}
	return out
}
