package commands

import (
	"context"
	"errors"
	"strings"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"modbot/internal/audit"
	"modbot/internal/chat"
)

const (
	// resumeMost is how many commands of a former process are answered: as many
	// as one process can have under way, several times over.
	resumeMost = 1000
	// resumeAtOnce is how many of them are waited for at the same time.
	resumeAtOnce = 32
)

// Tell brings an answer to somebody who does not wait for it at a place of
// theirs: in a direct message.
type Tell func(ctx context.Context, inv chat.Invocation, r chat.Reply) error

// Left lists the cases that a former process began and never ended. Call it
// before anything is handled: what this process begins, it answers itself.
func (d *Dispatcher) Left(ctx context.Context) ([]audit.CaseView, error) {
	return d.ledger.Acting(ctx, resumeMost)
}

// Resume answers the commands that a former process left behind. Their intents
// are settled by the ledger's worker like all others; their actors, whose reply
// tokens went with the process, are told directly what came of them. It returns
// when all are, or the context ends. That somebody cannot be told is logged: the
// audit channel says the same.
func (d *Dispatcher) Resume(ctx context.Context, left []audit.CaseView, tell Tell) error {
	var group errgroup.Group
	group.SetLimit(resumeAtOnce)
	for _, c := range left {
		group.Go(func() error { return d.resume(ctx, c.Number, tell) })
	}
	return group.Wait()
}

func (d *Dispatcher) resume(ctx context.Context, n int64, tell Tell) error {
	ctx, cancel := context.WithTimeoutCause(ctx, followTime, errors.New("the outcome stayed unknown"))
	defer cancel()
	c, err := d.ledger.Wait(ctx, n)
	if ctx.Err() != nil {
		return nil // who is told to stop, or waited long enough, has not failed
	}
	if err != nil {
		return err
	}
	inv := origin(c)
	if inv.Actor.ID == "" {
		return nil // erased meanwhile
	}
	r := d.request(inv)
	if err := tell(ctx, inv, r.reply(one(d.caseResult(r, c)))); err != nil {
		d.log.Warn("the actor of an earlier command cannot be told what came of it",
			zap.String("ref", r.ref), zap.Int64("case", n), zap.Error(err))
	}
	return nil
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
