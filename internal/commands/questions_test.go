package commands_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

func TestCaseVariant_IsAsked(t *testing.T) {
	h := newHouse(t)
	r := h.say("mia", "/mute carol 2h")
	require.Equal(t, "case_variant", r.Code)
	require.Equal(t, chat.StateNeedsConfirm, r.State)
	require.Empty(t, h.tencent.changes())
	r = h.say("mia", "/confirm 1")
	require.Equal(t, chat.StateDone, r.State, r.Message.Plain())
	require.Equal(t, []int64{1}, r.Cases)
	require.Equal(t, []string{"mute carol all 2h"}, h.tencent.changes())
}

func TestScopeDoubt_IsAsked(t *testing.T) {
	h := newHouse(t)
	r := h.say("mia", "/mute alice 2h spam in group chat")
	require.Equal(t, "scope_doubt", r.Code)
	r = h.say("mia", "/confirm 1 group")
	require.Equal(t, chat.StateDone, r.State, r.Message.Plain())
	require.Equal(t, []string{"mute alice group 2h"}, h.tencent.changes())
}

func TestAlreadyMuted(t *testing.T) {
	setUp := func(t *testing.T) *house {
		t.Helper()
		h := newHouse(t)
		require.Equal(t, chat.StateDone, h.say("mia", "/mute alice 3h group spam").State)
		h.clock.advance(2 * time.Minute)
		return h
	}
	t.Run("extend adds to the end in effect", func(t *testing.T) {
		h := setUp(t)
		r := h.say("moe", "/mute alice 1h group")
		require.Equal(t, "already_muted", r.Code)
		require.Contains(t, r.Message.Plain(), "by mia, case 1")
		before := h.tencent.state("alice")[mute.Group]
		r = h.say("moe", "/confirm 2 extend")
		require.Equal(t, chat.StateDone, r.State, r.Message.Plain())
		require.WithinDuration(t, before.Add(time.Hour), h.tencent.state("alice")[mute.Group], 3*time.Second)
	})
	t.Run("replace sets the term as typed", func(t *testing.T) {
		h := setUp(t)
		h.say("moe", "/mute alice 1h group")
		r := h.say("moe", "/confirm 2 replace")
		require.Equal(t, chat.StateDone, r.State, r.Message.Plain())
		require.WithinDuration(t, h.clock.now().Add(time.Hour), h.tencent.state("alice")[mute.Group], 3*time.Second)
	})
	t.Run("keep changes nothing", func(t *testing.T) {
		h := setUp(t)
		h.say("moe", "/mute alice 1h group")
		r := h.say("moe", "/confirm 2 keep")
		require.Equal(t, "declined", r.Code)
		require.Len(t, h.tencent.changes(), 1)
		view, err := h.ledger.Case(t.Context(), 2)
		require.NoError(t, err)
		require.Equal(t, audit.StatusDeclined, view.Status)
	})
	t.Run("a choice has to be named where there are several", func(t *testing.T) {
		h := setUp(t)
		h.say("moe", "/mute alice 1h group")
		r := h.say("moe", "/confirm 2")
		require.Equal(t, chat.StateError, r.State)
		require.Len(t, h.tencent.changes(), 1)
	})
	t.Run("only the one who was asked may answer", func(t *testing.T) {
		h := setUp(t)
		h.say("moe", "/mute alice 1h group")
		r := h.say("ada", "/confirm 2 replace")
		require.Equal(t, "not_yours", r.Code)
		require.Len(t, h.tencent.changes(), 1)
	})
	t.Run("the answer is void when the account changed meanwhile", func(t *testing.T) {
		h := setUp(t)
		h.say("moe", "/mute alice 1h group")
		require.Equal(t, chat.StateDone, h.say("mia", "/unmute alice").State)
		r := h.say("moe", "/confirm 2 replace")
		require.Equal(t, "void", r.Code)
		require.Empty(t, h.tencent.state("alice"))
	})
	t.Run("a question lapses", func(t *testing.T) {
		h := setUp(t)
		h.say("moe", "/mute alice 1h group")
		h.clock.advance(audit.QuestionLife + time.Second)
		r := h.say("moe", "/confirm 2 replace")
		require.NotEqual(t, chat.StateDone, r.State)
		require.Len(t, h.tencent.changes(), 1)
	})
	t.Run("a role that was lost since counts at the answer", func(t *testing.T) {
		h := setUp(t)
		h.say("moe", "/mute alice 1h group")
		h.noRoles = errors.New("gone")
		require.Equal(t, "roles_unknown", h.say("moe", "/confirm 2 replace").Code)
		require.Len(t, h.tencent.changes(), 1)
	})
	t.Run("another field is free", func(t *testing.T) {
		h := setUp(t)
		require.Equal(t, chat.StateDone, h.say("moe", "/mute alice 1h c2c").State)
		require.Len(t, h.tencent.state("alice"), 2)
	})
	t.Run("set outside modbot is shown as such", func(t *testing.T) {
		h := newHouse(t)
		h.tencent.set("bob", mute.Group, h.clock.now().Add(time.Hour))
		r := h.say("mia", "/mute bob 2h group")
		require.Equal(t, "already_muted", r.Code)
		require.Contains(t, r.Message.Plain(), "outside modbot")
	})
}

func TestChain_ALongestTermCountsFromTheFirstMute(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, chat.StateDone, h.say("mia", "/mute alice 6d group").State)
	h.clock.advance(4 * 24 * time.Hour)
	r := h.say("mia", "/mute alice 2d group")
	require.Equal(t, "already_muted", r.Code, r.Message.Plain()) // replacing by 4d+2d = 6d is within 7d, extending to 8d is not
	for _, b := range r.Message.Buttons {
		require.NotEqual(t, "extend", b.Choice)
	}
	require.Equal(t, chat.StateDone, h.say("mia", "/confirm 2 replace").State)
	h.clock.advance(24 * time.Hour)
	require.Equal(t, "refused_max_term", h.say("mia", "/mute alice 3d group").Code)
}

func TestUnmute_OfSomebodyElsesMuteAsks(t *testing.T) {
	h := newHouse(t)
	h.say("mia", "/mute alice 2h")
	h.clock.advance(time.Minute)
	r := h.say("moe", "/unmute alice")
	require.Equal(t, "lifts_other", r.Code)
	require.Equal(t, chat.StateDone, h.say("moe", "/confirm 2").State)
	require.Empty(t, h.tencent.state("alice"))
	require.Equal(t, "not_muted", h.say("mia", "/unmute alice").Code)
}

func TestThreshold_IsAsked(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, "above_threshold", h.say("ada", "/mute alice permanent").Code)
	require.Equal(t, "above_threshold", h.say("ada", "/mute bob 31d").Code)
	require.Equal(t, "muted", h.say("ada", "/mute dave 30d").Code)
	require.Equal(t, []string{"mute dave all 30d"}, h.tencent.changes())
	require.Equal(t, chat.StateDone, h.say("ada", "/confirm #1").State)
	require.Equal(t, forever, h.tencent.state("alice")[mute.Group])
}

func TestBatch_OneAnswerCoversAllThatAskTheSame(t *testing.T) {
	h := newHouse(t)
	r := h.say("ada", "/mute alice, bob permanent")
	require.Equal(t, chat.StateNeedsConfirm, r.State)
	require.Len(t, r.Message.Buttons, 2)
	r = h.say("ada", "/confirm 1")
	require.Equal(t, chat.StateDone, r.State, r.Message.Plain())
	require.Equal(t, []int64{1, 2}, r.Cases)
	require.Equal(t, []string{"mute alice all permanent", "mute bob all permanent"}, h.tencent.changes())
}
