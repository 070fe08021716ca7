package console

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// maxLine is the longest line that is read, in bytes: a reason of 4,000
// characters and twenty accounts fit three times over.
const maxLine = 32 << 10

// line is one line of input.
type line struct {
	text string // without its end; at most maxLine bytes of it
	size int    // bytes in all, without the end
}

// blank reports a line on which nothing was typed.
func (l line) blank() bool { return strings.TrimSpace(l.text) == "" }

// lineSource is where lines come from.
type lineSource interface {
	// next waits for a line; io.EOF says that there will be none.
	next(prompt string) (line, error)
	close()
}

// piped reads lines as they come.
type piped struct {
	r     *bufio.Reader
	begun bool
}

var byteOrderMark = []byte("\ufeff")

func newPiped(r io.Reader) *piped {
	return &piped{r: bufio.NewReaderSize(r, maxLine+len("\r\n"))}
}

func (p *piped) close() {}

// next reads a line. What doesn't fit the buffer is counted and dropped; what
// was cut off by a failed read is not a line.
func (p *piped) next(string) (line, error) {
	part, err := p.r.ReadSlice('\n')
	text := bytes.Clone(part)
	dropped := 0
	for errors.Is(err, bufio.ErrBufferFull) {
		part, err = p.r.ReadSlice('\n')
		dropped += len(part)
	}
	if err != nil && (!errors.Is(err, io.EOF) || len(text) == 0) {
		return line{}, err
	}
	if dropped > 0 {
		// The end of the line is among what was dropped.
		return line{text: string(text[:maxLine]), size: len(text) + dropped - endLen(part)}, nil
	}
	text = text[:len(text)-endLen(text)]
	if !p.begun {
		p.begun = true
		text = bytes.TrimPrefix(text, byteOrderMark)
	}
	return line{text: string(text[:min(len(text), maxLine)]), size: len(text)}, nil
}

// endLen is how many bytes end the line.
func endLen(text []byte) int {
	switch {
	case bytes.HasSuffix(text, []byte("\r\n")):
		return 2
	case bytes.HasSuffix(text, []byte("\n")):
		return 1
	}
	return 0
}
