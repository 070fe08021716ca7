//go:build unix

package replicas

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/proctest"
	"modbot/internal/proctest/stage"
)

const (
	// beat is how far apart commands are, all people together.
	beat = 100 * time.Millisecond
	// everyTwice: one command in so many is delivered twice.
	everyTwice = 5
)

// people are those who type.
type people struct {
	typed atomic.Int64 // how many commands

	mu    sync.Mutex
	acked map[string]bool // accounts whose command was acknowledged
}

func newPeople() *people { return &people{acked: map[string]bool{}} }

func (p *people) acknowledged(account string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acked[account] = true
}

// commands are those that were typed.
func (p *people) commands() (out []proctest.Command) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := range int(p.typed.Load()) {
		out = append(out, stage.Mute(n).Typed(p.acked[proctest.Player(n)]))
	}
	return out
}

// crowd types one command after the other until it is over or so many are typed,
// and returns when everything that was typed has been acknowledged or given up.
func (w *world) crowd(ctx context.Context, most int, over <-chan struct{}) {
	var all sync.WaitGroup
	defer all.Wait()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for range most {
		select {
		case <-tick.C:
			n := int(w.people.typed.Add(1) - 1)
			all.Go(func() { w.mute(ctx, n) })
		case <-over:
			return
		case <-ctx.Done():
			return
		}
	}
}

// mute types the command of a number: on Slack, or on Discord. Some arrive
// twice.
func (w *world) mute(ctx context.Context, n int) {
	times := 1
	if n%everyTwice == 0 {
		times = 2
	}
	if n%2 == 0 {
		w.onSlack(ctx, n, times)
	} else {
		w.onDiscord(ctx, n, times)
	}
}

func (w *world) onSlack(ctx context.Context, n, times int) {
	to := w.balancer.url
	if w.sockets {
		to = slacksim.Socket
	}
	d, err := w.Slack.Command(ctx, to, stage.Mute(n).OnSlack())
	for ; err == nil && times > 1; times-- {
		_, _ = w.Slack.Redeliver(ctx, to, d) // it may be to one that is gone
	}
	if err == nil && (w.sockets || d.Status == 200) {
		w.acknowledged(n, d.ID)
	}
}

func (w *world) onDiscord(ctx context.Context, n, times int) {
	in := stage.Mute(n).OnDiscord()
	within, cancel := context.WithTimeout(ctx, time.Minute) // for a session to be there again
	defer cancel()
	r, err := w.Discord.Command(within, in)
	if err == nil && r.Problem == "" {
		w.acknowledged(n, r.ID)
	}
	for in.ID = r.ID; in.ID != "" && times > 1; times-- {
		_, _ = w.Discord.Command(within, in)
	}
}

// acknowledged notes that the platform was answered in time.
func (w *world) acknowledged(n int, delivery string) {
	w.People.Typed(delivery, proctest.Player(n))
	w.people.acknowledged(proctest.Player(n))
}
