//go:build unix

package proctest

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Case is what the ledger has of one case that was begun.
type Case struct {
	Number   int64
	Intents  []Entry
	Outcomes []Entry
	Attempts int // as recorded; 0 when the process that knew was gone
	calls    []call
	told     bool // somebody was told how it ended
}

// Account is who the case is about.
func (c *Case) Account() string { return c.Intents[0].Account }

// Outcome is the final outcome; empty when there is none.
func (c *Case) Outcome() string {
	if len(c.Outcomes) == 0 {
		return ""
	}
	return c.Outcomes[0].Outcome
}

// applied reports whether a call of the case changed anything at Tencent.
func (c *Case) applied() bool {
	return slices.ContainsFunc(c.calls, func(made call) bool { return made.applied })
}

// Cases are the cases of a ledger that were begun, by number.
type Cases map[int64]*Case

// ReadCases reads the begun cases, and says which outcomes belong to none.
func ReadCases(entries []Entry) (cases Cases, stray []Entry) {
	cases = Cases{}
	for _, e := range entries {
		if e.Kind == "intent" {
			if cases[e.Case] == nil {
				cases[e.Case] = &Case{Number: e.Case}
			}
			cases[e.Case].Intents = append(cases[e.Case].Intents, e)
		}
	}
	for _, e := range entries {
		c := cases[e.Case]
		switch {
		case c != nil:
			c.Attempts = max(c.Attempts, e.Attempts)
			if e.Kind == "outcome" {
				c.Outcomes = append(c.Outcomes, e)
			}
		case e.Kind == "outcome":
			stray = append(stray, e)
		}
	}
	return cases, stray
}

// inOrder are the cases by number.
func (all Cases) inOrder() []*Case {
	out := make([]*Case, 0, len(all))
	for _, n := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[n])
	}
	return out
}

// Kinds counts entries by kind, and outcomes by what they say.
func Kinds(entries []Entry) map[string]int {
	out := map[string]int{}
	for _, e := range entries {
		kind := e.Kind
		if e.Outcome != "" && e.Outcome != e.Kind {
			kind += " " + e.Outcome
		}
		out[kind]++
	}
	return out
}

// ends are when the mutes of an account end, by field; zero for not muted.
type ends map[string]time.Time

// fieldsOf are the fields that a scope names.
func fieldsOf(scope string) []string {
	if scope == "all" {
		return []string{"group", "c2c"}
	}
	return []string{scope}
}

// replay says what Tencent must have by the ledger: the outcomes in their order.
func (all Cases) replay(entries []Entry) map[string]ends {
	out := map[string]ends{}
	for _, e := range entries {
		c := all[e.Case]
		if c == nil || e.Kind != "outcome" || e.Outcome != "done" && e.Outcome != "partial" {
			continue
		}
		scope, intent := c.Intents[0].Scope, c.Intents[0]
		if e.Outcome == "partial" {
			scope = e.Effect
		}
		if out[c.Account()] == nil {
			out[c.Account()] = ends{}
		}
		for _, field := range fieldsOf(scope) {
			out[c.Account()][field] = time.Time{}
			if intent.Verb == "mute" {
				out[c.Account()][field] = intent.Deadline
			}
		}
	}
	return out
}

// CasesByReason are the cases of each reason that the ledger has, also of those
// that were never begun.
func CasesByReason(entries []Entry) map[string][]int64 {
	return names(entries, func(e Entry) string { return e.Reason })
}

// names are the cases of each name, every case once; what has no name does not
// count.
func names(entries []Entry, of func(Entry) string) map[string][]int64 {
	out := map[string][]int64{}
	for _, e := range entries {
		if name := of(e); name != "" && e.Case != 0 && !slices.Contains(out[name], e.Case) {
			out[name] = append(out[name], e.Case)
		}
	}
	return out
}

// delivery is how the delivery of an entry is known again.
func delivery(e Entry) string {
	if e.Key == "" {
		return ""
	}
	return fmt.Sprintf("%s %s", e.Platform, e.Key)
}
