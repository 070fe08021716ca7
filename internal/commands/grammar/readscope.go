package grammar

import (
	"strings"

	"modbot/internal/chat"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// scopeAt is the scope that the next word means where it stands; zero when
// none.
func (r *reading) scopeAt(c cursor) mute.Scope {
	w, rest, _ := c.word()
	scope, sure := scopeOf(w.text)
	if sure || r.closed(rest) {
		return scope
	}
	return 0
}

// nearScopeAt is the scope word that a word is one edit away from, where a
// scope is still due.
func (r *reading) nearScopeAt(w word) (string, bool) {
	if _, due := r.pendingKind(chat.OptionScope); !due {
		return "", false
	}
	return nearScope(w.text)
}

// nearScope refuses a word that is one edit away from a scope. It may be that
// scope, or the first word of the reason; where the term is still to come, the
// reason would stand behind it.
func (r *reading) nearScope(w word, meant string, rest cursor) *texts.Problem {
	scope, sure := scopeOf(meant)
	write := meant
	if !sure {
		write = "scope:" + meant
	}
	problem := texts.ScopeNear(w.text, scope, write)
	candidates := []string{r.soFar() + " " + write + r.after(rest)}
	if _, due := r.pendingKind(chat.OptionTerm); due {
		if term, behind, ok := rest.word(); ok && isTerm(term.text) {
			candidates = append(candidates, r.termMoved(w, term, behind))
		}
	} else if text := r.asText(r.cur.text()); text != "" {
		candidates = append(candidates, text)
	}
	if _, text := r.pendingText(); text {
		problem = texts.ScopeNearOrReason(w.text, scope, write)
	}
	return r.propose(problem, candidates...)
}

// keyedScope reads the scope behind scope:.
func (r *reading) keyedScope(o chat.OptionSpec, from cursor) *texts.Problem {
	w, rest, _ := from.word()
	if r.atKeyword(from) {
		w, rest = word{}, from
	}
	scope, f := readScope(w.text)
	if f != nil {
		var candidates []string
		for _, fix := range f.fixes {
			candidates = append(candidates, r.soFar()+" "+o.Keyword+fix+r.after(rest))
		}
		return r.propose(f.problem, candidates...)
	}
	if r.cmd.ScopeGiven {
		return r.propose(texts.ScopeTwice(r.cmd.Scope, w.text), r.withScope(r.cmd.Scope|scope)+r.after(rest))
	}
	r.take(o, rest)
	r.cmd.Scope, r.cmd.ScopeGiven = scope, true
	return nil
}

// withScope is the command so far with another scope.
func (r *reading) withScope(s mute.Scope) string {
	c := r.cmd
	c.Scope, c.ScopeGiven = s, true
	return strings.Join(c.words(true), " ")
}

// ambiguous refuses a reason whose beginning may have been meant as something
// else: a misspelt scope, or a whole reason that is a term or a scope again.
func (r *reading) ambiguous() *texts.Problem {
	w, rest, _ := r.cur.word()
	typed := r.cur.spaces().text()
	if meant, ok := r.nearScopeAt(w); ok {
		return r.nearScope(w, meant, rest)
	}
	if second, err := parseTerm(field(typed)); err == nil && !r.cmd.Term.IsZero() {
		return r.propose(texts.TermTwice(r.cmd.Term.String(), typed), r.twoTerms(second), r.asText(typed))
	}
	if scope, _ := scopeOf(w.text); scope != 0 && r.cmd.ScopeGiven && r.closed(rest) {
		return r.propose(texts.ScopeTwice(r.cmd.Scope, w.text), r.withScope(r.cmd.Scope|scope)+r.after(rest), r.asText(typed))
	}
	return nil
}

// twoTerms is the command with both terms as one, or else with the second.
func (r *reading) twoTerms(second mute.Term) string {
	c := r.cmd
	if both, err := parseTerm(c.Term.String() + second.String()); err == nil {
		c.Term = both
	} else {
		c.Term = second
	}
	return c.String()
}
