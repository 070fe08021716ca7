//go:build unix

package proctest

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What people read. A message that begins otherwise states no outcome.
const (
	saysDone    = "Done:"
	saysPartial = "Partly done:"
	saysNot     = "Not done:"
	// saysFailed is in every answer about a case that failed, and in no other
	// that begins with saysNot.
	saysFailed = "What was in effect before still is"
	// saysNothing is in answers about which nobody knows yet what is on record.
	saysNothing = "Nothing was sent to Tencent"
)

// states is the outcome that a message states; empty when it states none.
func (h Heard) states() string {
	switch {
	case strings.HasPrefix(h.Text, saysDone):
		return "done"
	case strings.HasPrefix(h.Text, saysPartial):
		return "partial"
	case strings.HasPrefix(h.Text, saysNot) && strings.Contains(h.Text, saysFailed):
		return "failed"
	}
	return ""
}

// refusals counts what says that nothing was done.
func refusals(all []Heard) (n int) {
	for _, h := range all {
		if h.states() == "" && (strings.HasPrefix(h.Text, saysNot) || strings.Contains(h.Text, saysNothing)) {
			n++
		}
	}
	return n
}

// judgeTold sees that nobody was told of an outcome that is not recorded.
func (f *Finding) judgeTold(told map[string][]Heard) {
	for _, name := range slices.Sorted(maps.Keys(told)) {
		for _, h := range told[name] {
			if h.states() != "" {
				f.judgeStatement(h)
			}
		}
	}
	for _, c := range f.Cases {
		if !c.told {
			f.Untold++
		}
	}
}

func (f *Finding) judgeStatement(h Heard) {
	var c *Case
	if m := aboutCase.FindStringSubmatch(h.Text); m != nil {
		n, _ := strconv.ParseInt(m[1], 10, 64) // digits
		c = f.Cases[n]
	}
	switch {
	case c == nil:
		f.violated("somebody was told of a case that was never begun: %s", h.Text)
	case h.states() != c.Outcome() || !strings.Contains(h.Text, c.Account()):
		f.violated("case %d, %s, is %s, and somebody was told: %s", c.Number, c.Account(), c.Outcome(), h.Text)
	default:
		c.told = true
	}
}

// checkpoint is the short form of one, as posts have it.
type checkpoint struct{ size, root string }

var shortCheckpoint = regexp.MustCompile(`size (\d+) ([A-Za-z0-9+/]{22})`)

// checkpoints are those that messages show, in order.
func checkpoints(messages []string) (out []checkpoint) {
	for _, text := range messages {
		for _, m := range shortCheckpoint.FindAllStringSubmatch(text, -1) {
			out = append(out, checkpoint{m[1], m[2]})
		}
	}
	return out
}
