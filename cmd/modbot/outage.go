package main

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/texts"
)

const (
	// outageGap is how long nothing must fail until the next failure counts as
	// a new outage, about which people are mentioned again.
	outageGap = 10 * time.Minute
	// behindAfter is how long an entry waits for a channel that fails until the
	// other channels are told.
	behindAfter = time.Minute
	// healthTime bounds the look at the other channels.
	healthTime = 2 * time.Second
)

// outages is what one audit channel is told of failures beyond its entries: it
// mentions people once an outage instead of with every post, and hears of the
// other channels that fail. A channel has one at a time who composes for it.
type outages struct {
	log    *zap.Logger
	health func(context.Context) (audit.Health, error)
	self   string // the channel's own name in the ledger
	now    func() time.Time

	alarmed   time.Time        // when something last failed
	mentioned int64            // the entry with which people were last mentioned
	told      map[string]int64 // failing channels: the entry with which they were reported
}

func newOutages(log *zap.Logger, health func(context.Context) (audit.Health, error), self string) *outages {
	return &outages{log: log, health: health, self: self, now: time.Now, told: map[string]int64{}}
}

// tell changes the posts of one message before they are rendered. Composing
// again, because the platform refused, tells the same.
func (o *outages) tell(posts []chat.Post) {
	if len(posts) == 0 {
		return
	}
	if lines := o.failing(posts[0].FirstSeq); len(lines) > 0 {
		posts[0].Message.Lines = append(posts[0].Message.Lines, lines...)
		posts[0].Alarm = true
	}
	for i := range posts {
		if !posts[i].Alarm {
			continue
		}
		p := &posts[i]
		if p.Time.Sub(o.alarmed) >= outageGap {
			o.mentioned = p.FirstSeq
		}
		if p.Time.After(o.alarmed) {
			o.alarmed = p.Time
		}
		p.Alarm = p.FirstSeq == o.mentioned
	}
}

// failing are lines about the other channels that fail, each told once until
// it works again.
func (o *outages) failing(first int64) []chat.Line {
	ctx, cancel := context.WithTimeoutCause(context.Background(), healthTime, errors.New("looking at the audit channels took too long"))
	defer cancel()
	h, err := o.health(ctx)
	if err != nil {
		o.log.Warn("the other audit channels cannot be looked at", zap.Error(err))
		return nil
	}
	var lines []chat.Line
	for _, s := range h.Sinks {
		if s.Name == o.self {
			continue
		}
		if s.LastError == "" {
			delete(o.told, s.Name)
			continue
		}
		at, known := o.told[s.Name]
		if known && at != first || s.Oldest.IsZero() || o.now().Sub(s.Oldest) < behindAfter {
			continue
		}
		o.told[s.Name] = first
		lines = append(lines, texts.ChannelBehind(s, o.now()))
	}
	return lines
}
