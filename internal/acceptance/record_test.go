//go:build unix

package acceptance

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A correction and an appeal are appended; what was written stays.
func TestAcceptance_12_NotesAreAppended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.done("mia", "mute alice 2h group spamming links")
	original := w.entries()
	posted := w.posts()
	shown := w.done("mia", "case 1")

	require.Equal(t, "noted", w.done("mia", "case 1 note correction: it was one link, twice").Code)
	require.Equal(t, "noted", w.done("ada", "case #1 note appeal by alice: says it was not her").Code)

	log := w.entries()
	require.Len(t, log, len(original)+2)
	for i, e := range original {
		require.Equal(t, e.raw, log[i].raw, "entry %d is as it was", e.Seq)
	}
	notes := ofKind(log, "note")
	require.Equal(t, []string{"cli:mia", "cli:ada"}, []string{notes[0].Actor, notes[1].Actor})
	require.Equal(t, "correction: it was one link, twice", notes[0].Note)
	require.Equal(t, "appeal by alice: says it was not her", notes[1].Note)
	for _, n := range notes {
		require.EqualValues(t, 1, n.Case)
		require.WithinDuration(t, time.Now(), n.Time, soon)
	}

	after := w.done("mo", "case 1").Text
	require.Contains(t, after, "“spamming links”", "the original reason")
	require.Contains(t, after, "by mia")
	for _, n := range notes {
		require.Contains(t, after, n.Note)
		require.Contains(t, after, n.Time.Format("2006-01-02 15:04"), "a note has its time")
	}
	require.Contains(t, after, "cli:ada", "and its author")
	require.Contains(t, shown.Text, "spamming links")

	posts := w.posts()[len(posted):]
	require.Len(t, posts, 2, "the audit channel has both")
	for i, p := range posts {
		require.Equal(t, "note", p.Kind)
		require.Equal(t, []int64{1}, p.Cases)
		require.Contains(t, p.Text, notes[i].Note)
	}
	require.Equal(t, exitFailed, w.run("mia", "case 99 note nobody").exit)
	w.sound()
}

// Tencent says "permanent" of accounts that do not exist, too.
func TestAcceptance_13_NoSuchAccountIsNotMuted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.done("ada", "mute bob permanent")
	require.Equal(t, fields{forever, forever}, w.sim.of("bob"))

	muted := w.done("mia", "status bob")
	require.Contains(t, muted.Text, "muted permanently")
	for _, command := range []string{"status nosuch", "mute nosuch 2h group", "unmute nosuch"} {
		r := w.run("mia", command)
		require.Equal(t, "no_such_account", r.reply(t).Code, "%s: %+v", command, r.replies)
		require.NotContains(t, r.reply(t).Text, "permanent", "%s", command)
		require.Equal(t, exitFailed, r.exit, "%s", command)
	}
	require.Len(t, w.entries(), 2, "about an account that does not exist nothing is recorded")
	require.Equal(t, 1, w.proxy.total(setCall))

	// And on the command line without policy.
	get := func(account string) (int, string) {
		exit, lines := w.im("get", "--json", "--account", account)
		require.Len(t, lines, 1)
		return exit, lines[0]
	}
	exit, text := get("bob")
	require.Equal(t, exitOK, exit)
	require.JSONEq(t, `{"account":"bob",
		"group":{"muted":true,"permanent":true,"seconds":null},"c2c":{"muted":true,"permanent":true,"seconds":null}}`, text)
	exit, text = get("nosuch")
	require.Equal(t, exitFailed, exit)
	var failed line
	require.NoError(t, json.Unmarshal([]byte(text), &failed))
	require.Equal(t, "no_such_account", failed.Error.Code)
	w.sound()
}

// A junior may not undo, shorten, or by small steps outgrow what somebody with
// more authority set.
func TestAcceptance_16_AuthorityOverOthersMutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.done("mia", "status alice") // makes the ledger
	ledger := w.watch()
	refused := func(as, command, code string) {
		t.Helper()
		sets, before := w.proxy.total(setCall), ledger.entries()
		r := w.run(as, command)
		require.Equal(t, "not_done", r.reply(t).State, "%s: %+v", command, r.replies)
		require.Equal(t, code, r.reply(t).Code, "%s: %+v", command, r.replies)
		require.Equal(t, exitFailed, r.exit)
		require.Contains(t, r.reply(t).Text, "admin", "%s: a refusal names who can", command)
		require.Equal(t, sets, w.proxy.total(setCall), "%s", command)
		require.Equal(t, before+1, ledger.entries(), "%s: the refusal is recorded", command)
	}
	w.done("ada", "mute alice 30d group threats")
	refused("mia", "unmute alice group", "refused_authority")
	refused("mia", "mute alice 1h group", "refused_authority")
	require.InDelta(t, 30*86400, w.sim.of("alice").Group, 120)
	w.done("ada", "mute bob permanent group threats")
	refused("mia", "unmute bob group", "refused_authority")
	refused("mia", "mute bob 1d group", "refused_authority")
	require.EqualValues(t, forever, w.sim.of("bob").Group)

	// The longest term counts from the first mute of an unbroken chain, by
	// whomever it was begun.
	w.done("ada", "mute carol 6d group threats")
	w.confirmed("mia", w.run("mia", "mute carol 1d group").reply(t), "extend")
	require.InDelta(t, 7*86400, w.sim.of("carol").Group, 120, "seven days from the first mute")
	outgrown := w.run("mia", "mute carol 1h group").reply(t)
	if outgrown.State == "needs_confirm" { // replacing one's own is offered, extending is not
		require.NotContains(t, outgrown.Text, "extend")
		number := outgrown.Cases[0]
		require.Equal(t, "no_such_choice", w.run("mia", "confirm "+itoa(number)+" extend").reply(t).Code)
		w.run("mia", "confirm "+itoa(number)+" keep")
	} else {
		require.Equal(t, "refused_max_term", outgrown.Code, "%+v", outgrown)
	}
	require.InDelta(t, 7*86400, w.sim.of("carol").Group, 120)

	// Who could have set it may lift it, and is asked first.
	w.confirmed("ada", w.run("ada", "unmute carol group").reply(t), "yes")
	w.done("mia", "mute dave 2d group")
	w.confirmed("mo", w.run("mo", "unmute dave group").reply(t), "yes")
	require.Zero(t, w.sim.of("dave").Group)

	// A junior's day is too short to have set two days.
	w.done("mia", "mute erin 2d group")
	r := w.run("jun", "unmute erin group")
	require.Equal(t, "refused_authority", r.reply(t).Code, "%+v", r.replies)

	for _, e := range ofKind(w.entries(), "refused") {
		require.Regexp(t, `^deny/(junior|moderator)/(authority|max-term)$`, e.Rule, "a refusal names its rule")
		require.Equal(t, "mute", strings.TrimPrefix(e.Verb, "un"))
	}
	w.sound()
}

// Each field has its own owner, end and notice.
func TestAcceptance_19_FieldsAreApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.done("ada", "mute alice permanent group threats")
	w.done("mia", "mute alice 2h c2c spamming")
	sets := w.proxy.seen(setCall, "alice")
	require.Nil(t, sets[0].decoded(t).C2C)
	require.EqualValues(t, forever, *sets[0].decoded(t).Group)
	require.Nil(t, sets[1].decoded(t).Group, "the other field is not in the call")
	require.InDelta(t, 7200, *sets[1].decoded(t).C2C, 60)
	require.EqualValues(t, forever, w.sim.of("alice").Group)

	status := w.done("mo", "status alice").Text
	require.Regexp(t, `groups: muted permanently by ada, case 1`, status)
	require.Regexp(t, `one-to-one: muted until .* by mia, case 2`, status)

	// Lifting one touches nothing of the other.
	w.done("mia", "unmute alice c2c")
	sets = w.proxy.seen(setCall, "alice")
	require.Nil(t, sets[2].decoded(t).Group)
	require.Zero(t, *sets[2].decoded(t).C2C)
	require.Equal(t, fields{C2C: 0, Group: forever}, w.sim.of("alice"))
	require.Equal(t, 10017, w.sim.send("alice", "group", "@TGS#1"))
	require.Zero(t, w.sim.send("alice", "c2c", "bob"))
	list := w.done("mo", "mutes").Text
	require.Contains(t, list, "case 1")
	require.NotContains(t, list, "one-to-one")

	// Lifting everything where only one is muted changes the record of one.
	lifted := w.done("ada", "unmute alice")
	require.Equal(t, "unmuted", lifted.Code)
	require.Equal(t, fields{}, w.sim.of("alice"))
	w.sound()
}

// One field ends while the other goes on: the notice is about that field.
func TestAcceptance_19_OneFieldEnds(t *testing.T) {
	t.Parallel()
	c := startConsole(t)
	c.say("as ada")
	require.Equal(t, "muted", c.say("mute bob 2h group threats").Code)
	require.Equal(t, "muted", c.say("mute bob 5s c2c spamming").Code)
	expired := c.post("expired", 2)
	require.Contains(t, expired.Text, "one-to-one")
	require.NotContains(t, expired.Text, "groups")
	require.Equal(t, []int64{2}, expired.Cases)
	status := c.say("status bob").Text
	require.Contains(t, status, "one-to-one: not muted")
	require.Regexp(t, `groups: muted until .* case 1`, status)
	for _, p := range c.process.posts() {
		if p.Kind == "expired" {
			require.Equal(t, []int64{2}, p.Cases)
		}
		require.NotEqual(t, "drift", p.Kind)
	}
	c.leave()
}
