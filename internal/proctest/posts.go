package proctest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	entryNumber = regexp.MustCompile(`#(\d+)(?:[,)]|(?: · size .*)?$)`)
	repeatMark  = regexp.MustCompile(`(?i)possible repeat of #(\d+)`)
)

// Posts is what an audit channel was told, by the numbers of entries.
type Posts struct {
	Messages int
	First    []int64  // each entry where it stands first, in the order of the channel
	Marked   int      // entries that stand there again, in messages that say so
	Unmarked []int64  // entries that stand there again without a word
	Silent   []string // messages that name no entry
}

// ReadPosts reads the messages of an audit channel as people see them, in order.
func ReadPosts(messages []string) Posts {
	out := Posts{Messages: len(messages)}
	seen := map[int64]bool{}
	for _, text := range messages {
		repeat, found := repeatMark.MatchString(text), 0
		for line := range strings.SplitSeq(text, "\n") {
			if repeatMark.MatchString(line) {
				continue
			}
			for _, m := range entryNumber.FindAllStringSubmatch(line, -1) {
				found++
				seq, _ := strconv.ParseInt(m[1], 10, 64) // digits
				switch {
				case !seen[seq]:
					seen[seq] = true
					out.First = append(out.First, seq)
				case repeat:
					out.Marked++
				default:
					out.Unmarked = append(out.Unmarked, seq)
				}
			}
		}
		if found == 0 {
			out.Silent = append(out.Silent, text)
		}
	}
	return out
}

// Violations are what must not be in a channel that was told of the whole
// ledger, as sentences: want are the entries to tell of, see Postable.
func (p Posts) Violations(want []int64) (out []string) {
	if !slices.IsSorted(p.First) {
		out = append(out, fmt.Sprintf("posts are out of order: %v", p.First))
	}
	if got := slices.Sorted(slices.Values(p.First)); !slices.Equal(got, want) {
		out = append(out, fmt.Sprintf("%d entries are posted, %d are in the ledger; the first that differs: #%d", len(got), len(want), firstDifference(got, want)))
	}
	for _, seq := range p.Unmarked {
		out = append(out, fmt.Sprintf("#%d is posted again without a mark", seq))
	}
	for _, text := range p.Silent {
		out = append(out, "a message names no entry: "+text)
	}
	return out
}

func firstDifference(got, want []int64) int64 {
	for i, seq := range want {
		if i >= len(got) || got[i] != seq {
			return seq
		}
	}
	return got[len(want)]
}
