package commands_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/bulk"
	"modbot/internal/commands/grammar"
	"modbot/internal/mute"
)

// wave is a house whose app has accounts s000, s001, … besides the usual ones.
func wave(t *testing.T, n int) *house {
	t.Helper()
	h := newHouse(t)
	for i := range n {
		h.tencent.fields[mute.Account(fmt.Sprintf("s%03d", i))] = map[mute.Field]time.Time{}
	}
	return h
}

// order reads a file as the command line would.
func order(t *testing.T, verb, file string) commands.Order {
	t.Helper()
	f, err := bulk.Read(strings.NewReader(file), grammar.New(commands.Specs()), verb, bulk.Defaults{Term: "7d", Scope: "group", Reason: "spam wave"})
	require.NoError(t, err)
	require.Empty(t, f.Faults)
	return commands.Order{Verb: verb, Rows: f.Rows}
}

func by(who string) chat.Invocation {
	return chat.Invocation{Platform: chat.Console, Actor: chat.Actor{ID: who, Name: who}}
}

// told gathers what a run says of its rows, by account.
type told map[mute.Account]commands.RowResult

// ran plans and runs a file, and requires that each row is told of once.
func (h *house) ran(who string, o commands.Order) (*commands.Bulk, told) {
	h.t.Helper()
	b, err := h.dispatcher.Plan(h.t.Context(), by(who), o)
	require.NoError(h.t, err)
	return b, h.runs(b, o, commands.Running{})
}

func (h *house) runs(b *commands.Bulk, o commands.Order, how commands.Running) told {
	h.t.Helper()
	out := told{}
	how.Result = func(r commands.RowResult) {
		require.NotContains(h.t, out, r.Account, "told twice")
		out[r.Account] = r
	}
	require.NoError(h.t, b.Run(h.t.Context(), how))
	require.Len(h.t, out, len(o.Rows))
	return out
}

// outcomes is what was told, account by account.
func (o told) outcomes() []string {
	var out []string
	for a, r := range o {
		out = append(out, string(a)+" "+string(r.Outcome)+" "+r.Code)
	}
	slices.Sort(out)
	return out
}

func list(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "s%03d\n", i)
	}
	return b.String()
}

func TestBulk_IsOneBatchWithACaseEach(t *testing.T) {
	h := wave(t, 50)
	o := order(t, "mute", list(50))
	b, got := h.ran("ada", o)
	kinds := h.kinds()
	require.Equal(t, "batch", kinds[0])
	require.Len(t, kinds, 1+2*50)
	require.EqualValues(t, 1, b.Batch())
	cases, err := h.ledger.BatchCases(t.Context(), b.Batch())
	require.NoError(t, err)
	require.Len(t, cases, 50)
	for _, c := range cases {
		require.Equal(t, audit.StatusDone, c.Status)
		require.Equal(t, "spam wave", c.Reason)
		require.Equal(t, commands.RowDone, got[c.Account].Outcome)
		require.Equal(t, c.Number, got[c.Account].Case)
		require.Equal(t, h.clock.now().Add(7*24*time.Hour), h.tencent.state(c.Account)[mute.Group])
	}
	batch, err := h.ledger.Entry(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, "mute group 7d spam wave allow/admin", fmt.Sprintf("%s %s %s %s %s", batch.Verb, batch.Scope, batch.Term, batch.Personal.Reason, batch.Rule))
	require.NotContains(t, batch.Key, "s000", "a key is no place for what may be erased")
}

// The same file again is the same batch, whatever its form and order; it does
// nothing, and answers from the ledger.
func TestBulk_TheSameFileAgainDoesNothing(t *testing.T) {
	h := wave(t, 5)
	first, _ := h.ran("ada", order(t, "mute", list(5)))
	changes := len(h.tencent.changes())
	entries := len(h.kinds())
	o := order(t, "mute", "account,reason\ns004,\ns003,spam wave\ns002\ns001\ns000\n")
	second, got := h.ran("ada", o)
	require.True(t, second.Finished())
	require.Equal(t, first.Batch(), second.Batch())
	require.Len(t, h.tencent.changes(), changes)
	require.Len(t, h.kinds(), entries)
	for _, r := range got {
		require.Equal(t, commands.RowDone, r.Outcome)
		require.True(t, r.Earlier)
	}
	// Another's batch, another content and another name are others.
	for name, of := range map[string]func() (string, commands.Order){
		"another actor":   func() (string, commands.Order) { return "moe", o },
		"another content": func() (string, commands.Order) { return "ada", order(t, "mute", list(4)) },
		"a name":          func() (string, commands.Order) { o := o; o.Name = "wave 2"; return "ada", o },
		"again":           func() (string, commands.Order) { o := o; o.Again = true; return "ada", o },
	} {
		t.Run(name, func(t *testing.T) {
			who, o := of()
			b, err := h.dispatcher.Plan(t.Context(), by(who), o)
			require.NoError(t, err)
			require.Zero(t, b.Batch())
			require.False(t, b.Finished())
		})
	}
}

// A batch that was begun again is gone on with, not the finished one before it.
func TestBulk_AgainIsGoneOnWith(t *testing.T) {
	h := wave(t, 3)
	o := order(t, "unmute", list(3))
	h.ran("ada", order(t, "mute", list(3)))
	first, _ := h.ran("ada", o)
	h.clock.advance(time.Hour)
	h.ran("ada", func() commands.Order { o := order(t, "mute", list(3)); o.Again = true; return o }())
	o.Again = true
	second, got := h.ran("ada", o)
	require.NotEqual(t, first.Batch(), second.Batch())
	require.Equal(t, []string{"s000 done unmuted", "s001 done unmuted", "s002 done unmuted"}, got.outcomes())
	o.Again = false
	third, err := h.dispatcher.Plan(t.Context(), by("ada"), o)
	require.NoError(t, err)
	require.Equal(t, second.Batch(), third.Batch())
	require.True(t, third.Finished())
}

func TestBulk_AsksNothing(t *testing.T) {
	h := wave(t, 2)
	require.Equal(t, chat.StateDone, h.say("mia", "mute s000 1h group").State)
	h.tencent.set("s001", mute.Group, h.clock.now().Add(time.Hour)) // outside modbot
	o := order(t, "mute", "account,term\ns000\ns001\ncarol\nbob,60d\nboss\nadministrator\nalice\n")
	b, err := h.dispatcher.Plan(t.Context(), by("ada"), o)
	require.NoError(t, err)
	plan := told{}
	for _, r := range b.Expected() {
		plan[r.Account] = r
	}
	require.Equal(t, []string{
		"administrator not_done refused_protected", "alice expected expected", "bob not_done above_threshold",
		"boss expected expected", "carol not_done case_variant", "s000 not_done already_muted", "s001 expected expected",
	}, plan.outcomes())
	require.Equal(t, []string{"intent", "outcome done"}, h.kinds(), "a plan leaves nothing behind")

	got := h.runs(b, o, commands.Running{})
	require.Equal(t, []string{
		"administrator not_done refused_protected", "alice done muted", "bob not_done above_threshold",
		"boss done muted", "carol not_done case_variant", "s000 not_done already_muted", "s001 not_done already_muted",
	}, got.outcomes())
	require.Equal(t, "mute s000 7d group spam wave", got["s000"].Try)
	require.Contains(t, got["s000"].Detail, "muted until 2026-11-22 03:00 UTC (in 1 h) by mia, case 1")
	require.Contains(t, got["s001"].Detail, "set outside modbot")
	require.Empty(t, got["administrator"].Try)
	for a, r := range got {
		c, err := h.ledger.Case(t.Context(), r.Case)
		require.NoError(t, err)
		require.Equal(t, b.Batch(), c.Batch, a)
		if r.Code == "already_muted" {
			require.Equal(t, audit.StatusRefused, c.Status)
			require.Equal(t, "deny/bulk/already_muted", c.Rule)
		}
	}
	_, again := h.ran("ada", o)
	require.Equal(t, got.outcomes(), again.outcomes())
	require.Equal(t, got["s000"].Try, again["s000"].Try)
}

func TestBulk_UnmuteOfWhatIsNotMuted(t *testing.T) {
	h := wave(t, 1)
	h.say("mia", "mute alice 1h group")
	h.say("ada", "mute bob 1h group")
	_, got := h.ran("ada", order(t, "unmute", "alice\nbob\ns000\n"))
	require.Equal(t, []string{"alice not_done lifts_other", "bob done unmuted", "s000 not_done not_muted"}, got.outcomes())
}

// What stops a whole file leaves nothing behind but the refusal of a role.
func TestBulk_StopsWhole(t *testing.T) {
	tests := map[string]struct {
		who   string
		order func(t *testing.T) commands.Order
		code  string
		says  []string
		kinds []string
	}{
		"accounts that do not exist": {
			who: "ada", code: "no_such_account",
			order: func(t *testing.T) commands.Order { t.Helper(); return order(t, "mute", "alice\nalise\nnobody\n") },
			says:  []string{"2 of 3 accounts not found in the app"},
		},
		"none exists": {
			who: "ada", code: "no_such_account",
			order: func(t *testing.T) commands.Order {
				t.Helper()
				o := order(t, "mute", "nobody\n")
				o.SkipUnknown = true
				return o
			},
			says: []string{"None of the accounts exists"},
		},
		"nobody": {
			who: "max", code: "refused_no_role", kinds: []string{"refused"},
			order: func(t *testing.T) commands.Order { t.Helper(); return order(t, "mute", list(3)) },
			says:  []string{"needs a role", "Nothing was begun. Case 1."},
		},
		"a term beyond the role": {
			who: "mia", code: "refused_max_term", kinds: []string{"refused"},
			order: func(t *testing.T) commands.Order {
				t.Helper()
				return order(t, "mute", "account,term\ns000,1d\ns001,8d\n")
			},
			says: []string{"a mute of 8d is longer than your role allows", "admin"},
		},
		"more than an hour's actions": {
			who: "mia", code: "refused_per_hour", kinds: []string{"refused"},
			order: func(t *testing.T) commands.Order { t.Helper(); return order(t, "mute", list(61)) },
			says:  []string{"61 accounts are left to do, and your role begins 60 an hour", "begun within the last: 0"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := wave(t, 61)
			_, err := h.dispatcher.Plan(t.Context(), by(tt.who), tt.order(t))
			e, ok := errors.AsType[*commands.OrderError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, tt.code, e.Code)
			for _, s := range tt.says {
				require.Contains(t, e.Why, s)
			}
			require.Equal(t, tt.kinds, h.kinds())
			require.Empty(t, h.tencent.changes())
		})
	}
}

// Those who do not exist are named with what they may have been meant as, and can
// be left out; then they are no part of the batch.
func TestBulk_LeavesOutWhoDoesNotExist(t *testing.T) {
	h := wave(t, 3)
	o := order(t, "mute", "s000\naliec\ns001\n")
	_, err := h.dispatcher.Plan(t.Context(), by("ada"), o)
	e, ok := errors.AsType[*commands.OrderError](err)
	require.True(t, ok)
	require.Equal(t, []bulk.Fault{{Line: 2, Message: "Not done: there is no account “aliec” in the app (account names are case-sensitive). Did you mean alice?"}}, e.Rows)
	o.SkipUnknown = true
	b, got := h.ran("ada", o)
	require.Equal(t, []string{"aliec not_done no_such_account", "s000 done muted", "s001 done muted"}, got.outcomes())
	listed, err := h.ledger.BatchList(t.Context(), b.Batch())
	require.NoError(t, err)
	require.Equal(t, []mute.Account{"s000", "s001"}, listed.Accounts)
	h.tencent.fields["aliec"] = map[mute.Field]time.Time{}
	b, got = h.ran("ada", o)
	require.True(t, b.Finished(), "the batch is what it was")
	require.Equal(t, "no_such_account", got["aliec"].Code)
}

// A role that counts its actions an hour is held to it, row by row.
func TestBulk_CountsActions(t *testing.T) {
	h := wave(t, 60)
	_, got := h.ran("mia", order(t, "mute", list(60)))
	for _, r := range got {
		require.Equal(t, commands.RowDone, r.Outcome, r.Detail)
	}
	require.Equal(t, "refused_per_hour", h.say("mia", "mute alice 1h group").Code)
}

// A run that is told to stop begins no further row, sees through what it began,
// and the same file goes on with the rest.
func TestBulk_StopsAndGoesOn(t *testing.T) {
	h := wave(t, 40)
	o := order(t, "mute", list(40))
	b, err := h.dispatcher.Plan(t.Context(), by("ada"), o)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	var once sync.Once
	h.tencent.before = func(string) { once.Do(stop) }
	got := told{}
	require.NoError(t, b.Run(ctx, commands.Running{Workers: 4, Result: func(r commands.RowResult) { got[r.Account] = r }}))
	require.Len(t, got, 40)
	done := len(h.tencent.changes())
	require.LessOrEqual(t, done, 4)
	for a, r := range got {
		if r.Outcome != commands.RowDone {
			require.Equal(t, commands.RowNotBegun, r.Outcome, a)
			require.Zero(t, r.Case)
		}
	}
	h.tencent.before = nil
	again, rest := h.ran("ada", o)
	require.Equal(t, b.Batch(), again.Batch())
	require.Len(t, h.tencent.changes(), 40, "each account once")
	earlier := 0
	for _, r := range rest {
		require.Equal(t, commands.RowDone, r.Outcome)
		if r.Earlier {
			earlier++
		}
	}
	require.Equal(t, done, earlier)
}

// Two runs of one file at the same time do each row once.
func TestBulk_TwiceAtOnce(t *testing.T) {
	h := wave(t, 60)
	o := order(t, "mute", list(60))
	var all sync.WaitGroup
	for range 2 {
		b, err := h.dispatcher.Plan(t.Context(), by("ada"), o)
		require.NoError(t, err)
		all.Go(func() { _ = b.Run(t.Context(), commands.Running{}) })
	}
	all.Wait()
	require.Len(t, h.tencent.changes(), 60)
	kinds := h.kinds()
	require.Equal(t, 1, count(kinds, "batch"))
	require.Equal(t, 60, count(kinds, "intent"))
	require.Equal(t, 60, count(kinds, "outcome done"))
}

func count(in []string, what string) int {
	n := 0
	for _, s := range in {
		if s == what {
			n++
		}
	}
	return n
}

// While Tencent cannot be reached the run pauses, with a word, and goes on; when
// that lasts it gives up, and nothing is lost.
func TestBulk_PausesWhileTencentIsAway(t *testing.T) {
	h := wave(t, 20)
	o := order(t, "mute", list(20))
	b, err := h.dispatcher.Plan(t.Context(), by("ada"), o)
	require.NoError(t, err)
	away := &commands.TroubleError{Code: "tencent_unreachable", Why: "Tencent cannot be reached."}
	h.tencent.down = away
	var why []string
	resumed := 0
	got := h.runs(b, o, commands.Running{
		Paused: func(s string, _ time.Duration) {
			why = append(why, s)
			h.tencent.mu.Lock()
			defer h.tencent.mu.Unlock()
			h.tencent.down = nil
		},
		Resumed: func() { resumed++ },
	})
	require.Len(t, why, 1)
	require.Contains(t, why[0], "Tencent cannot be reached.")
	require.Equal(t, 1, resumed)
	for _, r := range got {
		require.Equal(t, commands.RowDone, r.Outcome)
	}

	o = order(t, "unmute", list(20))
	b, err = h.dispatcher.Plan(t.Context(), by("ada"), o)
	require.NoError(t, err)
	h.tencent.down = away
	err = b.Run(t.Context(), commands.Running{Patience: time.Millisecond, Result: func(r commands.RowResult) {
		require.Equal(t, commands.RowNotBegun, r.Outcome)
		require.Equal(t, "tencent_unreachable", r.Code)
	}})
	e, ok := errors.AsType[*commands.OrderError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "tencent_unreachable", e.Code)
	h.tencent.down = nil
	_, got = h.ran("ada", o)
	for _, r := range got {
		require.Equal(t, commands.RowDone, r.Outcome)
	}
}

// Outcomes that were not known at once are told when the ledger has settled them.
func TestBulk_WaitsForWhatIsUnknown(t *testing.T) {
	h := wave(t, 6)
	o := order(t, "mute", list(6))
	h.tencent.answer = func(what string) (bool, commands.Answer) {
		if strings.Contains(what, "s003") {
			return true, commands.Answer{Verdict: commands.VerdictUnknown, LockedUntil: h.clock.now().Add(-time.Second)}
		}
		return true, commands.Answer{Verdict: commands.VerdictDone}
	}
	settler := audit.NewSettler(zaptest.NewLogger(t), h.ledger, h.tencent)
	ctx, stop := context.WithCancel(t.Context())
	var worker sync.WaitGroup
	worker.Go(func() { _ = settler.Run(ctx) })
	defer worker.Wait()
	defer stop()
	_, got := h.ran("ada", o)
	require.Equal(t, commands.RowDone, got["s003"].Outcome, got["s003"].Detail)
	require.Len(t, h.tencent.changes(), 6)
}

// A name stands for one file.
func TestBulk_ANameStandsForOneFile(t *testing.T) {
	h := wave(t, 5)
	o := order(t, "mute", list(5))
	o.Name = "november"
	h.ran("ada", o)
	other := order(t, "mute", list(4))
	other.Name = "november"
	_, err := h.dispatcher.Plan(t.Context(), by("ada"), other)
	e, ok := errors.AsType[*commands.OrderError](err)
	require.True(t, ok)
	require.Equal(t, "batch_differs", e.Code)
	require.Contains(t, e.Why, "Batch 1 was begun under this name, with another file of 5 rows.")
}

// Roles that cannot be looked up refuse the whole.
func TestBulk_RolesThatAreNotKnown(t *testing.T) {
	h := wave(t, 1)
	h.noRoles = errors.New("no")
	_, err := h.dispatcher.Plan(t.Context(), by("ada"), order(t, "mute", list(1)))
	e, ok := errors.AsType[*commands.OrderError](err)
	require.True(t, ok)
	require.Equal(t, "roles_unknown", e.Code)
}
