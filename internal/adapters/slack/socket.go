package slack

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/slack-go/slack/socketmode"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"modbot/internal/adapters"
	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

// Socket Mode connections. Slack allows an app ten, and may use any of them for
// any delivery (docs.slack.dev/apis/events-api/using-socket-mode).
const (
	lanes = 2 // kept open at the same time, so that one can be refreshed
	// maxLinks also counts those that are being replaced. Two processes that
	// take turns stay within Slack's ten.
	maxLinks = 4
	stagger  = 3 * time.Second // between the lanes, at the start
	// lingering is how long a connection that Slack is going to close is still
	// read: Slack closes it about ten seconds after its warning.
	lingering = 15 * time.Second
)

// The reasons with which Slack announces the end of a connection.
const (
	reasonDisabled = "link_disabled"       // Socket Mode was switched off
	reasonTooMany  = "too_many_websockets" // others of this app are connected
)

// departure is why a connection is over, or soon will be.
type departure struct {
	reason string        // Slack's own, or empty
	err    error         // when Slack gave none
	lived  time.Duration // since it was connected
}

// listen keeps connections to Slack until the context ends, or until Slack says
// that it can't go on like this.
func (s *Slack) listen(ctx context.Context, d *door) error {
	var open sync.WaitGroup // connections, those that are being replaced too
	defer open.Wait()
	return s.keepLanes(ctx, func(ctx context.Context, free func()) departure {
		return s.connection(ctx, d, &open, free)
	})
}

// connector opens a connection, and returns when that is to be replaced. It
// calls free when the connection is closed, which may be later.
type connector func(ctx context.Context, free func()) departure

// keepLanes keeps every lane until the context ends, or one must stop.
func (s *Slack) keepLanes(ctx context.Context, connect connector) error {
	all, ctx := errgroup.WithContext(ctx)
	room := make(chan struct{}, maxLinks)
	for i := range lanes {
		all.Go(func() error {
			if !pause(ctx, time.Duration(i)*stagger) {
				return nil
			}
			return s.lane(ctx, connect, room)
		})
	}
	return all.Wait()
}

// lane keeps one connection after another. The next is opened as soon as the
// last one is told to go, and before it is gone.
func (s *Slack) lane(ctx context.Context, connect connector, room chan struct{}) error {
	var p pace
	for {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		gone := connect(ctx, func() { <-room })
		if !pause(ctx, 0) {
			return nil // told to end
		}
		if gone.reason == reasonDisabled || ends(gone.err) {
			return s.stopped(gone)
		}
		asked := time.Duration(0)
		if e, ok := errors.AsType[*callError](gone.err); ok {
			asked = e.wait
		}
		if gone.reason == reasonTooMany {
			asked = steady
		}
		delay := p.next(gone.lived, asked, rand.Float64()) //nolint:gosec // nobody profits from guessing it
		s.log.Info("a Socket Mode connection is over; the next one follows",
			zap.String("reason", gone.reason), zap.Error(gone.err), zap.Duration("lived", gone.lived), zap.Duration("in", delay))
		if !pause(ctx, delay) {
			return nil
		}
	}
}

// stopped is the error for the end of everything.
func (s *Slack) stopped(gone departure) error {
	err := gone.err
	if gone.reason != "" {
		err = &callError{method: "Socket Mode", code: gone.reason}
	}
	s.stand.end("Slack refuses Socket Mode: " + explain(err))
	return fmt.Errorf("slack: %w: %w (%s)", adapters.ErrSettings, err, explain(err))
}

// connection opens one, serves it in the background, and returns when it is to
// be replaced. free is called when it is closed.
func (s *Slack) connection(ctx context.Context, d *door, open *sync.WaitGroup, free func()) departure {
	address, err := s.web.connect(ctx)
	if err == nil {
		var l *link
		if l, err = dial(ctx, address); err == nil {
			going := make(chan departure, 1)
			open.Go(func() {
				defer free()
				s.serveLink(ctx, d, l, going)
			})
			return <-going
		}
	}
	free()
	if ctx.Err() == nil {
		s.stand.set(topicSocket, "There is no connection to Slack: "+explain(err))
	}
	return departure{err: err}
}

// serveLink reads a connection to its end. going gets, once, why it is over or
// soon will be.
func (s *Slack) serveLink(ctx context.Context, d *door, l *link, going chan<- departure) {
	ctx, cancel := context.WithCancel(ctx)
	began := time.Now()
	var tell sync.Once
	depart := func(gone departure) {
		tell.Do(func() {
			gone.lived = time.Since(began)
			going <- gone
		})
	}
	var helpers sync.WaitGroup
	defer l.close()
	defer helpers.Wait()
	defer cancel()
	helpers.Go(func() { l.ping(ctx) })
	helpers.Go(func() {
		<-ctx.Done()
		l.stop()
	})
	greeted := false
	defer func() {
		if greeted {
			s.stand.linked(-1)
		}
	}()
	for {
		f, err := l.read()
		switch {
		case errors.Is(err, errFrame):
			s.meter.Delivered(chat.Slack, kindUnknown, resultMalformed)
			continue
		case err != nil:
			depart(departure{err: err})
			return
		}
		switch f.Type {
		case socketmode.RequestTypeHello:
			if !greeted {
				greeted = true
				s.stand.linked(+1)
			}
		case socketmode.RequestTypeDisconnect:
			depart(departure{reason: f.Reason})
			l.leave(lingering)
		default:
			s.envelope(ctx, d, l, f)
		}
	}
}

// envelope takes what was delivered, and never blocks the reader for longer than
// a write may take.
func (s *Slack) envelope(ctx context.Context, d *door, l *link, f socketmode.Request) {
	if f.EnvelopeID == "" || len(f.EnvelopeID) > maxKey {
		s.meter.Delivered(chat.Slack, kindUnknown, resultMalformed)
		return
	}
	var del delivery
	var err error
	switch f.Type {
	case socketmode.RequestTypeSlashCommands:
		del, err = commandJSON(f.Payload)
	case socketmode.RequestTypeInteractive:
		del, err = interactionJSON(f.Payload)
	case socketmode.RequestTypeEventsAPI:
		s.meter.Delivered(chat.Slack, kindEvent, resultIgnored)
		s.acked(l.ack(f, nil))
		return
	default:
		s.meter.Delivered(chat.Slack, kindUnknown, resultIgnored)
		s.acked(l.ack(f, nil))
		return
	}
	if err != nil { // it would be as malformed the next time
		s.meter.Delivered(chat.Slack, del.kind, resultMalformed)
		s.acked(l.ack(f, nil))
		return
	}
	del.received, del.key = s.now(), first(del.key, f.EnvelopeID)
	a, err := s.accept(d, del)
	switch {
	case errors.Is(err, errClosed): // Slack delivers it to somebody else
	case errors.Is(err, errBusy):
		s.acked(l.ack(f, only(f, blocks.Reply(adapters.SayBusy()))))
	case err != nil || a == nil:
		s.acked(l.ack(f, nil))
	default:
		l.pending.Go(func() {
			s.acknowledge(ctx, d, a, func(b *blocks.Body) error { return l.ack(f, b) })
		})
	}
}

// only is a body for envelopes that take one.
func only(f socketmode.Request, b blocks.Body) *blocks.Body {
	if f.AcceptsResponsePayload {
		return &b
	}
	return nil
}

func (s *Slack) acked(err error) {
	if err != nil {
		s.log.Info("an acknowledgement was not sent", zap.Error(err))
	}
}
