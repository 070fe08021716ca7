package console

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"modbot/internal/chat"
)

// The codes of the console's own answers.
const (
	codeIdentity      = "identity"
	codeUnknownPerson = "unknown_person"
	codeUsage         = "usage"
	codeLocal         = "local"
	codeLocalFailed   = "local_failed"
	codeLocalHelp     = "help"
	codeExit          = "exit"
	codeEmptyLine     = "empty_line"
	codeLineTooLong   = "line_too_long"
	codeNotUTF8       = "not_utf8"
	codeNothingBefore = "nothing_to_repeat"
	codeNoAnswer      = "no_answer"
)

func infoReply(code string, m chat.Message) chat.Reply {
	return chat.Reply{State: chat.StateInfo, Code: code, Message: m}
}

func errorReply(code string, m chat.Message) chat.Reply {
	return chat.Reply{State: chat.StateError, Code: code, Message: m}
}

// say makes a message of what is said and of lines that can be typed.
func say(what string, typed ...string) chat.Message {
	m := chat.Text(what)
	for _, t := range typed {
		m.Lines = append(m.Lines, chat.Line{chat.Plain("→ "), chat.Code(t)})
	}
	return m
}

func lineTooLong(size int) chat.Message {
	return chat.Text(fmt.Sprintf(
		"That line is %d bytes long; at most %d are read. Nothing of it was done. Shorten the reason and type it again.", size, maxLine))
}

func notUTF8(text string) chat.Message {
	i := 0
	for i < len(text) {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	return chat.Text(fmt.Sprintf(
		"That line is not UTF-8: byte %d is 0x%02X. Nothing of it was done. Save or send it as UTF-8 and type it again.", i+1, text[i]))
}

func repeatMark(d chat.Delivery) string {
	if d.FirstSeq == d.LastSeq {
		return fmt.Sprintf("(possible repeat of #%d) ", d.FirstSeq)
	}
	return fmt.Sprintf("(possible repeat of #%d to #%d) ", d.FirstSeq, d.LastSeq)
}

// visibleLines makes every line of a text visible, and keeps the lines.
func visibleLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = chat.Visible(l)
	}
	return strings.Join(lines, "\n")
}
