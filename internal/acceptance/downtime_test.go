//go:build unix

package acceptance

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// overdue is a mute that ends while modbot is down, and what happens to it
// meanwhile.
type overdue struct {
	account, term, scope string
	// outside is what somebody sets at Tencent without modbot: flags of
	// `modbot im set`; empty for nothing.
	outside []string
	// kind is that of the entry about it, and says what posts have of Tencent.
	kind, says string
}

// What posts say of Tencent's state.
const (
	saysFree    = "Tencent: not muted"
	saysLonger  = "Tencent: muted until "
	saysForever = "Tencent: muted without an end"
)

// ends are the mutes that end while modbot is down: not in the order in which
// they were made. Terms are long enough to make all of them on a slow machine.
func ends() []overdue {
	return []overdue{
		{"u01", "36s", "group", nil, "expired", saysFree},
		{"u02", "33s", "c2c", nil, "expired", saysFree},
		{"u03", "31s", "all", nil, "expired", saysFree}, // a notice for each field
		{"u04", "29s", "c2c", nil, "expired", saysFree}, // the other field is permanent
		{"u05", "34s", "group", []string{"--group", "unmute"}, "expired", saysFree},
		{"u06", "32s", "group", []string{"--group", "5400"}, "drift", saysLonger},
		{"u07", "30s", "c2c", []string{"--c2c", "permanent"}, "drift", saysForever},
	}
}

// stays are mutes that go on: nothing is said of them.
func stays() []command {
	return []command{mute("u04", "permanent", "group", "threats"), mute("u08", "2h", "group", "flooding")}
}

// modbot was down while mutes ended: on return each has its notice, once and in
// the order of the ends, with what Tencent has now. What Tencent holds longer
// than was recorded has not ended.
func TestAcceptance_11_DownForLong(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on dialect) {
		w := servedOf(t, platforms{on: on})
		for i, c := range stays() {
			must(t, w.sides()[i%2], ada, c)
		}
		var sent []delivery
		for i, o := range ends() {
			sent = append(sent, w.sides()[i%2].send(ada, mute(o.account, o.term, o.scope, "spamming")))
		}
		for i, d := range sent {
			said := w.sides()[i%2].hear(d)
			require.Equal(t, "Done", said.state(), "%s", said.text)
		}
		w.delivered(w.sides()...)
		w.serve.Kill()
		before := w.entries()
		calls := w.proxy.total(setCall)
		w.passes()
		w.start()
		ledger := w.watch()
		want := w.due(before)
		eventuallyEvery(t, lookEvery, settleWithin, "every end is recorded", func() bool {
			return ledger.count("expired")+ledger.count("drift") >= len(want)
		})
		require.Greater(t, len(w.entries()), len(before), "something ended while it was down")
		w.delivered(w.sides()...)
		w.requireNotices(want)

		list := say(w.slack, ada, bare("mutes")).text
		for _, account := range []string{"u04", "u06", "u07", "u08"} {
			require.Contains(t, list, account, "it goes on")
		}
		for _, account := range []string{"u01", "u02", "u03", "u05"} {
			require.NotContains(t, list, account, "it is over")
		}
		require.Equal(t, calls, w.proxy.total(setCall), "nothing was muted or unmuted on return")
		w.sound()
	})
}

// passes lets the time pass in which the mutes end at Tencent, and has somebody
// change some of them there.
func (w *served) passes() {
	w.t.Helper()
	for _, o := range ends() {
		if o.outside != nil {
			exit, lines := w.im(append([]string{"set", "--account", o.account}, o.outside...)...)
			require.Equal(w.t, exitOK, exit, "%s", lines)
		}
	}
	eventuallyEvery(w.t, lookEvery, settleWithin, "Tencent's mutes end", func() bool {
		has := w.sim.state().Accounts
		return !slices.ContainsFunc(ends(), func(o overdue) bool {
			return o.says == saysFree && (o.scope != "c2c" && has[o.account].Group > 0 || o.scope != "group" && has[o.account].C2C > 0)
		})
	})
}

// notice is one end of one field that there has to be a notice of.
type notice struct {
	overdue
	number int64 // of the case
	field  string
	at     time.Time // deadline
}

// due are the notices that the mutes ask for, in the order of their ends.
func (w *served) due(log []entry) []notice {
	w.t.Helper()
	var out []notice
	for _, e := range ofKind(log, "intent") {
		i := slices.IndexFunc(ends(), func(o overdue) bool { return o.account == e.Account })
		if i < 0 || e.Permanent {
			continue
		}
		fields := []string{e.Scope}
		if e.Scope == "all" {
			fields = []string{"group", "c2c"}
		}
		for _, field := range fields {
			out = append(out, notice{ends()[i], e.Case, field, e.Deadline})
		}
	}
	require.Len(w.t, out, len(ends())+1)
	slices.SortStableFunc(out, func(a, b notice) int { return a.at.Compare(b.at) })
	return out
}

// requireNotices requires that the ledger and both channels have the notices,
// each once and in order, with Tencent's state.
func (w *served) requireNotices(want []notice) {
	w.t.Helper()
	got := slices.DeleteFunc(w.entries(), func(e entry) bool { return e.Kind != "expired" && e.Kind != "drift" })
	require.Len(w.t, got, len(want))
	for i, n := range want {
		e := got[i]
		require.Equal(w.t, []any{n.kind, n.account, n.number, n.field}, []any{e.Kind, e.Account, e.Case, e.Scope}, "notice %d of %v", i, want)
		require.NotNil(w.t, e.After, "what Tencent has is recorded")
		has := map[string]fieldState{"group": e.After.Group, "c2c": e.After.C2C}[n.field]
		require.Equal(w.t, n.says != saysFree, has.Muted, "%+v", n)
		require.Equal(w.t, n.says == saysForever, has.Permanent, "%+v", n)
		for _, s := range w.sides() {
			line := lineOf(s, e.Seq)
			require.Contains(w.t, line, n.says, "%s", s.name())
			require.Contains(w.t, line, n.account, "%s", s.name())
		}
	}
}

// lineOf is the paragraph of a post that tells of an entry.
func lineOf(s side, seq int64) string {
	named := regexp.MustCompile(`#` + itoa(seq) + `\b`)
	for _, m := range s.posts() {
		if !named.MatchString(m.text) {
			continue
		}
		lines := strings.Split(m.text, "\n")
		for i, line := range lines {
			if named.MatchString(line) {
				return strings.Join(lines[max(0, i-1):i+1], "\n")
			}
		}
	}
	return ""
}
