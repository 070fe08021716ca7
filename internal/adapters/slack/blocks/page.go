package blocks

import (
	"fmt"

	"github.com/slack-go/slack"

	"modbot/internal/chat"
)

// nothing stands for a message that would show nothing.
const nothing = "(nothing to show)"

// blockOverhead is what a paragraph takes beside its text at most.
const blockOverhead = 80 + hiddenBytes

// page collects lines into paragraphs, as many as there is room for.
type page struct {
	blocks  []slack.Block
	current []slack.RichTextSectionElement
	units   int // length of the current paragraph as text
	left    int // bytes of JSON
}

// layOut makes paragraphs of lines within so many bytes of JSON. What has no
// room is counted in a last line. The result is never empty.
func layOut(lines []chat.Line, room int) []slack.Block {
	p := page{left: room - moreBytes}
	begun := false
	for i, l := range lines {
		line := pieces(l)
		if !begun {
			if !shows(line) {
				continue
			}
			begun = true
			p.add(fit(line, min(lineWeight, p.left-blockOverhead)))
			continue
		}
		line = fit(line, lineWeight)
		if bytesOf(line)+blockOverhead > p.left {
			p.add([]piece{{text: more(len(lines) - i)}})
			break
		}
		p.add(line)
	}
	if !begun {
		p.add([]piece{{text: nothing}})
	}
	p.end()
	return p.blocks
}

// more says how many lines were left out.
func more(lines int) string {
	if lines == 1 {
		return "… (1 more line)"
	}
	return fmt.Sprintf("… (%d more lines)", lines)
}

// add puts a line under those that are there.
func (p *page) add(line []piece) {
	if p.units > 0 && p.units+textUnits(line) > sectionUnits {
		p.end()
	}
	if len(p.current) > 0 {
		p.current = plain(p.current, "\n")
		p.units++
	}
	p.current = elements(p.current, line)
	p.units += textUnits(line)
	p.left -= bytesOf(line)
}

// end closes the current paragraph.
func (p *page) end() {
	if len(p.current) > 0 {
		p.blocks = append(p.blocks, richText(p.current))
		p.left -= blockOverhead
	}
	p.current, p.units = nil, 0
}

// shows reports whether a line has anything to see.
func shows(line []piece) bool {
	return !allOf(line, func(p piece) bool { return blank(p.text) })
}

// bytesOf is what a line takes in JSON at most, with its line break.
func bytesOf(line []piece) int { return textOverhead + measure(line, spelled) }
