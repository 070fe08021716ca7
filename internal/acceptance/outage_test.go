//go:build unix

package acceptance

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// eachBroken runs a test about either platform's audit channel, on each kind of
// store.
func eachBroken(t *testing.T, test func(t *testing.T, w *served, broken, works side)) {
	t.Helper()
	onBoth(t, func(t *testing.T, on dialect) {
		for i, name := range []string{"Slack", "Discord"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := servedOf(t, platforms{on: on})
				test(t, w, w.sides()[i], w.sides()[1-i])
			})
		}
	})
}

// An audit channel is deleted, takes no posts, or answers 429 or 500. Commands
// go on, everybody who should hears of it, and what was missed is posted when
// the channel works again.
func TestAcceptance_03_AnAuditChannelFails(t *testing.T) {
	t.Parallel()
	eachBroken(t, func(t *testing.T, w *served, broken, works side) {
		configured, err := os.ReadFile(w.path("modbot.yaml"))
		require.NoError(t, err)
		accounts := strings.Split(crowd, ",")
		for j, how := range []string{failing, throttled, forbidden, deleted} {
			require.Equal(t, "Done", say(broken, mia, mute(accounts[3*j], "1h", "group", how)).state())
			w.delivered(w.sides()...)
			broken.spoil(how)
			require.Equal(t, "Done", say(broken, mia, mute(accounts[3*j+1], "1h", "group", how)).state())
			require.Equal(t, "Done", say(works, mo, mute(accounts[3*j+2], "1h", "group", how)).state())
			w.saysThatItFails(broken, works, how)
			w.delivered(works)
			broken.heal()
			w.delivered(broken)
			w.saysThatItWorks(broken)
		}
		now, err := os.ReadFile(w.path("modbot.yaml"))
		require.NoError(t, err)
		require.Equal(t, string(configured), string(now), "the configuration is what it was")
		w.delivered(w.sides()...)
		w.sound()
	})
}

// behind is how /readyz says that two mutes, of two entries each, wait.
var behind = regexp.MustCompile(`^[2-4] entries wait, the first for \d+s: .`)

// saysThatItFails requires that a failing channel can be seen everywhere.
func (w *served) saysThatItFails(broken, works side, how string) {
	w.t.Helper()
	eventuallyEvery(w.t, lookEvery, soon, broken.name()+", "+how+": /readyz says so", func() bool {
		c := w.readiness().of("sink", broken.sink())
		return !c.Up && behind.MatchString(c.Why)
	})
	require.True(w.t, w.readiness().Ready, "commands go on")
	require.True(w.t, w.readiness().of("sink", works.sink()).Up)
	require.Equal(w.t, "1", w.gauge(fmt.Sprintf("modbot_outbox_failing{sink=%q}", broken.sink())), how)
	require.Regexp(w.t, `^[2-4]$`, w.gauge(fmt.Sprintf("modbot_outbox_depth{sink=%q}", broken.sink())), how)
	age, err := strconv.ParseFloat(w.gauge(fmt.Sprintf("modbot_outbox_age_seconds{sink=%q}", broken.sink())), 64)
	require.NoError(w.t, err)
	require.Positive(w.t, age)
	require.Equal(w.t, "0", w.gauge(fmt.Sprintf("modbot_outbox_failing{sink=%q}", works.sink())), how)
	for _, s := range w.sides() { // an admin asks on either platform
		health := say(s, ada, bare("health")).text
		require.Regexp(w.t, broken.sink()+`: .*[2-4] to go.*last error`, health, "%s on %s", how, s.name())
		require.NotRegexp(w.t, works.sink()+`: .*last error`, health)
	}
}

// saysThatItWorks requires that an outage that is over is seen to be.
func (w *served) saysThatItWorks(s side) {
	w.t.Helper()
	eventuallyEvery(w.t, lookEvery, soon, s.name()+": /readyz says that it works again", func() bool { return w.readiness().of("sink", s.sink()).Up })
	require.Equal(w.t, "0", w.gauge(fmt.Sprintf("modbot_outbox_failing{sink=%q}", s.sink())))
	require.Equal(w.t, "0", w.gauge(fmt.Sprintf("modbot_outbox_depth{sink=%q}", s.sink())))
}

// A channel that has been behind for a minute is reported in the other ones,
// once; and what it missed comes in order after a restart as well.
func TestAcceptance_03_TheOtherChannelSaysSo(t *testing.T) {
	t.Parallel()
	eachBroken(t, func(t *testing.T, w *served, broken, works side) {
		broken.spoil(deleted)
		require.Equal(t, "Done", say(works, mia, mute("alice", "1h", "group", "")).state())
		tells := func() (n int) {
			for _, m := range works.posts() {
				n += strings.Count(m.text, "AUDIT CHANNEL BEHIND · "+broken.sink())
			}
			return n
		}
		age := func() float64 {
			age, err := strconv.ParseFloat(w.gauge(fmt.Sprintf("modbot_outbox_age_seconds{sink=%q}", broken.sink())), 64)
			if err != nil {
				return 0 // left out while the ledger cannot be read in time
			}
			return age
		}
		require.Equal(t, "Done", say(works, mia, mute("bob", "1h", "group", "")).state())
		require.Zero(t, tells(), "not at once")
		eventuallyEvery(t, time.Second, settleWithin, "the channel is behind for over a minute", func() bool { return age() > 60 })
		require.Equal(t, "Done", say(works, mia, mute("carol", "1h", "group", "")).state())
		w.delivered(works)
		require.Equal(t, 1, tells(), "%+v", works.posts())
		require.Equal(t, "Done", say(works, mia, mute("dave", "1h", "group", "")).state())
		w.delivered(works)
		require.Equal(t, 1, tells(), "once an outage")
		broken.heal()
		w.restart()
		w.delivered(w.sides()...)
		w.sound()
	})
}
