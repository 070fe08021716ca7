package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/chat"
	"modbot/internal/texts"
)

// platform is what serving needs of an adapter.
type platform interface {
	adapters.Adapter
	// Handler serves what the platform calls, with its whole path.
	Handler() http.Handler
	Status() adapters.Status
	// Audit is the audit channel, nil when none is configured.
	Audit() adapters.Channel
}

// attachment is a platform that the configuration names: the adapter, or why
// there is none.
type attachment struct {
	name     chat.Platform
	platform platform // nil when err is not
	err      error
	// sink is the audit channel's name in the ledger; empty without one.
	sink string
}

// How often a platform that ended is started again.
const (
	restartFirst = time.Second
	restartMost  = 2 * time.Minute
	// restartForget is how long it has to run until earlier failures are of no
	// account.
	restartForget = 5 * time.Minute
)

// Why a platform does not run.
var (
	errEnded      = errors.New("it ended by itself")
	errNoPlatform = errors.New("no platform can be served as it is configured")
)

// supervised keeps one platform running. What goes wrong with it stays with it:
// it is tried again where that can help, and otherwise said, and no other
// platform notices.
type supervised struct {
	attachment
	log *zap.Logger
	now func() time.Time

	mu sync.Mutex
	// trouble is why the platform does not run; empty when it does, and its own
	// Status says more.
	trouble string
	begun   bool
}

func newSupervised(log *zap.Logger, c attachment) *supervised {
	return &supervised{attachment: c, log: log.With(zap.String("platform", string(c.name))), now: time.Now}
}

// Name is the platform's name.
func (s *supervised) Name() string { return string(s.name) }

// Standing is how the platform is.
func (s *supervised) Standing() (up bool, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.trouble != "":
		return false, s.trouble
	case !s.begun:
		return false, "It has not been started yet."
	}
	status := s.platform.Status()
	return status.Up, status.Why
}

func (s *supervised) stands(trouble string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun, s.trouble = true, trouble
}

// run runs the platform until the context ends, and returns nil then. The
// error is that the platform refuses its configuration, which only a person can
// change.
func (s *supervised) run(ctx context.Context, core adapters.Core) error {
	if s.err != nil {
		return s.refused(s.err)
	}
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = restartFirst, restartMost, 2
	for {
		s.stands("")
		begun := s.now()
		err := s.platform.Run(ctx, core)
		switch {
		case ctx.Err() != nil:
			if err != nil {
				s.log.Warn("the platform did not end cleanly", zap.Error(err))
			}
			s.stands("It was stopped.")
			return nil
		case errors.Is(err, adapters.ErrSettings):
			return s.refused(err)
		case err == nil:
			err = errEnded
		}
		if s.now().Sub(begun) >= restartForget {
			pauses.Reset()
		}
		wait := pauses.NextBackOff()
		s.log.Error("the platform failed, and is started again", zap.Duration("wait", wait), zap.Error(err))
		s.stands(fmt.Sprintf("It failed, and is started again at %s: %v.", s.now().Add(wait).UTC().Format(time.TimeOnly+" UTC"), err))
		if !sleep(ctx, wait) {
			s.stands("It was stopped.")
			return nil
		}
	}
}

// refused says loudly what a person has to look at.
func (s *supervised) refused(err error) error {
	s.log.Error("the platform cannot be served as it is configured; it stays off until modbot is started again with another configuration",
		zap.Error(err))
	s.stands(fmt.Sprintf("It cannot be served as it is configured, and is not tried again: %v.", err))
	return fmt.Errorf("%s: %w", s.name, err)
}

// sleep waits, and reports false when the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// roster is all platforms of this process.
type roster []*supervised

// health is how the platforms are, for people.
func (r roster) health() []texts.PlatformHealth {
	out := make([]texts.PlatformHealth, 0, len(r))
	for _, s := range r {
		up, why := s.Standing()
		out = append(out, texts.PlatformHealth{Name: s.Name(), Up: up, Why: why})
	}
	return out
}

// tell brings an answer to somebody who does not wait for it any more. Who asked
// elsewhere, like at a terminal, is nobody's to tell here.
func (r roster) tell(ctx context.Context, inv chat.Invocation, reply chat.Reply) error {
	for _, s := range r {
		if t, ok := s.platform.(adapters.Teller); ok && s.name == inv.Platform {
			return t.Tell(ctx, inv.Actor.ID, reply.Message)
		}
	}
	return nil
}

// Grants asks the platform of an invocation. Nobody else knows, and then the
// core refuses.
func (r roster) Grants(ctx context.Context, inv chat.Invocation) ([]chat.Grant, error) {
	for _, s := range r {
		if s.name == inv.Platform && s.platform != nil {
			return s.platform.Grants(ctx, inv)
		}
	}
	return nil, fmt.Errorf("platform %q: %w", inv.Platform, adapters.ErrRoles)
}

// handlers are what the platforms' deliveries are served by, by the beginning
// of their paths.
func (r roster) handlers() map[string]http.Handler {
	out := map[string]http.Handler{}
	for _, s := range r {
		if s.platform != nil {
			out["/"+string(s.name)+"/"] = s.platform.Handler()
		}
	}
	return out
}

// sinks are the audit channels. A new one begins at the next entry: nobody
// wants years of a ledger posted because a channel was set.
func (r roster) sinks() []sink {
	var out []sink
	for _, s := range r {
		if s.platform == nil || s.sink == "" {
			continue
		}
		if channel := s.platform.Audit(); channel != nil {
			out = append(out, sink{name: s.sink, channel: channel, fromNow: true, bursts: true})
		}
	}
	return out
}

// run runs all platforms until the context ends, and returns nil then; or until
// none is left that could be served.
func (r roster) run(ctx context.Context, core adapters.Core) error {
	var all sync.WaitGroup
	refused := make([]error, len(r))
	for i, s := range r {
		all.Go(func() { refused[i] = s.run(ctx, core) })
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil //nolint:nilerr // being told to end is no failure
	}
	return errors.Join(append([]error{errNoPlatform}, refused...)...)
}
