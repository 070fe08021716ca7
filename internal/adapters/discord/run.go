package discord

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/discord/gateway"
	"modbot/internal/adapters/discord/rest"
	"modbot/internal/chat"
)

const (
	// maxWork is how many deliveries are served at once, and maxRefusals how many
	// more are told that it is too much. What comes beyond is dropped.
	maxWork     = 256
	maxRefusals = 64
)

// intake starts deliveries for as long as one Run lasts.
type intake struct {
	begin   func(delivery) // serves one; set once
	refuse  func(delivery) // says that it is too much
	work    chan struct{}  // one for each that is served
	refused chan struct{}  // one for each that is told no

	// running may only grow while open, so that who waits for it waits for all.
	mu      sync.Mutex
	open    bool
	running sync.WaitGroup
}

// take starts a delivery, and reports whether anybody will answer it.
func (i *intake) take(dl delivery) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.open {
		return false
	}
	for _, desk := range []struct {
		slots chan struct{}
		do    func(delivery)
	}{{i.work, i.begin}, {i.refused, i.refuse}} {
		select {
		case desk.slots <- struct{}{}:
			i.running.Go(func() {
				defer func() { <-desk.slots }()
				desk.do(dl)
			})
			return true
		default:
		}
	}
	return false
}

// close takes nothing more.
func (i *intake) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.open = false
}

// drain waits for what is being served, and reports whether it all ended in
// time.
func (i *intake) drain() bool {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		i.running.Wait()
	}()
	timeout := time.NewTimer(adapters.DrainTime)
	defer timeout.Stop()
	select {
	case <-ended:
		return true
	case <-timeout.C:
		return false
	}
}

// Run receives until the context ends. It returns an error that wraps
// adapters.ErrSettings when Discord refuses the bot's token or its settings.
func (d *Discord) Run(ctx context.Context, core adapters.Core) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	in := &intake{
		begin: func(dl delivery) { d.serve(ctx, core, dl) },
		refuse: func(dl delivery) {
			defer d.contain(dl.in)
			d.answerOnce(ctx, dl, "busy", refuse(dl.in, adapters.SayBusy()))
		},
		work: make(chan struct{}, maxWork), refused: make(chan struct{}, maxRefusals), open: true,
	}
	if !d.intake.CompareAndSwap(nil, in) {
		return errors.New("discord: it runs already")
	}
	d.stand.begin(d.cfg.Mode)

	var beside sync.WaitGroup
	beside.Go(func() {
		if err := d.watchSettings(ctx); err != nil {
			cancel(err)
		}
	})
	if d.cfg.Mode == Gateway {
		beside.Go(func() {
			if err := d.keepLink(ctx, core); err != nil {
				cancel(err)
			}
		})
	}
	<-ctx.Done()
	in.close()
	d.intake.Store(nil)
	beside.Wait()
	if !in.drain() {
		d.log.Error("what is being served didn't end in time", zap.Duration("waited", adapters.DrainTime))
	}
	d.api.Close()
	err := context.Cause(ctx)
	if !errors.Is(err, adapters.ErrSettings) {
		err = nil
	}
	d.stand.end(err)
	return err
}

// keepLink keeps the gateway's connection while this process is the one that does.
func (d *Discord) keepLink(ctx context.Context, core adapters.Core) error {
	d.stand.standBy(true)
	return adapters.Hold(ctx, core, chat.Discord, func(ctx context.Context) error {
		d.stand.standBy(false)
		defer d.stand.standBy(true)
		return d.connect(ctx)
	})
}

// connect receives over the gateway.
func (d *Discord) connect(ctx context.Context) error {
	return gateway.New(d.log, gateway.Config{
		Token: d.cfg.BotToken, URL: d.cfg.GatewayURL, Limits: d.limits, Now: d.cfg.Now, Meter: d.cfg.Meter,
	}).Run(ctx, (*events)(d))
}

// events is a Discord as the gateway's receiver.
type events Discord

// Standing notes whether events arrive.
func (e *events) Standing(up bool, why string) { (*Discord)(e).stand.link(up, why) }

// Interaction takes one interaction. It does no more than what has to be done
// before the next event is read.
func (e *events) Interaction(data json.RawMessage) {
	d := (*Discord)(e)
	in, err := decodeInteraction(data, d.cfg.ApplicationID, d.cfg.Now())
	if err != nil || in.kind == kindPing {
		d.delivered(in.kind, "malformed")
		d.log.Warn("an interaction that can't be read came over the gateway", zap.Error(err))
		return
	}
	d.stand.arrived()
	dl, ok := d.admit(in, d.callBack(in))
	if !ok {
		return
	}
	if running := d.intake.Load(); running == nil || !running.take(dl) {
		d.delivered(in.kind, "dropped")
	}
}

// callBack carries a first response to an interaction of the gateway.
func (d *Discord) callBack(in interaction) courier {
	return func(ctx context.Context, first *discordgo.InteractionResponse) error {
		err := d.api.Callback(ctx, in.id, in.token, first)
		if refused, ok := errors.AsType[*rest.Error](err); ok && refused.Code == rest.CodeAlreadyAnswered {
			return nil // another process of ours was told too, and shows the same
		}
		return err
	}
}

// limits asks what the gateway's client wants to know before a session.
func (d *Discord) limits(ctx context.Context) (gateway.Limits, error) {
	bot, err := d.api.GatewayBot(ctx)
	if err != nil {
		return gateway.Limits{}, settings(err)
	}
	l := gateway.Limits{
		URL: bot.URL, Shards: bot.Shards, Remaining: bot.SessionStartLimit.Remaining,
		Reset: time.Duration(bot.SessionStartLimit.ResetAfter) * time.Millisecond,
	}
	if bot.SessionStartLimit.Total == 0 { // nothing was said: the client's own budget holds
		l.Remaining = math.MaxInt
	}
	return l, nil
}
