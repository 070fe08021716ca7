package console

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// turn is one input line on its way to its answers.
type turn struct {
	id    int64 // number of the line
	actor chat.Actor
	text  string

	// over is set once the line has been handled: what comes after that is a
	// later settlement.
	over atomic.Bool
	// shown is closed with the first answer, or when there will be none.
	shown    chan struct{}
	showOnce sync.Once
	answers  atomic.Int64
}

func (t *turn) show() { t.showOnce.Do(func() { close(t.shown) }) }

// handle answers one line, and reports whether it was the last.
func (c *Console) handle(ctx context.Context, core adapters.Core, l line) (over bool) {
	c.lines++
	t := &turn{id: c.lines, actor: c.actor, text: l.text, shown: make(chan struct{})}
	if !c.cfg.JSON && !c.cfg.Terminal && !l.blank() {
		c.echo(t)
	}
	c.waiting.Store(t)
	over = c.dispatch(ctx, core, t, l)
	t.over.Store(true)
	t.show()
	c.waiting.Store(nil)
	if c.cfg.AfterLine != nil && !c.cfg.Terminal {
		c.cfg.AfterLine(ctx)
	}
	return over
}

// echo writes the line as a terminal would have shown it, so that a transcript
// can be read.
func (c *Console) echo(t *turn) {
	gap := "\n"
	if !c.echoed && len(c.cfg.Welcome.Lines) == 0 {
		gap = ""
	}
	c.echoed = true
	c.out.show(gap + c.style.prompt(c.prompt()) + chat.Visible(shortened(t.text)) + "\n")
}

// dispatch decides who answers a line: the console or the Core.
func (c *Console) dispatch(ctx context.Context, core adapters.Core, t *turn, l line) (over bool) {
	switch {
	case l.size > maxLine:
		c.answer(t, errorReply(codeLineTooLong, lineTooLong(l.size)))
		return false
	case !utf8.ValidString(l.text):
		c.answer(t, errorReply(codeNotUTF8, notUTF8(l.text)))
		return false
	case l.blank():
		if c.cfg.JSON { // a program counts on one answer a line
			c.answer(t, infoReply(codeEmptyLine, chat.Text("Nothing was typed.")))
		}
		return false
	}
	if own, over := c.own(ctx, core, t); own {
		return over
	}
	inv := c.invocation(l.text)
	c.last = &inv
	c.deliver(ctx, core, t, inv)
	return false
}

// deliver hands an invocation to the Core.
func (c *Console) deliver(ctx context.Context, core adapters.Core, t *turn, inv chat.Invocation) {
	listing := asksForHelp(inv.Line)
	core.Handle(ctx, inv, func(_ context.Context, r chat.Reply) {
		if listing && r.State == chat.StateInfo {
			r.Message.Lines = slices.Concat(r.Message.Lines, c.localHelp())
		}
		c.answer(t, r)
	})
	if t.answers.Load() == 0 {
		c.answer(t, errorReply(codeNoAnswer, chat.Text("Nothing answered that line. Look at its outcome before you type it again.")))
	}
}

// answer shows a reply. It is called by the line's own handling, and later by
// whoever settles it.
func (c *Console) answer(t *turn, r chat.Reply) {
	t.answers.Add(1)
	defer t.show()
	late := t.over.Load()
	if err := c.write(t, r, late); err != nil && late {
		// Run may be over, so nobody else would find it.
		c.log.Warn("a settled answer was not shown", zap.String("ref", r.Ref), zap.Error(err))
	}
}

// write writes a reply in this console's face.
func (c *Console) write(t *turn, r chat.Reply, late bool) error {
	if c.cfg.JSON {
		return c.out.object(replyLine{
			Type: "reply", ID: t.id, Actor: t.actor.ID, State: r.State, Code: orNull(r.Code), Cases: noneIsNull(r.Cases),
			Text: style{}.reply(r),
		})
	}
	text := c.style.reply(r) + "\n"
	if late {
		text = c.style.dim("↳ "+t.actor.ID+"> "+chat.Visible(shortened(t.text))) + "\n" + text
	}
	return c.out.block(text)
}
