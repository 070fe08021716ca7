package commands

import (
	"context"
	"strings"

	"modbot/internal/audit"
	"modbot/internal/chat"
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
