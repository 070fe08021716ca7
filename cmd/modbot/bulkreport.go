package main

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"modbot/internal/commands"
)

// reportsMost is how many reports of one file may stand beside it.
const reportsMost = 1000

// bulkReport is the CSV of what became of each row. It is written whole or not
// at all, and replaces nothing.
type bulkReport struct {
	name  string // as asked for; empty for one beside the input
	input string
	rows  []commands.RowResult
}

// newBulkReport checks at once that the report will have a place.
func newBulkReport(f bulkFlags) (*bulkReport, error) {
	r := &bulkReport{name: f.report, input: f.input}
	if f.dry && f.report == "" {
		return r, nil
	}
	if r.name != "" {
		if _, err := os.Lstat(r.name); err == nil {
			return nil, usageError("report", fmt.Sprintf("The report %s exists, and is not overwritten.", r.name), f.line("--report", numbered(r.name, 2)))
		}
	}
	probe, err := os.CreateTemp(r.folder(), ".modbot-report-*")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		return nil, usageError("report", fmt.Sprintf("The report has no place: %v", err), f.line("--report", filepath.Join(os.TempDir(), "report.csv")))
	}
	return r, nil
}

func (r *bulkReport) folder() string {
	switch {
	case r.name != "":
		return filepath.Dir(r.name)
	case r.input != "-":
		return filepath.Dir(r.input)
	}
	return "."
}

func (r *bulkReport) add(row commands.RowResult) { r.rows = append(r.rows, row) }

// write writes the report and returns its name.
func (r *bulkReport) write(batch int64) (string, error) {
	tmp, err := os.CreateTemp(r.folder(), ".modbot-report-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // it has its own name by then
	err = r.encode(tmp)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return "", err
	}
	base, most := r.name, 1
	if base == "" {
		base, most = r.beside(batch), reportsMost
	}
	for n := 1; n <= most; n++ {
		name := numbered(base, n)
		// Taking the name first makes sure that nothing is replaced.
		place, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // where the operator says
		if errors.Is(err, fs.ErrExist) && n < most {
			continue
		}
		if err != nil {
			return "", err
		}
		return name, errors.Join(place.Close(), os.Rename(tmp.Name(), name))
	}
	return "", fmt.Errorf("there are %d reports beside %s", reportsMost, r.input)
}

// beside is the report's name where none was given.
func (r *bulkReport) beside(batch int64) string {
	if r.input == "-" {
		return fmt.Sprintf("bulk-%d.report.csv", batch)
	}
	return strings.TrimSuffix(r.input, filepath.Ext(r.input)) + ".report.csv"
}

// numbered is the n-th name of a file: report.csv, report-2.csv, …
func numbered(name string, n int) string {
	if n == 1 {
		return name
	}
	ext := filepath.Ext(name)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n, ext)
}

func (r *bulkReport) encode(f *os.File) error {
	slices.SortStableFunc(r.rows, func(a, b commands.RowResult) int { return cmp.Compare(a.Line, b.Line) })
	w := csv.NewWriter(f)
	records := make([][]string, 0, len(r.rows)+1)
	records = append(records, []string{"line", "account", "outcome", "case", "code", "detail"})
	for _, row := range r.rows {
		number := ""
		if row.Case != 0 {
			number = strconv.FormatInt(row.Case, 10)
		}
		detail := row.Detail
		if row.Try != "" {
			detail += " → " + row.Try
		}
		records = append(records, []string{strconv.Itoa(row.Line), string(row.Account), string(row.Outcome), number, row.Code, detail})
	}
	return w.WriteAll(records)
}
