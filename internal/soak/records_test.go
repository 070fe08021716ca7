//go:build unix

package soak

import (
	"context"
	"strings"
	"sync"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/proctest"
)

// record is what people saw on one platform: whom was answered, and what the
// audit channel shows, in order.
type record struct {
	mu   sync.Mutex
	told map[string]bool // deliveries whose actor heard more than "Working…"
	// directs is how many answers came as direct messages, which don't say what
	// they answer.
	directs int
	posts   []string // the text of every message in the audit channel
}

func (r *record) tell(delivery, text string) {
	if delivery == "" || text == "" || strings.HasPrefix(text, "Working") {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told[delivery] = true
}

func (r *record) post(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.posts = append(r.posts, text)
}

func (r *record) direct() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.directs++
}

// slackRecord reads along with the scripted Slack.
type slackRecord struct{ record }

func newSlackRecord() *slackRecord { return &slackRecord{record{told: map[string]bool{}}} }

// follow reads until the context ends.
func (r *slackRecord) follow(ctx context.Context, from *slacksim.Server) {
	_, _ = from.Wait(ctx, func(rec slacksim.Record) bool { // the error is that the context ended
		if m := rec.Message; m != nil && rec.Kind == slacksim.KindMessage {
			switch {
			case m.Channel == slackAudit && m.User == "":
				r.post(m.Shown().Text)
			case m.User != "":
				r.tell(rec.Delivery, m.Text)
			default:
				r.direct()
			}
		}
		return false
	})
}

// discordRecord reads along with the scripted Discord.
type discordRecord struct{ record }

func newDiscordRecord() *discordRecord { return &discordRecord{record{told: map[string]bool{}}} }

// note takes one event. It is called while the server is locked.
func (r *discordRecord) note(e discordsim.Event) {
	switch {
	case e.Message == nil:
	case e.What == discordsim.Posted && e.Channel == discordAudit:
		r.post(discordsim.Read(e.Message.Content).Text)
	case e.What == discordsim.Shown:
		r.tell(e.Interaction, e.Message.Content)
	case e.What == discordsim.Messaged:
		r.direct()
	}
}

// read reads the messages of an audit channel.
func (r *record) read() proctest.Posts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return proctest.ReadPosts(r.posts)
}
