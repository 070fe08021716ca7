package main

import (
	"context"
	"fmt"
	"strings"

	"modbot/internal/commands"
)

// summaryLine is the summary for machines.
type summaryLine struct {
	Type       string `json:"type"`
	Verb       string `json:"verb"`
	Batch      *int64 `json:"batch"`
	Rows       int    `json:"rows"`
	Done       int    `json:"done"`
	PartlyDone int    `json:"partly_done"`
	Failed     int    `json:"failed"`
	Unknown    int    `json:"unknown"`
	NotDone    int    `json:"not_done"`
	NotBegun   int    `json:"not_begun"`
	Expected   int    `json:"expected"`
	Invalid    int    `json:"invalid"`
	Finished   bool   `json:"finished_before"`
	DryRun     bool   `json:"dry_run"`
	// Report is where the report is; null where none was written.
	Report *string  `json:"report"`
	Text   string   `json:"text"`
	Next   []string `json:"next"`
}

// summary says how it ended, and what to do next.
func (t *teller) summary(ctx context.Context, report string, ended error) {
	next := t.next(ctx, ended)
	if t.env.json {
		c := t.counts
		t.encode(summaryLine{
			Type: "bulk", Verb: t.flags.verb, Batch: orNil(t.batch), Rows: len(t.file.Rows),
			Done: c[commands.RowDone], PartlyDone: c[commands.RowPartlyDone], Failed: c[commands.RowFailed],
			Unknown: c[commands.RowUnknown], NotDone: c[commands.RowNotDone], NotBegun: c[commands.RowNotBegun],
			Expected: c[commands.RowExpected], Invalid: len(t.file.Faults), Finished: t.finished, DryRun: t.flags.dry,
			Report: orNil(report), Text: t.headline(), Next: append([]string{}, next...),
		})
		return
	}
	var b strings.Builder
	fmt.Fprintln(&b, t.headline())
	for _, r := range t.shown {
		fmt.Fprintf(&b, "  line %d, %s: %s\n", r.Line, visible(string(r.Account)), visible(r.Detail))
		if r.Try != "" {
			fmt.Fprintf(&b, "    → %s\n", visible(r.Try))
		}
	}
	if more := t.left() - len(t.shown); more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	if report != "" {
		fmt.Fprintf(&b, "Report: %s\n", report)
	}
	for _, n := range next {
		fmt.Fprintln(&b, n)
	}
	if _, err := t.env.out.Write([]byte(b.String())); err != nil && t.writeErr == nil {
		t.writeErr = err
	}
}

// left is how many rows are not as was asked.
func (t *teller) left() int {
	return len(t.file.Rows) - t.counts[commands.RowDone] - t.counts[commands.RowExpected]
}

// headline is the state word with the counts.
func (t *teller) headline() string {
	var parts []string
	for _, c := range []struct {
		outcome commands.RowOutcome
		words   string
	}{
		{commands.RowExpected, "would be done"},
		{commands.RowDone, "done"},
		{commands.RowPartlyDone, "partly done"},
		{commands.RowFailed, "failed"},
		{commands.RowUnknown, "unknown"},
		{commands.RowNotDone, "not done"},
		{commands.RowNotBegun, "not begun"},
	} {
		if n := t.counts[c.outcome]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, c.words))
		}
	}
	if n := len(t.file.Faults); n > 0 {
		parts = append(parts, fmt.Sprintf("%d left out", n))
	}
	batch := ""
	if t.batch != 0 {
		batch = fmt.Sprintf(" Batch %d.", t.batch)
	}
	if t.finished {
		batch = fmt.Sprintf(" Batch %d was finished before; nothing was sent now.", t.batch)
	}
	return fmt.Sprintf("%s: %s of %s (%s).%s", t.word(), strings.Join(parts, ", "), accountCount(len(t.file.Rows)), t.flags.verb, batch)
}

// word is the state of the whole.
func (t *teller) word() string {
	c := t.counts
	switch {
	case t.flags.dry:
		return "Dry run"
	case c[commands.RowDone] == len(t.file.Rows):
		return "Done"
	case c[commands.RowUnknown] > 0:
		return "Unknown, checking"
	case c[commands.RowDone]+c[commands.RowPartlyDone] > 0:
		return "Partly done"
	}
	return "Not done"
}

// next is what can be done about what is left.
func (t *teller) next(ctx context.Context, ended error) []string {
	var out []string
	c := t.counts
	switch {
	case t.flags.dry:
		return []string{"Nothing was recorded or sent. What Tencent says of each account is read right before its turn."}
	case t.finished:
		if t.counts[commands.RowFailed]+t.counts[commands.RowPartlyDone] > 0 {
			return []string{"To do what failed once more: the same command with --retry."}
		}
		return []string{"To do the whole file once more: the same command with --again."}
	case t.batch == 0:
		return []string{"No row would be begun, so there is no batch, and nothing was sent."}
	}
	if n := c[commands.RowNotBegun]; n > 0 {
		why := "could not begin"
		if ctx.Err() != nil {
			why = "had not begun when it was stopped"
		} else if ended != nil {
			why = "had not begun when the run gave up"
		}
		out = append(out, fmt.Sprintf("%s %s; the same command goes on with them.", rowCount(n), why))
	}
	if n := c[commands.RowUnknown]; n > 0 {
		out = append(out, fmt.Sprintf("%s unknown: modbot reads them back; the audit channel, and the same command later, say what became of them.", rowCount(n)))
	}
	if c[commands.RowFailed]+c[commands.RowPartlyDone] > 0 {
		out = append(out, "To do what failed once more: the same command with --retry.")
	}
	if c[commands.RowNotDone] > 0 {
		out = append(out, "What was not done stays so in this batch: see to each by its command, or put those accounts in a file of their own.")
	}
	return out
}
