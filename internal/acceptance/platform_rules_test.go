//go:build unix

package acceptance

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// onEach runs a test on each platform, with a world of its own.
func onEach(t *testing.T, test func(t *testing.T, w *served, s side), more ...string) {
	t.Helper()
	for i, name := range []string{"Slack", "Discord"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newServed(t, more...)
			test(t, w, w.sides()[i])
			w.delivered(w.sides()...)
			w.sound()
		})
	}
}

// must requires that a command was done.
func must(t *testing.T, s side, as person, c command) message {
	t.Helper()
	said := say(s, as, c)
	require.Equal(t, "Done", said.state(), "%s: %s", c.line, said.text)
	return said
}

// A junior may not undo, shorten, or by small steps outgrow what somebody with
// more authority set.
func TestAcceptance_16_AuthorityOnThePlatforms(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, w *served, s side) {
		refused := func(as person, c command, rule string) {
			t.Helper()
			sets, before := w.proxy.total(setCall), len(w.entries())
			said := say(s, as, c)
			require.Equal(t, "Not done", said.state(), "%s: %s", c.line, said.text)
			require.Contains(t, said.text, "admin", "%s: a refusal names who can", c.line)
			require.Equal(t, sets, w.proxy.total(setCall), c.line)
			log := w.entries()
			require.Len(t, log, before+1, "%s: the refusal is recorded", c.line)
			require.Equal(t, rule, log[before].Rule, c.line)
			require.Equal(t, s.name()+":"+s.workspace()+"/"+s.id(as), log[before].Actor)
		}
		must(t, s, ada, mute("alice", "30d", "group", "threats"))
		refused(mia, unmute("alice", "group"), "deny/moderator/authority")
		refused(mia, mute("alice", "1h", "group", ""), "deny/moderator/authority")
		refused(mo, mute("dave", "8d", "group", ""), "deny/moderator/max-term")
		refused(jun, mute("dave", "2d", "group", ""), "deny/junior/max-term")
		require.InDelta(t, 30*86400, w.sim.of("alice").Group, 120)

		// Daily small steps: seven days count from the first mute of the chain.
		must(t, s, ada, mute("carol", "6d", "group", "threats"))
		longer := press(s, mia, say(s, mia, mute("carol", "1d", "group", "")), "Extend")
		require.Equal(t, "Done", longer.state(), "%s", longer.text)
		require.InDelta(t, 7*86400, w.sim.of("carol").Group, 120)
		outgrown := say(s, mia, mute("carol", "1h", "group", ""))
		require.NotContains(t, strings.Join(outgrown.buttons, "\n"), "Extend", "%s", outgrown.text)
		require.InDelta(t, 7*86400, w.sim.of("carol").Group, 120)

		// Who could have set it may lift it, and is asked first.
		must(t, s, mia, mute("erin", "2d", "group", ""))
		refused(jun, unmute("erin", "group"), "deny/junior/authority")
		lifted := press(s, mo, say(s, mo, unmute("erin", "group")), "Unmute erin")
		require.Equal(t, "Done", lifted.state(), "%s", lifted.text)
		require.Zero(t, w.sim.of("erin").Group)
		said := say(s, bystander, mute("erin", "1h", "group", ""))
		require.Contains(t, said.text, "you have none here")
	})
}

// What a command means is not guessed, neither of a line nor of options.
func TestAcceptance_17_MeaningOnThePlatforms(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, w *served, s side) {
		must(t, s, mia, mute("alice,bob", "2h", "group", ""))
		both := must(t, s, mia, unmute("alice, bob", ""))
		require.Contains(t, both.text, "2 of 2")
		require.Equal(t, fields{}, w.sim.of("alice"))
		require.Equal(t, fields{}, w.sim.of("bob"))
		sets, entries := w.proxy.total(setCall), len(w.entries())

		for _, tt := range []struct {
			c    command
			says map[string]string // by platform: what the error says
		}{
			{
				typed("unmute alice bob", "unmute", "account", "alice bob"),
				map[string]string{"slack": "reason:", "discord": ""},
			},
			{
				typed("mute alice 1w 3d art theft", "mute", "account", "alice", "term", "1w 3d art theft"),
				map[string]string{"slack": "1w3d", "discord": "1w 3d art theft"},
			},
			{
				typed("mute alice 2hrss", "mute", "account", "alice", "term", "2hrss"),
				map[string]string{"slack": "2hrss", "discord": "2hrss"},
			},
			{
				typed("mute alice 10", "mute", "account", "alice", "term", "10"),
				map[string]string{"slack": "10m, 10h or 10d", "discord": "10m, 10h or 10d"},
			},
		} {
			said := say(s, mia, tt.c)
			require.NotContains(t, []string{"Done", "Partly done", "Waiting"}, said.state(), "%s: %s", tt.c.line, said.text)
			require.Contains(t, said.text, tt.says[s.name()], "%s", tt.c.line)
			require.Contains(t, said.text, "→ ", "%s: an error ends in something to paste: %s", tt.c.line, said.text)
		}
		if s.name() == "slack" { // as an option, 2h can only be an account
			said := say(s, mia, typed("mute 2h 1d", "mute"))
			require.Contains(t, said.text, `mute "2h" 1d`, "%s", said.text)
		}
		require.Equal(t, sets, w.proxy.total(setCall))
		require.Len(t, w.entries(), entries, "what was not understood is no case")

		asked := say(s, mia, typed("mute carol 2h spam in group chat", "mute", "account", "carol", "term", "2h", "reason", "spam in group chat"))
		require.Equal(t, "Waiting", asked.state(), "%s", asked.text)
		require.Equal(t, sets, w.proxy.total(setCall), "asked before anything is done")
		answered := press(s, mia, asked, "Mute carol in groups")
		require.Equal(t, "Done", answered.state(), "%s", answered.text)
		require.NotZero(t, w.sim.of("carol").Group)
		require.Zero(t, w.sim.of("carol").C2C)

		said := must(t, s, mia, typed("mute dave 1d private info leaked", "mute", "account", "dave", "term", "1d", "reason", "private info leaked"))
		require.Contains(t, said.text, "private info leaked")
		require.NotZero(t, w.sim.of("dave").Group)
		require.NotZero(t, w.sim.of("dave").C2C, "private is part of the reason, not a scope")
		require.Equal(t, "private info leaked", lastOf(w.entries(), "intent").Reason)
	})
}

// Each field has its own owner, end and notice.
func TestAcceptance_19_FieldsOnThePlatforms(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, w *served, s side) {
		must(t, s, ada, mute("alice", "permanent", "group", "threats"))
		must(t, s, mia, mute("alice", "2h", "c2c", "spamming"))
		sets := w.proxy.seen(setCall, "alice")
		require.Nil(t, sets[0].decoded(t).C2C)
		require.EqualValues(t, forever, *sets[0].decoded(t).Group)
		require.Nil(t, sets[1].decoded(t).Group, "the other field is not in the call")
		require.InDelta(t, 7200, *sets[1].decoded(t).C2C, 60)

		shown := say(s, mo, status("alice")).text
		require.Regexp(t, `groups: muted permanently by ada, case 1`, shown)
		require.Regexp(t, `one-to-one: muted until .* by mia, case 2`, shown)

		must(t, s, mia, unmute("alice", "c2c"))
		sets = w.proxy.seen(setCall, "alice")
		require.Nil(t, sets[2].decoded(t).Group)
		require.Zero(t, *sets[2].decoded(t).C2C)
		require.Equal(t, fields{C2C: 0, Group: forever}, w.sim.of("alice"))
		list := say(s, mo, bare("mutes")).text
		require.Contains(t, list, "case 1")
		require.NotContains(t, list, "one-to-one")
		must(t, s, ada, unmute("alice", ""))
		require.Equal(t, fields{}, w.sim.of("alice"))

		// One field ends while the other goes on: the notice is about that field.
		must(t, s, mia, mute("bob", "2h", "group", "threats"))
		short := must(t, s, mia, mute("bob", "6s", "c2c", "spamming")).cases(t)[0]
		ledger := w.watch()
		eventually(t, settleWithin, "the end is recorded", func() bool { return ledger.countOf("expired", short) > 0 })
		w.delivered(w.sides()...)
		for _, channel := range w.sides() {
			notice := ""
			for _, m := range channel.posts() {
				for line := range strings.SplitSeq(m.text, "\n") {
					if strings.HasPrefix(line, "Expired") {
						notice += line
					}
					require.NotContains(t, line, "OUTSIDE MODBOT")
				}
			}
			require.Equal(t, 1, strings.Count(notice, "Expired"), "%s: %s", channel.name(), notice)
			require.Contains(t, notice, "one-to-one")
			require.NotContains(t, notice, "groups")
			require.Contains(t, notice, "case "+itoa(short))
		}
		shown = say(s, mo, status("bob")).text
		require.Contains(t, shown, "one-to-one: not muted")
		require.Regexp(t, `groups: muted until .* by mia`, shown)
		require.InDelta(t, 7200, w.sim.of("bob").Group, float64(2*time.Minute/time.Second))
	})
}
