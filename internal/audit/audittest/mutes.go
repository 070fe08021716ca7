package audittest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

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
