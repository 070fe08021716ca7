//go:build unix

package crash

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/proctest"
	"modbot/internal/proctest/stage"
)

// patience is how long somebody waits for an answer before delivering the same
// again.
const patience = 8 * time.Second

// people are those who type, and wait until they are told.
type people struct {
	mu    sync.Mutex
	final map[string]*told  // by account
	heard int               // how many final answers
	last  map[string]string // the last that was said about an account
}

// told is what somebody hears of one account.
type told struct {
	final   chan struct{} // closed by the answer that says how the case ended
	refused chan struct{} // has one for answers that say that there is no case
	any     bool          // one of either has come
}

func newPeople() *people {
	return &people{final: map[string]*told{}, last: map[string]string{}}
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

// Hears takes an answer. It is final when it says how a case ended. An error
// that came before there was a case is an end of that delivery, and of nothing
// else.
func (p *people) Hears(h proctest.Heard) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last[h.Account] = h.Text
	switch {
	case h.Account == "" || !h.Ends():
	case h.NamesCase():
		p.end(h.Account)
	default:
		c := p.waiting(h.Account)
		c.any = true
		select {
		case c.refused <- struct{}{}:
		default:
		}
	}
}

// Reads takes a message of an audit channel. People look there when nobody tells
// them: an answer can be lost with the process that gave it.
func (p *people) Reads(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for line := range strings.SplitSeq(text, "\n") {
		if strings.Contains(line, "nknown") {
			continue // no end
		}
		for _, name := range proctest.Players(line) {
			p.end(name)
		}
	}
}

// end notes that it is known how the case about an account ended.
func (p *people) end(name string) {
	c := p.waiting(name)
	c.any = true
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

// answered is how many accounts somebody knows an end of, by an answer or from an
// audit channel, be it only that nothing could be done.
func (p *people) answered() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.final {
		if c.any {
			n++
		}
	}
	return n
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
	deliver, of := typed(n), w.people.of(proctest.Player(n))
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
	c := stage.Mute(n).OnSlack()
	c.Trigger = fmt.Sprintf("%d.%s", w.typed.Add(1), proctest.Player(n))
	w.People.Typed(c.Trigger, proctest.Player(n))
	var first *slacksim.Delivered
	return func(ctx context.Context, public string) {
		if first != nil {
			_, _ = w.Slack.Redeliver(ctx, public, *first)
			return
		}
		d, _ := w.Slack.Command(ctx, public, c)
		first = &d
	}
}

// discordEpoch is when Discord's ids begin to count milliseconds, 22 bits up.
var discordEpoch = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant, which Go has no times of

// onDiscord is the same typed on Discord.
func (w *world) onDiscord(n int) func(ctx context.Context, public string) {
	in := stage.Mute(n).OnDiscord()
	in.ID = strconv.FormatInt(time.Since(discordEpoch).Milliseconds()<<22|w.typed.Add(1), 10)
	w.People.Typed(in.ID, proctest.Player(n))
	return func(ctx context.Context, _ string) { _, _ = w.Discord.Command(ctx, in) }
}
