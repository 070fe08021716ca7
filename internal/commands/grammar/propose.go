package grammar

import (
	"slices"
	"strings"

	"modbot/internal/texts"
)

// propose completes a problem with what can be pasted instead: those of the
// candidates that parse. One that has a further problem is mended as that
// problem suggests. Where nothing is left, help about the verb is.
func (r *reading) propose(problem *texts.Problem, candidates ...string) *texts.Problem {
	if r.repairs == 0 {
		return problem
	}
	var good []string
	add := func(line string) {
		if !slices.Contains(good, line) && len(good) < maxSuggestions {
			good = append(good, line)
		}
	}
	for _, c := range candidates {
		if len(c) <= suggestedBytes && r.parser.parses(c) {
			add(c)
		}
	}
	if len(good) == 0 && len(candidates) > 0 && len(candidates[0]) <= suggestedBytes {
		_, next := r.parser.parse(candidates[0], r.repairs-1)
		if next != nil && !isHelp(next.Suggestion) {
			add(next.Suggestion)
		}
	}
	if len(good) == 0 {
		good = []string{strings.TrimSpace(VerbHelp + " " + r.topic())}
	}
	return problem.Suggest(good...)
}

// topic is the verb to explain where nothing better can be offered.
func (r *reading) topic() string {
	if r.spec == nil || r.spec.Verb == VerbHelp {
		return ""
	}
	return r.spec.Verb
}

// parses reports whether a line is a command.
func (p *Parser) parses(line string) bool {
	if line == "" {
		return false
	}
	_, problem := p.parse(line, 0)
	return problem == nil
}

// isHelp reports whether a suggestion is the one of last resort.
func isHelp(line string) bool {
	return line == "" || line == VerbHelp || strings.HasPrefix(line, VerbHelp+" ")
}

// soFar is what was understood, as it would be typed before more.
func (r *reading) soFar() string { return strings.Join(r.cmd.words(true), " ") }

// after is what is left of the line behind a piece of a suggestion.
func (r *reading) after(rest cursor) string {
	text := pasteable(rest.text())
	if first, n := rest.spaces().rune(); n == 0 || first == ',' {
		return text
	}
	return " " + text
}
