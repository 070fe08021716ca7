//go:build unix

package acceptance

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	entryNumber = regexp.MustCompile(`(?m)#(\d+)(?:[,)]|(?: · size .*)?$)`)
	repeatMark  = regexp.MustCompile(`(?i)possible repeat of #(\d+)(?:–#(\d+))?`)
)

// shortForm is what every post says of the ledger first.
var shortForm = regexp.MustCompile(`size \d+ [A-Za-z0-9+/]{22}`)

// isCheckpoint reports whether a post is about a full checkpoint and no entry.
func isCheckpoint(m message) bool { return strings.HasPrefix(m.text, "Checkpoint") }

// told is what an audit channel was told: the numbers of entries as they were
// posted, apart from those in messages that are marked as a possible repeat.
type told struct{ first, repeated []int64 }

// toldOn reads the posts of a side.
func toldOn(t *testing.T, s side) told {
	t.Helper()
	var out told
	for _, m := range s.posts() {
		if isCheckpoint(m) {
			continue
		}
		marked := repeatMark.MatchString(m.text)
		var lines []string
		for line := range strings.SplitSeq(m.text, "\n") {
			if !repeatMark.MatchString(line) {
				lines = append(lines, line)
			}
		}
		found := numbers(t, entryNumber, strings.Join(lines, "\n"))
		require.NotEmpty(t, found, "a post names its entries:\n%s", m.text)
		if marked {
			out.repeated = append(out.repeated, found...)
		} else {
			out.first = append(out.first, found...)
		}
	}
	return out
}

// covers reports whether the channel has been told of all of these.
func (h told) covers(want []int64) bool {
	for _, seq := range want {
		if !slices.Contains(h.first, seq) && !slices.Contains(h.repeated, seq) {
			return false
		}
	}
	return true
}

// postable are the entries that channels are told of: intents and batches are
// not, their outcomes are.
func postable(entries []entry) []int64 {
	var out []int64
	for _, e := range entries {
		if e.Kind != "intent" && e.Kind != "batch" {
			out = append(out, e.Seq)
		}
	}
	return out
}

// delivered waits until an audit channel has every entry of the ledger, and
// requires that it got them in order, and none twice without a mark.
func (w *served) delivered(sides ...side) {
	w.t.Helper()
	want := postable(w.entries())
	for _, s := range sides {
		eventuallyEvery(w.t, lookEvery, settleWithin, "everything is posted on "+s.name(), func() bool { return toldOn(w.t, s).covers(want) })
		got := toldOn(w.t, s)
		require.True(w.t, slices.IsSorted(got.first), "%s: in order: %v", s.name(), got.first)
		require.Len(w.t, slices.Compact(slices.Clone(got.first)), len(got.first), "%s: none twice unmarked: %v", s.name(), got.first)
		for _, seq := range slices.Concat(got.first, got.repeated) {
			if !slices.Contains(want, seq) { // a mute may have ended meanwhile
				want = postable(w.entries())
			}
			require.Contains(w.t, want, seq, "%s: what is posted is in the ledger", s.name())
		}
	}
}
