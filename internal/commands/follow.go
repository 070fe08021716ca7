package commands

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/texts"
)

// ledgerPause is between two tries of who waits for a ledger that is out of
// order.
const ledgerPause = time.Second

// follow waits for the outcomes that were not known yet, and answers once
// more when they are. Settling itself is the ledger's worker; this only
// watches, so ending it early loses nothing but the second answer. An intent
// of which nobody knows whether it is on record is withdrawn first.
func (d *Dispatcher) follow(r *request, o outcome, respond func(context.Context, chat.Reply)) {
	d.following.Go(func() {
		ctx, cancel := context.WithTimeoutCause(d.stop, followTime, errors.New("the outcome stayed unknown"))
		defer cancel()
		later, err := d.again(ctx, r, o)
		if err != nil {
			d.log.Info("stopped waiting for an outcome", zap.String("ref", r.ref), zap.Error(err))
			return
		}
		respond(ctx, r.reply(later))
	})
}

// again says the whole answer once more, with what is recorded when nothing is
// pending any more.
func (d *Dispatcher) again(ctx context.Context, r *request, o outcome) (outcome, error) {
	var out outcome
	for _, res := range o.results {
		if res.pending {
			var err error
			if res, err = d.ended(ctx, r, res); err != nil {
				return outcome{}, err
			}
		}
		out.results = append(out.results, res)
	}
	return out, nil
}

// ended is a pending result when it has its outcome.
func (d *Dispatcher) ended(ctx context.Context, r *request, res result) (result, error) {
	n := int64(0)
	if res.doubt == nil {
		n = res.cases[0]
	} else {
		var err error
		n, err = outlast(ctx, func() (int64, error) { return d.ledger.Withdraw(ctx, *res.doubt) })
		if err != nil {
			return res, err
		}
		if n == 0 {
			return result{account: res.account, state: chat.StateError, code: "no_record", lines: texts.NotBegun(res.account), try: r.cmd.String()}, nil
		}
	}
	c, err := outlast(ctx, func() (audit.CaseView, error) { return d.ledger.Wait(ctx, n) })
	if err != nil {
		return res, err
	}
	return d.caseResult(r, c), nil
}

// outlast tries something again for as long as the ledger is out of order, and
// the context lasts.
func outlast[T any](ctx context.Context, do func() (T, error)) (T, error) {
	for {
		out, err := do()
		if err == nil || !errors.Is(err, audit.ErrStore) || ctx.Err() != nil {
			return out, err
		}
		select {
		case <-time.After(ledgerPause):
		case <-ctx.Done():
		}
	}
}
