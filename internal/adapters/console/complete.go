package console

import (
	"context"
	"slices"
	"strings"
	"time"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// suggestTime bounds the wait for suggestions: longer than a person waits.
const suggestTime = time.Second

// suggestions asks the Core on behalf of whoever's turn it is.
func (c *Console) suggestions(ctx context.Context, core adapters.Core) func(line, option, typed string) []string {
	return func(line, option, typed string) []string {
		ctx, cancel := context.WithTimeout(ctx, suggestTime)
		defer cancel()
		inv := c.invocation(line)
		inv.Key = "" // a question, not a command
		var values []string
		for _, s := range core.Suggest(ctx, inv, option, typed) {
			// What could not be shown could not be typed either.
			if s.Value != "" && chat.Visible(s.Value) == s.Value {
				values = append(values, s.Value)
			}
		}
		return values
	}
}

// completer finishes the word before the cursor: verbs and the console's own
// commands in first place, then what the verb's description says can stand
// there.
type completer struct {
	verbs   []chat.Spec
	guide   []Local
	people  []string
	suggest func(line, option, typed string) []string
}

// complete returns the line and the cursor after Tab was pressed at pos. When
// nothing can be added for sure, it returns what there is to choose from.
func (c *completer) complete(text string, pos int) (newText string, newPos int, offers []string) {
	head, tail := text[:pos], text[pos:]
	start := strings.LastIndexAny(head, " \t") + 1
	words, typed := strings.Fields(head[:start]), head[start:]
	kept, found := c.candidates(head, words, typed)
	if len(found) == 0 {
		return text, pos, nil
	}
	done := typed[:kept] + commonPrefix(found)
	switch {
	case len(found) == 1 && !strings.HasPrefix(tail, " ") && !strings.HasSuffix(done, ":"):
		done += " "
	case len(found) > 1 && done == typed:
		return text, pos, found
	}
	head = head[:start] + done
	return head + tail, len(head), nil
}

// candidates is what the word can become; the first kept bytes of it stay.
func (c *completer) candidates(head string, words []string, typed string) (kept int, found []string) {
	if len(words) == 0 {
		if strings.HasPrefix(typed, "/") {
			kept = 1
		}
		return kept, begins(c.firstWords(), typed[kept:])
	}
	name := commandWord(words[0])
	switch name {
	case "as":
		if len(words) > 1 {
			return 0, nil
		}
		return 0, begins(c.people, typed)
	case "help":
		return 0, begins(c.firstWords(), typed)
	}
	for _, l := range c.guide {
		if l.Name == name {
			if len(words) > 1 {
				return 0, nil
			}
			return 0, begins(l.Words, typed)
		}
	}
	i := slices.IndexFunc(c.verbs, func(s chat.Spec) bool { return s.Verb == name })
	if i < 0 {
		return 0, nil
	}
	return c.options(head, c.verbs[i], words[1:], typed)
}

func (c *completer) firstWords() []string {
	out := []string{"help"}
	for _, s := range c.verbs {
		out = append(out, s.Verb)
	}
	for _, l := range c.guide {
		out = append(out, l.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// options is what a verb's description allows after these words.
func (c *completer) options(head string, spec chat.Spec, words []string, typed string) (kept int, found []string) {
	place, done := positions(spec, words)
	if done {
		return 0, nil
	}
	if place.keyword != nil {
		return 0, c.offered(head, *place.keyword, typed)
	}
	for _, o := range spec.Options {
		if o.Keyword != "" && strings.HasSuffix(o.Keyword, ":") && strings.HasPrefix(typed, o.Keyword) {
			return len(o.Keyword), c.offered(head, o, typed[len(o.Keyword):])
		}
	}
	positional := positionals(spec)
	if n := len(positional); place.next >= n && n > 0 && positional[n-1].Rest {
		return 0, nil // free text has begun
	}
	for i, o := range positional[min(place.next, len(positional)):] {
		if i == 0 && o.Kind == chat.OptionAccounts {
			kept = strings.LastIndexByte(typed, ',') + 1
		}
		found = append(found, c.offered(head, o, typed[kept:])...)
		if o.Required { // nothing beyond can stand here
			return kept, found
		}
	}
	for _, o := range spec.Options {
		if o.Keyword != "" && !slices.Contains(words, o.Keyword) {
			found = append(found, begins([]string{o.Keyword}, typed)...)
		}
	}
	return kept, found
}

// offered asks for the values of one option.
func (c *completer) offered(head string, o chat.OptionSpec, typed string) []string {
	if !o.Suggests {
		return nil
	}
	var out []string
	for _, v := range c.suggest(head, o.Name, strings.TrimPrefix(typed, `"`)) {
		if strings.ContainsAny(v, " ,") || strings.HasPrefix(typed, `"`) {
			v = `"` + v + `"`
		}
		out = append(out, v)
	}
	return begins(out, typed)
}

// position is where in a command the next word stands.
type position struct {
	next    int              // index among the positional options
	keyword *chat.OptionSpec // the option whose keyword was the last word
}

// positions counts the words after a verb. done says that free text has begun,
// of which nothing is known.
func positions(spec chat.Spec, words []string) (p position, done bool) {
	for _, w := range words {
		if p.keyword != nil {
			p.keyword = nil
			continue
		}
		i := slices.IndexFunc(spec.Options, func(o chat.OptionSpec) bool {
			return o.Keyword != "" && (w == o.Keyword || strings.HasSuffix(o.Keyword, ":") && strings.HasPrefix(w, o.Keyword))
		})
		switch {
		case i >= 0 && (spec.Options[i].Rest || spec.Options[i].Kind == chat.OptionText):
			return p, true
		case i >= 0 && w == spec.Options[i].Keyword:
			p.keyword = &spec.Options[i]
		case i >= 0: // keyword and value in one word
		case strings.HasSuffix(w, ","): // a list goes on
		default:
			p.next++
		}
	}
	return p, false
}

// positionals are the options that need no keyword.
func positionals(spec chat.Spec) []chat.OptionSpec {
	var out []chat.OptionSpec
	for _, o := range spec.Options {
		if o.Keyword == "" || o.Rest {
			out = append(out, o)
		}
	}
	return out
}

// begins is those of values that begin with typed.
func begins(values []string, typed string) []string {
	var out []string
	for _, v := range values {
		if strings.HasPrefix(v, typed) {
			out = append(out, v)
		}
	}
	return out
}

// commonPrefix is what all values begin with, in whole characters.
func commonPrefix(values []string) string {
	prefix := values[0]
	for _, v := range values[1:] {
		for !strings.HasPrefix(v, prefix) {
			prefix = strings.ToValidUTF8(prefix[:len(prefix)-1], "")
		}
	}
	return prefix
}
