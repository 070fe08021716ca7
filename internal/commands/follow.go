package commands

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"modbot/internal/chat"
)

// follow waits for the outcomes that were not known yet, and answers once
// more when they are. Settling itself is the ledger's worker; this only
// watches, so ending it early loses nothing but the second answer.
func (d *Dispatcher) follow(r *request, o outcome, pending []int64, respond func(context.Context, chat.Reply)) {
	d.following.Go(func() {
		ctx, cancel := context.WithTimeoutCause(d.stop, followTime, errors.New("the outcome stayed unknown"))
		defer cancel()
		for _, n := range pending {
			if _, err := d.ledger.Wait(ctx, n); err != nil {
				d.log.Info("stopped waiting for an outcome", zap.String("ref", r.ref), zap.Int64("case", n), zap.Error(err))
				return
			}
		}
		if later, err := d.again(ctx, r, o); err == nil {
			respond(ctx, r.reply(later))
		}
	})
}

// again says the whole answer once more, with what is now recorded.
func (d *Dispatcher) again(ctx context.Context, r *request, o outcome) (outcome, error) {
	var out outcome
	for _, res := range o.results {
		if !res.pending {
			out.results = append(out.results, res)
			continue
		}
		c, err := d.ledger.Case(ctx, res.cases[0])
		if err != nil {
			return outcome{}, err
		}
		out.results = append(out.results, d.caseResult(r, c))
	}
	return out, nil
}
