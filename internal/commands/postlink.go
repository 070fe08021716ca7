package commands

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/texts"
)

const (
	// postTime is how long an answer waits for the link to its audit post, as for
	// a nickname; postPause is between two looks.
	postTime  = 500 * time.Millisecond
	postPause = 50 * time.Millisecond
)

// postLink is where the audit post about how a case stands can be read: the one
// on the platform of the invocation before any other; empty where no channel has
// a link to it (yet). It is a convenience: when it can't be read, it is left out.
func (d *Dispatcher) postLink(ctx context.Context, inv chat.Invocation, c audit.CaseView) string {
	posted, err := d.ledger.Postings(ctx, c.LastSeq, c.LastSeq)
	if err != nil {
		return ""
	}
	link := ""
	for _, p := range posted {
		if p.Ref.Link == "" {
			continue
		}
		if strings.HasPrefix(p.Sink, string(inv.Platform)+":") {
			return p.Ref.Link
		}
		link = p.Ref.Link
	}
	return link
}

// postLinked adds to the answer about one case the link to its audit post, in
// the channel of the platform where it was asked, when that is posted in time.
// Answers about several have none: their posts may be many.
func (d *Dispatcher) postLinked(ctx context.Context, r *request, o outcome) outcome {
	sink := d.channels[r.inv.Platform]
	if sink == "" || len(o.results) != 1 || o.results[0].posted == 0 {
		return o
	}
	link := d.awaitPost(ctx, sink, o.results[0].posted)
	if link == "" {
		return o
	}
	res := o.results[0]
	res.lines = append(slices.Clip(res.lines), texts.AuditPost(link))
	return one(res)
}

// awaitPost waits a bounded time until a channel has been told of an entry, and
// returns the link to the message; empty when it has none, or none in time.
func (d *Dispatcher) awaitPost(ctx context.Context, sink string, seq int64) string {
	ctx, cancel := context.WithTimeoutCause(ctx, postTime, errors.New("the audit post took too long"))
	defer cancel()
	look := time.NewTicker(postPause)
	defer look.Stop()
	for {
		posted, err := d.ledger.Postings(ctx, seq, seq)
		if err != nil {
			return ""
		}
		for _, p := range posted {
			if p.Sink == sink {
				return p.Ref.Link
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ""
		}
	}
}
