package commands

import (
	"context"
	"strings"

	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/chat"
)

// Tell brings an answer to somebody who does not wait for it at a place of
// theirs: in a direct message.
type Tell func(ctx context.Context, inv chat.Invocation, r chat.Reply) error

// Resume answers the command of a process that is gone, once its outcome is on
// record: its reply token went with the process, so the actor is told directly.
// That somebody cannot be told is logged: the audit channel says the same.
func (d *Dispatcher) Resume(ctx context.Context, c audit.CaseView, tell Tell) {
	inv := origin(c)
	if inv.Actor.ID == "" {
		return // erased meanwhile
	}
	r := d.request(inv)
	if err := tell(ctx, inv, r.reply(one(d.caseResult(r, c)))); err != nil {
		d.log.Warn("the actor of an earlier command cannot be told what came of it",
			zap.String("ref", r.ref), zap.Int64("case", c.Number), zap.Error(err))
	}
}

// origin is who asked for a case, and where.
func origin(c audit.CaseView) chat.Invocation {
	inv := chat.Invocation{Platform: chat.Platform(c.Platform), Workspace: c.Workspace, Channel: c.Channel}
	id := strings.TrimPrefix(c.Actor, c.Platform+":")
	if c.Workspace != "" {
		id = strings.TrimPrefix(id, string(c.Workspace)+"/")
	}
	inv.Actor = chat.Actor{ID: id, Name: c.ActorName}
	return inv
}
