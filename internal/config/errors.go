package config

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Item is one thing that is wrong, or that should be looked at.
type Item struct {
	Path    string // of the setting, as tencent.sdk_app_id; empty for the whole file
	Source  string // the file's name, or the environment variable
	Line    int    // from 1; 0 where there is none: the environment, a missing setting
	Column  int    // from 1, in characters; 0 where Line is
	Snippet string // the line, with what may be secret cut off
	Message string // what is wrong, without the path
	Fix     string // what to do, as near to a line that can be pasted as can be
}

// String is the item in a few lines: place, what is wrong, the line, the fix.
func (i Item) String() string {
	var b strings.Builder
	b.WriteString(i.Source)
	if i.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", i.Line, i.Column)
	}
	if i.Path != "" {
		b.WriteString(": " + i.Path)
	}
	b.WriteString(": " + i.Message)
	if i.Line > 0 {
		number := fmt.Sprintf("%5d", i.Line)
		fmt.Fprintf(&b, "\n%s | %s", number, i.Snippet)
		if i.Column > 0 && i.Column <= utf8.RuneCountInString(i.Snippet)+1 {
			fmt.Fprintf(&b, "\n%s | %s^", strings.Repeat(" ", len(number)), strings.Repeat(" ", i.Column-1))
		}
	}
	if i.Fix != "" {
		b.WriteString("\n→ " + i.Fix)
	}
	return b.String()
}

// Errors is everything that is wrong with a configuration, in the order of the
// file, with the environment at the end.
type Errors struct {
	Name  string // of the file
	Items []Item // at least one, and at most maxItems
	More  int    // how many were left out
}

// maxItems is how many problems are worth listing; more come from a file that
// is not a configuration at all.
const maxItems = 100

// Error lists every item.
func (e *Errors) Error() string {
	parts := make([]string, 0, len(e.Items)+1)
	parts = append(parts, fmt.Sprintf("%s: %s", e.Name, counted(len(e.Items)+e.More, "problem")))
	for _, i := range e.Items {
		parts = append(parts, i.String())
	}
	if e.More > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", e.More))
	}
	return strings.Join(parts, "\n\n")
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
