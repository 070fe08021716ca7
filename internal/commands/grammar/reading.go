package grammar

import (
	"slices"

	"modbot/internal/chat"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// reading is one line being read: what is understood so far, and where.
type reading struct {
	parser  *Parser
	spec    *chat.Spec
	cmd     Command
	cur     cursor
	given   []string // names of the options that were read
	repairs int
}

// has reports whether an option was read.
func (r *reading) has(o chat.OptionSpec) bool {
	return slices.Contains(r.given, o.Name)
}

// pending finds the first option that was not read yet and that fits.
func (r *reading) pending(fits func(chat.OptionSpec) bool) (chat.OptionSpec, bool) {
	for _, o := range r.spec.Options {
		if !r.has(o) && fits(o) {
			return o, true
		}
	}
	return chat.OptionSpec{}, false
}

func (r *reading) pendingKind(kind chat.OptionKind) (chat.OptionSpec, bool) {
	return r.pending(func(o chat.OptionSpec) bool { return o.Kind == kind })
}

// leads reports whether an option stands right after the verb.
func leads(o chat.OptionSpec) bool {
	switch o.Kind {
	case chat.OptionMember, chat.OptionAccounts, chat.OptionAccount, chat.OptionCase:
		return o.Required
	case chat.OptionTerm, chat.OptionScope, chat.OptionText, chat.OptionChoice, chat.OptionActor, chat.OptionVerb:
	}
	return false
}

// arguments reads everything behind the verb.
func (r *reading) arguments() *texts.Problem {
	for !r.cur.end() {
		if problem := r.next(); problem != nil {
			return problem
		}
	}
	return nil
}

// lead reads an option that stands right after the verb.
func (r *reading) lead(o chat.OptionSpec) *texts.Problem {
	r.given = append(r.given, o.Name)
	switch o.Kind {
	case chat.OptionCase:
		return r.caseNumber(o)
	case chat.OptionMember:
		return r.member(o)
	default:
		return r.accounts(o)
	}
}

// next reads whatever the line goes on with: an option behind its keyword, what
// stands first, the term or the scope, a single word, the reason.
func (r *reading) next() *texts.Problem {
	if o, rest, ok := r.keyword(r.cur); ok {
		return r.keyed(o, rest)
	}
	if o, ok := r.pending(leads); ok {
		return r.lead(o)
	}
	if o, ok := r.pendingKind(chat.OptionScope); ok {
		if scope := r.scopeAt(r.cur); scope != 0 {
			_, rest, _ := r.cur.word()
			r.take(o, rest)
			r.cmd.Scope, r.cmd.ScopeGiven = scope, true
			return nil
		}
	}
	if o, ok := r.pendingKind(chat.OptionTerm); ok {
		return r.term(o)
	}
	if o, ok := r.pending(func(o chat.OptionSpec) bool {
		return o.Keyword == "" && (o.Kind == chat.OptionChoice || o.Kind == chat.OptionVerb || o.Kind == chat.OptionActor)
	}); ok {
		return r.single(o, r.cur)
	}
	if o, ok := r.pending(func(o chat.OptionSpec) bool { return o.Rest }); ok {
		if problem := r.ambiguous(); problem != nil {
			return problem
		}
		return r.text(o, r.cur)
	}
	return r.leftover()
}

// take marks an option as read, up to the cursor.
func (r *reading) take(o chat.OptionSpec, rest cursor) {
	r.given = append(r.given, o.Name)
	r.cur = rest
}

// keyword finds the option whose keyword the line goes on with.
func (r *reading) keyword(c cursor) (chat.OptionSpec, cursor, bool) {
	for _, o := range r.spec.Options {
		if o.Keyword == "" || r.has(o) && o.Kind != chat.OptionScope {
			continue
		}
		if rest, ok := c.keyword(o.Keyword); ok {
			return o, rest, true
		}
	}
	return chat.OptionSpec{}, cursor{}, false
}

func (r *reading) atKeyword(c cursor) bool {
	_, _, ok := r.keyword(c)
	return ok
}

// closed reports whether nothing free can follow: the line ends, or goes on
// with a keyword.
func (r *reading) closed(c cursor) bool { return c.end() || r.atKeyword(c) }

// keyed reads the value of an option behind its keyword.
func (r *reading) keyed(o chat.OptionSpec, rest cursor) *texts.Problem {
	switch o.Kind {
	case chat.OptionText:
		return r.text(o, rest)
	case chat.OptionScope:
		return r.keyedScope(o, rest)
	case chat.OptionAccounts, chat.OptionAccount, chat.OptionTerm, chat.OptionCase,
		chat.OptionChoice, chat.OptionVerb, chat.OptionActor, chat.OptionMember:
	}
	return r.single(o, rest)
}

// text reads the rest of the line.
func (r *reading) text(o chat.OptionSpec, from cursor) *texts.Problem {
	r.take(o, cursor{src: from.src, pos: len(from.src)})
	f := r.setText(o, from.text())
	if f == nil {
		return nil
	}
	return r.propose(f.problem, r.fixed(o, f)...)
}

// single reads a value of one word, or a person.
func (r *reading) single(o chat.OptionSpec, from cursor) *texts.Problem {
	w, rest, _ := from.word()
	value := w.text
	if o.Kind == chat.OptionActor {
		e, after := from.element()
		value, rest = from.src[from.pos:after.pos], after
		if e.open { // the fault is told from all that follows the mark
			value, rest = from.text(), cursor{src: from.src, pos: len(from.src)}
		}
	}
	r.take(o, rest)
	if f := r.set(o, value); f != nil {
		return r.propose(f.problem, r.fixed(o, f)...)
	}
	return nil
}

// caseNumber reads 41 or #41.
func (r *reading) caseNumber(o chat.OptionSpec) *texts.Problem {
	w, rest, _ := r.cur.word()
	if f := r.set(o, w.text); f != nil {
		var candidates []string
		for _, fix := range f.fixes {
			candidates = append(candidates, r.cmd.Verb+" "+fix+r.after(rest), r.cmd.Verb+" "+fix)
		}
		return r.propose(f.problem, candidates...)
	}
	r.cur = rest
	return nil
}

// finish says what is missing and fills in what is left out.
func (r *reading) finish() *texts.Problem {
	if o, ok := r.pending(func(o chat.OptionSpec) bool { return o.Required }); ok {
		return r.missing(o)
	}
	acts := false
	for _, o := range r.spec.Options {
		acts = acts || o.Kind == chat.OptionAccounts
		if o.Kind == chat.OptionScope && acts && !r.cmd.ScopeGiven {
			r.cmd.Scope = mute.ScopeAll
			r.cmd.ScopeHint = scopeHint(r.cmd.Reason)
			r.cmd.ScopeDoubt = r.cmd.ScopeHint != 0
		}
	}
	return nil
}
