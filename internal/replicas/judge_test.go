//go:build unix

package replicas

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imwire"
	"modbot/internal/proctest"
)

// readTolerance is how far what Tencent has may be from the deadline: the
// ledger's own tolerance, for requests applied at the end of their life.
const readTolerance = 7 * time.Second

// tally is what a run came to.
type tally struct {
	typed, acknowledged, intents, readBack, untold int
	violations                                     []string
}

func (f *tally) violated(format string, args ...any) {
	f.violations = append(f.violations, fmt.Sprintf(format, args...))
}

// judge holds the four records against each other, and fails the test where
// they differ.
func (w *world) judge() tally {
	w.t.Helper()
	f := tally{typed: int(w.people.typed.Load())}
	entries := proctest.Entries(w.t, program, w.dir, "-c", "modbot.yaml")
	exit, verdict := proctest.Verify(w.t, program, w.dir, "-c", "modbot.yaml")
	require.Zero(w.t, exit, verdict.Problem)

	intents, outcomes, attempts := map[string][]proctest.Entry{}, map[int64][]proctest.Entry{}, map[int64]int{}
	keys := map[string]int64{}
	for _, e := range entries {
		attempts[e.Case] = max(attempts[e.Case], e.Attempts)
		switch e.Kind {
		case "intent":
			intents[e.Account] = append(intents[e.Account], e)
			if was, twice := keys[e.Platform+e.Key]; twice {
				f.violated("the delivery of case %d began case %d, too", was, e.Case)
			}
			keys[e.Platform+e.Key] = e.Case
		case "outcome":
			outcomes[e.Case] = append(outcomes[e.Case], e)
		}
	}
	calls := w.changes(&f)
	has := w.sim.Snapshot()
	for n := range f.typed {
		name := account(n)
		if w.people.acked[name] {
			f.acknowledged++
		}
		switch len(intents[name]) {
		case 0:
			if len(calls[name]) > 0 {
				f.violated("%s: Tencent was called without an intent", name)
			}
			continue
		case 1:
		default:
			f.violated("%s was begun %d times", name, len(intents[name]))
			continue
		}
		f.intents++
		i := intents[name][0]
		if len(outcomes[i.Case]) != 1 || i.Reason != reason(n) {
			f.violated("case %d (%s) of %s has %d final outcomes", i.Case, i.Reason, name, len(outcomes[i.Case]))
			continue
		}
		outcome, muted := outcomes[i.Case][0], has.Accounts[name]
		applied := slices.Contains(calls[name], true)
		left := i.Deadline.Sub(time.Unix(has.Now, 0))
		is := time.Duration(muted.Group) * time.Second
		switch {
		case outcome.Outcome == "done" && applied && muted.Group == muted.C2C && (is-left).Abs() <= readTolerance:
		case outcome.Outcome == "failed" && !applied && muted.Group == 0 && muted.C2C == 0:
		default:
			f.violated("%s is %s by the ledger, with %s left; Tencent has %s", name, outcome.Outcome, left, is)
		}
		switch made := len(calls[name]); {
		case attempts[i.Case] == 0:
			f.readBack++
		case attempts[i.Case] < made:
			f.violated("case %d: %d attempts are recorded, Tencent was called %d times", i.Case, attempts[i.Case], made)
		}
		w.heardRight(&f, name, outcome.Outcome)
	}
	w.channels(&f, proctest.Postable(entries))
	require.Empty(w.t, f.violations, strings.Join(f.violations, "\n"))
	return f
}

// heardRight sees that nobody was told anything but what is recorded.
func (w *world) heardRight(f *tally, name, outcome string) {
	said := w.people.heard(name)
	for _, text := range said {
		done := strings.HasPrefix(text, "Done:")
		if done != (outcome == "done") && (done || strings.HasPrefix(text, "Not done: Tencent")) {
			f.violated("%s is %s, and somebody was told: %s", name, outcome, text)
		}
	}
	if !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, "Done:") || strings.HasPrefix(s, "Not done:") }) {
		f.untold++
	}
}

// changes are the calls that asked Tencent for a change, by account: whether
// each was applied.
func (w *world) changes(f *tally) map[string][]bool {
	out := map[string][]bool{}
	for _, c := range w.sim.Calls() {
		if c.API != imwire.SetNoSpeaking {
			continue
		}
		var r imwire.SetRequest
		if err := json.Unmarshal([]byte(c.Body), &r); err != nil || r.GroupmsgNospeakingTime == nil || *r.GroupmsgNospeakingTime == 0 {
			f.violated("a call that no mute makes: %s", c.Body)
			continue
		}
		out[r.SetAccount] = append(out[r.SetAccount], c.Applied)
	}
	return out
}

// short is a short checkpoint in a post.
var short = regexp.MustCompile(`size (\d+) ([A-Za-z0-9+/]{22})`)

// channels sees that both audit channels were told of the same ledger: every
// entry, in order, and no two roots of one size.
func (w *world) channels(f *tally, want []int64) {
	w.t.Helper()
	roots := map[string]string{}
	var last []string
	for _, platform := range []string{"slack", "discord"} {
		posts := w.people.posts[platform]
		for _, v := range proctest.ReadPosts(posts).Violations(want) {
			f.violated("%s: %s", platform, v)
		}
		for _, text := range posts {
			for _, m := range short.FindAllStringSubmatch(text, -1) {
				if was, known := roots[m[1]]; known && was != m[2] {
					f.violated("the log has a fork: size %s has the roots %s and %s", m[1], was, m[2])
				}
				roots[m[1]] = m[2]
				last = m
			}
		}
		require.NotEmpty(w.t, last, "%s was told of no checkpoint", platform)
		file := filepath.Join(w.dir, platform+".checkpoint")
		require.NoError(w.t, os.WriteFile(file, []byte(last[1]+" "+last[2]+"\n"), 0o600))
		exit, v := proctest.Verify(w.t, program, w.dir, "-c", "modbot.yaml", "--checkpoint", file)
		require.Zero(w.t, exit, "the last checkpoint in %s: %s", platform, v.Problem)
	}
}
