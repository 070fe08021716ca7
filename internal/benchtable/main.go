// Command benchtable reads the output of `go test -bench` and prints the
// figures that the project promises something about as one table: what was
// measured, beside which floor, and how that compares to the aim. `make bench`
// pipes through it; everything else that it reads is passed to stderr, so that
// failures are seen.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// promise is a metric of a benchmark that has an aim.
type promise struct {
	bench  string // prefix of the benchmark's name, without "Benchmark"
	metric string
	what   string
	aim    float64 // 0 = none: it stands beside one that has
	atMost bool
}

// promises lists the aims, in the order of the table.
func promises() []promise {
	const (
		client  = "ClientBesideBarePOST/"
		actions = "BeginFinish/"
		fast    = "core=at_once"
		slow    = "core=after_2s"
		verify  = "verify/bare"
		library = "library/bare"
		one     = "Bulk/sqlite/processes=1"
		alone   = "Bulk/postgres/processes=1"
		three   = "Bulk/postgres/processes=3"
	)
	return []promise{
		{client, "ratio", "client call / bare net/http POST", 1.15, true},
		{actions + "callers=1", "records/raw", "records a second / raw append+fsync, 1 caller", 0.5, false},
		{actions + "callers=200", "records/raw", "records a second / raw append+fsync, 200 callers", 5, false},
		{"Verify", "verify/read", "verify / reading and decoding the same rows", 2, true},
		{"Verify", "entry/small", "  an entry of a ledger / of one of a tenth of its size", 2, true},
		{"Verify", "heap-MB", "  live heap at most, MB", 32, true},
		{"Scale/", "ratio", "the same, of a large ledger / of a small one", 2, true},
		{"Commands/callers=32", "commands/s", "whole commands a second, 32 callers", 1000, false},
		{one, "of-rate", "a file of accounts, SQLite: changes a second / configured rate", 0.95, false},
		{one, "over-limit", "  its calls over the vendor's limit", 0, true},
		{one, "typed-p99-ms", "  commands typed meanwhile, p99, ms", 300, true},
		{alone, "of-rate", "the same, PostgreSQL", 0.95, false},
		{alone, "over-limit", "  its calls over the vendor's limit", 0, true},
		{alone, "typed-p99-ms", "  commands typed meanwhile, p99, ms", 300, true},
		{three, "of-rate", "the same by three processes, a third each", 0.93, false},
		{three, "over-limit", "  their calls over the vendor's limit", 0, true},
		{three, "typed-p99-ms", "  commands typed meanwhile, p99, ms", 300, true},
		{"SharedRate/clients=1", "used", "share of 195 calls a second used, one process", 0.95, false},
		{"SharedRate/clients=3", "used", "share of 195 calls a second used, three processes", 0.93, false},
		{"SharedRate/clients=1", "p99-ms", "interactive call beside bulk, one process, p99, ms", 300, true},
		{"SharedRate/clients=3", "p99-ms", "interactive call beside bulk, three processes, p99, ms", 300, true},
		{"SlackAck/" + fast, "p99-ms", "Slack: command to acknowledgement at 200/s, p99, ms", 50, true},
		{"SlackAck/" + slow, "p99-ms", "Slack: the same, a core that needs 2 s", 1000, true},
		{"SlackServer", verify, "Slack: verify and parse / verify alone, in a server", 1.5, true},
		{"SlackServer", library, "  slack-go's own / verify alone, in a server", 0, true},
		{"SlackVerify", verify, "Slack: verify and parse / verify alone, no network", 1.5, true},
		{"SlackVerify", library, "  slack-go's own / verify alone, no network", 0, true},
		{"DiscordAck/" + fast, "p99-ms", "Discord: command to acknowledgement at 200/s, p99, ms", 50, true},
		{"DiscordAck/" + slow, "p99-ms", "Discord: the same, a core that needs 2 s", 1000, true},
		{"DiscordServer", verify, "Discord: verify and parse / verify alone, in a server", 1.5, true},
		{"DiscordServer", library, "  discordgo's own / verify alone, in a server", 0, true},
		{"DiscordVerify", verify, "Discord: verify and parse / verify alone, no network", 1.5, true},
		{"DiscordVerify", library, "  discordgo's own / verify alone, no network", 0, true},
	}
}

// measurement is one line of output.
type measurement struct {
	name    string
	metrics map[string]float64
}

func main() {
	rows, failed, err := read(os.Stdin, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchtable:", err)
		os.Exit(1)
	}
	render(os.Stdout, rows)
	if failed {
		os.Exit(1)
	}
}

// read takes the benchmark lines out of the stream. failed reports whether a
// test failed.
func read(in io.Reader, rest io.Writer) (rows []measurement, failed bool, err error) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		m, ok := parse(lines.Text())
		if ok {
			rows = append(rows, m)
			continue
		}
		failed = failed || strings.HasPrefix(lines.Text(), "FAIL") || strings.HasPrefix(lines.Text(), "--- FAIL")
		if _, err := fmt.Fprintln(rest, lines.Text()); err != nil {
			return rows, failed, err
		}
	}
	return rows, failed, lines.Err()
}

// parse reads "BenchmarkName-2  100  12 ns/op  1.1 ratio".
func parse(line string) (measurement, bool) {
	fields := strings.Fields(line)
	if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
		return measurement{}, false
	}
	name := strings.TrimPrefix(fields[0], "Benchmark")
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		name = name[:i]
	}
	m := measurement{name: name, metrics: map[string]float64{}}
	for i := 2; i+1 < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return measurement{}, false
		}
		m.metrics[fields[i+1]] = value
	}
	return m, true
}

// render prints the promises first, then everything else that was measured.
func render(w io.Writer, rows []measurement) {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.AppendHeader(table.Row{"what", "benchmark", "measured", "aim", ""})
	for _, p := range promises() {
		for _, m := range rows {
			if value, ok := m.metrics[p.metric]; ok && strings.HasPrefix(m.name, p.bench) {
				t.AppendRow(table.Row{p.what, m.name, fmt.Sprintf("%.2f", value), p.aimText(), p.verdict(value)})
			}
		}
	}
	t.AppendSeparator()
	for _, m := range rows {
		if ns, ok := m.metrics["ns/op"]; ok && ns > 0 {
			t.AppendRow(table.Row{"time of one", m.name, fmt.Sprintf("%.0f ns", ns), "", ""})
		}
		if cpu, ok := m.metrics["cpu-us/op"]; ok {
			t.AppendRow(table.Row{"processor time of one, client included", m.name, fmt.Sprintf("%.0f µs", cpu), "", ""})
			t.AppendRow(table.Row{"  the bare handler's", m.name, fmt.Sprintf("%.0f µs", m.metrics["bare-cpu-us/op"]), "", ""})
		}
	}
	t.Render()
}

func (p promise) aimText() string {
	if p.aim == 0 {
		return ""
	}
	if p.atMost {
		return fmt.Sprintf("at most %g", p.aim)
	}
	return fmt.Sprintf("at least %g", p.aim)
}

func (p promise) verdict(value float64) string {
	if p.aim == 0 {
		return ""
	}
	if p.atMost && value <= p.aim || !p.atMost && value >= p.aim {
		return "met"
	}
	return "missed"
}
