// Package blocks renders chat values as Slack's Block Kit, and reads back what
// comes of it: pressed buttons, submitted forms, typed text. It does no I/O.
//
// The model: text is shown in rich_text blocks alone. Their elements carry text
// and style apart, and nothing in them is parsed, so that back-ticks, asterisks,
// <!channel> and <@U1> in somebody's words are the characters that they are.
// Labels of buttons and fields are plain_text without emoji, which has no markup
// either. The one place with markup is the fallback (Body.Text); there the three
// characters that Slack gives a meaning are escaped.
//
// Invariants, each checked by a test that walks the JSON: no message is empty or
// over any of Slack's limits; every span was made visible (chat.Visible) before;
// what does not fit is cut on a character as people see it, and says so; the
// only live mentions are those that the configuration names for alarms.
package blocks

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/slack-go/slack"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// Body is a message, ready for chat.postMessage, chat.postEphemeral or a
// response_url.
type Body struct {
	// Text is the message as full sentences, for notifications and screen
	// readers, which read it in place of the blocks. The characters & < > are
	// escaped already; it is to be sent with mrkdwn switched off.
	Text   string        `json:"text"`
	Blocks []slack.Block `json:"blocks"`
}

// frozenVersion is the layout of a frozen body. A later one is another number.
const frozenVersion = 1

// frozen is a Body in the ledger.
type frozen struct {
	Version int    `json:"v"`
	Text    string `json:"text"`
	// Blocks is typed by the library, so that decoding finds the blocks' types.
	Blocks slack.Blocks `json:"blocks"`
}

// freeze makes the bytes that Thaw reads.
func freeze(b Body) ([]byte, error) {
	body, err := json.Marshal(frozen{Version: frozenVersion, Text: b.Text, Blocks: slack.Blocks{BlockSet: b.Blocks}})
	if err != nil {
		return nil, fmt.Errorf("freezing a post: %w", err)
	}
	return body, nil
}

// Thaw reads a body that Posts froze, perhaps in another process. What Posts
// can't have made is an error.
func Thaw(body []byte) (Body, error) {
	var f frozen
	if err := json.Unmarshal(body, &f); err != nil {
		return Body{}, fmt.Errorf("thawing a post: %w", err)
	}
	if f.Version != frozenVersion {
		return Body{}, fmt.Errorf("thawing a post: its layout is %d, and %d is known", f.Version, frozenVersion)
	}
	known := func(b slack.Block) bool {
		return b.BlockType() == slack.MBTRichText || b.BlockType() == slack.MBTAction
	}
	if f.Text == "" || len(f.Blocks.BlockSet) == 0 || len(f.Blocks.BlockSet) > maxBlocks || !allOf(f.Blocks.BlockSet, known) {
		return Body{}, errors.New("thawing a post: no message of ours")
	}
	return Body{Text: f.Text, Blocks: f.Blocks.BlockSet}, nil
}

// Marked is a frozen body that may have arrived before: it begins by saying
// which entries of the ledger it may repeat.
func Marked(body []byte, first, last int64) (Body, error) {
	b, err := Thaw(body)
	if err != nil {
		return Body{}, err
	}
	mark, said := repeat(first, last)
	b.Blocks = slices.Insert(b.Blocks, 0, mark)
	b.Text = said + "\n" + b.Text
	return b, nil
}

// repeat is the paragraph that begins a possible repeat, and what it says. There
// is room for it in every frozen body.
func repeat(first, last int64) (slack.Block, string) {
	entries := fmt.Sprintf("#%d", first)
	if last != first {
		entries = fmt.Sprintf("#%d–#%d", first, last)
	}
	said := "Possible repeat of " + entries + ": an earlier attempt may have arrived."
	return richText([]slack.RichTextSectionElement{
		slack.NewRichTextSectionTextElement(said, &slack.RichTextSectionTextStyle{Italic: true}),
	}), said
}

// richText is one paragraph.
func richText(elements []slack.RichTextSectionElement) slack.Block {
	return slack.NewRichTextBlock("", slack.NewRichTextSection(elements...))
}

// plainText is a label without markup. Emoji stay the characters that they were
// typed as.
func plainText(text string, limit int) *slack.TextBlockObject {
	emoji := false
	return &slack.TextBlockObject{Type: slack.PlainTextType, Text: adapters.Cut(text, limit, units), Emoji: &emoji}
}

// Escape makes text safe where Slack reads markup: the three characters that
// it gives a meaning become entities.
func Escape(text string) string { return escaper.Replace(text) }

// fallback is lines as Body.Text shows them. Beyond what there is room for they
// are not looked at.
func fallback(lines []string) string {
	var text strings.Builder
	length := 0
	for i, l := range lines {
		if length > fallbackUnits {
			break
		}
		if i > 0 {
			text.WriteByte('\n')
		}
		visible := chat.Visible(l)
		text.WriteString(visible)
		length += units(visible) + 1
	}
	escaped := func(s string) int { return units(Escape(s)) }
	return Escape(adapters.Cut(text.String(), fallbackUnits, escaped))
}

// units is how long Slack may count a text to be: UTF-16 code units, the
// longest of the readings of "characters".
func units(text string) int {
	n := 0
	for _, r := range text {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// blank reports text that shows nothing.
func blank(text string) bool { return strings.TrimSpace(text) == "" }

func allOf[T any](all []T, is func(T) bool) bool {
	return !slices.ContainsFunc(all, func(t T) bool { return !is(t) })
}
