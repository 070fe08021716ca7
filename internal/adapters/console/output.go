package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"go.uber.org/zap"

	"modbot/internal/chat"
)

// errClosed says that the console has shown its last line.
var errClosed = errors.New("the console has ended")

// output is the only writer. A block is written by one call under the lock, so
// that answers and posts, which come from different goroutines, never mix.
type output struct {
	mu     sync.Mutex
	w      io.Writer
	err    error // the first failed write; nothing is written after it
	closed bool
}

// block writes whole lines.
func (o *output) block(text string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err != nil:
		return o.err
	case o.closed:
		return errClosed
	}
	if _, err := io.WriteString(o.w, text); err != nil {
		o.err = fmt.Errorf("writing to the console: %w", err)
	}
	return o.err
}

// object writes a value as one line of JSON.
func (o *output) object(v any) error {
	line, err := encode(v)
	if err != nil {
		return err
	}
	return o.block(string(line) + "\n")
}

// show writes lines whose failure Run finds by itself (failure).
func (o *output) show(text string) { _ = o.block(text) }

// through writes everything from now on to w.
func (o *output) through(w io.Writer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.w = w
}

// failure is the first failed write, if any.
func (o *output) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// last writes a block and lets nothing follow it.
func (o *output) last(text string) error {
	err := o.block(text)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	return err
}

// encode makes JSON that stays legible: < and > are common in chat and harmless
// here.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// orNull is a pointer to what is not empty.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// noneIsNull makes null of a list without items.
func noneIsNull(cases []int64) []int64 {
	if len(cases) == 0 {
		return nil
	}
	return cases
}

// replyLine is an answer as programs read it.
type replyLine struct {
	Type  string     `json:"type"`
	ID    int64      `json:"id"`
	Actor string     `json:"actor"`
	State chat.State `json:"state"`
	Code  *string    `json:"code"`
	Cases []int64    `json:"cases"`
	Text  string     `json:"text"`
}

// verifiedLine is the last line of all.
type verifiedLine struct {
	Type    string  `json:"type"`
	OK      bool    `json:"ok"`
	Entries int64   `json:"entries"`
	Root    *string `json:"root"`
}

// Verified shows what became of verifying the audit log, as the last line:
// nothing is written after it. problem says what is wrong when ok is false.
func (c *Console) Verified(ok bool, entries int64, root, problem string) error {
	if !ok {
		c.log.Error("the audit log does not verify", zap.String("problem", problem), zap.Int64("entries", entries))
	}
	if !c.cfg.JSON {
		gap := "\n"
		if c.cfg.Terminal {
			gap = "" // the cursor is on a line of its own
		}
		return c.out.last(gap + c.style.verified(ok, entries, problem) + "\n")
	}
	line, err := encode(verifiedLine{Type: "verified", OK: ok, Entries: entries, Root: orNull(root)})
	if err != nil {
		return err
	}
	return c.out.last(string(line) + "\n")
}
