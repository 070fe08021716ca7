package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// editorRunes is how many characters the line editor takes. It drops what comes
// after them without a word, so a line that is as long counts as too long.
const editorRunes = 4096

// The size of a terminal that doesn't say.
const (
	defaultWidth  = 80
	defaultHeight = 24
)

var errEndlessKey = errors.New("the terminal sends a key that never ends")

// editor reads lines from a person at a terminal. Answers and posts go through
// the same line editor, which writes them above the line being typed.
type editor struct {
	term    *term.Terminal
	out     *output
	screen  io.Writer
	restore func()
}

func newEditor(ctx context.Context, c *Console, core adapters.Core, in *input) (*editor, error) {
	restore, err := prepare(c.cfg.In)
	if err != nil {
		return nil, err
	}
	e := &editor{out: c.out, screen: c.cfg.Out}
	// Whoever ends the process in a hurry, after the context has ended, finds
	// the terminal as it was.
	var once sync.Once
	put := func() {
		once.Do(func() {
			if err := restore(); err != nil {
				c.log.Warn(err.Error())
			}
		})
	}
	stop := context.AfterFunc(ctx, put)
	e.restore = func() { stop(); put() }

	e.term = term.NewTerminal(device{in: in, out: c.cfg.Out}, "")
	e.term.History = &history{}
	tab := &completer{verbs: c.cfg.Verbs, guide: c.guide(), people: c.ids(), suggest: c.suggestions(ctx, core)}
	e.term.AutoCompleteCallback = func(text string, pos int, key rune) (string, int, bool) {
		if key != '\t' {
			return "", 0, false
		}
		text, pos, offers := tab.complete(text, pos)
		if len(offers) > 0 {
			c.out.show(c.style.dim(strings.Join(offers, "   ")) + "\n")
		}
		return text, pos, true
	}
	// A pasted tab completes nothing, and a pasted line is one line.
	e.term.SetBracketedPasteMode(true)
	c.out.through(e.term)
	return e, nil
}

// prepare sets the mode of a terminal. Anything else (a test's pipe) is taken
// as it is.
func prepare(in io.Reader) (restore func() error, err error) {
	f, ok := in.(*os.File)
	if !ok {
		return func() error { return nil }, nil
	}
	fd, err := descriptor(f)
	if err != nil {
		return nil, err
	}
	if !term.IsTerminal(fd) {
		return func() error { return nil }, nil
	}
	return keysAlone(fd)
}

// next reads a line under a prompt.
func (e *editor) next(prompt string) (line, error) {
	e.term.SetPrompt(prompt)
	if err := e.term.SetSize(windowSize(e.screen)); err != nil {
		return line{}, fmt.Errorf("drawing the prompt: %w", err)
	}
	text, err := e.term.ReadLine()
	if err != nil && !errors.Is(err, term.ErrPasteIndicator) {
		return line{}, err
	}
	l := line{text: text, size: len(text)}
	if utf8.RuneCountInString(text) >= editorRunes {
		l.size = max(l.size, maxLine+1)
	}
	return l, nil
}

// close gives the terminal back, with the cursor on a line of its own. What is
// written after that goes straight to the screen.
func (e *editor) close() {
	e.term.SetBracketedPasteMode(false)
	e.out.through(e.screen)
	e.restore()
	_, _ = io.WriteString(e.screen, "\r\n") // a terminal that is gone needs no last line
}

// windowSize is the size of the terminal that w is.
func windowSize(w io.Writer) (width, height int) {
	f, ok := w.(*os.File)
	if !ok {
		return defaultWidth, defaultHeight
	}
	fd, err := descriptor(f)
	if err != nil {
		return defaultWidth, defaultHeight
	}
	width, height, err = term.GetSize(fd)
	if err != nil || width <= 0 {
		return defaultWidth, defaultHeight
	}
	return width, height
}

// device is the terminal as the line editor sees it.
type device struct {
	in  io.Reader
	out io.Writer
}

// Read refuses to fill nothing: the editor asks for that when it holds a whole
// buffer of a key's beginning, and would ask for ever.
func (d device) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, errEndlessKey
	}
	return d.in.Read(p)
}

// Write shows what the editor draws. The editor echoes what is typed or pasted
// as it stands, and counts a column for each character, so whatever would act
// on the terminal is replaced by something that takes a column.
func (d device) Write(p []byte) (int, error) {
	tamed := strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r < utf8.RuneSelf: // the editor's own escapes, among others
			return r
		case chat.Visible(string(r)) != string(r):
			return utf8.RuneError
		}
		return r
	}, string(p))
	if _, err := io.WriteString(d.out, tamed); err != nil {
		return 0, err
	}
	return len(p), nil
}

// historySize is how many lines can be fetched back.
const historySize = 200

// history is the lines of this session, newest last, without blank ones and
// immediate repeats.
type history struct{ lines []string }

// Add remembers a line.
func (h *history) Add(entry string) {
	if strings.TrimSpace(entry) == "" || len(h.lines) > 0 && h.lines[len(h.lines)-1] == entry {
		return
	}
	h.lines = append(h.lines, entry)
	h.lines = h.lines[max(0, len(h.lines)-historySize):]
}

// Len is how many there are.
func (h *history) Len() int { return len(h.lines) }

// At is the line before the last idx lines.
func (h *history) At(idx int) string { return h.lines[len(h.lines)-1-idx] }
