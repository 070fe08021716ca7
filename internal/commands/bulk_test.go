package commands_test

import (
	"context"
	"errors"
	"fmt"
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
	"modbot/internal/mute"
)

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

func TestBulk_RolesThatAreNotKnown(t *testing.T) {
	h := wave(t, 1)
	h.noRoles = errors.New("no")
	_, err := h.dispatcher.Plan(t.Context(), by("ada"), order(t, "mute", list(1)))
	e, ok := errors.AsType[*commands.OrderError](err)
	require.True(t, ok)
	require.Equal(t, "roles_unknown", e.Code)
}
