//go:build unix

package acceptance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
)

// Of many mutes at once.
const (
	manyCommands = 25
	manyEach     = 20
	many         = manyCommands * manyEach
	// slackPace is how far apart Slack wants messages to one channel.
	slackPace = time.Second
)

// 500 accounts are muted in a minute, by 25 commands on two platforms. No entry
// is lost, the channels get them in few posts within their limits, and every
// case can be found.
func TestAcceptance_10_FiveHundredInAMinute(t *testing.T) {
	t.Parallel()
	onBoth(t, fiveHundred)
}

// nothingSent tells outcomes of intents for which Tencent was not even called.
func nothingSent(e entry) bool { return e.Outcome == "failed" && e.Attempts == 0 }

// notYetDone are those of the accounts that the log has no mute of.
func (w *world) notYetDone(accounts []string) []string {
	w.t.Helper()
	done := map[string]bool{}
	for _, e := range ofKind(w.entries(), "outcome") {
		done[e.Account] = done[e.Account] || e.Outcome == "done"
	}
	return slices.DeleteFunc(slices.Clone(accounts), func(a string) bool { return done[a] })
}

func fiveHundred(t *testing.T, on dialect) {
	t.Helper()
	var crowd []string
	for i := range many {
		crowd = append(crowd, fmt.Sprintf("m%03d", i))
	}
	w := servedOf(t, platforms{
		on: on, sim: startSim(t, crowd...), slack: slacksim.Config{PostInterval: slackPace - slackPace/20}, // what is on the way may be nearer
	})
	began := time.Now()
	muting := func(accounts []string) command { return mute(strings.Join(accounts, ","), "1h", "group", "raid") }
	people := []person{mia, mo}
	for i := 0; i < manyCommands; i += len(people) { // each types the next one when the last is answered
		sent, named := map[int]delivery{}, map[int][]string{}
		for n := range min(len(people), manyCommands-i) {
			named[n] = crowd[(i+n)*manyEach : (i+n+1)*manyEach]
			sent[n] = w.sides()[n].send(people[n], muting(named[n]))
		}
		for n, d := range sent {
			s := w.sides()[n]
			said := s.hear(d)
			// On a machine that does too much, some accounts cannot be looked at, or
			// put on record, in time. Who is told so types those again.
			for giveUp := time.Now().Add(settleWithin); said.state() != "Done" && time.Now().Before(giveUp); {
				require.Contains(t, []string{"Partly done", "Not done"}, said.state(), "%s: %s", s.name(), said.text)
				named[n] = w.notYetDone(named[n])
				said = say(s, people[n], muting(named[n]))
			}
			require.Equal(t, "Done", said.state(), "%s: %s", s.name(), said.text)
			if m := len(named[n]); m > 1 {
				require.Contains(t, said.text, fmt.Sprintf("%d of %d", m, m))
			}
		}
	}
	took := time.Since(began)
	t.Logf("%d accounts are muted after %s", many, took.Round(time.Second))
	// Within a minute, four and more share a post. Where the machine took longer,
	// the channels had the time for a post of each.
	most := max(many/4, int(took/slackPace))

	log := w.entries()
	outcomes := slices.DeleteFunc(ofKind(log, "outcome"), nothingSent)
	require.Len(t, outcomes, many)
	cases := map[int64]bool{}
	for _, e := range outcomes {
		require.Equal(t, "done", e.Outcome)
		cases[e.Case] = true
	}
	require.Len(t, cases, many, "each account has a case")
	state := w.sim.state()
	require.Zero(t, state.OverLimit, "Tencent's limit was kept")
	for _, account := range crowd {
		require.NotZero(t, state.Accounts[account].Group, account)
	}

	w.delivered(w.sides()...)
	t.Logf("everything is posted after %s", time.Since(began).Round(time.Second))
	for _, s := range w.sides() {
		posts := s.posts()
		named := map[int64]bool{}
		for _, m := range posts {
			for _, n := range m.cases(t) {
				named[n] = true
			}
		}
		for n := range cases {
			require.True(t, named[n], "case %d is named on %s", n, s.name())
		}
		require.Less(t, len(posts), most, "%s: posts are coalesced", s.name())
		require.Empty(t, toldOn(t, s).repeated, "%s: nothing had to be sent again", s.name())
		t.Logf("%s: %d posts", s.name(), len(posts))
	}
	for _, r := range w.slack.sim.Records() {
		require.NotEqual(t, "ratelimited", r.Result, "Slack never had to say that it is too much: %s", r)
		require.NotEqual(t, http.StatusTooManyRequests, r.Status, "%s", r)
	}
	require.Empty(t, w.discord.sim.Of(discordsim.Throttled), "nor had Discord")

	// Every case is found by those who look for it.
	for _, account := range []string{crowd[0], crowd[many/2], crowd[many-1]} {
		i := slices.IndexFunc(outcomes, func(e entry) bool { return e.Account == account })
		require.GreaterOrEqual(t, i, 0, account)
		for _, s := range w.sides() {
			require.Contains(t, say(s, mia, status(account)).text, "case "+itoa(outcomes[i].Case), account)
		}
	}
	w.sound()
}
