package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/texts"
)

// reasonShown is how many characters of a reason a row of the table shows.
const reasonShown = 60

// entryRow is one row of the table.
type entryRow struct{ seq, time, what, caseNumber, act, account, where, term, actor, reason string }

// listTable prints entries as a table.
func listTable(ctx context.Context, env *environment, log *audit.Log, q lsQuery) error {
	names := newAccountNames(log)
	var rows []entryRow
	err := q.each(ctx, log, func(e audit.Entry) error {
		account, err := names.of(ctx, e)
		if err != nil {
			return ledgerError(err)
		}
		rows = append(rows, rowOf(newEntryView(e, account)))
		return nil
	})
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(env.out, "No entry is like that.")
		return err
	}
	return printEntries(env.out, rows, screenWidth(env.out))
}

// rowOf makes a row of an entry. What people typed is made visible.
func rowOf(v entryView) entryRow {
	shown := func(s *string) string {
		if s == nil {
			return ""
		}
		return chat.Visible(*s)
	}
	r := entryRow{
		seq: fmt.Sprintf("%d", v.Seq), time: strings.Replace(v.Time[:len("2006-01-02T15:04:05")], "T", " ", 1), what: v.Kind,
		act: shown(v.Verb), account: shown(v.Account), where: shown(v.Scope), actor: shown(v.Actor), reason: shown(v.Reason),
	}
	if v.Outcome != nil && *v.Outcome != v.Kind {
		r.what += " " + *v.Outcome
	}
	if v.Code != nil {
		r.what += fmt.Sprintf(" (%d)", *v.Code)
	}
	if v.Case != nil {
		r.caseNumber = fmt.Sprintf("%d", *v.Case)
	}
	r.term = termShown(v)
	if v.Note != nil {
		r.reason = chat.Visible(*v.Note)
	}
	if v.Erased {
		r.account, r.actor, r.reason = "(erased)", "(erased)", "(erased)"
	}
	r.reason = texts.Cut(r.reason, reasonShown)
	return r
}

// printEntries prints the table, not wider than width where that is not 0.
func printEntries(w io.Writer, rows []entryRow, width int) error {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options.DrawBorder, style.Options.SeparateColumns, style.Options.SeparateHeader = false, false, false
	style.Format.Header = text.FormatDefault
	style.Box.UnfinishedRow = "…"
	style.Size.WidthMax = width
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	t.SuppressEmptyColumns()
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 1, Align: text.AlignRight, AlignHeader: text.AlignRight},
		{Number: 4, Align: text.AlignRight, AlignHeader: text.AlignRight},
	})
	t.AppendHeader(table.Row{"#", "Time (UTC)", "Entry", "Case", "Verb", "Account", "Scope", "Term", "By", "Reason"})
	for _, r := range rows {
		t.AppendRow(table.Row{r.seq, r.time, r.what, r.caseNumber, r.act, r.account, r.where, r.term, r.actor, r.reason})
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

// screenWidth is the width of a terminal, 0 where there is none.
func screenWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
