package commands_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/mute"
)

func TestMute_IsRecordedDoneAndSaid(t *testing.T) {
	h := newHouse(t)
	r := h.say("mia", "/mute alice 2h group spamming links")
	require.Equal(t, chat.StateDone, r.State, r.Message.Plain())
	require.Equal(t, "muted", r.Code)
	require.Equal(t, []int64{1}, r.Cases)
	require.Equal(t, []string{"mute alice group 2h"}, h.tencent.changes())
	require.Equal(t, []string{"intent", "outcome done"}, h.kinds())
	require.Contains(t, r.Message.Plain(), "spamming links")

	h.clock.advance(time.Minute)
	r = h.say("mia", "/unmute alice")
	require.Equal(t, chat.StateDone, r.State, r.Message.Plain())
	require.Equal(t, []int64{2}, r.Cases)
	require.Empty(t, h.tencent.state("alice"))
	require.Equal(t, []string{"intent", "outcome done", "intent", "outcome done"}, h.kinds())
}

func TestRefusals_AreRecordedAndReachNobody(t *testing.T) {
	for _, c := range []struct{ name, who, line, code, rule string }{
		{"a stranger", "max", "/mute alice 2h", "refused_no_role", "deny/no-role"},
		{"too long", "mia", "/mute alice 8d", "refused_max_term", "deny/moderator/max-term"},
		{"permanent", "mia", "/mute alice permanent", "refused_permanent", "deny/moderator/permanent"},
		{"protected", "ada", "/mute administrator 2h", "refused_protected", "deny/admin/protected"},
		{"protected from this role", "mia", "/unmute boss", "refused_protected", "deny/moderator/protected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			r := h.say(c.who, c.line)
			require.Equal(t, chat.StateNotDone, r.State, r.Message.Plain())
			require.Equal(t, c.code, r.Code)
			require.Equal(t, []string{"refused"}, h.kinds())
			require.Empty(t, h.tencent.changes())
			view, err := h.ledger.Case(t.Context(), r.Cases[0])
			require.NoError(t, err)
			require.Equal(t, c.rule, view.Rule)
			require.Equal(t, audit.StatusRefused, view.Status)
		})
	}
}

func TestRoles_ThatCannotBeLookedUpRefuse(t *testing.T) {
	h := newHouse(t)
	h.noRoles = errors.New("the platform is down")
	for _, line := range []string{"/mute alice 2h", "/unmute alice", "/status alice", "/mutes"} {
		r := h.say("ada", line)
		require.Equal(t, "roles_unknown", r.Code, line)
		require.NotContains(t, r.Message.Plain(), "the platform is down")
	}
	require.Equal(t, []string{"refused", "refused"}, h.kinds())
	require.Empty(t, h.tencent.changes())
}

func TestUnknownAccount_OffersTheOnesThatExist(t *testing.T) {
	h := newHouse(t)
	for line, want := range map[string]string{
		"/mute Alice 2h":  "/mute alice 2h",
		"/mute alicee 2h": "/mute alice 2h",
		"/mute alcie 2h":  "/mute alice 2h",
		"/status BOB":     "/status bob",
	} {
		r := h.say("mia", line)
		require.Equal(t, "no_such_account", r.Code, line)
		require.Contains(t, r.Message.Plain(), want, line)
	}
	require.Empty(t, h.kinds())
}

func TestAuthority(t *testing.T) {
	h := newHouse(t)
	h.say("ada", "/mute alice 20d group")
	h.say("ada", "/mute bob permanent c2c")
	require.Equal(t, chat.StateDone, h.say("ada", "/confirm 2").State)
	h.clock.advance(2 * time.Minute)
	before := len(h.tencent.changes())
	for line, code := range map[string]string{
		"/unmute alice":        "refused_authority",
		"/mute alice 1h group": "refused_authority",
		"/unmute bob":          "refused_authority",
		"/mute bob 1h c2c":     "refused_authority",
	} {
		require.Equal(t, code, h.say("mia", line).Code, line)
	}
	require.Len(t, h.tencent.changes(), before)
}

func TestSameCommand(t *testing.T) {
	t.Run("typed again within a minute is the same case", func(t *testing.T) {
		h := newHouse(t)
		h.say("mia", "/mute alice 2h group spam")
		r := h.say("mia", "/mute alice 2h group spam")
		require.Equal(t, chat.StateDone, r.State)
		require.Equal(t, []int64{1}, r.Cases)
		require.Len(t, h.tencent.changes(), 1)
		require.Contains(t, r.Message.Plain(), "same command")
	})
	t.Run("another reason is another command", func(t *testing.T) {
		h := newHouse(t)
		h.say("mia", "/mute alice 2h group spam")
		require.Equal(t, "already_muted", h.say("mia", "/mute alice 2h group more spam").Code)
	})
	t.Run("another actor is another command", func(t *testing.T) {
		h := newHouse(t)
		h.say("mia", "/mute alice 2h group spam")
		require.Equal(t, "already_muted", h.say("moe", "/mute alice 2h group spam").Code)
	})
	t.Run("an open question is asked again, not twice", func(t *testing.T) {
		h := newHouse(t)
		h.say("ada", "/mute alice permanent")
		r := h.say("ada", "/mute alice permanent")
		require.Equal(t, []int64{1}, r.Cases)
		require.Equal(t, chat.StateNeedsConfirm, r.State)
		require.NotEmpty(t, r.Message.Buttons)
		require.Equal(t, []string{"question"}, h.kinds())
	})
	t.Run("later it is a new command", func(t *testing.T) {
		h := newHouse(t)
		h.say("mia", "/mute alice 2h group spam")
		h.clock.advance(61 * time.Second)
		require.Equal(t, "already_muted", h.say("mia", "/mute alice 2h group spam").Code)
	})
}

func TestRedelivery_IsOneActionAndTheSameAnswer(t *testing.T) {
	for _, line := range []string{"/mute alice 2h group", "/mute alice,bob,dave 2h", "/mute administrator 2h", "/mute alice permanent"} {
		t.Run(line, func(t *testing.T) {
			h := newHouse(t)
			inv := chat.Invocation{Key: "T1", Platform: chat.Console, Actor: chat.Actor{ID: "ada", Name: "ada"}, Line: line}
			first := h.deliver(inv)
			entries, changes := len(h.kinds()), len(h.tencent.changes())
			h.clock.advance(2 * time.Minute)
			second := h.deliver(inv)
			require.Equal(t, first.State, second.State)
			require.Equal(t, first.Code, second.Code)
			require.Equal(t, first.Cases, second.Cases)
			require.Len(t, h.kinds(), entries)
			require.Len(t, h.tencent.changes(), changes)
		})
	}
}

func TestBatch(t *testing.T) {
	h := newHouse(t)
	h.say("mia", "/mute bob 3h")
	h.clock.advance(2 * time.Minute)
	r := h.say("moe", "/mute alice, bob, dave, boss, nobody 2h raid")
	require.Equal(t, chat.StateNeedsConfirm, r.State, r.Message.Plain())
	require.Equal(t, "several", r.Code)
	require.Equal(t, []string{"mute bob all 3h", "mute alice all 2h", "mute dave all 2h"}, h.tencent.changes())
	require.Equal(t, []string{"intent", "outcome done", "refused", "batch", "intent", "outcome done", "intent", "outcome done", "question"}, h.kinds())
	require.Contains(t, r.Message.Plain(), "2 of 5 accounts")
}

func TestPerHour_CountsActions(t *testing.T) {
	h := newHouse(t)
	for i := range 60 {
		line := "/mute alice 2h group"
		if i%2 == 1 {
			line = "/unmute alice"
		}
		require.Equal(t, chat.StateDone, h.say("mia", line).State, i)
		h.clock.advance(time.Second)
	}
	require.Equal(t, "refused_per_hour", h.say("mia", "/mute alice 2h group").Code)
	h.clock.advance(time.Hour)
	require.Equal(t, chat.StateDone, h.say("mia", "/mute alice 2h group").State)
}

func TestAnswersOfTencent(t *testing.T) {
	t.Run("a clear no is not done", func(t *testing.T) {
		h := newHouse(t)
		h.tencent.answer = func(string) (bool, commands.Answer) {
			return false, commands.Answer{Verdict: commands.VerdictNo, Code: 60020}
		}
		r := h.say("mia", "/mute alice 2h")
		require.Equal(t, chat.StateNotDone, r.State)
		require.Equal(t, []string{"intent", "outcome failed"}, h.kinds())
		require.Contains(t, r.Message.Plain(), "60020")
	})
	t.Run("a failed unmute leaves the mute", func(t *testing.T) {
		h := newHouse(t)
		h.say("mia", "/mute alice 2h")
		h.tencent.answer = func(string) (bool, commands.Answer) {
			return false, commands.Answer{Verdict: commands.VerdictNo, Code: 60020}
		}
		h.clock.advance(time.Minute)
		require.Equal(t, chat.StateNotDone, h.say("mia", "/unmute alice").State)
		view, err := h.ledger.Account(t.Context(), "alice")
		require.NoError(t, err)
		require.Len(t, view.Mutes, 2)
	})
	t.Run("no clear answer is unknown, and the account stays locked", func(t *testing.T) {
		h := newHouse(t)
		h.tencent.answer = func(string) (bool, commands.Answer) {
			return true, commands.Answer{Verdict: commands.VerdictUnknown, LockedUntil: h.clock.now().Add(6 * time.Second)}
		}
		r := h.say("mia", "/mute alice 2h")
		require.Equal(t, chat.StateUnknown, r.State)
		require.Equal(t, []string{"intent", "unknown"}, h.kinds())
		r = h.say("ada", "/mute alice 5h")
		require.Equal(t, chat.StateBusy, r.State, r.Message.Plain())
		require.Contains(t, r.Message.Plain(), "mia")
		require.Len(t, h.tencent.changes(), 1)
	})
	t.Run("Tencent that cannot be read begins nothing", func(t *testing.T) {
		h := newHouse(t)
		h.tencent.down = &commands.TroubleError{Code: "tencent_unreachable", Why: "Tencent cannot be reached."}
		r := h.say("mia", "/mute alice 2h")
		require.Equal(t, "tencent_unreachable", r.Code)
		require.Empty(t, h.kinds())
	})
}

func TestNotes_AreAppendedAndChangeNothing(t *testing.T) {
	h := newHouse(t)
	h.say("mia", "/mute alice 2h spma")
	require.Equal(t, chat.StateDone, h.say("mia", "/case 1 note the reason is spam").State)
	require.Equal(t, chat.StateDone, h.say("ada", "/case #1 note appealed").State)
	r := h.say("mia", "/case 1")
	for _, want := range []string{"spma", "the reason is spam", "appealed", "ada", "mia"} {
		require.Contains(t, r.Message.Plain(), want)
	}
	require.Equal(t, []string{"intent", "outcome done", "note", "note"}, h.kinds())
	require.Equal(t, "no_such_case", h.say("mia", "/case 7 note x").Code)
}

func TestFields_EachHaveTheirOwnOwnerAndEnd(t *testing.T) {
	h := newHouse(t)
	h.say("ada", "/mute alice permanent c2c")
	require.Equal(t, chat.StateDone, h.say("ada", "/confirm 1").State)
	require.Equal(t, chat.StateDone, h.say("mia", "/mute alice 2h group").State)
	require.Equal(t, chat.StateDone, h.say("mia", "/unmute alice group").State)
	require.Equal(t, map[mute.Field]time.Time{mute.C2C: forever}, h.tencent.state("alice"))
	r := h.say("mia", "/status alice")
	require.Contains(t, r.Message.Plain(), "groups: not muted")
	require.Contains(t, r.Message.Plain(), "one-to-one: muted permanently by ada")
}

func TestStrangers_LearnNothing(t *testing.T) {
	h := newHouse(t)
	h.say("mia", "/mute alice 2h")
	for _, line := range []string{"/status alice", "/mutes", "/history alice", "/case 1", "/health"} {
		r := h.say("max", line)
		require.Equal(t, "refused_no_role", r.Code, line)
		require.NotContains(t, r.Message.Plain(), "alice", line)
	}
	require.Equal(t, chat.StateInfo, h.say("max", "/whoami").State)
	require.Equal(t, chat.StateInfo, h.say("max", "/help").State)
	inv := chat.Invocation{Platform: chat.Console, Actor: chat.Actor{ID: "max"}, Verb: "mute"}
	require.Empty(t, h.dispatcher.Suggest(t.Context(), inv, "account", "a"))
	_, refused := h.dispatcher.Open(t.Context(), inv)
	require.NotNil(t, refused)
	inv.Actor.ID = "mia"
	require.Equal(t, []chat.Suggestion{{Value: "alice", Label: "alice"}}, h.dispatcher.Suggest(t.Context(), inv, "account", "a"))
	line := chat.Invocation{Platform: chat.Console, Actor: chat.Actor{ID: "mia"}, Line: "/mod status a"}
	require.Len(t, h.dispatcher.Suggest(t.Context(), line, "account", "a"), 1, "the verb of a line counts too")
	form, refused := h.dispatcher.Open(t.Context(), inv)
	require.Nil(t, refused)
	require.Len(t, form.Fields, 4)
}
