package audit_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// Every read-back that there is, and the outcome that it makes.
func TestSettleReadsBack(t *testing.T) {
	const hour = 3600
	for name, tc := range map[string]struct {
		scope   mute.Scope
		term    int64 // seconds; 0 unmute, -1 permanent
		before  mute.Scope
		effect  func(h *house, b audit.Begun) // what the lost request did
		want    audit.Outcome
		inForce mute.Scope
		mutes   []string
	}{
		"mute, in effect": {
			scope: mute.ScopeAll, term: hour, want: audit.OutcomeDone, inForce: mute.ScopeAll,
			effect: func(h *house, b audit.Begun) { h.tencent.set("alice", mute.ScopeAll, b.Deadline) },
			mutes:  []string{"group 1 until 03:00:00", "c2c 1 until 03:00:00"},
		},
		"mute, in effect, applied 3 s late": {
			scope: mute.ScopeGroup, term: hour, want: audit.OutcomeDone, inForce: mute.ScopeGroup,
			effect: func(h *house, b audit.Begun) { h.tencent.set("alice", mute.ScopeGroup, b.Deadline.Add(3*time.Second)) },
			mutes:  []string{"group 1 until 03:00:00"},
		},
		"mute, nothing happened": {
			scope: mute.ScopeAll, term: hour, want: audit.OutcomeFailed,
			effect: func(*house, audit.Begun) {},
		},
		"mute, one of two fields": {
			scope: mute.ScopeAll, term: hour, want: audit.OutcomePartial, inForce: mute.ScopeC2C,
			effect: func(h *house, b audit.Begun) { h.tencent.set("alice", mute.ScopeC2C, b.Deadline) },
			mutes:  []string{"c2c 1 until 03:00:00"},
		},
		"mute, another deadline": {
			scope: mute.ScopeGroup, term: hour, want: audit.OutcomeFailed,
			effect: func(h *house, b audit.Begun) { h.tencent.set("alice", mute.ScopeGroup, b.Deadline.Add(8*time.Second)) },
		},
		"mute, permanent by somebody else": {
			scope: mute.ScopeGroup, term: hour, want: audit.OutcomeFailed,
			effect: func(h *house, _ audit.Begun) { h.tencent.set("alice", mute.ScopeGroup, time.Time{}) },
		},
		"mute, the account has gone": {
			scope: mute.ScopeGroup, term: hour, want: audit.OutcomeFailed,
			effect: func(h *house, _ audit.Begun) { delete(h.tencent.ends, "alice") },
		},
		"permanent, in effect": {
			scope: mute.ScopeGroup, term: -1, want: audit.OutcomeDone, inForce: mute.ScopeGroup,
			effect: func(h *house, _ audit.Begun) { h.tencent.set("alice", mute.ScopeGroup, time.Time{}) },
			mutes:  []string{"group 1 until for ever"},
		},
		"permanent, the account has gone": {
			scope: mute.ScopeGroup, term: -1, want: audit.OutcomeFailed,
			effect: func(h *house, _ audit.Begun) { delete(h.tencent.ends, "alice") },
		},
		"permanent, a long mute instead": {
			scope: mute.ScopeGroup, term: -1, want: audit.OutcomeFailed,
			effect: func(h *house, _ audit.Begun) {
				h.tencent.set("alice", mute.ScopeGroup, h.clock.Now().Add(900*24*time.Hour))
			},
		},
		"unmute, in effect": {
			scope: mute.ScopeAll, term: 0, before: mute.ScopeAll, want: audit.OutcomeDone, inForce: mute.ScopeAll,
			effect: func(h *house, _ audit.Begun) { h.tencent.lift("alice", mute.ScopeAll) },
		},
		"unmute, nothing happened: the mute stays as it was": {
			scope: mute.ScopeAll, term: 0, before: mute.ScopeAll, want: audit.OutcomeFailed,
			effect: func(*house, audit.Begun) {},
			mutes:  []string{"group 1 until 04:00:00", "c2c 1 until 04:00:00"},
		},
		"unmute, one of two fields": {
			scope: mute.ScopeAll, term: 0, before: mute.ScopeAll, want: audit.OutcomePartial, inForce: mute.ScopeGroup,
			effect: func(h *house, _ audit.Begun) { h.tencent.lift("alice", mute.ScopeGroup) },
			mutes:  []string{"c2c 1 until 04:00:00"},
		},
		"unmute of one field while the other is muted": {
			scope: mute.ScopeGroup, term: 0, before: mute.ScopeAll, want: audit.OutcomeDone, inForce: mute.ScopeGroup,
			effect: func(h *house, _ audit.Begun) { h.tencent.lift("alice", mute.ScopeGroup) },
			mutes:  []string{"c2c 1 until 04:00:00"},
		},
		"mute of one field while the other is permanent": {
			scope: mute.ScopeC2C, term: hour, want: audit.OutcomeDone, inForce: mute.ScopeC2C,
			effect: func(h *house, b audit.Begun) {
				h.tencent.set("alice", mute.ScopeGroup, time.Time{})
				h.tencent.set("alice", mute.ScopeC2C, b.Deadline)
			},
			mutes: []string{"c2c 1 until 03:00:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			if tc.before != 0 {
				h.muted("alice", tc.before, seconds(t, 2*hour))
			}
			var term mute.Term
			switch {
			case tc.term > 0:
				term = seconds(t, tc.term)
			case tc.term < 0:
				term = mute.Permanent()
			}
			b := h.unknown("alice", tc.scope, term)
			tc.effect(h, b)
			s := h.settler()

			n, next := once(t, s.Once)
			require.Zero(t, n)
			require.Equal(t, h.clock.Now().Add(6*time.Second), next, "the request may still be inside the service")
			require.Empty(t, h.tencent.seen())

			h.clock.Advance(6 * time.Second)
			n, _ = once(t, s.Once)
			require.Equal(t, 1, n)
			require.Equal(t, []mute.Account{"alice"}, h.tencent.seen())
			c := h.caseOf(b.Case)
			require.Equal(t, tc.want, c.Outcome)
			require.Equal(t, audit.Status(tc.want), c.Status)
			require.Equal(t, tc.inForce, c.Effect)
			require.Equal(t, 60008, c.Code, "Tencent's last code is kept")
			require.Equal(t, 1, c.Attempts)
			want := tc.mutes
			if want == nil {
				want = []string{}
			}
			require.Equal(t, want, h.mutes("alice"))

			n, next = once(t, s.Once)
			require.Zero(t, n)
			require.Zero(t, next, "nothing is open")
			_, err := begin(t.Context(), h.ledger, "alice", mute.ScopeAll, mute.Term{})
			require.NoError(t, err, "the account is free")
		})
	}
}

// Where the mute may have been and ended, nobody can say.
func TestSettleAfterTheDeadline(t *testing.T) {
	for name, tc := range map[string]struct {
		term    int64
		effect  func(h *house, b audit.Begun)
		fail    func(mute.Account) error
		read    bool
		outcome audit.Outcome
	}{
		"it passed while the request may have been inside": {
			term: 4, effect: func(h *house, b audit.Begun) { h.tencent.set("alice", mute.ScopeGroup, b.Deadline) },
			read: true, outcome: audit.OutcomeUnverified,
		},
		"it passed, and Tencent cannot be read": {
			term: 4, effect: func(*house, audit.Begun) {}, fail: down, outcome: audit.OutcomeUnverified,
		},
		"it is so near that the mute may just have ended": {
			term: 9, effect: func(*house, audit.Begun) {}, read: true, outcome: audit.OutcomeUnverified,
		},
		"it is near, and the mute is still there": {
			term: 9, effect: func(h *house, b audit.Begun) { h.tencent.set("alice", mute.ScopeGroup, b.Deadline) },
			read: true, outcome: audit.OutcomeDone,
		},
		"it is far enough away to tell": {
			term: 15, effect: func(*house, audit.Begun) {}, read: true, outcome: audit.OutcomeFailed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			b := h.unknown("alice", mute.ScopeGroup, seconds(t, tc.term))
			tc.effect(h, b)
			h.tencent.failing(tc.fail)
			h.clock.Advance(6 * time.Second)
			n, _ := once(t, h.settler().Once)
			require.Equal(t, 1, n)
			c := h.caseOf(b.Case)
			require.Equal(t, tc.outcome, c.Outcome)
			require.Equal(t, tc.read, c.After != nil)
		})
	}
}

// A process that has gone is waited for as long as its last request may live.
func TestSettleAfterACrash(t *testing.T) {
	h := newHouse(t)
	b := h.begin("alice", mute.ScopeGroup, seconds(t, 3600))
	h.tencent.set("alice", mute.ScopeGroup, b.Deadline)
	s := h.settler()
	h.clock.Advance(audit.LeaseTime + audit.SettleGrace - time.Millisecond)
	n, next := once(t, s.Once)
	require.Zero(t, n)
	require.Equal(t, h.clock.Now().Add(time.Millisecond), next)
	require.Empty(t, h.tencent.seen())
	h.clock.Advance(time.Millisecond)
	n, _ = once(t, s.Once)
	require.Equal(t, 1, n)
	require.Equal(t, []string{"intent 1", "outcome 1 done in effect: group"}, h.log(0))
}

// What cannot be read waits, longer each time, and the log says that nobody
// knows; nothing is guessed.
func TestSettleWhileTencentIsDown(t *testing.T) {
	h := newHouse(t)
	b := h.begin("alice", mute.ScopeGroup, seconds(t, 3600))
	h.tencent.set("alice", mute.ScopeGroup, b.Deadline)
	h.tencent.failing(down)
	s := h.settler()
	h.clock.Advance(audit.LeaseTime + audit.SettleGrace)
	var waits []time.Duration
	for range 9 {
		n, next := once(t, s.Once)
		require.Zero(t, n)
		require.Len(t, h.tencent.seen(), 1)
		waits = append(waits, next.Sub(h.clock.Now()))
		n, _ = once(t, s.Once)
		require.Zero(t, n)
		require.Empty(t, h.tencent.seen(), "it was read before its time")
		h.clock.Advance(next.Sub(h.clock.Now()))
	}
	require.Equal(t, []time.Duration{
		500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second,
		30 * time.Second, 30 * time.Second, 30 * time.Second,
	}, waits)
	require.Equal(t, []string{"intent 1", "unknown 1 unknown"}, h.log(0), "said once")
	_, err := begin(t.Context(), h.ledger, "alice", mute.ScopeGroup, mute.Term{})
	_, busy := errors.AsType[*audit.BusyError](err)
	require.True(t, busy, "nobody may act on what is not known: %v", err)

	h.tencent.failing(nil)
	n, _ := once(t, s.Once)
	require.Equal(t, 1, n)
	require.Equal(t, []string{"outcome 1 done in effect: group"}, h.log(2))
}

// One account that cannot be read does not keep the others waiting.
func TestSettleOthersWhileOneCannotBeRead(t *testing.T) {
	h := newHouse(t)
	for _, a := range []mute.Account{"alice", "bob", "carol"} {
		h.unknown(a, mute.ScopeGroup, seconds(t, 3600))
	}
	h.tencent.failing(func(a mute.Account) error {
		if a == "alice" {
			return errDown
		}
		return nil
	})
	h.clock.Advance(6 * time.Second)
	n, next := once(t, h.settler().Once)
	require.Equal(t, 2, n)
	require.Equal(t, h.clock.Now().Add(500*time.Millisecond), next)
	require.Equal(t, audit.StatusUnknown, h.caseOf(1).Status)
}

func TestSettleNotesWhatElseChanged(t *testing.T) {
	h := newHouse(t)
	h.muted("alice", mute.ScopeC2C, seconds(t, 7200))
	b := h.unknown("alice", mute.ScopeGroup, seconds(t, 3600))
	h.tencent.set("alice", mute.ScopeGroup, b.Deadline)
	h.tencent.lift("alice", mute.ScopeC2C) // by somebody at the vendor's console
	h.clock.Advance(6 * time.Second)
	once(t, h.settler().Once)
	require.Equal(t, []string{"intent 2", "unknown 2 unknown", "outcome 2 done in effect: group", "drift 1 c2c"}, h.log(2))
	require.Equal(t, []string{"group 2 until 03:00:00"}, h.mutes("alice"))
}

// Questions that nobody answers lapse at their time.
func TestSettleLapsesQuestions(t *testing.T) {
	h := newHouse(t)
	_, err := h.ledger.Ask(t.Context(), []audit.Question{{Head: audit.Head{
		ID: audit.NewID(), Actor: "console:mia", Account: "alice", Verb: "mute", Scope: mute.ScopeAll, Term: mute.Permanent(),
	}}})
	require.NoError(t, err)
	s := h.settler()
	n, next := once(t, s.Once)
	require.Zero(t, n)
	require.Equal(t, h.clock.Now().Add(audit.QuestionLife), next)
	h.clock.Advance(audit.QuestionLife)
	n, _ = once(t, s.Once)
	require.Equal(t, 1, n)
	require.Equal(t, audit.StatusLapsed, h.caseOf(1).Status)
}
