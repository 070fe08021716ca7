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
