package bulk

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"modbot/internal/commands/grammar"
	"modbot/internal/mute"
)

// The columns that a file may have.
const (
	columnAccount = "account"
	columnTerm    = "term"
	columnScope   = "scope"
	columnReason  = "reason"
)

func columnNames() []string {
	return []string{columnAccount, columnTerm, columnScope, columnReason}
}

// reading is a file on its way.
type reading struct {
	parser   *grammar.Parser
	verb     string
	defaults Defaults
	file     File
	first    map[mute.Account]int // line of each account
	// commands are those that were read before: most rows differ in their
	// account alone.
	commands map[columns]command
	full     bool // MaxRows was said
}

func (r *reading) fault(line int, format string, args ...any) {
	r.file.Faults = append(r.file.Faults, Fault{Line: line, Message: fmt.Sprintf(format, args...)})
}

// The byte order marks.
const (
	bomUTF8    = "\xef\xbb\xbf"
	bomUTF16LE = "\xff\xfe"
	bomUTF16BE = "\xfe\xff"
)

// text reads a whole file.
func (r *reading) text(text string) {
	switch {
	case len(text) > MaxBytes:
		r.fault(0, "The file has over %d MiB. Split it and run the parts one after the other.", MaxBytes>>20)
		return
	case strings.HasPrefix(text, bomUTF16LE), strings.HasPrefix(text, bomUTF16BE):
		r.fault(0, "The file is UTF-16. Save it as CSV in UTF-8.")
		return
	case !utf8.ValidString(text):
		r.fault(0, "The file is not UTF-8. Save it as CSV in UTF-8.")
		return
	}
	text = strings.TrimPrefix(text, bomUTF8)
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if len(line) > MaxLineBytes {
			r.fault(i+1, "It has %d bytes; a line has at most %d.", len(line), MaxLineBytes)
		}
	}
	if len(r.file.Faults) > 0 {
		return
	}
	at := slices.IndexFunc(lines, func(l string) bool { return !blank(l) && !comment(l) })
	if at < 0 {
		r.fault(0, noAccount)
		return
	}
	if header, ok := r.header(at+1, lines[at]); ok {
		// What came before the header is skipped; it counts as lines.
		r.csv(strings.Repeat("\n", at)+strings.Join(lines[at:], "\n"), header)
	} else if len(r.file.Faults) == 0 {
		r.list(lines)
	}
	if len(r.file.Rows)+len(r.file.Faults) == 0 {
		r.fault(0, noAccount)
	}
}

const noAccount = "There is no account in it. Write one a line, or CSV with the header account,term,scope,reason."

func blank(line string) bool { return trim(line) == "" }

// comment reports whether a line is one. An account may begin with #: a space
// behind it makes the comment.
func comment(line string) bool {
	line = trim(line)
	return line == "#" || strings.HasPrefix(line, "# ")
}

// header reads the first line as a header; ok is false where it is none.
func (r *reading) header(number int, line string) (names []string, ok bool) {
	fields, err := csv.NewReader(strings.NewReader(line)).Read()
	if err != nil {
		return nil, false // a list may begin with a quotation mark; csv says better what is wrong
	}
	for _, f := range fields {
		names = append(names, strings.ToLower(trim(f)))
	}
	if !slices.Contains(names, columnAccount) {
		for _, other := range []string{";", "\t"} {
			if slices.ContainsFunc(strings.Split(names[0], other), func(f string) bool { return trim(f) == columnAccount }) {
				r.fault(number, "The columns are not separated by commas. Save the file with commas: account,term,scope,reason.")
			}
		}
		if len(names) > 1 && len(r.file.Faults) == 0 {
			r.fault(number, "It has commas, and is no header with a column account. Begin CSV with the header account,term,scope,reason; in a list, write an account with a comma in quotation marks.")
		}
		return nil, false
	}
	for i, name := range names {
		switch {
		case name == "" && i == len(names)-1: // a comma at the end
		case !slices.Contains(columnNames(), name):
			r.fault(number, "The header has a column %q. The columns are account, term, scope and reason; remove the others.", name)
		case slices.Index(names, name) < i:
			r.fault(number, "The header has the column %s twice. Remove one.", name)
		}
	}
	return names, len(r.file.Faults) == 0
}

// list reads one account a line.
func (r *reading) list(lines []string) {
	for i, line := range lines {
		line = trim(line)
		switch {
		case blank(line), comment(line):
			continue
		case strings.HasPrefix(line, `"`):
			fields, err := csv.NewReader(strings.NewReader(line)).Read()
			if err != nil || len(fields) != 1 {
				r.fault(i+1, "%q is not one account in quotation marks. Double every quotation mark inside.", line)
				continue
			}
			r.row(i+1, columns{account: fields[0]})
		case strings.Contains(line, ","):
			r.fault(i+1, "It has a comma. Write one account a line, an account with a comma in quotation marks; or begin the file with the header account,term,scope,reason.")
		default:
			r.row(i+1, columns{account: line})
		}
	}
}

// csv reads rows under a header.
func (r *reading) csv(text string, header []string) {
	in := csv.NewReader(strings.NewReader(text))
	in.FieldsPerRecord, in.ReuseRecord = -1, true
	for seen := false; ; {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			// What comes after a broken quotation means nothing.
			r.fault(broken.StartLine, "Its quotation marks do not fit (%v). Put a value with a comma or a quotation mark in quotation marks, and double those inside.", broken.Err)
			return
		}
		number, _ := in.FieldPos(0)
		switch {
		case !seen:
			seen = true // the header
		case !slices.ContainsFunc(record, func(f string) bool { return trim(f) != "" }): // empty but for commas
		case len(record) > len(header):
			r.fault(number, "It has %d fields, and the header %d. Put a value with a comma in quotation marks.", len(record), len(header))
		default:
			r.row(number, columnsOf(header, record))
		}
	}
}

// columns are the fields of one row, as typed.
type columns struct{ account, term, scope, reason string }

func columnsOf(header, record []string) columns {
	var c columns
	for i, value := range record {
		value = trim(value)
		switch header[i] {
		case columnAccount:
			c.account = value
		case columnTerm:
			c.term = value
		case columnScope:
			c.scope = value
		case columnReason:
			c.reason = value
		}
	}
	return c
}
