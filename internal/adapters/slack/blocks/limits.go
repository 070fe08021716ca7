package blocks

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Slack's limits, as its reference states them (docs.slack.dev, Block Kit) and
// its SDKs check them. Lengths are in characters.
const (
	maxBlocks      = 50   // a message
	maxViewBlocks  = 100  // a modal
	maxSection     = 3000 // text of a section; of rich text it is not documented
	maxButtonText  = 75
	maxButtonValue = 2000
	maxID          = 255  // action_id, block_id, callback_id
	maxModalText   = 24   // title, submit and close of a modal
	maxMetadata    = 3000 // private_metadata of a modal
	maxLabel       = 2000 // label and hint of an input
	maxOptions     = 100  // a select
	maxOptionText  = 75
	maxOptionValue = 75   // 150 by newer documents
	maxInput       = 3000 // a text input
)

// What we stay within.
const (
	// messageBytes bounds the blocks of a message as JSON, with hiddenBytes for
	// each. Slack documents no limit of the sum, but answers msg_blocks_too_long
	// from about 13,200 characters on; bytes are the strictest unit.
	messageBytes = 13_100
	// hiddenBytes is what a block costs beside its JSON: a divider, which is 18
	// characters, took 125 of those 13,200 (slackapi/bolt-js issue 2509).
	hiddenBytes = 110
	// lineWeight bounds one line, so that the first always fits into a message:
	// 2,500 characters, and fewer of those that JSON spells out.
	lineWeight = 10_000
	// cutFloor is what is left of a span when others of its line can be cut too.
	cutFloor = 400
	// sectionUnits is when a paragraph ends and the next begins.
	sectionUnits = maxSection - 100
	// fallbackUnits bounds Body.Text: Slack breaks texts beyond 4,000 up.
	fallbackUnits = 3000
	// maxButtons is how many buttons a message shows. More are read as commands.
	maxButtons = 10
	// actionBytes bounds the JSON of the buttons of a message, and leaves the
	// text most of the room.
	actionBytes = 4500
	// buttonOverhead is what the JSON around a button's texts takes at most.
	buttonOverhead = 160
	// maxMentions is how many are mentioned in one message.
	maxMentions = 10
	// moreBytes is kept free for the line that says that something was left out.
	moreBytes = 400
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// spelled is how many bytes a text takes in JSON at most.
func spelled(text string) int {
	n := 0
	for _, r := range text {
		n += spelledRune(r)
	}
	return n
}

func spelledRune(r rune) int {
	switch {
	case r == '<' || r == '>' || r == '&' || r < 0x20 || r == 0x2028 || r == 0x2029:
		return 6 // \u003c
	case r == '"' || r == '\\':
		return 2
	default:
		return max(1, utf8.RuneLen(r))
	}
}

// weight is the measure by which lines are cut. It is never less than the bytes
// that a text takes in JSON, nor than four times its UTF-16 units, and adds up
// over parts of a text.
func weight(text string) int {
	n := 0
	for _, r := range text {
		n += max(spelledRune(r), 4*max(1, utf16.RuneLen(r)))
	}
	return n
}
