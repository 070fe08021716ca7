package grammar

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"modbot/internal/chat"
	"modbot/internal/texts"
)

// verbName reads the verb, without what platforms put before it: "/", "/mod "
// or "mod ". It is empty for the bare command.
func (r *reading) verbName() (string, cursor) {
	w, rest, _ := r.cur.word()
	name := strings.TrimPrefix(fold(w.text), "/")
	if name == "mod" || name == "" {
		w, rest, _ = rest.word()
		name = strings.TrimPrefix(fold(w.text), "/")
	}
	return name, rest
}

// names are all that a verb may be called, the canonical name first.
func names(s chat.Spec) []string {
	out := []string{s.Verb}
	for _, aliases := range s.Aliases {
		out = append(out, aliases...)
	}
	return out
}

// lookup finds a verb by any of its names.
func (p *Parser) lookup(name string) *chat.Spec {
	for i, s := range p.specs {
		if slices.Contains(names(s), name) {
			return &p.specs[i]
		}
	}
	return nil
}

// maxVerbEdits is how many edits away a verb is still taken for a misspelt one;
// two letters that changed places are two.
const maxVerbEdits = 2

// near lists the verbs that a misspelt name may mean, the nearest first. It is
// empty for a name outside ASCII and for one that is close to no verb: guessing
// unmute from anything would be worse than the list.
func (p *Parser) near(name string) []string {
	if !guessable(name) {
		return nil
	}
	type candidate struct {
		verb  string
		edits int
	}
	var found []candidate
	for _, s := range p.specs {
		best := maxVerbEdits + 1
		for _, n := range names(s) {
			if d := levenshtein.ComputeDistance(name, n); d < len(n) {
				best = min(best, d)
			}
		}
		if best <= maxVerbEdits {
			found = append(found, candidate{s.Verb, best})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.edits - b.edits })
	var out []string
	for _, c := range found {
		if c.edits == found[0].edits {
			out = append(out, c.verb)
		}
	}
	return out
}

// unknownVerb offers the line with the nearest verb; of several that are
// equally near, one with which the whole line parses.
func (r *reading) unknownVerb(name string) *texts.Problem {
	near := r.parser.near(name)
	if len(near) == 0 {
		return r.propose(texts.VerbUnknown(name, r.parser.verbs()), VerbHelp)
	}
	best := near[0]
	for _, verb := range near {
		if r.parser.parses(verb + r.after(r.cur)) {
			best = verb
			break
		}
	}
	return r.propose(texts.VerbMisspelt(name, best), best+r.after(r.cur), VerbHelp+" "+best)
}

// verbs lists the canonical names.
func (p *Parser) verbs() []string {
	out := make([]string, 0, len(p.specs))
	for _, s := range p.specs {
		out = append(out, s.Verb)
	}
	return out
}
