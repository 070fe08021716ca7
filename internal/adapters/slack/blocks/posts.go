package blocks

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/slack-go/slack"

	"modbot/internal/chat"
)

// attention goes before those who are mentioned.
const attention = "Please look: "

// mentionable are Slack's ids of members and user groups.
var mentionable = regexp.MustCompile(`^[UWS][A-Z0-9]{1,30}$`)

// Posts makes one message of as many posts as fit, beginning with the first,
// and freezes it: the body holds all that sending it needs. taken is at least 1
// unless err is not nil. mention are Slack's ids of members (U…, W…) and user
// groups (S…) whom a message with an alarm mentions, each once; what is no such
// id is left out. A message of one post has its buttons; several have none.
func Posts(posts []chat.Post, mention []string) (taken int, body []byte, err error) {
	if len(posts) == 0 {
		return 0, nil, errors.New("rendering posts: there is none")
	}
	shown, taken := coalesce(posts)
	b := Body{Blocks: shown}
	if taken == 1 {
		b = fill(posts[0].Message, messageBytes-markBytes)
	}
	b.Text = summary(posts[:taken])
	if slices.ContainsFunc(posts[:taken], func(p chat.Post) bool { return p.Alarm }) {
		b = mentioning(b, mention)
	}
	if body, err = freeze(b); err != nil {
		return 0, nil, fmt.Errorf("rendering entries #%d–#%d: %w", posts[0].FirstSeq, posts[taken-1].LastSeq, err)
	}
	return taken, body, nil
}

// coalesce is the paragraphs of as many posts as fit one message.
func coalesce(posts []chat.Post) (shown []slack.Block, taken int) {
	const all = messageBytes - markBytes
	room := all
	for _, p := range posts[:min(len(posts), maxPosts)] {
		paragraphs := layOut(p.Message.Lines, all)
		for _, b := range paragraphs {
			room -= size(b) + len(",")
		}
		if taken > 0 && (room < 0 || len(shown)+len(paragraphs) > maxPosts) {
			break
		}
		shown = append(shown, paragraphs...)
		taken++
	}
	return shown, taken
}

// summary is the fallback of posts. What needs a look is read first.
func summary(posts []chat.Post) string {
	var alarms, others []chat.Line
	for _, p := range posts {
		if p.Alarm {
			alarms = append(alarms, p.Message.Lines...)
		} else {
			others = append(others, p.Message.Lines...)
		}
	}
	return text(append(alarms, others...))
}

// mentioning begins a message with live mentions, in the blocks and in the
// text, which is what a notification shows.
func mentioning(b Body, ids []string) Body {
	elements := []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(attention, nil)}
	names := ""
	for _, id := range whom(ids) {
		if names != "" {
			elements = plain(elements, " ")
			names += " "
		}
		if id[0] == 'S' {
			elements = append(elements, slack.NewRichTextSectionUserGroupElement(id))
			names += "<!subteam^" + id + ">"
		} else {
			elements = append(elements, slack.NewRichTextSectionUserElement(id, nil))
			names += "<@" + id + ">"
		}
	}
	if names == "" {
		return b
	}
	b.Blocks = slices.Insert(b.Blocks, 0, richText(elements))
	b.Text = attention + names + "\n" + b.Text
	return b
}

// whom are the ids that can be mentioned, each once.
func whom(ids []string) []string {
	var out []string
	for _, id := range ids {
		if mentionable.MatchString(id) && !slices.Contains(out, id) && len(out) < maxMentions {
			out = append(out, id)
		}
	}
	return out
}
