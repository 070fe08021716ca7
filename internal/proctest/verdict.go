//go:build unix

package proctest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/stretchr/testify/require"
)

// shownMost is how many violations are printed.
const shownMost = 20

// Verify has modbot verify its ledger, and that it extends the last checkpoint
// of every audit channel. which says where it is: --store URL or -c FILE.
func (f *Finding) Verify(tb testing.TB, program, dir string, which ...string) {
	tb.Helper()
	entries := int64(0)
	for _, n := range f.Kinds {
		entries += int64(n)
	}
	exit, v := Verify(tb, program, dir, which...)
	if exit != 0 || !v.OK || v.Entries != entries {
		f.violated("the ledger of %d entries does not verify: exit %d, %+v", entries, exit, v)
	}
	for _, platform := range slices.Sorted(maps.Keys(f.checkpoints)) {
		file := filepath.Join(tb.TempDir(), "checkpoint")
		require.NoError(tb, os.WriteFile(file, []byte(f.checkpoints[platform]+"\n"), 0o600))
		exit, v := Verify(tb, program, dir, append(which, "--checkpoint", file)...)
		if exit != 0 || !v.OK {
			f.violated("the last checkpoint on %s does not verify: exit %d, %s", platform, exit, v.Problem)
		}
	}
}

// Show prints what was counted, after the rows of the test, and fails the test
// where something is wrong.
func (f *Finding) Show(tb testing.TB, rows ...table.Row) {
	tb.Helper()
	out := table.NewWriter()
	out.AppendHeader(table.Row{"what", "count"})
	outcomes := 0
	for _, c := range f.Cases {
		outcomes += len(c.Outcomes)
	}
	out.AppendRows(append(rows,
		table.Row{"commands acknowledged", f.Acknowledged},
		table.Row{"commands without a case", f.Missing},
		table.Row{"cases begun", len(f.Cases)},
		table.Row{"final outcomes", outcomes},
		table.Row{"outcomes that nobody was told of", f.Untold},
	))
	for _, kind := range slices.Sorted(maps.Keys(f.Kinds)) {
		out.AppendRow(table.Row{"entries: " + kind, f.Kinds[kind]})
	}
	out.AppendRows([]table.Row{
		{"calls of setnospeaking", f.Calls},
		{"settled for a process that was gone", f.ReadBack},
		{"attempts recorded that never arrived", f.Unarrived},
		{"a call's deadline is behind the recorded one by at most", f.Latest.Round(time.Millisecond)},
		{"a call ends its mute early by at most", f.Earliest.Round(time.Millisecond)},
		{"calls that are a second behind or more, for being on their way", f.OnTheWay},
	})
	for _, platform := range slices.Sorted(maps.Keys(f.Posts)) {
		p := f.Posts[platform]
		out.AppendRow(table.Row{"posted on " + platform, fmt.Sprintf("%d entries in %d messages, %d marked repeats", len(p.First), p.Messages, p.Marked)})
	}
	out.AppendRow(table.Row{"violations", len(f.Violations)})
	tb.Logf("\n%s", out.Render())
	if len(f.Violations) > 0 {
		tb.Errorf("%d violations:\n  %s", len(f.Violations), strings.Join(f.Violations[:min(len(f.Violations), shownMost)], "\n  "))
	}
}
