package console

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// nearName is how many edits away a person is still suggested.
const nearName = 2

// ownCommands are the commands that every console has.
func ownCommands() []string { return []string{"as", "again", "exit", "quit", "help"} }

// commandWord is the first word of a line as a command's name.
func commandWord(word string) string { return strings.ToLower(strings.TrimPrefix(word, "/")) }

// asksForHelp reports lines to which the Core answers with its list of verbs.
func asksForHelp(line string) bool {
	words := strings.Fields(line)
	return len(words) == 1 && (commandWord(words[0]) == "help" || words[0] == "/")
}

// own answers a line that is for the console itself.
func (c *Console) own(ctx context.Context, core adapters.Core, t *turn) (own, over bool) {
	words := strings.Fields(t.text)
	name, args := commandWord(words[0]), words[1:]
	switch name {
	case "as":
		c.answer(t, c.switchTo(args))
	case "again":
		c.again(ctx, core, t, args)
	case "exit", "quit":
		if len(args) > 0 {
			c.answer(t, errorReply(codeUsage, say(name+" stands alone. Nothing was done.", name)))
			return true, false
		}
		if c.cfg.JSON {
			c.answer(t, infoReply(codeExit, chat.Text("Bye.")))
		}
		return true, true
	case "help":
		if len(args) != 1 || !c.explain(t, commandWord(args[0])) {
			return false, false
		}
	default:
		i := slices.IndexFunc(c.cfg.Local, func(l Local) bool { return l.Name == name })
		if i < 0 {
			return false, false
		}
		c.answer(t, runLocal(ctx, c.cfg.Local[i], args))
	}
	return true, false
}

// switchTo makes it somebody else's turn.
func (c *Console) switchTo(args []string) chat.Reply {
	if len(args) != 1 {
		m := chat.Text("One name says who you are from now on:")
		m.Lines = append(m.Lines, c.people()...)
		if len(args) == 0 {
			return infoReply(codeIdentity, m)
		}
		return errorReply(codeUsage, m)
	}
	p, ok := c.person(args[0])
	if !ok {
		p, ok = c.person(strings.ToLower(args[0]))
	}
	if !ok {
		return errorReply(codeUnknownPerson, c.unknownPerson(args[0]))
	}
	c.actor = p.actor()
	text := "You are " + p.ID + " now"
	if p.About != "" {
		text += ": " + p.About
	}
	return infoReply(codeIdentity, chat.Text(text+"."))
}

// unknownPerson names the nearest, or everybody.
func (c *Console) unknownPerson(name string) chat.Message {
	var near []string
	for _, p := range c.cfg.People {
		if levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(p.ID)) <= nearName {
			near = append(near, "as "+p.ID)
		}
	}
	if len(near) > 0 && len(near) < len(c.cfg.People) {
		return say(fmt.Sprintf("Nobody here is called %q. Did you mean this?", name), near...)
	}
	m := chat.Text(fmt.Sprintf("Nobody here is called %q. These people are:", name))
	m.Lines = append(m.Lines, c.people()...)
	return m
}

// people lists who can type, as lines that can be typed.
func (c *Console) people() []chat.Line {
	var lines []chat.Line
	for _, p := range c.cfg.People {
		l := chat.Line{chat.Plain("→ "), chat.Code("as " + p.ID)}
		if p.About != "" {
			l = append(l, chat.Plain(" · "+p.About))
		}
		lines = append(lines, l)
	}
	return lines
}

// again delivers the last command once more, with the key that it had, as a
// platform does that isn't sure of having delivered it.
func (c *Console) again(ctx context.Context, core adapters.Core, t *turn, args []string) {
	switch {
	case len(args) > 0:
		c.answer(t, errorReply(codeUsage, say("again stands alone: it delivers the last command once more. Nothing was done.", "again")))
	case c.last == nil:
		c.answer(t, errorReply(codeNothingBefore, say("There is no command yet that could be delivered again.", "help")))
	default:
		t.actor = c.last.Actor
		c.deliver(ctx, core, t, *c.last)
	}
}

// runLocal runs a command of the wiring's.
func runLocal(ctx context.Context, l Local, args []string) chat.Reply {
	text, err := l.Run(ctx, args)
	if err != nil {
		return errorReply(codeLocalFailed, lines(err.Error()))
	}
	return infoReply(codeLocal, lines(text))
}

// lines makes a message of text that has its lines already.
func lines(text string) chat.Message {
	var m chat.Message
	for l := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		m.Lines = append(m.Lines, chat.Line{chat.Plain(l)})
	}
	return m
}

// guide is what every command of the console does.
func (c *Console) guide() []Local {
	all := []Local{
		{Name: "as", Usage: "as NAME", Summary: "be somebody else: " + strings.Join(c.ids(), ", ")},
		{Name: "again", Usage: "again", Summary: "deliver the last command a second time, as platforms sometimes do"},
	}
	return append(append(all, c.cfg.Local...), Local{Name: "exit", Usage: "exit", Summary: "leave"})
}

func (c *Console) ids() []string {
	var out []string
	for _, p := range c.cfg.People {
		out = append(out, p.ID)
	}
	return out
}

// localHelp is what help says beyond what the Core knows.
func (c *Console) localHelp() []chat.Line {
	out := []chat.Line{{chat.Plain("Only at this console:")}}
	for _, l := range c.guide() {
		out = append(out, chat.Line{chat.Code(l.Usage), chat.Plain(" · " + l.Summary)})
	}
	return out
}

// explain answers help about a command of the console's.
func (c *Console) explain(t *turn, name string) bool {
	if name == "quit" {
		name = "exit"
	}
	for _, l := range c.guide() {
		if l.Name == name {
			c.answer(t, infoReply(codeLocalHelp, chat.Message{Lines: []chat.Line{{chat.Code(l.Usage), chat.Plain(" · " + l.Summary)}}}))
			return true
		}
	}
	return false
}
