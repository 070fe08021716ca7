package blocks

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"

	"github.com/slack-go/slack"

	"modbot/internal/adapters"
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
// id is left out. A message of one post has its buttons; several have none, and
// the seal of the last below them.
func Posts(posts []chat.Post, mention []string) (taken int, body []byte, err error) {
	if len(posts) == 0 {
		return 0, nil, errors.New("rendering posts: there is none")
	}
	// With each post the message grows, so that the first that is one too many
	// can be searched for.
	taken = 1 + sort.Search(len(posts)-1, func(i int) bool {
		return !fits(posts[:i+2], mention)
	})
	b, _ := several(posts[:taken])
	if taken == 1 {
		if b, err = lone(posts[0], mention); err != nil {
			return 0, nil, fmt.Errorf("rendering entries #%d–#%d: %w", posts[0].FirstSeq, posts[0].LastSeq, err)
		}
	}
	if alarming(posts[:taken]) {
		b = mentioning(b, mention)
	}
	if body, err = freeze(b); err != nil {
		return 0, nil, fmt.Errorf("rendering entries #%d–#%d: %w", posts[0].FirstSeq, posts[taken-1].LastSeq, err)
	}
	return taken, body, nil
}

// lone is a message about one post, cut where it is too long. Nothing is cut of
// a post about several entries.
func lone(p chat.Post, mention []string) (Body, error) {
	if p.FirstSeq != p.LastSeq && !fits([]chat.Post{p}, mention) {
		return Body{}, adapters.ErrTooLong
	}
	room := messageBytes
	for _, b := range added([]chat.Post{p}, mention) {
		room -= takes(b)
	}
	return fill(p.Alone(), room), nil
}

// several is a message about posts, however many. They share paragraphs: each
// block costs more than it shows. whole is false where a post about several
// entries had to be cut.
func several(posts []chat.Post) (b Body, whole bool) {
	var p page
	whole, shown := true, false
	for _, one := range posts {
		for _, l := range one.Message.Lines {
			line := pieces(l)
			shown = shown || shows(line)
			whole = whole && (one.FirstSeq == one.LastSeq || weightOf(line) <= lineWeight)
			p.add(fit(line, lineWeight))
		}
	}
	if seal := pieces(posts[len(posts)-1].Seal); shows(seal) {
		p.add(fit(seal, lineWeight))
		shown = true
	}
	if !shown { // Slack takes no message of blanks
		p = page{}
		p.add([]piece{{text: nothing}})
	}
	p.end()
	return Body{Text: summary(posts), Blocks: p.blocks}, whole
}

// fits reports whether a message about posts is one that Slack takes, also with
// all that may come to it.
func fits(posts []chat.Post, mention []string) bool {
	b, whole := several(posts)
	all := slices.Concat(b.Blocks, added(posts, mention))
	bytes := 0
	for _, one := range all {
		bytes += takes(one)
	}
	return whole && len(all) <= maxBlocks && bytes <= messageBytes
}

// added are the blocks that may come to posts: the mark of a repeat, and whom
// an alarm mentions.
func added(posts []chat.Post, mention []string) []slack.Block {
	mark, _ := repeat(posts[0].FirstSeq, posts[len(posts)-1].LastSeq)
	if !alarming(posts) {
		return []slack.Block{mark}
	}
	return append(mentioning(Body{}, mention).Blocks, mark)
}

func alarming(posts []chat.Post) bool {
	return slices.ContainsFunc(posts, func(p chat.Post) bool { return p.Alarm })
}

// summary is the fallback of posts. What needs a look is read first.
func summary(posts []chat.Post) string {
	var alarms, others []chat.Line
	if len(posts) == 1 {
		return text(posts[0].Alone().Lines)
	}
	for _, p := range posts {
		if p.Alarm {
			alarms = append(alarms, p.Message.Lines...)
		} else {
			others = append(others, p.Message.Lines...)
		}
	}
	return text(append(append(alarms, others...), posts[len(posts)-1].Seal))
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
