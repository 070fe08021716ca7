package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTable(t *testing.T) {
	const output = `goos: linux
BenchmarkClientBesideBarePOST/http/goroutines=1-2  100  50000 ns/op  45000 bare-ns/op  1.11 ratio
BenchmarkBeginFinish/callers=200-2  10  0 ns/op  9000 records/s  2.50 records/raw
BenchmarkSlackAck/core=at_once-2  1  400 bare-cpu-us/op  1.5 bare-p50-ms  9 bare-p99-ms  600 cpu-us/op  1.50 cpu/bare  2 p50-ms  12.50 p99-ms
BenchmarkSlackServer-2  20000  96136 ns/op  73078 bare-ns/op  1.52 library/bare  1.16 verify/bare
--- FAIL: BenchmarkCommands
BenchmarkBroken
`
	var rest, out strings.Builder
	rows, failed, err := read(strings.NewReader(output), &rest)
	require.NoError(t, err)
	require.True(t, failed, "a failed benchmark fails the table")
	require.Equal(t, "goos: linux\n--- FAIL: BenchmarkCommands\nBenchmarkBroken\n", rest.String())
	render(&out, rows)
	lines := strings.Split(out.String(), "\n")
	require.Contains(t, find(t, lines, "net/http POST"), "1.11")
	require.Contains(t, find(t, lines, "net/http POST"), "met")
	require.Contains(t, find(t, lines, "200 callers"), "missed")
	require.Contains(t, find(t, lines, "Slack: command to acknowledgement"), "12.50")
	require.Contains(t, find(t, lines, "Slack: verify and parse"), "met")
	require.NotContains(t, find(t, lines, "slack-go's own"), "missed")
	require.Contains(t, find(t, lines, "processor time of one"), "600 µs")
}

func find(t *testing.T, lines []string, part string) string {
	t.Helper()
	for _, l := range lines {
		if strings.Contains(l, part) {
			return l
		}
	}
	require.Fail(t, "no line has "+part)
	return ""
}
