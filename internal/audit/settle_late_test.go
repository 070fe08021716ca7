package audit_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// A process that was paused past its lease makes no call; what it has to say
// is late, and is read for.
func TestSettleLateAnswer(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		for name, tc := range map[string]struct {
			landed bool // the request took effect after the case was settled
			result audit.Outcome
			want   []string
			mutes  []string
		}{
			"the request had taken effect after the read": {
				landed: true, result: audit.OutcomeDone,
				want:  []string{"intent 1", "outcome 1 failed", "late 1 done", "late 1 in effect: group"},
				mutes: []string{"group 1 until 03:00:00"},
			},
			"it never did": {
				result: audit.OutcomeFailed,
				want:   []string{"intent 1", "outcome 1 failed", "late 1 failed", "late 1"},
				mutes:  []string{},
			},
		} {
			t.Run(name, func(t *testing.T) {
				h := on.house(t)
				s := h.settler()
				b := h.begin("alice", mute.ScopeGroup, seconds(t, 3600))
				h.clock.Advance(audit.LeaseTime + audit.SettleGrace)
				n, _ := once(t, s.Once)
				require.Equal(t, 1, n)
				if tc.landed {
					h.tencent.set("alice", mute.ScopeGroup, b.Deadline)
				}

				_, err := h.ledger.Renew(t.Context(), b.Token)
				require.ErrorIs(t, err, audit.ErrLeaseLost)
				f := h.finish(b, audit.Result{Outcome: tc.result, Attempts: 1})
				require.True(t, f.Late)

				n, _ = once(t, s.Once)
				require.Equal(t, 1, n)
				require.Equal(t, tc.want, h.log(0))
				require.Equal(t, tc.mutes, h.mutes("alice"))
				require.Equal(t, audit.OutcomeFailed, h.caseOf(1).Outcome, "there is never a second outcome")
				n, next := once(t, s.Once)
				require.Zero(t, n)
				require.Zero(t, next)
			})
		}
	})
}

// What a late request did is read, and belongs to its case, also when a later
// case has acted on the account meanwhile.
func TestSettleLateAnswerAfterALaterCase(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h := on.house(t)
		s := h.settler()
		first := h.begin("alice", mute.ScopeGroup, seconds(t, 3600))
		h.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		once(t, s.Once) // failed
		unmute := h.begin("alice", mute.ScopeGroup, mute.Term{})
		h.finish(first, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1}) // while the other is in flight
		h.tencent.set("alice", mute.ScopeGroup, first.Deadline)                // it landed after the unmute
		h.finish(unmute, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
		require.Empty(t, h.mutes("alice"))

		n, _ := once(t, s.Once)
		require.Equal(t, 1, n)
		require.Equal(t, []string{
			"intent 1", "outcome 1 failed", "intent 2", "late 1 done", "outcome 2 done in effect: group", "late 1 in effect: group",
		}, h.log(0))
		require.Equal(t, []string{"group 1 until 03:00:00"}, h.mutes("alice"))
	})
}

// Where the account's name was erased, a late answer is not read for, and does
// not wait for ever.
func TestSettleLateAnswerOfAnErasedAccount(t *testing.T) {
	h := newHouse(t)
	s := h.settler()
	b := h.begin("alice", mute.ScopeGroup, seconds(t, 3600))
	h.clock.Advance(audit.LeaseTime + audit.SettleGrace)
	once(t, s.Once)
	h.tencent.seen()
	h.finish(b, audit.Result{Outcome: audit.OutcomeFailed, Attempts: 1})
	db, err := sql.Open("sqlite", strings.TrimPrefix(h.url, "sqlite:"))
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "DELETE FROM personal WHERE seq = 1")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	require.NoError(t, h.ledger.Redact(t.Context(), 1))

	n, next := once(t, s.Once)
	require.Equal(t, 1, n)
	require.Zero(t, next)
	require.Empty(t, h.tencent.seen())
	require.Equal(t, []string{"late 1 failed", "redacted 0", "late 1"}, h.log(2))
}

// The reading that settles one field also tells of the other.
