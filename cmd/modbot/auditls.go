package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"

	"modbot/internal/audit"
)

// Sizes of lists.
const (
	// terminalRows is how many entries a terminal shows when nobody says.
	terminalRows = 50
	// fetchRows is how many are read at a time.
	fetchRows = 1000
)

func newAuditLsCommand(env *environment, which *ledgerFlags) *cobra.Command {
	var f lsFlags
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List entries, the newest last",
		Long: `List entries of the audit log, the newest last: a table on a terminal, else one
JSON object a line with every key present, null where it does not apply.

On a terminal the newest 50 are shown, elsewhere all; --limit says otherwise,
and 0 means all. With --after alone the limit counts from there on, so that a
program can go on where it ended. --since and --until take a time (2026-11-22,
"2026-11-22 14:00", RFC 3339; UTC where it does not say) or how long ago (2h, 7d).`,
		Example: `  modbot audit ls -c modbot.yaml --account alice --since 7d
  modbot audit ls --store modbot.db --kind outcome,late --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asTable := terminal(env.out) && !env.json
			query, err := f.query(time.Now(), asTable, cmd.Flags().Changed("limit"))
			if err != nil {
				return err
			}
			ledger, err := which.open(cmd, env)
			if err != nil {
				return err
			}
			defer ledger.Close() //nolint:errcheck // it was only read
			if asTable {
				return listTable(cmd.Context(), env, ledger.Log, query)
			}
			return listJSON(cmd.Context(), env, ledger.Log, query)
		},
	}
	f.register(cmd)
	return cmd
}

// lsFlags are the filters as typed.
type lsFlags struct {
	account, actor, caseNumber, since, until string
	kinds                                    []string
	after, before                            int64
	limit                                    int
}

func (f *lsFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.caseNumber, "case", "", "only entries of the case with this `number`")
	fl.StringVar(&f.account, "account", "", "only entries about this Tencent `account`")
	fl.StringVar(&f.actor, "actor", "", "only entries by this actor: the `id` as listed, like slack:T1/U1")
	fl.StringSliceVar(&f.kinds, "kind", nil, "only entries of these `kinds`: "+strings.Join(kindNames(), ", "))
	fl.StringVar(&f.since, "since", "", "only entries from this `time` on")
	fl.StringVar(&f.until, "until", "", "only entries before this `time`")
	fl.Int64Var(&f.after, "after", 0, "only entries after the one with this `number`")
	fl.Int64Var(&f.before, "before", 0, "only entries before the one with this `number`")
	fl.IntVar(&f.limit, "limit", 0, "how `many` entries at most; 0 = all")
}

// lsQuery is what is asked for.
type lsQuery struct {
	audit.EntryFilter
	until time.Time
	limit int // 0 = all
}

// query reads the flags.
func (f *lsFlags) query(now time.Time, asTable, limited bool) (lsQuery, error) {
	const example = "modbot audit ls --help"
	q := lsQuery{limit: f.limit}
	q.After, q.Before, q.Actor = f.after, f.before, f.actor
	if f.limit < 0 || f.after < 0 || f.before < 0 {
		return q, usageError("number", "Numbers of entries are not below 0.", example)
	}
	if asTable && !limited {
		q.limit = terminalRows
	}
	var err error
	if f.caseNumber != "" {
		if q.Case, err = entryNumber(f.caseNumber, "a case"); err != nil {
			return q, err
		}
	}
	if f.account != "" {
		if q.Account, err = accountFlag(f.account, "modbot audit ls --account alice"); err != nil {
			return q, err
		}
	}
	if q.Kinds, err = kindsOf(f.kinds); err != nil {
		return q, err
	}
	if q.Since, err = moment(f.since, "--since", now); err != nil {
		return q, err
	}
	q.until, err = moment(f.until, "--until", now)
	return q, err
}

// entryNumber reads the number of an entry or a case, with or without "#".
func entryNumber(text, of string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimPrefix(text, "#"), 10, 64)
	if err != nil || n < 1 {
		return 0, usageError("number", fmt.Sprintf("%q is no number of %s.", text, of), "modbot audit ls")
	}
	return n, nil
}

func kindNames() []string {
	var out []string
	for _, k := range audit.Kinds() {
		out = append(out, string(k))
	}
	return out
}

// kindsOf reads kinds of entries; a slip is answered with what it may mean.
func kindsOf(typed []string) ([]audit.Kind, error) {
	var out []audit.Kind
	for _, t := range typed {
		name := strings.ToLower(strings.TrimSpace(t))
		if slices.Contains(kindNames(), name) {
			out = append(out, audit.Kind(name))
			continue
		}
		near := slices.MinFunc(kindNames(), func(a, b string) int {
			return levenshtein.ComputeDistance(name, a) - levenshtein.ComputeDistance(name, b)
		})
		return nil, usageError("kind", fmt.Sprintf("There is no kind of entry %q. There are %s.", t, strings.Join(kindNames(), ", ")),
			"modbot audit ls --kind "+near)
	}
	return out, nil
}

// moment reads a time, or how long ago it was. Empty is the zero time.
func moment(text, flag string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	if seconds, permanent, err := parseTerm(text); err == nil && !permanent {
		return now.Add(-time.Duration(seconds) * time.Second), nil
	}
	return time.Time{}, usageError("time", fmt.Sprintf("%s %q is neither a time nor how long ago it was.", flag, text),
		"modbot audit ls "+flag+" 7d")
}

// listJSON prints entries as JSON lines.
func listJSON(ctx context.Context, env *environment, log *audit.Log, q lsQuery) error {
	names := newAccountNames(log)
	enc := json.NewEncoder(env.out)
	enc.SetEscapeHTML(false)
	return q.each(ctx, log, func(e audit.Entry) error {
		account, err := names.of(ctx, e)
		if err != nil {
			return ledgerError(err)
		}
		return enc.Encode(newEntryView(e, account))
	})
}

// each calls do for every entry that is asked for, in order. Entries that are
// appended meanwhile are left out, so that it ends.
func (q lsQuery) each(ctx context.Context, log *audit.Log, do func(audit.Entry) error) error {
	size, _, err := log.Head(ctx)
	if err != nil {
		return ledgerError(err)
	}
	newest := q.limit > 0 && (q.After == 0 || q.Before != 0)
	end := size + 1
	if !q.until.IsZero() {
		if end, err = firstAt(ctx, log, size, q.until); err != nil {
			return ledgerError(err)
		}
	}
	if q.Before == 0 || q.Before > end {
		q.Before = end
	}
	if newest {
		return q.last(ctx, log, do)
	}
	for left := q.limit; ; {
		f := q.EntryFilter
		f.Limit = fetchRows
		if q.limit > 0 {
			f.Limit = min(left, fetchRows)
		}
		page, err := log.Entries(ctx, f)
		if err != nil {
			return ledgerError(err)
		}
		for _, e := range page {
			if err := do(e); err != nil {
				return err
			}
		}
		left -= len(page)
		if len(page) < f.Limit || q.limit > 0 && left == 0 {
			return nil
		}
		q.After = page[len(page)-1].Seq
	}
}

// last calls do for the newest entries, the newest last.
func (q lsQuery) last(ctx context.Context, log *audit.Log, do func(audit.Entry) error) error {
	var found []audit.Entry
	for q.Newest = true; len(found) < q.limit; {
		q.Limit = min(q.limit-len(found), fetchRows)
		page, err := log.Entries(ctx, q.EntryFilter)
		if err != nil {
			return ledgerError(err)
		}
		found = append(found, page...)
		if len(page) < q.Limit {
			break
		}
		q.Before = page[len(page)-1].Seq
	}
	for _, e := range slices.Backward(found) {
		if err := do(e); err != nil {
			return err
		}
	}
	return nil
}

// firstAt finds the first entry that is not before a time; size+1 when there
// is none. The times of entries never go back.
func firstAt(ctx context.Context, log *audit.Log, size int64, at time.Time) (int64, error) {
	var failed error
	n := sort.Search(int(size), func(i int) bool {
		if failed != nil {
			return true
		}
		e, err := log.Entry(ctx, int64(i)+1)
		failed = err
		return err != nil || !e.Time.Before(at)
	})
	return int64(n) + 1, failed
}
