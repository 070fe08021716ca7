//go:build unix

package acceptance

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// One moderator in Slack and one in Discord mute the same account within a
// second: one acts, and the other is planned again on that, and asked.
func TestAcceptance_05_OneInSlackOneInDiscord(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]func(w *served) (first, second side){
		"Slack is first":   func(w *served) (first, second side) { return w.slack, w.discord },
		"Discord is first": func(w *served) (first, second side) { return w.discord, w.slack },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newServed(t)
			first, second := order(w)
			held := w.proxy.hold(setCall, beforeAnswer)
			one := first.send(mia, mute("alice", "2h", "group", "spamming"))
			held.call()
			other := second.send(mo, mute("alice", "1h", "group", "flooding"))
			held.pass()
			done := first.hear(one)
			require.Equal(t, "Done", done.state(), "%s", done.text)
			require.Equal(t, []int64{1}, done.cases(t))

			asked := second.hear(other)
			for strings.Contains(asked.text, "is acting on") { // on a slow machine it is told to try again, and does
				asked = say(second, mo, mute("alice", "1h", "group", "flooding"))
			}
			require.Equal(t, "Waiting", asked.state(), "%s", asked.text)
			require.Contains(t, asked.text, "mia")
			require.Contains(t, asked.text, "spamming")
			require.Len(t, w.proxy.seen(setCall, "alice"), 1, "nothing was shortened or lengthened unasked")
			log := w.entries()
			require.Equal(t, []string{"intent", "outcome done", "question"}, certain(kinds(log, 0)), "the second was planned after the first had ended")
			require.Equal(t, []string{first.name(), second.name()}, []string{log[0].Platform, log[len(log)-1].Platform})

			extended := press(second, mo, asked, "Extend")
			require.Equal(t, "Done", extended.state(), "%s", extended.text)
			require.InDelta(t, 3*3600, w.sim.of("alice").Group, 120, "two hours of mia's and one of mo's")
			require.Equal(t, []string{"question", "intent", "outcome done"}, kinds(w.entries(), 2))
			w.delivered(w.sides()...)
			w.sound()
		})
	}
}

// The platform delivers the same once more, because it saw no acknowledgement:
// while the first is running, when it is done, and after modbot was killed,
// which remembers deliveries only in the ledger then.
func TestAcceptance_06_ThePlatformDeliversAgain(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	for i, s := range w.sides() {
		account := []string{"alice", "bob"}[i]
		held := w.proxy.hold(setCall, beforeAnswer)
		d := s.send(mia, mute(account, "2h", "group", "spamming"))
		held.call()
		s.again(d)
		held.pass()
		first := s.hear(d)
		require.Equal(t, "Done", first.state(), "%s", first.text)
		s.again(d)
		w.crash()
		s.again(d)
		// Whoever types it once more gets the same case, and sees that nothing is
		// under way any more.
		again := say(s, mia, mute(account, "2h", "group", "spamming"))
		require.Equal(t, first.cases(t), again.cases(t), "%s", again.text)
		require.Contains(t, again.text, "nothing was sent again")
		for _, m := range s.private(d) {
			require.Equal(t, "Done", m.state(), "%s: %s", s.name(), m.text)
			require.Equal(t, first.cases(t), m.cases(t), "%s: %s", s.name(), m.text)
		}
		require.Equal(t, []string{"intent", "outcome done"}, kinds(w.entries(), first.cases(t)[0]))
		require.Len(t, w.proxy.seen(setCall, account), 1)
	}
	require.Len(t, w.entries(), 4)
	w.delivered(w.sides()...)
	w.sound()
}

// Two clicks on a button are one answer, and so is one that is delivered twice.
func TestAcceptance_06_ClickedTwice(t *testing.T) {
	t.Parallel()
	w := newServed(t, ask)
	for i, s := range w.sides() {
		account := []string{"alice", "bob"}[i]
		question := say(s, ada, mute(account, "permanent", "group", ""))
		require.Equal(t, "Waiting", question.state(), "%s", question.text)
		number := question.cases(t)[0]
		held := w.proxy.hold(setCall, beforeAnswer)
		first := s.click(ada, question, "Mute")
		held.call()
		second := s.click(ada, question, "Mute")
		s.again(first)
		held.pass()
		for _, d := range []delivery{first, second} {
			reply := s.hear(d)
			require.Equal(t, "Done", reply.state(), "%s: %s", s.name(), reply.text)
			require.Equal(t, number, reply.cases(t)[0])
		}
		s.again(second)
		require.Equal(t, []string{"question", "intent", "outcome done"}, kinds(w.entries(), number))
		require.Len(t, w.proxy.seen(setCall, account), 1)
	}
	require.Len(t, w.entries(), 6)
	w.delivered(w.sides()...)
	w.sound()
}
