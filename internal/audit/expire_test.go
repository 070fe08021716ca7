package audit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// Each field ends by itself and has its own notice, when it ends and not before.
func TestExpireEachFieldAtItsTime(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h := on.house(t)
		h.muted("alice", mute.ScopeGroup, seconds(t, 60))
		h.muted("alice", mute.ScopeC2C, seconds(t, 120))
		x := h.expirer()
		n, next := once(t, x.Once)
		require.Zero(t, n)
		require.Equal(t, h.clock.Now().Add(time.Minute), next)
		require.Empty(t, h.tencent.seen())

		h.clock.Advance(time.Minute)
		n, next = once(t, x.Once)
		require.Equal(t, 1, n)
		require.Equal(t, h.clock.Now().Add(time.Minute), next)
		require.Equal(t, []string{"expired 1 group"}, h.log(4))
		require.Equal(t, []string{"c2c 2 until 02:02:00"}, h.mutes("alice"))

		h.clock.Advance(time.Minute)
		n, next = once(t, x.Once)
		require.Equal(t, 1, n)
		require.Zero(t, next)
		require.Equal(t, []string{"expired 2 c2c"}, h.log(5))
		require.Empty(t, h.mutes("alice"))
	})
}

// After eight days away, notices come in the order in which the mutes ended,
// and mutes that Tencent still has are said to have drifted.
func TestExpireAfterEightDays(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h := on.house(t)
		day := int64(24 * 3600)
		h.muted("carol", mute.ScopeGroup, seconds(t, 5*day)) // case 1
		h.muted("alice", mute.ScopeAll, seconds(t, 2*day))   // case 2, both fields
		h.muted("bob", mute.ScopeC2C, seconds(t, 7*day))     // case 3, prolonged outside
		h.muted("dave", mute.ScopeGroup, seconds(t, day))    // case 4
		h.muted("dave", mute.ScopeC2C, mute.Permanent())     // case 5, does not end
		h.muted("carol", mute.ScopeC2C, seconds(t, 30*day))  // case 6, not over yet
		h.muted("bob", mute.ScopeGroup, seconds(t, 6*day))   // case 7, made permanent outside
		before := int64(len(h.log(0)))
		h.clock.Advance(8 * 24 * time.Hour)
		h.tencent.set("bob", mute.ScopeC2C, h.clock.Now().Add(time.Hour))
		h.tencent.set("bob", mute.ScopeGroup, time.Time{})
		h.tencent.set("dave", mute.ScopeC2C, time.Time{})

		n, next := once(t, h.expirer().Once)
		require.Equal(t, 6, n)
		require.Equal(t, []string{
			"expired 4 group", "expired 2 group", "expired 2 c2c", "expired 1 group", "drift 7 group", "drift 3 c2c",
		}, h.log(before))
		require.Equal(t, h.clock.Now().Add(time.Hour), next, "what drifted is looked at again at its new end")
		require.Equal(t, []string{"group 7 until for ever", "c2c 3 until 03:00:00"}, h.mutes("bob"))
		require.Equal(t, []string{"c2c 5 until for ever"}, h.mutes("dave"))
		require.Empty(t, h.mutes("alice"))

		h.clock.Advance(time.Hour)
		n, _ = once(t, h.expirer().Once)
		require.Equal(t, 1, n)
		require.Equal(t, []string{"expired 3 c2c"}, h.log(before+6))
	})
}

// What Tencent says decides, not our clock: up to seven seconds more are the
// same end.
func TestExpireReadsFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		for name, tc := range map[string]struct {
			set  func(h *house)
			want string
		}{
			"over":                        {func(h *house) { h.tencent.lift("alice", mute.ScopeGroup) }, "expired 1 group"},
			"seven seconds more":          {func(h *house) { h.tencent.set("alice", mute.ScopeGroup, h.clock.Now().Add(7*time.Second)) }, "expired 1 group"},
			"eight seconds more":          {func(h *house) { h.tencent.set("alice", mute.ScopeGroup, h.clock.Now().Add(8*time.Second)) }, "drift 1 group"},
			"without an end":              {func(h *house) { h.tencent.set("alice", mute.ScopeGroup, time.Time{}) }, "drift 1 group"},
			"the account does not exist":  {func(h *house) { delete(h.tencent.ends, "alice") }, "expired 1 group"},
			"the other field is not read": {func(h *house) { h.tencent.set("alice", mute.ScopeC2C, time.Time{}) }, "expired 1 group"},
		} {
			t.Run(name, func(t *testing.T) {
				h := on.house(t)
				h.muted("alice", mute.ScopeGroup, seconds(t, 60))
				h.clock.Advance(time.Minute)
				tc.set(h)
				n, _ := once(t, h.expirer().Once)
				require.Equal(t, 1, n)
				require.Equal(t, []string{tc.want}, h.log(2))
				require.Equal(t, []mute.Account{"alice"}, h.tencent.seen())
			})
		}
	})
}

// An account that somebody acts on is left alone, others are not.
func TestExpireLeavesHeldAccounts(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		for name, hold := range map[string]func(h *house){
			"in flight": func(h *house) { h.begin("alice", mute.ScopeAll, mute.Term{}) },
			"unknown":   func(h *house) { h.unknown("alice", mute.ScopeAll, mute.Term{}) },
			"locked by an unclear attempt": func(h *house) {
				b := h.begin("alice", mute.ScopeAll, mute.Term{})
				h.finish(b, audit.Result{Outcome: audit.OutcomeFailed, Attempts: 2, LockedUntil: h.clock.Now().Add(6 * time.Second)})
			},
		} {
			t.Run(name, func(t *testing.T) {
				h := on.house(t)
				h.muted("alice", mute.ScopeGroup, seconds(t, 60))
				h.muted("bob", mute.ScopeGroup, seconds(t, 61))
				h.clock.Advance(2 * time.Minute)
				hold(h)
				size := int64(len(h.log(0)))
				n, next := once(t, h.expirer().Once)
				require.Equal(t, 1, n)
				require.False(t, next.IsZero(), "it is looked at again")
				require.Equal(t, []string{"expired 2 group"}, h.log(size))
				require.Equal(t, []mute.Account{"bob"}, h.tencent.seen())

				h.clock.Advance(audit.LeaseTime + audit.SettleGrace)
				once(t, h.settler().Once)
				once(t, h.expirer().Once)
				require.Empty(t, h.mutes("alice"))
			})
		}
	})
}

// An unmute that failed leaves the mute and its notice as they were.
func TestExpireAfterAnUnmuteThatFailed(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h := on.house(t)
		h.muted("alice", mute.ScopeGroup, seconds(t, 60))
		b := h.begin("alice", mute.ScopeGroup, mute.Term{})
		h.finish(b, audit.Result{Outcome: audit.OutcomeFailed, Code: 70009, Attempts: 1})
		require.Equal(t, []string{"group 1 until 02:01:00"}, h.mutes("alice"))
		h.clock.Advance(time.Minute)
		once(t, h.expirer().Once)
		require.Equal(t, []string{"expired 1 group"}, h.log(4))
	})
}

// A mute that was prolonged or lifted meanwhile is not over.
func TestExpireForgetsWhatChanged(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h := on.house(t)
		h.muted("alice", mute.ScopeGroup, seconds(t, 60))
		h.clock.Advance(time.Minute)
		h.tencent.failing(func(mute.Account) error {
			h.tencent.fail = nil
			// While the expirer reads, a moderator mutes the account anew.
			b, err := begin(t.Context(), h.ledger, "alice", mute.ScopeGroup, seconds(t, 600))
			if err == nil {
				_, err = h.ledger.Finish(t.Context(), b.Token, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
			}
			return err
		})
		n, _ := once(t, h.expirer().Once)
		require.Zero(t, n)
		require.Equal(t, []string{"group 2 until 02:11:00"}, h.mutes("alice"))
	})
}

// While Tencent is down nothing is said, and nothing is lost.
func TestExpireWhileTencentIsDown(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h := on.house(t)
		h.muted("alice", mute.ScopeGroup, seconds(t, 60))
		h.muted("bob", mute.ScopeGroup, seconds(t, 60))
		h.clock.Advance(time.Minute)
		h.tencent.failing(down)
		x := h.expirer()
		n, next := once(t, x.Once)
		require.Zero(t, n)
		require.Equal(t, h.clock.Now().Add(500*time.Millisecond), next)
		require.Len(t, h.tencent.seen(), 2)
		once(t, x.Once)
		require.Empty(t, h.tencent.seen(), "not before its time")
		h.clock.Advance(500 * time.Millisecond)
		h.tencent.failing(func(a mute.Account) error {
			if a == "alice" {
				return errDown
			}
			return nil
		})
		n, next = once(t, x.Once)
		require.Equal(t, 1, n, "one that cannot be read keeps nobody else waiting")
		require.Equal(t, h.clock.Now().Add(time.Second), next)
		h.tencent.failing(nil)
		h.clock.Advance(time.Second)
		n, _ = once(t, x.Once)
		require.Equal(t, 1, n)
		require.Equal(t, []string{"expired 2 group", "expired 1 group"}, h.log(4))
	})
}

// However many expirers there are, a mute ends once.
func TestExpireByManyAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h := on.house(t)
		for _, a := range []mute.Account{"alice", "bob", "carol", "dave"} {
			h.muted(a, mute.ScopeAll, seconds(t, 60))
		}
		h.clock.Advance(time.Minute)
		_, other := h.process("two")
		expirers := []*audit.Expirer{h.expirer(), h.expirer(), audit.NewExpirer(zaptest.NewLogger(t), other, h.tencent)}
		var wg sync.WaitGroup
		counts := make([]int, len(expirers))
		errs := make([]error, len(expirers))
		for i, x := range expirers {
			wg.Go(func() { counts[i], _, errs[i] = x.Once(t.Context()) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		total := 0
		for _, n := range counts {
			total += n
		}
		once(t, h.expirer().Once) // what two of them kept each other from
		entries, err := h.ledger.Entries(t.Context(), audit.EntryFilter{Kinds: []audit.Kind{audit.KindExpired}, Limit: 100})
		require.NoError(t, err)
		require.Len(t, entries, 8)
		require.LessOrEqual(t, total, 8)
	})
}

// The loop notices by itself, and ends with its context.
func TestExpireRuns(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		h := on.house(t)
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		h.muted("alice", mute.ScopeGroup, seconds(t, 60))
		h.clock.Advance(time.Minute)
		changed, stop := h.ledger.Subscribe()
		defer stop()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		x := h.expirer()
		go func() { done <- x.Run(ctx) }()
		<-changed
		cancel()
		require.NoError(t, <-done)
		require.Equal(t, []string{"expired 1 group"}, h.log(2))
	})
}
