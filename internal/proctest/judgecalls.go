//go:build unix

package proctest

import (
	"encoding/json"
	"math"
	"slices"
	"time"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
)

// How exact calls are. All sides share the clock of one machine.
const (
	// onTheWay is how long a request may be on its way to the simulator. A
	// request asks for the seconds that are left when it leaves, rounded up to
	// whole ones; its deadline is reckoned from when it arrives. Beyond a second
	// and this, the deadline was moved by a second or more.
	onTheWay = 500 * time.Millisecond
	// clockGrain is what is lost by writing times down.
	clockGrain = 2 * time.Millisecond
	// DatabaseAway is what Rules.ClockAway is for a database on this machine,
	// which may have other things to do.
	DatabaseAway = 500 * time.Millisecond
	// attemptsMost is how many attempts a case may have.
	attemptsMost = 3
)

// call is one setnospeaking that reached the simulator.
type call struct {
	at      time.Time
	asks    map[string]uint32 // seconds by field
	applied bool
}

// judgeCalls gives every call to the case that it belongs to and holds it to
// that: it came after the intent, and asks for what is left until the deadline,
// of exactly the fields that were meant.
func (f *Finding) judgeCalls(e Evidence) {
	by := map[string][]*Case{}
	for _, c := range f.Cases.inOrder() {
		by[c.Account()] = append(by[c.Account()], c)
	}
	for _, made := range e.Calls {
		if made.API != imwire.SetNoSpeaking {
			continue
		}
		f.Calls++
		name, made, ok := readCall(made)
		switch c := caseAt(by[name], made.at); {
		case !ok:
			f.violated("a call that no command makes, about %q", name)
		case c == nil:
			f.violated("%s: Tencent was called without an intent", name)
		default:
			c.calls = append(c.calls, made)
			f.judgeCall(c.Intents[0], made, e.ClockAway)
		}
	}
}

// readCall reads what a call asks for; false says that it asks for nothing.
func readCall(made imsim.Call) (account string, out call, ok bool) {
	out = call{at: made.At, applied: made.Applied, asks: map[string]uint32{}}
	var r imwire.SetRequest
	if err := json.Unmarshal([]byte(made.Body), &r); err != nil {
		return "", out, false
	}
	if r.GroupmsgNospeakingTime != nil {
		out.asks["group"] = *r.GroupmsgNospeakingTime
	}
	if r.C2CmsgNospeakingTime != nil {
		out.asks["c2c"] = *r.C2CmsgNospeakingTime
	}
	return r.SetAccount, out, len(out.asks) > 0
}

// caseAt is the case of an account to which a call belongs that arrived at this
// time: there is one intent in flight per account, so it is the last that was
// begun before, or the first where none was.
func caseAt(cases []*Case, at time.Time) *Case {
	if len(cases) == 0 {
		return nil
	}
	out := cases[0]
	for _, c := range cases[1:] {
		if !c.Intents[0].Time.After(at.Add(clockGrain)) {
			out = c
		}
	}
	return out
}

func (f *Finding) judgeCall(intent Entry, c call, away time.Duration) {
	name := intent.Account
	if c.at.Before(intent.Time.Add(-clockGrain)) {
		f.violated("%s: a call arrived %s before the intent was recorded", name, intent.Time.Sub(c.at))
	}
	want := fieldsOf(intent.Scope)
	for _, field := range []string{"group", "c2c"} {
		seconds, asked := c.asks[field]
		switch {
		case asked != slices.Contains(want, field):
			f.violated("%s: a call about %q asks for %s: %t", name, intent.Scope, field, asked)
		case !asked:
		case intent.Verb == "mute":
			f.judgeDeadline(intent, c.at, seconds, away)
		case seconds != 0:
			f.violated("%s: an unmute carries %d", name, seconds)
		}
	}
}

func (f *Finding) judgeDeadline(intent Entry, at time.Time, seconds uint32, away time.Duration) {
	if seconds == 0 || seconds == math.MaxUint32 {
		f.violated("%s: a mute carries %d", intent.Account, seconds)
		return
	}
	behind := at.Add(time.Duration(seconds) * time.Second).Sub(intent.Deadline)
	f.Earliest, f.Latest = max(f.Earliest, -behind), max(f.Latest, behind)
	switch {
	case behind < -clockGrain-away:
		f.violated("%s: a call ends the mute %s early", intent.Account, -behind)
	case behind >= time.Second+onTheWay:
		f.violated("%s: a call moves the deadline by %s", intent.Account, behind)
	case behind >= time.Second:
		f.OnTheWay++
	}
}
