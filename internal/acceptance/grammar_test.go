//go:build unix

package acceptance

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is not a length of time changes nothing, and nothing reaches Tencent
// as 0 or as for ever unless that was typed.
func TestAcceptance_09_Durations(t *testing.T) {
	t.Parallel()
	refused := []struct{ typed, code string }{
		{"0", "term_zero"},
		{"0s", "term_zero"},
		{"abc", "term_expected"},
		{"30M", "term_lone_m"},
		{"1h1h", "term_repeated_unit"},
		{"99999999999h", "term_too_long"},
		{"4294967295s", "term_too_long"},
		{"49710d6h28m15s", "term_too_long"},
		{"３０m", "term_digits"},
		{"-1h", "term_sign"},
		{"10", "term_no_unit"},
		{"1h30", "term_part_without_unit"},
		{"1,5h", "term_decimal_comma"},
		{".5h", "term_decimal_form"},
		{"0.5s", "term_fraction"},
		{"01:30:00", "term_clock"},
		{"PT1H", "term_iso8601"},
		{"30m1h", "term_unit_order"},
		{"18446744073709551617s", "term_too_long"},
	}
	c := startConsole(t)
	c.say("as ada")
	for _, tt := range refused {
		reply := c.say("mute alice " + tt.typed + " group")
		require.Equal(t, "error", reply.State, "%q: %+v", tt.typed, reply)
		require.Equal(t, tt.code, reply.Code, "%q: %+v", tt.typed, reply)
		require.Contains(t, reply.Text, "→ ", "%q: an error ends in a line to paste", tt.typed)
	}
	require.NotContains(t, c.say("sim state").Text, " s", "nobody is muted")
	require.Zero(t, c.leave().Entries, "what was not understood is no case")

	w := newWorld(t)
	for _, typed := range []string{"0", "4294967295s", "49710d6h28m15s"} {
		require.Equal(t, exitUsage, w.run("ada", "mute alice "+typed+" group").exit, "%q", typed)
	}
	require.Zero(t, w.proxy.total(setCall))

	accepted := []struct {
		typed string
		wire  uint32
	}{
		{"90s", 90},
		{"1.5h", 5400},
		{"4294967294s", 4294967294},
		{"49710d6h28m14s", 4294967294},
		{"perm ", forever},
	}
	for _, tt := range accepted {
		w.done("ada", "mute alice "+tt.typed+" group")
		calls := w.proxy.seen(setCall, "alice")
		body := calls[len(calls)-1].decoded(t)
		require.Nil(t, body.C2C, "%q names groups alone", tt.typed)
		require.NotNil(t, body.Group, "%q", tt.typed)
		if tt.wire == forever {
			require.EqualValues(t, forever, *body.Group, "%q", tt.typed)
			continue
		}
		// What has passed since the intent is not sent: the end is absolute.
		require.LessOrEqual(t, *body.Group, tt.wire, "%q", tt.typed)
		require.Positive(t, *body.Group, "%q", tt.typed)
		require.InDelta(t, tt.wire, *body.Group, 60, "%q", tt.typed)
		w.done("ada", "unmute alice group")
	}
	zeros, evers := 0, 0
	for _, c := range w.proxy.seen(setCall, "alice") {
		switch *c.decoded(t).Group {
		case 0:
			zeros++
		case forever:
			evers++
		}
	}
	require.Equal(t, len(accepted)-1, zeros, "the unmutes that were typed")
	require.Equal(t, 1, evers, "the permanent mute that was typed")

	// The shortest there is: sent as one second or, on a slow machine, not at
	// all, and never as none.
	reply := w.run("ada", "mute bob 1s group").reply(t)
	require.Contains(t, []string{"muted", "failed"}, reply.Code)
	for _, c := range w.proxy.seen(setCall, "bob") {
		require.EqualValues(t, 1, *c.decoded(t).Group)
	}
	w.sound()
}

// What a line means is not guessed.
func TestAcceptance_17_Lines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Both accounts of a list, with a space behind the comma or without.
	w.done("mia", "mute alice,bob 2h group")
	both := w.done("mia", "unmute alice, bob")
	require.Equal(t, "unmuted", both.Code, "%+v", both)
	require.Len(t, both.Cases, 2)
	require.Zero(t, w.sim.of("alice").Group)
	require.Zero(t, w.sim.of("bob").Group)
	before := w.proxy.total(setCall)

	reason := w.run("mia", "unmute alice bob")
	require.Equal(t, exitUsage, reason.exit)
	require.Equal(t, "reason_needs_keyword", reason.reply(t).Code)
	require.Contains(t, reason.reply(t).Text, "reason:")

	quotes := w.run("mia", "mute 2h 1d")
	require.Equal(t, exitUsage, quotes.exit)
	require.Equal(t, "account_needs_quotes", quotes.reply(t).Code, "%+v", quotes.replies)
	require.Contains(t, quotes.reply(t).Text, `mute "2h" 1d`)

	readings := w.run("mia", "mute alice 1w 3d art theft")
	require.Equal(t, exitUsage, readings.exit)
	require.Equal(t, "term_or_reason", readings.reply(t).Code, "%+v", readings.replies)
	require.Contains(t, readings.reply(t).Text, "1w3d")
	require.Contains(t, readings.reply(t).Text, "reason:")
	require.Equal(t, before, w.proxy.total(setCall))

	asked := w.run("mia", "mute carol 2h spam in group chat").reply(t)
	require.Equal(t, "needs_confirm", asked.State, "%+v", asked)
	require.Equal(t, "scope_doubt", asked.Code)
	require.Equal(t, before, w.proxy.total(setCall), "asked before anything is done")
	w.confirmed("mia", asked, "group")
	require.NotZero(t, w.sim.of("carol").Group)
	require.Zero(t, w.sim.of("carol").C2C)

	w.done("mia", "mute dave 1d private info leaked")
	require.NotZero(t, w.sim.of("dave").Group)
	require.NotZero(t, w.sim.of("dave").C2C, "private is part of the reason, not a scope")
	i := slices.IndexFunc(w.entries(), func(e entry) bool { return e.Account == "dave" && e.Kind == "intent" })
	require.GreaterOrEqual(t, i, 0)
	require.Equal(t, "private info leaked", w.entries()[i].Reason)
	w.sound()
}

// The same from the side of `modbot parse`, which runs nothing.
func TestAcceptance_17_Parsed(t *testing.T) {
	t.Parallel()
	w := &world{t: t, dir: t.TempDir()}
	type object struct {
		Verb      string   `json:"verb"`
		Accounts  []string `json:"accounts"`
		Seconds   *int64   `json:"term_seconds"`
		Permanent bool     `json:"permanent"`
		Scope     string   `json:"scope"`
		Reason    string   `json:"reason"`
		Case      *int64   `json:"case"`
		Error     *failure `json:"error"`
	}
	parse := func(text string) (int, object) {
		exit, lines, stderr := w.modbot("", "parse", "--json", text)
		require.Len(t, lines, 1, "%s", stderr)
		var o object
		require.NoError(t, json.Unmarshal([]byte(lines[0]), &o))
		return exit, o
	}
	exit, o := parse("unmute alice, bob")
	require.Equal(t, exitOK, exit)
	require.Equal(t, []string{"alice", "bob"}, o.Accounts)
	exit, o = parse("mute alice 1d private info leaked")
	require.Equal(t, exitOK, exit)
	require.Equal(t, "private info leaked", o.Reason)
	require.EqualValues(t, 86400, *o.Seconds)
	for text, code := range map[string]string{
		"unmute alice bob":           "reason_needs_keyword",
		"mute 2h 1d":                 "account_needs_quotes",
		"mute alice 1w 3d art theft": "term_or_reason",
	} {
		exit, o := parse(text)
		require.Equal(t, exitUsage, exit, text)
		require.Equal(t, code, o.Error.Code, text)
		require.NotEmpty(t, o.Error.Message)
		require.NotEmpty(t, o.Error.Suggestion)
	}
}
