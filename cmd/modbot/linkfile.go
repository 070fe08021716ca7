package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/grammar"
)

// Bounds of a file of links.
const (
	linkFileMost  = 8 << 20 // bytes
	linkLinesMost = 50_000
	// linkFaultsShown is how many wrong lines are listed.
	linkFaultsShown = 20
)

// linkLine is one line of a file of links.
type linkLine struct {
	number  int
	member  string
	account string
}

// options are the line as the command link takes it. Quotation marks keep every
// account one account.
func (l linkLine) options() []chat.Option {
	return []chat.Option{
		{Name: "member", Value: l.member},
		{Name: "account", Value: `"` + strings.ReplaceAll(l.account, `"`, `""`) + `"`},
	}
}

// readLinks reads and checks a whole file; "-" is standard input.
func readLinks(stdin io.Reader, name string) ([]linkLine, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name) //nolint:gosec // the file that the operator names
		if err != nil {
			return nil, usageError("file", fmt.Sprintf("The file cannot be read: %v", err), "modbot link import members.csv --as ada")
		}
		defer f.Close() //nolint:errcheck // it was only read
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, linkFileMost+1))
	switch {
	case err != nil:
		return nil, usageError("file", fmt.Sprintf("The file cannot be read: %v", err), "modbot link import members.csv --as ada")
	case len(text) > linkFileMost:
		return nil, usageError("file_too_long", fmt.Sprintf("The file has over %d bytes; import it in parts.", linkFileMost), "split -l 10000 members.csv")
	case !utf8.Valid(text):
		return nil, usageError("file_encoding", "The file is not UTF-8.", "iconv -t UTF-8 members.csv")
	}
	return parseLinks(strings.TrimPrefix(string(text), "\ufeff"))
}

// parseLinks reads the lines of a file. All that is wrong is said at once.
func parseLinks(text string) ([]linkLine, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.TrimLeadingSpace, r.ReuseRecord = -1, true, true
	check := linkCheck{parser: grammar.New(commands.Specs()), first: map[string]int{}}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			check.fault("%v", err)
			break // what comes after a broken quotation means nothing
		}
		number, _ := r.FieldPos(0)
		check.record(number, record)
	}
	return check.lines, check.err()
}

// linkCheck gathers lines, and what is wrong with others.
type linkCheck struct {
	parser *grammar.Parser
	lines  []linkLine
	first  map[string]int // line of each member
	faults []string
}

func (c *linkCheck) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// record checks one line as the command would.
func (c *linkCheck) record(number int, record []string) {
	if len(record) != 2 {
		c.fault("line %d has %d fields, not a member and an account", number, len(record))
		return
	}
	l := linkLine{number: number, member: strings.TrimSpace(record[0]), account: strings.TrimSpace(record[1])}
	if len(c.lines) == 0 && len(c.faults) == 0 && strings.EqualFold(l.member, "member") && strings.EqualFold(l.account, "account") {
		return
	}
	cmd, problem := c.parser.ParseOptions("link", l.options())
	switch {
	case problem != nil:
		c.fault("line %d: %s", number, problem.Message)
		return
	case cmd.Member.ID == "":
		c.fault("line %d: %q is a mention, which means nobody here; name the platform and the id", number, l.member)
		return
	case c.first[cmd.Member.ID] != 0:
		c.fault("line %d names %s, as line %d does", number, cmd.Member.ID, c.first[cmd.Member.ID])
		return
	}
	l.member = cmd.Member.ID
	c.first[l.member] = number
	c.lines = append(c.lines, l)
}

// err is everything that is wrong, nil when nothing is.
func (c *linkCheck) err() error {
	switch {
	case len(c.lines) > linkLinesMost:
		c.fault("there are %d lines; at most %d are imported at once", len(c.lines), linkLinesMost)
	case len(c.lines) == 0 && len(c.faults) == 0:
		c.fault("there is no line in it")
	}
	if len(c.faults) == 0 {
		return nil
	}
	shown := c.faults[:min(len(c.faults), linkFaultsShown)]
	message := fmt.Sprintf("The file has %d problems, so nothing was linked:\n  %s", len(c.faults), strings.Join(shown, "\n  "))
	if more := len(c.faults) - len(shown); more > 0 {
		message += fmt.Sprintf("\n  and %d more", more)
	}
	return usageError("link_file", message, "slack:T0123ABCD/U0123ABCD,alice")
}
