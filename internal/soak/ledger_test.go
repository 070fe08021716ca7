//go:build unix

package soak

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"modbot/internal/proctest"
)

// history is the ledger by case.
type history struct {
	entries  []proctest.Entry
	intents  map[int64]proctest.Entry
	outcomes map[int64][]proctest.Entry
	marks    map[string][]int64 // cases by the mark in their reason
	keys     map[string][]int64 // cases by the delivery that began them
	kinds    map[string]int     // entries by kind, and outcomes by what they say
}

func read(entries []proctest.Entry) history {
	h := history{
		entries: entries, intents: map[int64]proctest.Entry{}, outcomes: map[int64][]proctest.Entry{},
		marks: map[string][]int64{}, keys: map[string][]int64{}, kinds: map[string]int{},
	}
	note := func(in map[string][]int64, name string, c int64) {
		if name != "" && c != 0 && !slices.Contains(in[name], c) {
			in[name] = append(in[name], c)
		}
	}
	for _, e := range entries {
		kind := e.Kind
		if e.Outcome != "" {
			kind += " " + e.Outcome
		}
		h.kinds[kind]++
		note(h.marks, e.Reason, e.Case)
		note(h.keys, e.Key, e.Case)
		switch e.Kind {
		case "intent":
			h.intents[e.Case] = e
		case "outcome":
			h.outcomes[e.Case] = append(h.outcomes[e.Case], e)
		}
	}
	return h
}

// violations are what must not be in any ledger, as sentences.
func (h history) violations() (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	begun := map[int64]int{}
	for _, e := range h.entries {
		if e.Kind == "intent" {
			begun[e.Case]++
		}
	}
	for _, c := range slices.Sorted(maps.Keys(begun)) {
		if begun[c] != 1 {
			say("case %d was begun %d times", c, begun[c])
		}
		if n := len(h.outcomes[c]); n != 1 {
			say("case %d, begun as %q, has %d final outcomes", c, h.intents[c].Reason, n)
		}
	}
	for c := range h.outcomes {
		if begun[c] == 0 {
			say("case %d has an outcome and was never begun", c)
		}
	}
	for what, by := range map[string]map[string][]int64{"command": h.marks, "delivery": h.keys} {
		for name, cases := range by {
			if len(cases) != 1 {
				say("%s %q has the cases %v", what, name, cases)
			}
		}
	}
	return out
}

// expected is what Tencent must have by the ledger: when each field's mute ends.
type expected struct{ c2c, group time.Time }

// expects replays the outcomes in their order.
func (h history) expects() map[string]expected {
	out := map[string]expected{}
	for _, e := range h.entries {
		if e.Kind != "outcome" || e.Outcome != "done" && e.Outcome != "partial" {
			continue
		}
		intent := h.intents[e.Case]
		scope := intent.Scope
		if e.Outcome == "partial" {
			scope = e.Effect
		}
		var until time.Time
		if intent.Verb == "mute" {
			until = intent.Deadline
		}
		now := out[intent.Account]
		if scope != "group" {
			now.c2c = until
		}
		if scope != "c2c" {
			now.group = until
		}
		out[intent.Account] = now
	}
	return out
}

// slack in what Tencent has: a retry may move a deadline by under a second, and
// answers are whole seconds.
const deadlineSlack = 3

// differences compare that with what the simulator has.
func differences(want map[string]expected, has tencentState) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(has.Accounts)) {
		for _, f := range []struct {
			field string
			until time.Time
			left  int64
		}{{"c2c", want[name].c2c, has.Accounts[name].C2C}, {"group", want[name].group, has.Accounts[name].Group}} {
			due := int64(0)
			if !f.until.IsZero() {
				due = max(0, f.until.Unix()-has.Now)
			}
			if f.left < due-deadlineSlack || f.left > due+deadlineSlack || (due == 0) != (f.left == 0) {
				out = append(out, fmt.Sprintf("%s of %s: Tencent has %d s left, the ledger %d s", f.field, name, f.left, due))
			}
		}
	}
	return out
}

// lost are the commands that were acknowledged, and of which neither the ledger
// nor the actor knows anything. unheard counts all whose actor saw no answer
// that says to which command it belongs.
func (h history) lost(sent []delivered, saw *record) (out []string, unheard int) {
	saw.mu.Lock()
	defer saw.mu.Unlock()
	for _, d := range sent {
		if !d.acked || saw.told[d.id] {
			continue
		}
		unheard++
		if d.mark != "" && len(h.marks[d.mark]) == 0 {
			out = append(out, fmt.Sprintf("%s (%s)", d.line(), d.id))
		}
	}
	return out, unheard
}
