package main

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/web"
)

// How the time between the first signal and the end is spent, at most 25 s in
// all: the public listener ends (web.DrainTime), then the platforms with the
// commands that they handed over, then the outcomes and posts that are still
// missing. A post that has begun is seen through, which takes up to 8 s more.
const (
	platformsTime = adapters.DrainTime + time.Second
	outcomesTime  = time.Second
	postsTime     = 2 * time.Second
	// endTime is when what has not ended by itself is left behind.
	endTime = 24500 * time.Millisecond
)

// errForced says that the end was not waited for.
var errForced = errors.New("not everything ended in time")

// stage is a part of the program that is told to end, and waited for.
type stage struct {
	end   context.CancelFunc
	ended chan struct{}
}

// begin starts a stage. It goes on when the context is done: stop ends it.
func begin(ctx context.Context, run func(ctx context.Context)) stage {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := stage{end: cancel, ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		run(ctx)
	}()
	return s
}

// stop ends the stage, and reports whether it did so in time.
func (s stage) stop(atMost time.Duration) bool {
	s.end()
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-s.ended:
		return true
	case <-timer.C:
		return false
	}
}

// serving is modbot while it serves. Every part is made; run sets them to work.
type serving struct {
	log       *zap.Logger
	core      *core
	handed    adapters.Core // the core as the platforms get it
	health    *web.Health
	public    *web.Server // nil where no platform calls us
	admin     *web.Server
	platforms roster
}

// run serves until the context ends, or until it cannot go on, and then ends
// everything in order. It returns why it could not go on, nil when it was told
// to end.
func (s *serving) run(ctx context.Context) error {
	broken := make(chan error, 3)
	note := func(err error) {
		if err != nil {
			broken <- err
		}
	}
	admin := begin(ctx, func(ctx context.Context) { note(s.admin.Serve(ctx)) })
	platforms := begin(ctx, func(ctx context.Context) { note(s.platforms.run(ctx, s.handed)) })
	public := begin(ctx, func(ctx context.Context) {
		if s.public != nil {
			note(s.public.Serve(ctx))
		}
	})

	var why error
	select {
	case <-ctx.Done():
		s.log.Info("shutting down; a second signal ends modbot at once")
	case why = <-broken:
		s.log.Error("modbot cannot go on, and shuts down", zap.Error(why))
	}
	return errors.Join(why, s.end(ctx, stages{public: public, platforms: platforms, admin: admin}))
}

// stages are what runs beside the core, in the order in which it ends.
type stages struct{ public, platforms, admin stage }

// end ends everything within endTime.
func (s *serving) end(ctx context.Context, all stages) error {
	ctx = context.WithoutCancel(ctx)
	s.health.Stop()
	ended := make(chan error, 1)
	go func() {
		if !all.public.stop(web.DrainTime + time.Second) {
			s.log.Warn("the public listener did not end in time")
		}
		if !all.platforms.stop(platformsTime) {
			s.log.Warn("commands are still under way; the next start settles what they began")
		}
		s.core.drain(ctx, outcomesTime, postsTime)
		err := s.core.Close()
		// The last, so that what the end looked like can be seen from outside.
		all.admin.stop(web.DrainTime)
		ended <- err
	}()
	timer := time.NewTimer(endTime)
	defer timer.Stop()
	select {
	case err := <-ended:
		s.log.Info("ended", zap.Error(err))
		return err
	case <-timer.C:
		s.log.Error("not everything ended in time; the next start settles what was begun")
		return errForced
	}
}
