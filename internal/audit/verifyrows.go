package audit

import (
	"context"
	"errors"
	"math"
	"strconv"

	"modbot/internal/mute"
)

// rowsPage is how many rows of a projection are read in one go.
const rowsPage = 4096

// compare checks one row of a projection against the replayed rows that are held.
// what names the row in words, and seq the entry that determined it.
func compare[K, R comparable](l *layer[K, R], key K, row R, what func(R) string, seq func(R) int64) error {
	c, known := l.cells[key]
	if !known || !c.ok {
		return bad(0, "the row of %s is not from the log", what(row))
	}
	if c.row != row {
		return bad(seq(c.row), "the row of %s was altered: replaying the log gives another", what(row))
	}
	c.changed = 0 // found
	l.cells[key] = c
	return nil
}

// leftOver checks that no replayed row is missing from the store: compare has
// marked those that are there. It names the one that was determined first.
func leftOver[K, R comparable](l *layer[K, R], what func(R) string, seq func(R) int64) error {
	var first *R
	for _, c := range l.cells {
		if c.ok && c.changed > 0 && (first == nil || seq(c.row) < seq(*first)) {
			row := c.row
			first = &row
		}
	}
	if first == nil {
		return nil
	}
	return bad(seq(*first), "the row of %s is missing", what(*first))
}

func (v *verifier) checkCases(ctx context.Context) error {
	what := func(c CaseRow) string { return "case " + strconv.FormatInt(c.Number, 10) }
	seq := func(c CaseRow) int64 { return c.Last }
	after := int64(math.MinInt64)
	for {
		rows, err := v.s.Cases(ctx, CaseQuery{After: after, Limit: rowsPage})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if !v.holding.cases.has(r.Number) {
				if err := compare(&v.replay.cases, r.Number, r, what, seq); err != nil {
					return err
				}
			}
			after = r.Number
			v.rows.Cases++
		}
		if len(rows) < rowsPage {
			return leftOver(&v.replay.cases, what, seq)
		}
	}
}

func (v *verifier) checkAccounts(ctx context.Context) error {
	what := func(a AccountRow) string { return "account " + strconv.FormatInt(a.Acct, 10) }
	seq := func(a AccountRow) int64 { return a.Version }
	after := int64(math.MinInt64)
	for {
		rows, err := v.s.AccountRows(ctx, after, rowsPage)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if !v.holding.accounts.has(r.Acct) {
				if err := compare(&v.replay.accounts, r.Acct, r, what, seq); err != nil {
					return err
				}
			}
			after = r.Acct
			v.rows.Accounts++
		}
		if len(rows) < rowsPage {
			return leftOver(&v.replay.accounts, what, seq)
		}
	}
}

func (v *verifier) checkMutes(ctx context.Context) error {
	what := func(m MuteRow) string { return "the mute of case " + strconv.FormatInt(m.Case, 10) }
	var unread error // why a case that names an entry could not be read
	seq := func(m MuteRow) int64 {
		c, err := v.caseNow(ctx, m.Case)
		unread = errors.Join(unread, err)
		return c.Last
	}
	readable := func(found error) error {
		if unread != nil {
			return unread
		}
		return found
	}
	after := int64(math.MinInt64)
	for {
		rows, err := v.s.Mutes(ctx, MuteQuery{Walk: true, AfterAcct: after, Limit: rowsPage})
		if err != nil {
			return err
		}
		for i, r := range rows {
			if len(rows) == rowsPage && r.Acct == rows[rowsPage-1].Acct && r.Acct != rows[0].Acct {
				rows = rows[:i] // the last account may have a mute on the next page
				break
			}
			if !v.holding.accounts.has(r.Acct) {
				if err := compare(&v.replay.mutes, MuteKey{r.Acct, r.Field}, r, what, seq); err != nil {
					return readable(err)
				}
			}
			after = r.Acct
			v.rows.Mutes++
		}
		if len(rows) < rowsPage-len(mute.Fields()) {
			return readable(leftOver(&v.replay.mutes, what, seq))
		}
	}
}

// caseNow is a case as the whole log makes it.
func (v *verifier) caseNow(ctx context.Context, n int64) (CaseRow, error) {
	if v.holding.cases.has(n) {
		rows, err := v.load(ctx, Keys{Cases: []int64{n}})
		if err != nil || len(rows.Cases) == 0 {
			return CaseRow{}, err
		}
		return rows.Cases[0], nil
	}
	c, _, _ := v.replay.cases.get(n)
	return c, nil
}

func (v *verifier) checkLinks(ctx context.Context) error {
	what := func(l LinkRow) string { return "the link of case " + strconv.FormatInt(l.Case, 10) }
	seq := func(l LinkRow) int64 { return l.Seq }
	after := int64(math.MinInt64)
	for {
		rows, err := v.s.LinkRows(ctx, after, rowsPage)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := compare(&v.replay.links, r.Seq, r, what, seq); err != nil {
				return err
			}
			after = r.Seq
			v.rows.Links++
		}
		if len(rows) < rowsPage {
			return leftOver(&v.replay.links, what, seq)
		}
	}
}
