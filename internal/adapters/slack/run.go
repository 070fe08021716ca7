package slack

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// maxInFlight is how many deliveries are worked on at once. More are told that
// modbot is busy: each may wait for others for seconds.
const maxInFlight = 1024

// Why a job doesn't enter.
var (
	errClosed = errors.New("not running")
	errBusy   = errors.New("too much to do")
)

// job is something that Run does for others, in a goroutine of its own.
type job func(ctx context.Context, core adapters.Core)

// door is where jobs enter Run. It hands them over to a receiver, so that none
// is begun after the last has been counted.
type door struct {
	jobs     chan job
	closed   chan struct{} // closed when nobody receives any more
	inFlight atomic.Int64
}

func newDoor() *door { return &door{jobs: make(chan job), closed: make(chan struct{})} }

// submit hands over a job, or says why not. It doesn't wait for the job.
func (d *door) submit(j job) error {
	if d == nil {
		return errClosed
	}
	if d.inFlight.Add(1) > maxInFlight {
		d.inFlight.Add(-1)
		return errBusy
	}
	select {
	case d.jobs <- j:
		return nil
	case <-d.closed:
		d.inFlight.Add(-1)
		return errClosed
	}
}

// Run receives until the context ends, which is a clean end, or until Slack says
// that it can't go on as configured (adapters.ErrSettings). At its end it waits
// up to adapters.DrainTime for what was begun. It runs once at a time.
func (s *Slack) Run(ctx context.Context, core adapters.Core) error {
	d := newDoor()
	if !s.door.CompareAndSwap(nil, d) {
		return errors.New("slack: already running")
	}
	s.stand.end("")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var all sync.WaitGroup
	all.Go(func() { s.watchToken(ctx) })
	all.Go(func() { s.groups.keep(ctx) })
	over := make(chan error, 1)
	if s.cfg.Mode == Socket {
		all.Go(func() { over <- s.hold(ctx, core, d) })
	}
	err := s.receive(ctx, core, d, over, &all)
	close(d.closed)
	s.door.Store(nil)
	cancel()
	if !wait(&all, adapters.DrainTime) {
		s.log.Warn("some answers were still being waited for at the end", zap.Int64("in_flight", d.inFlight.Load()))
	}
	s.web.closeIdle()
	return err
}

// hold keeps connections to Slack while this process is the one that does.
func (s *Slack) hold(ctx context.Context, core adapters.Core, d *door) error {
	s.stand.standBy(true)
	return adapters.Hold(ctx, core, chat.Slack, func(ctx context.Context) error {
		s.stand.standBy(false)
		defer s.stand.standBy(true)
		return s.listen(ctx, d)
	})
}

// receive begins jobs until it is over.
func (s *Slack) receive(ctx context.Context, core adapters.Core, d *door, over <-chan error, all *sync.WaitGroup) error {
	for {
		select {
		case j := <-d.jobs:
			all.Go(func() {
				defer d.inFlight.Add(-1)
				defer s.contain("a job")
				j(ctx, core)
			})
		case err := <-over:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// contain keeps a panic to the job that it happened in.
func (s *Slack) contain(what string) {
	if p := recover(); p != nil {
		s.log.Error("panic in "+what, zap.String("panic", fmt.Sprint(p)), zap.ByteString("stack", debug.Stack()))
	}
}

// wait reports whether everything ended in time. The goroutine that waits ends
// with it.
func wait(all *sync.WaitGroup, atMost time.Duration) bool {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		all.Wait()
	}()
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-ended:
		return true
	case <-timer.C:
		return false
	}
}

// pause waits, and reports whether the context is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// How often the bot's token is looked at: rarely while it is good.
const (
	tokenEvery = 5 * time.Minute
	tokenRetry = 30 * time.Second
)

// watchToken keeps Status honest about the bot's token. In HTTP mode it is the
// only thing that would notice that the token was revoked: deliveries still come.
func (s *Slack) watchToken(ctx context.Context) {
	for {
		next := tokenEvery
		team, enterprise, err := s.web.whoami(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			next = tokenRetry
			s.stand.set(topicToken, "Slack doesn't answer to the bot's token: "+explain(err))
			s.log.Warn("the bot's token was not confirmed", zap.Error(err))
		case !s.cfg.served(team, enterprise) && !s.cfg.orgWide():
			s.stand.set(topicToken, "The bot's token belongs to the workspace "+team+", which is not among the configured ones.")
		default:
			s.stand.set(topicToken, "")
		}
		if !pause(ctx, next) {
			return
		}
	}
}
