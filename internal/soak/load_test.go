//go:build unix

package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/proctest"
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

// term is what every mute asks for, as text in the commands.
const (
	term     = 6 * time.Hour
	termText = "6h"
)

// command is one thing that somebody types.
type command struct {
	platform string
	actor    int    // the number of a moderator
	mark     string // in the reason; empty for reads
	verb     string
	account  string
	scope    string
	stranger bool
	twice    bool
}

// line is the command as Slack's people type it.
func (c command) line() string {
	switch c.verb {
	case "mute":
		return fmt.Sprintf("mute %s %s %s reason: %s", c.account, termText, c.scope, c.mark)
	case "unmute":
		return fmt.Sprintf("unmute %s %s reason: %s", c.account, c.scope, c.mark)
	}
	return c.verb + " " + c.account
}

// options are the command as Discord's people fill it in.
func (c command) options() []discordsim.Option {
	out := []discordsim.Option{{Name: "account", Value: c.account}}
	if c.verb == "mute" {
		out = append(out, discordsim.Option{Name: "term", Value: termText})
	}
	if c.mark != "" {
		out = append(out, discordsim.Option{Name: "scope", Value: c.scope}, discordsim.Option{Name: "reason", Value: c.mark})
	}
	return out
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
	c := command{platform: l.platform, verb: "mute", scope: "all"}
	c.stranger = l.random.IntN(everyStranger) == 0
	c.twice = l.random.IntN(everyTwice) == 0
	at := n * 7 % (accountsMost / 2) * 2 // 7 shares no factor with their number
	if l.platform == proctest.Discord {
		at++
	}
	// Somebody else's mute is lifted after a question only: each account has a
	// moderator of its own.
	c.account, c.actor = account(at), at/2
	if l.random.IntN(everyStatus) == 0 {
		c.verb = "status"
		return c
	}
	c.mark = fmt.Sprintf("soak %s %06d", l.platform, n)
	if l.random.IntN(everyOther) == 0 {
		c.account = account(at ^ 1)
		c.verb = []string{"mute", "unmute"}[l.random.IntN(2)]
		return c
	}
	if l.random.IntN(3) == 0 {
		c.scope = "group"
	}
	if scope, on := l.muted[at]; on {
		c.verb, c.scope = "unmute", scope
	}
	switch {
	case c.stranger:
	case c.verb == "mute":
		l.muted[at] = c.scope
	default:
		delete(l.muted, at)
	}
	return c
}

// typeOnSlack delivers a command over a socket. What is not acknowledged is
// delivered once more, as Slack does.
func (w *world) typeOnSlack(ctx context.Context, c command) delivered {
	from := slacksim.From{User: slackModerator(c.actor), UserName: "mod", Channel: slackMods, ChannelName: "mods"}
	if c.stranger {
		from.User, from.UserName = slackStranger, "max"
	}
	d, err := w.slack.Command(ctx, slacksim.Socket, slacksim.Command{From: from, Command: "/mod", Text: slacksim.Typed(c.line())})
	out := delivered{command: c, id: d.ID, acked: err == nil, took: d.Took}
	if c.twice || errors.Is(err, slacksim.ErrUnanswered) && d.EnvelopeID != "" {
		_, err = w.slack.Redeliver(ctx, slacksim.Socket, d)
		out.acked = out.acked || err == nil
	}
	return out
}

// typeOnDiscord delivers a command over the gateway. A repeat has the same id.
func (w *world) typeOnDiscord(ctx context.Context, c command) delivered {
	in := discordsim.Interaction{
		User: discordModerator(c.actor), UserName: "mod", Roles: []string{discordRole}, Channel: discordMods, ChannelName: "mods",
		Name: c.verb, Options: c.options(),
	}
	if c.stranger {
		in.User, in.UserName, in.Roles = discordStranger, "max", nil
	}
	within, cancel := context.WithTimeout(ctx, 2*time.Minute) // for a session to be there again
	defer cancel()
	r, err := w.discord.Command(within, in)
	out := delivered{command: c, id: r.ID, acked: err == nil && r.Problem == "", took: r.Took}
	if c.twice && r.ID != "" {
		in.ID = r.ID
		_, _ = w.discord.Command(within, in) // it was answered already, or can't be
	}
	return out
}
