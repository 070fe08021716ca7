//go:build unix

package crash

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/proctest"
)

// How exact the sides are. They share the clock of one machine.
const (
	// onTheWay is how long a request may be on its way to the simulator. A
	// request asks for the seconds that are left when it leaves, rounded up to
	// whole ones; its deadline is reckoned from when it arrives. Beyond a second
	// and this, the deadline was moved by a second or more.
	onTheWay = 500 * time.Millisecond
	// clockGrain is what is lost by writing times down.
	clockGrain = 2 * time.Millisecond
	// readTolerance is how far what Tencent has may be from the deadline: the
	// ledger's own tolerance, for requests that were applied at the end of their
	// life.
	readTolerance = 7 * time.Second
	// attemptsMost is how many attempts a case may have.
	attemptsMost = 3
)

// evidence is everything that is known of a run from three sides.
type evidence struct {
	mutes   int // invocations: account n is muted by the command with reason n
	entries []proctest.Entry
	calls   []imsim.Call
	has     imsim.Snapshot
	posts   map[string]proctest.Posts // by platform
	// slept is how many attempts a pause may have caught before they left: who
	// wakes behind the end of an attempt counts it, and it never arrives.
	slept int
}

// finding is what an evidence comes to.
type finding struct {
	intents, outcomes map[string][]proctest.Entry // by account
	calls             map[string][]muteCall
	kinds             map[string]int
	latest            time.Duration // the most that a call's deadline is behind the recorded one
	onTheWay          int           // calls whose deadline is a second behind or more, for being on their way
	readBack          int           // outcomes of cases whose process was gone
	slept             int           // attempts that are recorded and never arrived
	violations        []string
}

// muteCall is one setnospeaking that reached the simulator.
type muteCall struct {
	at         time.Time
	group, c2c uint32
	applied    bool
}

func (f *finding) violated(format string, args ...any) {
	f.violations = append(f.violations, fmt.Sprintf(format, args...))
}

// judge holds the sides against each other.
func judge(e evidence) *finding {
	f := &finding{
		intents: map[string][]proctest.Entry{}, outcomes: map[string][]proctest.Entry{}, calls: map[string][]muteCall{}, kinds: map[string]int{},
	}
	f.readLedger(e.entries)
	f.readCalls(e.calls)
	for n := range e.mutes {
		f.judgeMute(n, e.has)
	}
	for name := range f.calls {
		if len(f.intents[name]) == 0 {
			f.violated("%s: Tencent was called without an intent", name)
		}
	}
	f.judgeKeys()
	f.judgeAttempts(e.entries, e.slept)
	for _, platform := range slices.Sorted(maps.Keys(e.posts)) {
		for _, v := range e.posts[platform].Violations(proctest.Postable(e.entries)) {
			f.violated("%s: %s", platform, v)
		}
	}
	return f
}

func (f *finding) readLedger(entries []proctest.Entry) {
	cases := map[int64]string{}
	for _, e := range entries {
		kind := e.Kind
		if e.Outcome != "" && e.Outcome != e.Kind {
			kind += " " + e.Outcome
		}
		f.kinds[kind]++
		switch e.Kind {
		case "intent":
			cases[e.Case] = e.Account
			f.intents[e.Account] = append(f.intents[e.Account], e)
		case "outcome":
			name, ok := cases[e.Case]
			if !ok {
				f.violated("case %d has an outcome and was never begun", e.Case)
			}
			f.outcomes[name] = append(f.outcomes[name], e)
		}
	}
}

func (f *finding) readCalls(calls []imsim.Call) {
	for _, c := range calls {
		if c.API != imwire.SetNoSpeaking {
			continue
		}
		var r imwire.SetRequest
		if err := json.Unmarshal([]byte(c.Body), &r); err != nil || r.GroupmsgNospeakingTime == nil || r.C2CmsgNospeakingTime == nil {
			f.violated("a call that no mute makes: %s", c.Body)
			continue
		}
		f.calls[r.SetAccount] = append(f.calls[r.SetAccount], muteCall{c.At, *r.GroupmsgNospeakingTime, *r.C2CmsgNospeakingTime, c.Applied})
	}
}

// judgeMute looks at one invocation: one intent, one outcome, and Tencent's
// state as that says.
func (f *finding) judgeMute(n int, has imsim.Snapshot) {
	name := account(n)
	if len(f.intents[name]) != 1 || len(f.outcomes[name]) != 1 {
		f.violated("%s has %d intents and %d final outcomes", name, len(f.intents[name]), len(f.outcomes[name]))
		return
	}
	intent, outcome := f.intents[name][0], f.outcomes[name][0]
	if intent.Reason != reason(n) {
		f.violated("%s was muted by another command: %q", name, intent.Reason)
	}
	if asked := intent.Deadline.Sub(intent.Time); (asked - term).Abs() >= time.Second {
		f.violated("%s: the deadline is %s after the intent, not %s", name, asked, term)
	}
	f.judgeCalls(name, intent)
	applied := slices.ContainsFunc(f.calls[name], func(c muteCall) bool { return c.applied })
	got := has.Accounts[name]
	left := intent.Deadline.Sub(time.Unix(has.Now, 0))
	for field, seconds := range map[string]uint32{"group": got.Group, "c2c": got.C2C} {
		is := time.Duration(seconds) * time.Second
		switch {
		case outcome.Outcome == "failed" && seconds == 0 && !applied:
		case outcome.Outcome == "done" && (is-left).Abs() <= readTolerance && applied:
		default:
			f.violated("%s is %s by the ledger; Tencent's %s has %s left of %s", name, outcome.Outcome, field, is, left.Round(time.Second))
		}
	}
}

// judgeCalls holds every call about an account to its intent: it came after it,
// and asks for what is left until its deadline.
func (f *finding) judgeCalls(name string, intent proctest.Entry) {
	for _, c := range f.calls[name] {
		if c.at.Before(intent.Time.Add(-clockGrain)) {
			f.violated("%s: a call arrived %s before the intent was recorded", name, intent.Time.Sub(c.at))
		}
		for _, seconds := range []uint32{c.group, c.c2c} {
			if seconds == 0 || seconds == math.MaxUint32 {
				f.violated("%s: a mute carries %d", name, seconds)
				continue
			}
			behind := c.at.Add(time.Duration(seconds) * time.Second).Sub(intent.Deadline)
			f.latest = max(f.latest, behind)
			switch {
			case behind < -clockGrain:
				f.violated("%s: a call ends the mute %s early", name, -behind)
			case behind >= time.Second+onTheWay:
				f.violated("%s: a call moves the deadline by %s", name, behind)
			case behind >= time.Second:
				f.onTheWay++
			}
		}
	}
}

// judgeKeys sees that no delivery became two cases, nor two deliveries one.
func (f *finding) judgeKeys() {
	by := map[string][]string{}
	for name, intents := range f.intents {
		for _, e := range intents {
			by[e.Platform+" "+e.Key] = append(by[e.Platform+" "+e.Key], name)
		}
	}
	for key, names := range by {
		if len(names) != 1 {
			f.violated("the delivery %s began the cases of %v", key, names)
		}
	}
}

// judgeAttempts holds the calls to what the ledger has of them. Where the
// process that made them was gone, it could not say how many there were.
func (f *finding) judgeAttempts(entries []proctest.Entry, slept int) {
	recorded, accounts := map[int64]int{}, map[int64]string{}
	for _, e := range entries {
		if e.Kind == "intent" {
			accounts[e.Case] = e.Account
		}
		recorded[e.Case] = max(recorded[e.Case], e.Attempts)
	}
	for c, name := range accounts {
		made := len(f.calls[name])
		switch {
		case recorded[c] == 0:
			f.readBack++
			if made > attemptsMost {
				f.violated("case %d: %d calls and none recorded", c, made)
			}
		case recorded[c] > made && f.slept < slept:
			f.slept += recorded[c] - made
		case recorded[c] != made:
			f.violated("case %d: %d attempts are recorded, Tencent was called %d times", c, recorded[c], made)
		}
	}
}
