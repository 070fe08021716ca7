package audittest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// reading is a state with a group time of n seconds.
func reading(n uint32) *mute.State { return &mute.State{Group: mute.ReadingOf(n)} }

// takeOver takes a case over that must be due.
func (b *bench) takeOver(n int64) audit.Token {
	b.t.Helper()
	t, fresh, err := b.TakeOver(b.t.Context(), n)
	require.NoError(b.t, err)
	require.Equal(b.t, b.clock.Now().Add(audit.LeaseTime), fresh)
	return t
}

// due lists the numbers of the cases that are due to be read back.
func (b *bench) due() []int64 {
	b.t.Helper()
	list, _, err := b.Unsettled(b.t.Context())
	require.NoError(b.t, err)
	out := []int64{}
	for _, u := range list {
		out = append(out, u.Case.Number)
	}
	return out
}

func testSettle(t *testing.T, open Open) {
	t.Run("an unknown answer is read back when no attempt can be under way", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		until := b.clock.Now().Add(6 * time.Second)
		f, err := b.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeUnknown, Attempts: 3, Code: 60008, LockedUntil: until})
		require.NoError(t, err)
		require.Equal(t, audit.Finished{Seq: 2, Outcome: audit.OutcomeUnknown}, f)
		c := b.theCase(begun.Case)
		require.Equal(t, audit.StatusUnknown, c.Status)
		require.Equal(t, 60008, c.Code)
		_, err = b.Renew(t.Context(), begun.Token)
		require.ErrorIs(t, err, audit.ErrLeaseLost, "no more attempts")
		_, next, err := b.Unsettled(t.Context())
		require.NoError(t, err)
		require.Equal(t, until, next)
		_, _, err = b.TakeOver(t.Context(), begun.Case)
		require.ErrorIs(t, err, audit.ErrLeaseLost, "not due yet")
		b.clock.Advance(6 * time.Second)
		require.Equal(t, []int64{begun.Case}, b.due())
		token := b.takeOver(begun.Case)
		require.Equal(t, mute.Account("alice"), token.Account)
		_, _, err = b.TakeOver(t.Context(), begun.Case)
		require.ErrorIs(t, err, audit.ErrLeaseLost, "taken")
		f, err = b.Settle(t.Context(), token, audit.Settlement{
			Outcome: audit.OutcomeDone, Effect: mute.ScopeGroup, After: reading(7194), Code: 60008, Attempts: 3,
		})
		require.NoError(t, err)
		require.Equal(t, audit.Finished{Seq: 3, Outcome: audit.OutcomeDone}, f)
		c = b.theCase(begun.Case)
		require.Equal(t, audit.StatusDone, c.Status)
		require.Equal(t, reading(7194), c.After)
		require.Equal(t, []string{"group by case 1, 1h59m54s"}, b.active("alice"))
		require.Empty(t, b.due())
		b.act(head("alice"), audit.OutcomeDone)
		b.sound()
	})
	t.Run("a crashed process's intent is due after its lease and the grace", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		b.clock.Advance(audit.LeaseTime + audit.SettleGrace - time.Microsecond)
		require.Empty(t, b.due())
		b.clock.Advance(time.Microsecond)
		require.Equal(t, []int64{begun.Case}, b.due())
		token := b.takeOver(begun.Case)
		_, err := b.Renew(t.Context(), begun.Token)
		require.ErrorIs(t, err, audit.ErrLeaseLost, "the process wakes: no call")
		_, err = b.Settle(t.Context(), token, audit.Settlement{Outcome: audit.OutcomeFailed, After: reading(0)})
		require.NoError(t, err)
		require.Equal(t, audit.StatusFailed, b.theCase(begun.Case).Status)
		require.Empty(t, b.active("alice"))
		b.sound()
	})
	t.Run("who settles may crash too, or give up for now", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		b.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		lost := b.takeOver(begun.Case)
		b.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		token := b.takeOver(begun.Case)
		_, err := b.Settle(t.Context(), lost, audit.Settlement{Outcome: audit.OutcomeDone, Effect: mute.ScopeGroup})
		require.ErrorIs(t, err, audit.ErrLeaseLost)
		require.ErrorIs(t, b.Postpone(t.Context(), lost, b.clock.Now()), audit.ErrLeaseLost)
		_, err = b.Renew(t.Context(), token)
		require.NoError(t, err)
		require.NoError(t, b.Postpone(t.Context(), token, b.clock.Now().Add(time.Minute)))
		require.Empty(t, b.due())
		b.clock.Advance(time.Minute)
		require.Equal(t, []int64{begun.Case}, b.due())
		b.sound()
	})
	t.Run("an answer after the settlement is late, and read back", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		b.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		token := b.takeOver(begun.Case)
		_, err := b.Settle(t.Context(), token, audit.Settlement{Outcome: audit.OutcomeFailed, After: reading(0)})
		require.NoError(t, err)
		b.clock.Advance(time.Second)
		f, err := b.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
		require.NoError(t, err)
		require.Equal(t, audit.Finished{Seq: 3, Outcome: audit.OutcomeDone, Late: true}, f)
		c := b.theCase(begun.Case)
		require.Equal(t, audit.StatusFailed, c.Status, "there is no second outcome")
		due, _, err := b.Unsettled(t.Context())
		require.NoError(t, err)
		require.Len(t, due, 1)
		require.EqualValues(t, 3, due[0].Late)
		token = b.takeOver(begun.Case)
		shown := c.Shown(*reading(7184), b.clock.Now())
		require.Equal(t, mute.ScopeGroup, shown)
		f, err = b.Settle(t.Context(), token, audit.Settlement{Effect: shown, After: reading(7184)})
		require.NoError(t, err)
		require.True(t, f.Late)
		require.Equal(t, []string{"group by case 1, 1h59m44s"}, b.active("alice"))
		require.Equal(t, []string{"1 intent case 1", "2 outcome failed case 1", "3 late done case 1", "4 late case 1"}, b.trace())
		require.Empty(t, b.due())
		b.act(head("alice"), audit.OutcomeDone)
		b.sound()
	})
	t.Run("an answer while another acts is read back after that", func(t *testing.T) {
		b := newBench(t, open)
		first := b.begin(head("alice"))
		b.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		_, err := b.Settle(t.Context(), b.takeOver(first.Case), audit.Settlement{Outcome: audit.OutcomeFailed})
		require.NoError(t, err)
		second := b.begin(head("alice"))
		f := b.finish(first, audit.OutcomeFailed)
		require.True(t, f.Late)
		require.Empty(t, b.due())
		b.finish(second, audit.OutcomeDone)
		due, _, err := b.Unsettled(t.Context())
		require.NoError(t, err)
		require.Len(t, due, 1)
		require.Equal(t, first.Case, due[0].Case.Number)
		require.Equal(t, f.Seq, due[0].Late)
		_, err = b.Settle(t.Context(), b.takeOver(first.Case), audit.Settlement{})
		require.NoError(t, err)
		require.Empty(t, b.due())
		require.Equal(t, []string{"group by case 2, 2h0m0s"}, b.active("alice"))
		b.sound()
	})
	t.Run("an answer while the case is being settled is late too", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		b.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		token := b.takeOver(begun.Case)
		require.True(t, b.finish(begun, audit.OutcomeDone).Late)
		require.Equal(t, audit.StatusInFlight, b.theCase(begun.Case).Status)
		_, err := b.Settle(t.Context(), token, audit.Settlement{Outcome: audit.OutcomeFailed})
		require.NoError(t, err)
		require.Equal(t, []int64{begun.Case}, b.due(), "what was read may have been too early")
		b.sound()
	})
	t.Run("a late answer while another is being read for is read for next", func(t *testing.T) {
		b := newBench(t, open)
		first := b.begin(head("alice"))
		b.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		_, err := b.Settle(t.Context(), b.takeOver(first.Case), audit.Settlement{Outcome: audit.OutcomeFailed})
		require.NoError(t, err)
		second := b.begin(head("alice"))
		b.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		_, err = b.Settle(t.Context(), b.takeOver(second.Case), audit.Settlement{Outcome: audit.OutcomeFailed})
		require.NoError(t, err)
		b.finish(first, audit.OutcomeFailed)
		reads := b.takeOver(first.Case)
		locked := b.clock.Now().Add(6 * time.Second)
		late, err := b.Finish(t.Context(), second.Token, audit.Result{Outcome: audit.OutcomeUnknown, LockedUntil: locked})
		require.NoError(t, err)
		_, err = b.Settle(t.Context(), reads, audit.Settlement{})
		require.NoError(t, err)
		require.Empty(t, b.due(), "what the second asked for may still be inside the service")
		b.clock.Advance(6 * time.Second)
		due, _, err := b.Unsettled(t.Context())
		require.NoError(t, err)
		require.Len(t, due, 1)
		require.Equal(t, second.Case, due[0].Case.Number)
		require.Equal(t, late.Seq, due[0].Late)
		_, err = b.Settle(t.Context(), b.takeOver(second.Case), audit.Settlement{})
		require.NoError(t, err)
		require.Empty(t, b.due())
		b.sound()
	})
	t.Run("who was put off stays fenced off, whatever came after", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		b.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		var stale []audit.Token
		for range 5 {
			token := b.takeOver(begun.Case)
			require.NoError(t, b.Postpone(t.Context(), token, b.clock.Now()))
			stale = append(stale, token)
		}
		_, err := b.Settle(t.Context(), b.takeOver(begun.Case), audit.Settlement{Outcome: audit.OutcomeFailed})
		require.NoError(t, err)
		for range 5 { // each a lease of the same case, made by an entry
			b.finish(begun, audit.OutcomeFailed)
			token := b.takeOver(begun.Case)
			for _, old := range stale {
				_, err = b.Settle(t.Context(), old, audit.Settlement{})
				require.ErrorIs(t, err, audit.ErrLeaseLost)
			}
			_, err = b.Settle(t.Context(), token, audit.Settlement{})
			require.NoError(t, err)
		}
		b.sound()
	})
	t.Run("a new command inherits a late answer that was not read yet", func(t *testing.T) {
		b := newBench(t, open)
		first := b.begin(head("alice"))
		b.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		_, err := b.Settle(t.Context(), b.takeOver(first.Case), audit.Settlement{Outcome: audit.OutcomeFailed})
		require.NoError(t, err)
		b.finish(first, audit.OutcomeDone)
		second := b.begin(head("alice"))
		b.finish(second, audit.OutcomeDone)
		require.Equal(t, []int64{first.Case}, b.due())
	})
	t.Run("an open case whose lease is gone is found all the same", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		b.beside("DELETE FROM lease")
		require.Empty(t, b.due())
		b.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		require.Equal(t, []int64{begun.Case}, b.due())
		_, err := b.Settle(t.Context(), b.takeOver(begun.Case), audit.Settlement{Outcome: audit.OutcomeUnverified})
		require.NoError(t, err)
		require.Equal(t, audit.StatusUnverified, b.theCase(begun.Case).Status)
		b.sound()
	})
}

func testMutes(t *testing.T, open Open) {
	both := func(a mute.Account, n int64) audit.Head {
		h := head(a)
		h.Scope, h.Term = mute.ScopeAll, must(mute.Seconds(n))
		return h
	}
	lift := func(a mute.Account, s mute.Scope) audit.Head {
		h := head(a)
		h.Verb, h.Scope, h.Term = "unmute", s, mute.Term{}
		return h
	}
	t.Run("each field has its own owner, end and chain", func(t *testing.T) {
		b := newBench(t, open)
		permanent := both("alice", 1)
		permanent.Scope, permanent.Term = mute.ScopeC2C, mute.Permanent()
		b.act(permanent, audit.OutcomeDone)
		b.clock.Advance(time.Hour)
		b.act(head("alice"), audit.OutcomeDone)
		require.Equal(t, []string{"group by case 2, 2h0m0s", "c2c by case 1, permanent"}, b.active("alice"))
		b.clock.Advance(time.Hour)
		b.act(both("alice", 3600), audit.OutcomeDone)
		require.Equal(t, []string{"group by case 3, 1h0m0s", "c2c by case 3, 1h0m0s"}, b.active("alice"))
		mutes, err := b.Mutes(t.Context(), audit.MuteFilter{Account: "alice"}, audit.Page{})
		require.NoError(t, err)
		require.Equal(t, began.Add(time.Hour), mutes[0].Since, "the chain of groups began with case 2")
		require.Equal(t, began, mutes[1].Since, "the chain of one-to-one began with case 1")
		b.act(lift("alice", mute.ScopeGroup), audit.OutcomeDone)
		require.Equal(t, []string{"c2c by case 3, 1h0m0s"}, b.active("alice"))
		b.sound()
	})
	t.Run("an unmute that fails leaves the mute as it was", func(t *testing.T) {
		b := newBench(t, open)
		b.act(both("alice", 7200), audit.OutcomeDone)
		before := b.active("alice")
		b.act(lift("alice", mute.ScopeAll), audit.OutcomeFailed)
		require.Equal(t, before, b.active("alice"))
		b.sound()
	})
	t.Run("partly done counts for the fields that took effect", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(both("alice", 7200))
		b.finish(begun, audit.OutcomeUnknown)
		_, err := b.Settle(t.Context(), b.takeOver(begun.Case), audit.Settlement{
			Outcome: audit.OutcomePartial, Effect: mute.ScopeC2C, After: &mute.State{C2C: mute.ReadingOf(7200)},
		})
		require.NoError(t, err)
		require.Equal(t, audit.StatusPartial, b.theCase(begun.Case).Status)
		require.Equal(t, []string{"c2c by case 1, 2h0m0s"}, b.active("alice"))
		b.sound()
	})
	t.Run("a chain is broken by a pause", func(t *testing.T) {
		b := newBench(t, open)
		b.act(head("alice"), audit.OutcomeDone)
		b.clock.Advance(2 * time.Hour)
		b.act(head("alice"), audit.OutcomeDone)
		mutes, err := b.Mutes(t.Context(), audit.MuteFilter{}, audit.Page{})
		require.NoError(t, err)
		require.Equal(t, b.clock.Now(), mutes[0].Since)
	})
	t.Run("mutes that are due come in order, and end when Tencent says so", func(t *testing.T) {
		b := newBench(t, open)
		b.act(both("alice", 7200), audit.OutcomeDone)
		short := head("bob")
		short.Term = seconds(t, 60)
		b.act(short, audit.OutcomeDone)
		due, err := b.Due(t.Context(), audit.DuePage{})
		require.NoError(t, err)
		require.Equal(t, began.Add(time.Minute), due.Next)
		b.clock.Advance(8 * 24 * time.Hour)
		due, err = b.Due(t.Context(), audit.DuePage{})
		require.NoError(t, err)
		require.Zero(t, due.Next)
		require.Nil(t, due.More)
		require.Len(t, due.Mutes, 3)
		require.Equal(t, mute.Account("bob"), due.Mutes[0].Account)
		require.Equal(t, mute.Account("alice"), due.Mutes[1].Account)
		v, err := b.Account(t.Context(), "alice")
		require.NoError(t, err)
		o := audit.Observation{Kind: audit.KindExpired, Account: "alice", Version: v.Version - 1, Case: 1, Scope: mute.ScopeAll, After: reading(0)}
		_, err = b.Observe(t.Context(), o)
		require.ErrorIs(t, err, audit.ErrChanged)
		o.Version = v.Version
		e, err := b.Observe(t.Context(), o)
		require.NoError(t, err)
		require.Equal(t, mute.ScopeAll, e.Scope)
		require.Empty(t, b.active("alice"))
		require.Len(t, b.active("bob"), 1)
		b.sound()
	})
	t.Run("a drift follows Tencent and keeps its owner", func(t *testing.T) {
		b := newBench(t, open)
		b.act(both("alice", 7200), audit.OutcomeDone)
		v, err := b.Account(t.Context(), "alice")
		require.NoError(t, err)
		_, err = b.Observe(t.Context(), audit.Observation{
			Kind: audit.KindDrift, Account: "alice", Version: v.Version, Case: 1, Scope: mute.ScopeAll,
			After: &mute.State{Group: mute.ReadingOf(60)},
		})
		require.NoError(t, err)
		require.Equal(t, []string{"group by case 1, 1m0s"}, b.active("alice"))
		mutes, err := b.Mutes(t.Context(), audit.MuteFilter{}, audit.Page{})
		require.NoError(t, err)
		require.True(t, mutes[0].Drifted)
		b.sound()
	})
	t.Run("nobody observes an account that is held", func(t *testing.T) {
		b := newBench(t, open)
		b.act(head("alice"), audit.OutcomeDone)
		b.begin(head("alice"))
		v, err := b.Account(t.Context(), "alice")
		require.NoError(t, err)
		_, err = b.Observe(t.Context(), audit.Observation{Kind: audit.KindExpired, Account: "alice", Version: v.Version, Case: 1, Scope: mute.ScopeGroup})
		var busy *audit.BusyError
		require.ErrorAs(t, err, &busy)
	})
}
