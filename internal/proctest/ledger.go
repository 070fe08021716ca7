//go:build unix

package proctest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Entry is one line of `audit ls --json`, as far as tests look at it.
type Entry struct {
	Seq      int64     `json:"seq"`
	Time     time.Time `json:"time"`
	Kind     string    `json:"kind"`
	Case     int64     `json:"case"`
	Verb     string    `json:"verb"`
	Account  string    `json:"account"`
	Scope    string    `json:"scope"`
	Term     int64     `json:"term_seconds"`
	Deadline time.Time `json:"deadline"`
	Outcome  string    `json:"outcome"`
	Effect   string    `json:"effect"`
	Attempts int       `json:"attempts"`
	Key      string    `json:"key"`
	Reason   string    `json:"reason"`
	Platform string    `json:"platform"`
}

// Entries reads the whole ledger with `modbot audit ls`, which has to be
// gap-free. which says where it is: --store URL or -c FILE.
func Entries(tb testing.TB, program, dir string, which ...string) []Entry {
	tb.Helper()
	exit, lines, stderr := Run(tb, Launch{Program: program, Dir: dir, Args: append([]string{"audit", "ls", "--json"}, which...)})
	require.Zero(tb, exit, "%s", stderr)
	out := make([]Entry, 0, len(lines))
	for i, text := range lines {
		var e Entry
		require.NoError(tb, json.Unmarshal([]byte(text), &e), "%s", text)
		require.EqualValues(tb, i+1, e.Seq, "the ledger has no gaps")
		out = append(out, e)
	}
	return out
}

// Postable are the entries that audit channels are told of: intents and batches
// are not, their outcomes are.
func Postable(entries []Entry) (out []int64) {
	for _, e := range entries {
		if !slices.Contains([]string{"intent", "batch"}, e.Kind) {
			out = append(out, e.Seq)
		}
	}
	return out
}

// Verdict is what `audit verify --json` says.
type Verdict struct {
	OK       bool   `json:"ok"`
	Entries  int64  `json:"entries"`
	Root     string `json:"root"`
	FirstBad *int64 `json:"first_bad"`
	Problem  string `json:"problem"`
}

// Verify runs `audit verify`.
func Verify(tb testing.TB, program, dir string, which ...string) (exit int, v Verdict) {
	tb.Helper()
	exit, lines, stderr := Run(tb, Launch{Program: program, Dir: dir, Args: append([]string{"audit", "verify", "--json"}, which...)})
	require.Len(tb, lines, 1, "exit %d\n%s", exit, stderr)
	require.NoError(tb, json.Unmarshal([]byte(lines[0]), &v), "%s", lines[0])
	return exit, v
}
