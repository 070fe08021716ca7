//go:build unix

package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/proctest"
	"modbot/internal/proctest/stage"
)

// beat is how far apart commands are on each platform: 20 a second.
const beat = time.Second / 20

// One command in so many is something else than a mute or unmute of a
// moderator.
const (
	everyStatus   = 5  // a read
	everyStranger = 40 // somebody who may not
	everyTwice    = 10 // delivered twice, as platforms do
	everyOther    = 25 // an account that the other platform's people look after
)

// command is one thing that somebody types, once or as often as platforms
// deliver it.
type command struct {
	stage.Command
	twice bool
}

// delivered is a command, and what the platform saw of it at once.
type delivered struct {
	command
	id    string // of the delivery
	acked bool
	took  time.Duration
}

// load is what people do on one platform.
type load struct {
	platform string
	random   *rand.Rand
	send     func(ctx context.Context, c command) delivered

	muted map[int]string // scopes of what was muted here, as far as its people know

	mu   sync.Mutex
	sent []delivered
	all  sync.WaitGroup
}

// run types until the time is over and returns when everything that was typed
// has been answered or given up. Each command has its time, whatever became of
// those before.
func (l *load) run(ctx context.Context, lasts time.Duration) {
	begun := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := 0; ; n++ {
		due := time.Duration(n) * beat
		if due >= lasts {
			break
		}
		timer.Reset(time.Until(begun.Add(due)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			l.all.Wait()
			return
		}
		c := l.next(n)
		l.all.Go(func() {
			d := l.send(ctx, c)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.sent = append(l.sent, d)
		})
	}
	l.all.Wait()
}

// next is the command of a number. Slack's people have the even accounts and
// Discord's the odd ones, and turn the mute of each around: on, then off. Now
// and then somebody takes one of the others', and the two meet.
func (l *load) next(n int) command {
	c := command{Command: stage.Command{Verb: "mute", Scope: "all"}}
	stranger := l.random.IntN(everyStranger) == 0
	c.twice = l.random.IntN(everyTwice) == 0
	at := n * 7 % (accountsMost / 2) * 2 // 7 shares no factor with their number
	if l.platform == proctest.Discord {
		at++
	}
	// Somebody else's mute is lifted after a question only: each account has a
	// moderator of its own.
	c.Account, c.By = account(at), stage.Moderator(at/2)
	if stranger {
		c.By = stage.Stranger()
	}
	if l.random.IntN(everyStatus) == 0 {
		c.Verb, c.Scope = "status", ""
		return c
	}
	c.Reason = fmt.Sprintf("soak %s %06d", l.platform, n)
	if l.random.IntN(everyOther) == 0 {
		c.Account = account(at ^ 1)
		c.Verb = []string{"mute", "unmute"}[l.random.IntN(2)]
		return c
	}
	if l.random.IntN(3) == 0 {
		c.Scope = "group"
	}
	if scope, on := l.muted[at]; on {
		c.Verb, c.Scope = "unmute", scope
	}
	switch {
	case stranger:
	case c.Verb == "mute":
		l.muted[at] = c.Scope
	default:
		delete(l.muted, at)
	}
	return c
}

// typeOnSlack delivers a command over a socket. What is not acknowledged is
// delivered once more, as Slack does.
func (w *world) typeOnSlack(ctx context.Context, c command) delivered {
	d, err := w.Slack.Command(ctx, slacksim.Socket, c.OnSlack())
	out := delivered{command: c, id: d.ID, acked: err == nil, took: d.Took}
	if c.twice || errors.Is(err, slacksim.ErrUnanswered) && d.EnvelopeID != "" {
		_, err = w.Slack.Redeliver(ctx, slacksim.Socket, d)
		out.acked = out.acked || err == nil
	}
	return out
}

// typeOnDiscord delivers a command over the gateway. A repeat has the same id.
func (w *world) typeOnDiscord(ctx context.Context, c command) delivered {
	in := c.OnDiscord()
	within, cancel := context.WithTimeout(ctx, 2*time.Minute) // for a session to be there again
	defer cancel()
	r, err := w.Discord.Command(within, in)
	out := delivered{command: c, id: r.ID, acked: err == nil && r.Problem == "", took: r.Took}
	if c.twice && r.ID != "" {
		in.ID = r.ID
		_, _ = w.Discord.Command(within, in) // it was answered already, or can't be
	}
	return out
}
