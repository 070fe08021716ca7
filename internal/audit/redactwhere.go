package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"modbot/internal/mute"
)

// postedAbout is where messages about entries, and about the other entries of
// their cases, were posted: a post shows whom and why its case is about.
func postedAbout(ctx context.Context, r Reader, seqs []int64) ([]Posting, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	rows, err := r.Entries(ctx, EntryQuery{Seqs: seqs})
	if err != nil {
		return nil, err
	}
	all := slices.Clone(seqs)
	var cases []int64
	for _, row := range rows {
		cases = append(cases, nonZero(row.Case)...)
	}
	for _, n := range distinct(cases, never) {
		for after := int64(0); ; {
			of, err := r.Entries(ctx, EntryQuery{Case: n, After: after, Limit: verifyPage})
			if err != nil {
				return nil, err
			}
			for _, row := range of {
				all, after = append(all, row.Seq), row.Seq
			}
			if len(of) < verifyPage {
				break
			}
		}
	}
	slices.Sort(all)
	return postingsOf(ctx, r, slices.Compact(all))
}

// postingsOf is where messages about any of these entries were posted, each
// once.
func postingsOf(ctx context.Context, r Reader, seqs []int64) ([]Posting, error) {
	var out []Posting
	seen := map[PostingRow]bool{}
	for _, seq := range seqs {
		rows, err := r.Postings(ctx, seq, seq)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if !seen[row] {
				seen[row] = true
				out = append(out, row.posting())
			}
		}
	}
	return out, nil
}

// mentions are the entries, apart from some, in whose words a name occurs.
func mentions(ctx context.Context, r Reader, a mute.Account, apart []int64) ([]int64, error) {
	if len(a) < mentionLeast {
		return nil, nil
	}
	name := strings.ToLower(string(a))
	var out []int64
	for after := int64(0); len(out) < mentionsMost; {
		rows, err := r.Entries(ctx, EntryQuery{After: after, Limit: verifyPage})
		if err != nil {
			return nil, fmt.Errorf("looking for mentions: %w", err)
		}
		for _, row := range rows {
			after = row.Seq
			if p := row.Personal; p != nil && p.mentions(name) && !slices.Contains(apart, row.Seq) {
				out = append(out, row.Seq)
			}
		}
		if len(rows) < verifyPage {
			break
		}
	}
	return out[:min(len(out), mentionsMost)], nil
}

// mentions reports whether a name, in lower case, occurs in what somebody wrote
// or was shown.
func (p *Personal) mentions(name string) bool {
	return slices.ContainsFunc([]string{string(p.Account), p.Reason, p.Note, p.Snapshot}, func(s string) bool {
		return strings.Contains(strings.ToLower(s), name)
	})
}
