//go:build unix

package acceptance

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An unmute that fails leaves the mute and its expiry notice as they were.
func TestAcceptance_04_AnUnmuteThatFails(t *testing.T) {
	t.Parallel()
	c := startConsole(t)
	muted := c.say("mute bob 30s group flooding")
	require.Equal(t, "muted", muted.Code, "%+v", muted)
	before := c.say("status bob")

	c.say("sim fail refused")
	refused := c.say("unmute bob group")
	require.Equal(t, "not_done", refused.State, "%+v", refused)
	require.Equal(t, "failed", refused.Code)
	require.Contains(t, refused.Text, "60020")
	require.Contains(t, refused.Text, "What was in effect before still is")

	after := c.say("status bob")
	require.Contains(t, after.Text, "case 1", "the mute has the owner that it had")
	require.Contains(t, before.Text, "muted until")
	require.Contains(t, after.Text, "muted until")
	require.Contains(t, c.say("mutes").Text, "case 1")

	expired := c.post("expired", 1)
	require.Contains(t, expired.Text, "bob")
	require.Contains(t, c.say("mutes").Text, "No mute is active")
	c.leave()
}

// A crash between an unmute and its answer is a failure when the mute is still
// there: it was never lifted in the record.
func TestAcceptance_04_AnUnmuteThatIsLost(t *testing.T) {
	t.Parallel()
	c := startConsole(t)
	c.say("mute bob 2h group flooding")
	c.say("sim fail lost-request")
	id := c.typeIn("unmute bob group")
	require.Equal(t, "unknown", c.answer(id, 0).State)
	final := c.answer(id, 1)
	require.Equal(t, "failed", final.Code, "%+v", final)
	require.Contains(t, c.say("mutes").Text, "case 1")
	require.Contains(t, c.say("status bob").Text, "case 1")
	c.leave()
}

// Two moderators mute the same account within a second. One acts; the other is
// planned again on what the first did, and is asked.
func TestAcceptance_05_TwoModeratorsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	held := w.proxy.hold(setCall, beforeAnswer)
	first := w.launch("mia", "mute alice 2h group spamming")
	held.call()
	second := w.launch("mo", "mute alice 1h group flooding")
	eventually(t, soon, "the second to look", func() bool { return len(w.proxy.seen(checkCall, "alice")) >= 2 || !second.Alive() })
	held.pass()
	done := w.ended(first).reply(t)
	require.Equal(t, "muted", done.Code, "%+v", done)

	asked := w.ended(second).reply(t)
	for giveUp := time.Now().Add(settleWithin); asked.Code == "busy"; { // on a slow machine it is told to try again, and does
		require.True(t, time.Now().Before(giveUp), "the account stays busy")
		asked = w.run("mo", "mute alice 1h group flooding").reply(t)
	}
	require.Equal(t, "needs_confirm", asked.State, "%+v", asked)
	require.Equal(t, "already_muted", asked.Code)
	require.Contains(t, asked.Text, "mia")
	require.Contains(t, asked.Text, "spamming")
	require.Contains(t, asked.Text, "confirm 2 extend")
	require.Len(t, w.proxy.seen(setCall, "alice"), 1, "nothing was shortened or lengthened unasked")
	log := w.entries()
	require.Equal(t, []string{"intent", "outcome done", "question"}, certain(kinds(log, 0)), "the second was planned after the first had ended")
	require.Equal(t, []int64{1, 2}, []int64{log[0].Case, log[len(log)-1].Case})

	w.confirmed("mo", asked, "extend")
	require.InDelta(t, 3*3600, w.sim.of("alice").Group, 120, "two hours of mia's and one of mo's")
	require.Equal(t, []string{"question", "intent", "outcome done"}, kinds(w.entries(), 2))
	w.sound()
}

// What the first does while the second looks is not taken for somebody else's
// doing.
func TestAcceptance_05_OneLooksWhileTheOtherActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	looks := w.proxy.hold(getCall, beforeForward)
	second := w.launch("mo", "mute alice 1h group flooding")
	looks.call() // it has read the ledger, and not yet Tencent
	acts := w.proxy.hold(setCall, beforeAnswer)
	first := w.launch("mia", "mute alice 2h group spamming")
	acts.call() // in effect, and not yet recorded
	looks.pass()
	until(t, time.Now().Add(aMoment))
	acts.pass()
	require.Equal(t, "muted", w.ended(first).reply(t).Code)

	asked := w.ended(second).reply(t)
	require.NotContains(t, asked.Text, "outside modbot")
	require.Contains(t, asked.Text, "mia")
	require.Contains(t, []string{"already_muted", "busy"}, asked.Code, "%+v", asked)
	log := certain(kinds(w.entries(), 0))
	require.Equal(t, []string{"intent", "outcome done"}, log[:2], "nobody was asked before it had ended: %v", log)
	require.Len(t, w.proxy.seen(setCall, "alice"), 1)
	w.sound()
}

// Who cannot wait long enough is told who is acting.
func TestAcceptance_05_TheSecondIsToldWhoActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	held := w.proxy.hold(setCall, beforeAnswer)
	first := w.launch("mia", "mute alice 2h group spamming")
	held.call()
	w.pause(first) // so that its attempt does not end however long the other takes to start
	busy := w.run("mo", "mute alice 1h group flooding")
	require.Equal(t, "busy", busy.reply(t).State, "%+v", busy.replies)
	require.Contains(t, busy.reply(t).Text, "mia")
	require.Equal(t, exitFailed, busy.exit)
	first.Resume()
	held.pass()
	require.Equal(t, "muted", w.ended(first).reply(t).Code)
	log := w.entries()
	require.Len(t, kinds(log, 1), len(log), "who was busy left no case")
	require.Len(t, ofKind(log, "outcome"), 1)
	require.Len(t, w.proxy.seen(setCall, "alice"), 1)
	w.sound()
}

// Many at once on several accounts: one acts on each, all others are asked, or
// told who acts when that takes long.
func TestAcceptance_05_ACrowd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	targets := []string{"alice", "bob", "carol"}
	var all []*process
	for _, account := range targets {
		for _, who := range []string{"mia", "mo", "ada"} {
			all = append(all, w.launch(who, "mute "+account+" 1h group crowd of "+who))
		}
	}
	codes := map[string]int{}
	for _, p := range all {
		codes[w.ended(p).reply(t).Code]++
	}
	require.Equal(t, len(targets), codes["muted"], "%v", codes)
	require.Equal(t, len(all), codes["muted"]+codes["already_muted"]+codes["busy"], "%v", codes)
	log := w.entries()
	require.Len(t, ofKind(log, "question"), codes["already_muted"])
	opened := map[int64]string{}
	for _, account := range targets {
		require.Len(t, w.proxy.seen(setCall, account), 1)
		mine := slices.DeleteFunc(slices.Clone(log), func(e entry) bool { return e.Account != account })
		require.Equal(t, []string{"intent", "outcome done"}, kinds(mine, 0)[:2], "%s: nobody was planned before it had ended", account)
		for _, e := range mine {
			require.Contains(t, []string{"", account}, opened[e.Case], "case %d is about two accounts", e.Case)
			opened[e.Case] = account
		}
	}
	require.Len(t, opened, len(targets)+codes["already_muted"])
	w.sound()
}

// The same delivery twice is one action, one case and the same answer, whether
// the first is done or still running.
func TestAcceptance_06_DeliveredTwice(t *testing.T) {
	t.Parallel()
	const command = "mute alice 2h group spamming"
	w := newWorld(t)
	held := w.proxy.hold(setCall, beforeAnswer)
	first := w.launch("mia", command, "--key", "delivery-1")
	held.call()
	second := w.launch("mia", command, "--key", "delivery-1")
	third := w.launch("mia", command, "--key", "delivery-1")
	held.pass()
	var answers []line
	for _, p := range []*process{first, second, third} {
		r := w.ended(p)
		require.Equal(t, exitOK, r.exit)
		answers = append(answers, r.reply(t))
	}
	answers = append(answers, w.run("mia", command, "--key", "delivery-1").reply(t))
	for _, a := range answers {
		require.Equal(t, "muted", a.Code, "%+v", a)
		require.Equal(t, []int64{1}, a.Cases)
		require.Equal(t, answers[0].State, a.State)
	}
	require.Equal(t, []string{"intent", "outcome done"}, kinds(w.entries(), 0))
	require.Len(t, w.proxy.seen(setCall, "alice"), 1)

	// Typed again by the same moderator, without a key: the same case.
	again := w.run("mia", command).reply(t)
	require.Equal(t, []int64{1}, again.Cases)
	require.Contains(t, again.Text, "nothing was sent again")
	require.Len(t, w.proxy.seen(setCall, "alice"), 1)
	w.sound()
}

// A double click on a question is one answer.
func TestAcceptance_06_DoubleClick(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ask)
	question := w.run("ada", "mute alice permanent group").reply(t)
	require.Equal(t, "above_threshold", question.Code, "%+v", question)
	held := w.proxy.hold(setCall, beforeAnswer)
	first := w.launch("ada", "confirm 1 yes")
	held.call()
	second := w.launch("ada", "confirm 1 yes")
	until(t, time.Now().Add(aMoment)) // the second waits for the first now
	held.pass()
	for _, p := range []*process{first, second} {
		reply := w.ended(p).reply(t)
		require.Equal(t, "muted", reply.Code, "%+v", reply)
		require.Equal(t, []int64{1}, reply.Cases)
	}
	require.Equal(t, []string{"question", "intent", "outcome done"}, kinds(w.entries(), 0))
	require.Len(t, w.proxy.seen(setCall, "alice"), 1)
	w.sound()
}

// The platform delivers again what it has delivered: at the console, `again`.
func TestAcceptance_06_Again(t *testing.T) {
	t.Parallel()
	c := startConsole(t)
	c.say("as ada")
	for _, step := range []struct{ typed, code string }{
		{"mute alice 2h group spamming", "muted"},
		{"unmute alice group", "unmuted"},
		{"mute alice permanent group", "above_threshold"},
		{"confirm 3 yes", "muted"},
		{"case 3 note seen by two of us", "noted"},
	} {
		first := c.say(step.typed)
		require.Equal(t, step.code, first.Code, "%s: %+v", step.typed, first)
		second := c.say("again")
		require.Equal(t, first.State, second.State, "%s: %+v", step.typed, second)
		require.Equal(t, first.Code, second.Code, "%s: %+v", step.typed, second)
		require.Equal(t, first.Cases, second.Cases, "%s: %+v", step.typed, second)
	}
	require.EqualValues(t, 8, c.leave().Entries, "2 of the mute, 2 of the unmute, 3 of the question, 1 note")
}
