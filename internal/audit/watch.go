package audit

import (
	"context"
	"fmt"
	"time"
)

// waitPoll is how often a waiter looks at the store by itself: what another
// process appends may wake nobody here.
const waitPoll = 250 * time.Millisecond

// watcher is a Store that can tell of other processes.
type watcher interface {
	// Watch calls woken when another process may have appended entries, until
	// the context ends. It connects again by itself, and then calls woken too.
	Watch(ctx context.Context, woken func())
}

// Follow wakes those who wait for entries when another process has appended
// some, until the context ends. Where the store cannot tell, it returns at once.
// It makes nothing certain: who waits polls as well.
func (l *Log) Follow(ctx context.Context) {
	if w, ok := l.store.(watcher); ok {
		w.Watch(ctx, l.wake)
	}
}

// wake wakes everybody.
func (l *Log) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ch := range l.subscribers {
		poke(ch)
	}
	for _, chs := range l.waiters {
		for ch := range chs {
			poke(ch)
		}
	}
}

// Subscribe returns a channel that gets a value when entries were appended by
// this process, or by another where Follow runs and the store can tell. It
// holds one value: who is late misses nothing, but has to look at what is new
// himself, and polls as well.
func (l *Log) Subscribe() (changed <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.subscribers[ch] = struct{}{}
	return ch, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.subscribers, ch)
	}
}

// announce wakes whoever waits for what was just committed.
func (l *Log) announce(s *state) {
	if len(s.made) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for ch := range l.subscribers {
		poke(ch)
	}
	if len(l.waiters) == 0 {
		return
	}
	for _, e := range s.made {
		for ch := range l.waiters[e.Case] {
			poke(ch)
		}
	}
}

func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Wait waits until nothing more is expected of a case by itself, or the
// context ends; then it returns the case as it stands, with the context's
// cause.
func (l *Log) Wait(ctx context.Context, n int64) (CaseView, error) {
	ch := make(chan struct{}, 1)
	l.await(n, ch)
	defer l.forget(n, ch)
	tick := time.NewTicker(l.poll)
	defer tick.Stop()
	for {
		settled, err := l.settled(ctx, n)
		if err != nil {
			return CaseView{}, err
		}
		if settled {
			return l.Case(ctx, n)
		}
		select {
		case <-ch:
		case <-tick.C:
		case <-ctx.Done():
			c, err := l.Case(context.WithoutCancel(ctx), n)
			if err != nil {
				return c, err
			}
			return c, fmt.Errorf("waiting for case %d: %w", n, context.Cause(ctx))
		}
	}
}

func (l *Log) await(n int64, ch chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiters[n] == nil {
		l.waiters[n] = map[chan struct{}]struct{}{}
	}
	l.waiters[n][ch] = struct{}{}
}

func (l *Log) forget(n int64, ch chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiters[n], ch)
	if len(l.waiters[n]) == 0 {
		delete(l.waiters, n)
	}
}

// settled reads the status of a case and nothing else.
func (l *Log) settled(ctx context.Context, n int64) (bool, error) {
	// A wait that is over still says where the case stands.
	ctx = context.WithoutCancel(ctx)
	return view(ctx, l, func(s Snapshot) (bool, error) {
		rows, err := s.Load(ctx, Keys{Cases: []int64{n}})
		if err != nil {
			return false, err
		}
		if len(rows.Cases) == 0 {
			return false, ErrNoCase
		}
		return rows.Cases[0].Status.Settled(), nil
	})
}
