//go:build unix

package replicas

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
)

// account is the account of a number: each is muted by one command, whose
// reason names it.
func account(n int) string { return fmt.Sprintf("player%05d", n) }
func reason(n int) string  { return fmt.Sprintf("replicas %05d", n) }

const (
	// beat is how far apart commands are, all people together.
	beat = 60 * time.Millisecond
	// everyTwice: one command in so many is delivered twice.
	everyTwice = 5
)

// people is what they typed, and what they were told.
type people struct {
	mu    sync.Mutex
	told  map[string][]string // by account
	posts map[string][]string // by platform
	acked map[string]bool     // accounts whose command was acknowledged

	typed atomic.Int64
}

func newPeople() *people {
	return &people{told: map[string][]string{}, posts: map[string][]string{}, acked: map[string]bool{}}
}

var aboutAccount = regexp.MustCompile(`player\d{5}`)

func (p *people) hear(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := aboutAccount.FindString(text)
	p.told[name] = append(p.told[name], text)
}

func (p *people) read(platform, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.posts[platform] = append(p.posts[platform], text)
}

func (p *people) heard(name string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.told[name]...)
}

// count is how many messages about an account, or about none, say that.
func (p *people) count(name, words string) (n int) {
	for _, text := range append(p.heard(name), p.heard("")...) {
		if strings.Contains(text, words) {
			n++
		}
	}
	return n
}

func (p *people) acknowledged(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acked[name] = true
}

// onDiscord takes one event. It is called while the server is locked.
func (p *people) onDiscord(e discordsim.Event) {
	switch {
	case e.Message == nil:
	case e.What == discordsim.Posted && e.Channel == discordAudit:
		p.read("discord", discordsim.Read(e.Message.Content).Text)
	case e.What == discordsim.Shown, e.What == discordsim.Messaged:
		p.hear(discordsim.Read(e.Message.Content).Text)
	}
}

// follow reads along with the scripted Slack until it is stopped.
func (p *people) follow(ctx context.Context, from *slacksim.Server) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // the clean-up stops it
	var all sync.WaitGroup
	all.Go(func() {
		_, _ = from.Wait(ctx, func(r slacksim.Record) bool { // the error is that the context ended
			if m := r.Message; m != nil && (r.Kind == slacksim.KindMessage || r.Kind == slacksim.KindEdited) {
				if m.Channel == slackAudit && m.User == "" {
					p.read("slack", m.Shown().Text)
				} else {
					p.hear(m.Shown().Text)
				}
			}
			return false
		})
	})
	return func() { cancel(); all.Wait() }
}

// crowd types one command after the other for a while, and returns when
// everything that was typed has been acknowledged or given up.
func (w *world) crowd(ctx context.Context, lasts time.Duration, most int) {
	var all sync.WaitGroup
	defer all.Wait()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	over := time.NewTimer(lasts)
	defer over.Stop()
	for range most {
		select {
		case <-tick.C:
			n := int(w.people.typed.Add(1) - 1)
			all.Go(func() { w.mute(ctx, n) })
		case <-over.C:
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
	d, err := w.slack.Command(ctx, to, slacksim.Command{
		From:    slacksim.From{User: slackPerson, UserName: "mia", Channel: slackMods, ChannelName: "mods"},
		Command: "/mod", Text: slacksim.Typed(fmt.Sprintf("mute %s 6h reason: %s", account(n), reason(n))),
	})
	for ; err == nil && times > 1; times-- {
		_, _ = w.slack.Redeliver(ctx, to, d) // it may be to one that is gone
	}
	if err == nil && (w.sockets || d.Status == 200) {
		w.people.acknowledged(account(n))
	}
}

func (w *world) onDiscord(ctx context.Context, n, times int) {
	in := discordsim.Interaction{
		User: discordHuman, UserName: "mia", Roles: []string{discordRole}, Channel: discordMods, ChannelName: "mods", Name: "mute",
		Options: []discordsim.Option{{Name: "account", Value: account(n)}, {Name: "term", Value: "6h"}, {Name: "reason", Value: reason(n)}},
	}
	within, cancel := context.WithTimeout(ctx, time.Minute) // for a session to be there again
	defer cancel()
	r, err := w.discord.Command(within, in)
	if err == nil && r.Problem == "" {
		w.people.acknowledged(account(n))
	}
	for in.ID = r.ID; in.ID != "" && times > 1; times-- {
		_, _ = w.discord.Command(within, in)
	}
}
