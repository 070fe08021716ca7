package proctest

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
)

// The platforms, as the ledger calls them.
const (
	Slack   = "slack"
	Discord = "discord"
)

// Player is the account of a number. People find it again in what they read.
func Player(n int) string { return fmt.Sprintf("player%05d", n) }

var (
	aboutPlayer = regexp.MustCompile(`player\d{5}`)
	aboutCase   = regexp.MustCompile(`[Cc]ase (\d+)`)
)

// Players are the accounts that a text names.
func Players(text string) []string { return aboutPlayer.FindAllString(text, -1) }

// Heard is one thing that somebody was told.
type Heard struct {
	Platform string
	Account  string // that it is about; empty where neither it nor what it answers says so
	Delivery string // that it answers; empty where it came as a direct message
	Edited   bool   // it stands where something else stood
	Text     string // as people see it
}

// NamesCase reports whether it says which case it is about.
func (h Heard) NamesCase() bool { return aboutCase.MatchString(h.Text) }

// Ends reports whether nothing more needs to be said about the command.
func (h Heard) Ends() bool {
	return strings.HasPrefix(h.Text, "Done:") || strings.HasPrefix(h.Text, "Not done:")
}

// working reports whether it only asks for patience.
func (h Heard) working() bool { return h.Text == "" || strings.HasPrefix(h.Text, "Working") }

// Listener is told of everything as it comes, one after the other. It must not
// call the platforms.
type Listener interface {
	// Hears is told what was said to somebody.
	Hears(h Heard)
	// Reads is told of a message in an audit channel.
	Reads(text string)
}

// People read along on the scripted platforms: what was said to those who
// typed, and what the audit channels show. The methods may be called by several
// goroutines at once.
type People struct {
	audits map[string]string // the audit channel of each platform
	to     Listener

	mu    sync.Mutex
	heard []Heard
	posts map[string][]string
	typed map[string]string // accounts by delivery
}

// NewPeople makes people who read the audit channels with these ids. Nobody may
// listen.
func NewPeople(slackAudit, discordAudit string, to Listener) *People {
	return &People{
		audits: map[string]string{Slack: slackAudit, Discord: discordAudit}, to: to,
		posts: map[string][]string{}, typed: map[string]string{},
	}
}

// OnDiscord takes one event. It is what discordsim.Config.Observe wants.
func (p *People) OnDiscord(e discordsim.Event) {
	if e.Message == nil {
		return
	}
	text := discordsim.Read(e.Message.Content).Text
	switch {
	case e.What == discordsim.Posted && e.Channel == p.audits[Discord]:
		p.post(Discord, text)
	case e.What == discordsim.Shown:
		p.hear(Heard{Platform: Discord, Delivery: e.Interaction, Text: text})
	case e.What == discordsim.Messaged:
		p.hear(Heard{Platform: Discord, Text: text})
	}
}

// FollowSlack reads along until it is stopped, also after the end of the
// context, whose values it takes.
func (p *People) FollowSlack(ctx context.Context, from *slacksim.Server) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var all sync.WaitGroup
	all.Go(func() {
		_, _ = from.Wait(ctx, func(r slacksim.Record) bool { // the error is that the context ended
			p.onSlack(r)
			return false
		})
	})
	return func() { cancel(); all.Wait() }
}

func (p *People) onSlack(r slacksim.Record) {
	m := r.Message
	if m == nil || r.Kind != slacksim.KindMessage && r.Kind != slacksim.KindEdited {
		return
	}
	h := Heard{Platform: Slack, Edited: r.Kind == slacksim.KindEdited, Text: m.Shown().Text}
	switch {
	case m.User != "": // shown to one person, where it was typed
		h.Delivery = r.Delivery
	case m.Channel == p.audits[Slack]:
		p.post(Slack, h.Text)
		return
	}
	p.hear(h)
}

func (p *People) hear(h Heard) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h.Account = p.about(h)
	p.heard = append(p.heard, h)
	if p.to != nil {
		p.to.Hears(h)
	}
}

// about is the account that something is about; mu is held.
func (p *People) about(h Heard) string {
	if name := aboutPlayer.FindString(h.Text); name != "" || h.Delivery == "" {
		return name
	}
	return p.typed[h.Delivery]
}

func (p *People) post(platform, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.posts[platform] = append(p.posts[platform], text)
	if p.to != nil {
		p.to.Reads(text)
	}
}

// Typed says which account a delivery is about, for answers that do not name
// it. What is heard by then of the delivery stays without one.
func (p *People) Typed(delivery, account string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.typed[delivery] = account
}

// Told is what people were told, by the account that it was about; what is about
// none that is known is below the empty name.
func (p *People) Told() map[string][]Heard {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string][]Heard{}
	for _, h := range p.heard {
		out[h.Account] = append(out[h.Account], h)
	}
	return out
}

// Says counts what contains these words, of what people were told of an account
// or, without naming any, of something.
func (p *People) Says(account, words string) (n int) {
	told := p.Told()
	for _, h := range slices.Concat(told[account], told[""]) {
		if strings.Contains(h.Text, words) {
			n++
		}
	}
	return n
}

// Answered are the deliveries on a platform whose actors heard more than that
// it takes a while, and direct is how many answers came as direct messages,
// which do not say what they answer.
func (p *People) Answered(platform string) (deliveries map[string]bool, direct int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	deliveries = map[string]bool{}
	for _, h := range p.heard {
		switch {
		case h.Platform != platform || h.working():
		case h.Delivery != "":
			deliveries[h.Delivery] = true
		case !h.Edited:
			direct++
		}
	}
	return deliveries, direct
}

// Posts are the messages of each audit channel, by platform, in order.
func (p *People) Posts() map[string][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := maps.Clone(p.posts)
	for _, platform := range []string{Slack, Discord} {
		out[platform] = slices.Clone(out[platform])
	}
	return out
}
