package audit

import (
	"context"
	"fmt"
	"math"
)

// verifyPage is how many entries are read in one go.
const verifyPage = 1024

// verifyAhead is how many pages are read ahead of the one being checked.
const verifyAhead = 2

// page is some entries, in order, or the error that ended the reading.
type page struct {
	rows []EntryRow
	err  error
}

// readEntries checks every entry in order. One goroutine reads ahead while
// this one checks, and ends before it returns. What this one reads meanwhile
// takes v.reading: the snapshot has one user at a time.
func (v *verifier) readEntries(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	pages := make(chan page, verifyAhead)
	go func() {
		defer close(pages)
		v.readAhead(ctx, pages)
	}()
	defer func() {
		stop()
		for range pages { // what was read ahead is not needed
		}
	}()
	for p := range pages {
		if p.err != nil {
			return p.err
		}
		if err := v.checkPage(ctx, p.rows); err != nil {
			return err
		}
		if v.opts.Progress != nil {
			v.opts.Progress(v.replay.head.Size)
		}
	}
	return context.Cause(ctx)
}

// readAhead reads entries, page after page, until there are no more. Rows
// before entry 1 are read too: they are not meant to be there.
func (v *verifier) readAhead(ctx context.Context, pages chan<- page) {
	after := int64(math.MinInt64)
	for {
		v.reading.Lock()
		rows, err := v.s.Entries(ctx, EntryQuery{After: after, Limit: min(verifyPage, v.opts.hold())})
		v.reading.Unlock()
		if len(rows) == 0 && err == nil {
			return
		}
		select {
		case pages <- page{rows, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
		after = rows[len(rows)-1].Seq
	}
}

func (v *verifier) checkPage(ctx context.Context, rows []EntryRow) error {
	v.replay.mark() // nothing is undone: keep no way to
	if err := v.takeBack(ctx, rows); err != nil {
		return err
	}
	for i := range rows {
		if err := v.checkEntry(&rows[i]); err != nil {
			return err
		}
		if err := v.checkCheckpoints(ctx); err != nil {
			return err
		}
		v.compareGiven()
	}
	return v.dropSettled(ctx)
}

// checkEntry checks one entry against itself and what came before it, and
// replays it.
func (v *verifier) checkEntry(row *EntryRow) error {
	at := &v.replay.head
	want := at.Size + 1
	switch {
	case row.Seq < want:
		return bad(want, "there is an entry %d before entry %d", row.Seq, want)
	case row.Seq > v.head.Size:
		return bad(row.Seq, "entry %d is beyond the head, which counts %d", row.Seq, v.head.Size)
	case row.Seq > want:
		return bad(want, "entry %d is missing", want)
	}
	leaf := leafHash(row.Body)
	if leaf != row.Leaf {
		return bad(want, "entry %d was altered: its hash is not that of its body", want)
	}
	e, commits, err := parseBody(row.Body)
	if err != nil {
		return bad(want, "entry %d cannot be read: %v", want, err)
	}
	if err := sameColumns(row, &e); err != nil {
		return bad(want, "entry %d was altered: %v", want, err)
	}
	if err := v.checkPersonal(row, &commits); err != nil {
		return bad(want, "entry %d was altered: %v", want, err)
	}
	if micros(e.Time) < at.At {
		return bad(want, "entry %d is earlier than the one before it", want)
	}
	if err := apply(v.replay, &e); err != nil {
		return bad(want, "entry %d was altered: %v", want, err)
	}
	if e.Kind == KindRedacted {
		v.erased[e.About] = e.Seq
	}
	at.Frontier = at.Frontier.Add(at.Size, leaf)
	at.Size, at.At = want, micros(e.Time)
	return nil
}

// sameColumns compares the columns beside a body with it.
func sameColumns(row *EntryRow, e *Entry) error {
	for _, c := range []struct {
		name string
		same bool
	}{
		{"number", row.Seq == e.Seq},
		{"ref", row.Ref == e.ref()},
		{"time", row.At == micros(e.Time)},
		{"kind", row.Kind == e.Kind},
		{"account", row.Acct == e.Acct},
		{"case", row.Case == e.Case},
		{"begun case", row.Personal == nil || row.Personal.Began == e.began()},
	} {
		if !c.same {
			return fmt.Errorf("the %s beside its body is another than in it", c.name)
		}
	}
	return nil
}

// checkPersonal checks the side row of an entry against the commitments.
func (v *verifier) checkPersonal(row *EntryRow, commits *commitments) error {
	if row.Personal == nil {
		if !commits.none() {
			v.missing[row.Seq] = struct{}{}
		}
		return nil
	}
	v.personal++
	return commits.opens(row.Personal)
}
