package audit

import (
	"context"
	"fmt"
)

// report is what was found so far.
func (v *verifier) report() Report {
	r := Report{
		Entries: v.replay.head.Size, Root: v.replay.head.Frontier.root(),
		Checked: v.rows, Given: v.given, Notes: v.notes,
	}
	r.Checked.Verifier, r.Checked.Checkpoints = v.head.Verifier, v.kept
	r.Checked.Personal, r.Checked.Erased = v.personal, int64(len(v.erased))
	return r
}

// readGiven reads the checkpoints from outside. A text that has none is an
// error of whoever asks.
func (v *verifier) readGiven(context.Context) error {
	if v.opts.Checkpoint == "" {
		return nil
	}
	claims, err := ParseCheckpoints(v.opts.Checkpoint)
	if err != nil {
		return err
	}
	v.notes = channelNotes(claims)
	for _, c := range bySize(claims) {
		g := Given{Claim: c}
		if forged := c.forged(v.head.Origin, v.head.Verifier); forged != nil {
			g.Problem = fmt.Sprintf("does not fit this ledger: %v", forged)
		}
		v.given = append(v.given, g)
	}
	v.compareGiven()
	return nil
}

// compareGiven compares the tree with the checkpoints from outside of its size.
// Those that do not hold are said at the end: what is wrong with an entry says
// more.
func (v *verifier) compareGiven() {
	at := &v.replay.head
	for ; v.compared < len(v.given) && v.given[v.compared].Size <= at.Size; v.compared++ {
		g := &v.given[v.compared]
		switch {
		case g.Problem != "":
		case g.holds(at.Frontier.root()):
			v.lastGood = at.Size
		default:
			g.Problem = fmt.Sprintf("is not extended by the ledger: over %d entries its root is %s (%s)",
				at.Size, at.Frontier.root(), v.bracket(at.Size))
		}
	}
}

// checkGiven says which checkpoint from outside does not hold: the one over the
// fewest entries.
func (v *verifier) checkGiven(context.Context) error {
	var first *Given
	failed := 0
	for i := range v.given {
		g := &v.given[i]
		if g.Problem == "" && g.Size > v.replay.head.Size {
			g.Problem = fmt.Sprintf("is over %d entries, the ledger has %d: it was truncated, or an old copy was restored",
				g.Size, v.replay.head.Size)
		}
		if g.Problem != "" {
			failed++
			if first == nil {
				first = g
			}
		}
	}
	if first == nil {
		return nil
	}
	var seq int64 // cannot be told
	if first.Size > v.replay.head.Size && first.forged(v.head.Origin, v.head.Verifier) == nil {
		seq = v.replay.head.Size + 1
	}
	which := "that was given"
	if len(v.given) > 1 {
		which = fmt.Sprintf("%q that was given", first.String())
		if first.Line > 0 {
			which += fmt.Sprintf(" in line %d", first.Line)
		}
	}
	text := "the checkpoint " + which + " " + first.Problem
	if failed > 1 {
		text += fmt.Sprintf("; %d of the %d that were given do not hold", failed, len(v.given))
	}
	return bad(seq, "%s", text)
}
