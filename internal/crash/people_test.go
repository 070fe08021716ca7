//go:build unix

package crash

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
)

// account is the account of a number: each is muted once, by one command.
func account(n int) string { return fmt.Sprintf("player%05d", n) }

// reason is the mark of that command, by which it is known in the ledger.
func reason(n int) string { return fmt.Sprintf("crash %05d", n) }

// What every command asks for.
const (
	term     = 6 * time.Hour
	termText = "6h"
)

// patience is how long somebody waits for an answer before delivering the same
// again.
const patience = 8 * time.Second

// people is what they were told: final answers by account, and the text of every
// message in each audit channel.
type people struct {
	mu    sync.Mutex
	final map[string]*told    // by account
	heard int                 // how many final answers
	last  map[string]string   // the last that was said about an account
	posts map[string][]string // by platform
	// deliveries are accounts by what was delivered about them: not every answer
	// names one.
	deliveries map[string]string
}

// told is what somebody hears of one account.
type told struct {
	final   chan struct{} // closed by the answer that says how the case ended
	refused chan struct{} // has one for answers that say that there is no case
}

func newPeople() *people {
	return &people{final: map[string]*told{}, last: map[string]string{}, posts: map[string][]string{}, deliveries: map[string]string{}}
}

// of is what is heard of an account.
func (p *people) of(account string) *told {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting(account)
}

func (p *people) waiting(account string) *told {
	c, ok := p.final[account]
	if !ok {
		c = &told{final: make(chan struct{}), refused: make(chan struct{}, 1)}
		p.final[account] = c
	}
	return c
}

// finals is how many final answers were seen.
func (p *people) finals() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard
}

var (
	aboutAccount = regexp.MustCompile(`player\d{5}`)
	aboutCase    = regexp.MustCompile(`[Cc]ase \d+`)
)

// delivers notes that a delivery is about an account.
func (p *people) delivers(id, account string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deliveries[id] = account
}

// hear takes an answer to a delivery. It is final when it says how a case ended.
// An error that came before there was a case is an end of that delivery, and of
// nothing else.
func (p *people) hear(delivery, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := aboutAccount.FindString(text)
	if name == "" {
		name = p.deliveries[delivery]
	}
	p.last[name] = text
	if name == "" || !strings.HasPrefix(text, "Done:") && !strings.HasPrefix(text, "Not done:") {
		return
	}
	if aboutCase.MatchString(text) {
		p.end(name)
		return
	}
	select {
	case p.waiting(name).refused <- struct{}{}:
	default:
	}
}

// end notes that it is known how the case about an account ended.
func (p *people) end(name string) {
	c := p.waiting(name)
	select {
	case <-c.final:
	default:
		p.heard++
		close(c.final)
	}
}

// unheard is the last that was said to those who have no final answer.
func (p *people) unheard() (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, c := range p.final {
		select {
		case <-c.final:
		default:
			out = append(out, fmt.Sprintf("%s: %q", name, p.last[name]))
		}
	}
	return append(out, fmt.Sprintf("nobody: %q", p.last[""]))
}

// answered is how many accounts somebody has heard anything of that is an end.
func (p *people) answered() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, text := range p.last {
		if name != "" && (strings.HasPrefix(text, "Done:") || strings.HasPrefix(text, "Not done:")) {
			n++
		}
	}
	return n
}

// read takes a message of an audit channel. People look there when nobody tells
// them: an answer can be lost with the process that gave it.
func (p *people) read(platform, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.posts[platform] = append(p.posts[platform], text)
	for line := range strings.SplitSeq(text, "\n") {
		if strings.Contains(line, "nknown") {
			continue // no end
		}
		for _, name := range aboutAccount.FindAllString(line, -1) {
			p.end(name)
		}
	}
}

// messages is what an audit channel shows.
func (p *people) messages(platform string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.posts[platform]...)
}

// onDiscord takes one event. It is called while the server is locked.
func (p *people) onDiscord(e discordsim.Event) {
	switch {
	case e.Message == nil:
	case e.What == discordsim.Posted && e.Channel == discordAudit:
		p.read("discord", discordsim.Read(e.Message.Content).Text)
	case e.What == discordsim.Shown, e.What == discordsim.Messaged:
		p.hear(e.Interaction, discordsim.Read(e.Message.Content).Text)
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
					p.hear(r.Delivery, m.Shown().Text)
				}
			}
			return false
		})
	})
	return func() { cancel(); all.Wait() }
}

// person mutes one account and insists: the same invocation is delivered again
// after every crash and after a time without an answer, until it is known what
// became of it. What was refused because nothing could be looked up is typed
// again. It returns false when the context ended first.
func (w *world) person(ctx context.Context, n int) bool {
	typed := w.onSlack
	if n%2 == 1 {
		typed = w.onDiscord
	}
	deliver, of := typed(n), w.people.of(account(n))
	for {
		l := w.now()
		deliver(ctx, l.public)
		timer := time.NewTimer(patience)
		select {
		case <-of.final:
			timer.Stop()
			return true
		case <-of.refused:
			timer.Stop()
			deliver = typed(n)
		case <-l.over:
			timer.Stop()
			w.reborn(ctx, l)
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}

// reborn waits until modbot can be reached again.
func (w *world) reborn(ctx context.Context, after life) {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for w.now() == after {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// onSlack is a command typed on Slack. What goes wrong with a delivery shows in
// the answer that does not come.
func (w *world) onSlack(n int) func(ctx context.Context, public string) {
	id := fmt.Sprintf("%d.%s", w.typed.Add(1), account(n))
	w.people.delivers(id, account(n))
	c := slacksim.Command{
		From:    slacksim.From{User: slackPerson, UserName: "mia", Channel: slackMods, ChannelName: "mods", Trigger: id},
		Command: "/mod", Text: slacksim.Typed(fmt.Sprintf("mute %s %s reason: %s", account(n), termText, reason(n))),
	}
	var first *slacksim.Delivered
	return func(ctx context.Context, public string) {
		if first != nil {
			_, _ = w.slack.Redeliver(ctx, public, *first)
			return
		}
		d, _ := w.slack.Command(ctx, public, c)
		first = &d
	}
}

// discordEpoch is when Discord's ids begin to count milliseconds, 22 bits up.
var discordEpoch = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant, which Go has no times of

// onDiscord is the same typed on Discord.
func (w *world) onDiscord(n int) func(ctx context.Context, public string) {
	id := strconv.FormatInt(time.Since(discordEpoch).Milliseconds()<<22|w.typed.Add(1), 10)
	w.people.delivers(id, account(n))
	in := discordsim.Interaction{
		ID: id, User: discordHuman, UserName: "mia", Roles: []string{discordRole}, Channel: discordMods, ChannelName: "mods", Name: "mute",
		Options: []discordsim.Option{{Name: "account", Value: account(n)}, {Name: "term", Value: termText}, {Name: "reason", Value: reason(n)}},
	}
	return func(ctx context.Context, _ string) { _, _ = w.discord.Command(ctx, in) }
}
