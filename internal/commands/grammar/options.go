package grammar

import (
	"strings"

	"modbot/internal/chat"
	"modbot/internal/texts"
)

// ParseOptions reads a command whose options a platform delivers one by one.
// The rules are those of the text form, for each field; only what keeps fields
// apart in a line is not needed. Options without a value count as not given.
// What its problems suggest is a line of the text form.
func (p *Parser) ParseOptions(verb string, options []chat.Option) (Command, *texts.Problem) {
	r := &reading{parser: p, repairs: maxRepairs}
	verb = fold(field(verb))
	if r.spec = p.lookup(verb); r.spec == nil {
		return Command{}, r.unknownVerb(verb)
	}
	r.cmd.Verb = r.spec.Verb
	size := 0
	for _, o := range options {
		size += len(o.Value)
	}
	if size > MaxLineBytes {
		return Command{}, r.propose(texts.LineTooLong(size, MaxLineBytes))
	}
	// The first problem is told when all else is known, so that what it offers
	// is the whole command.
	var wrong *fault
	var at chat.OptionSpec
	for _, given := range options {
		if strings.TrimSpace(given.Value) == "" {
			continue
		}
		o, f := r.option(given)
		if f != nil && wrong == nil {
			wrong, at = f, o
		}
	}
	if wrong != nil {
		candidates := r.fixed(at, wrong)
		if len(candidates) == 0 { // without that option
			candidates = []string{r.cmd.String()}
		}
		return Command{}, r.propose(wrong.problem, candidates...)
	}
	if problem := r.finish(); problem != nil {
		return Command{}, problem
	}
	return r.cmd, nil
}

// option reads one option.
func (r *reading) option(given chat.Option) (chat.OptionSpec, *fault) {
	o, ok := r.pending(func(o chat.OptionSpec) bool { return o.Name == given.Name })
	if !ok {
		if _, twice := r.named(given.Name); twice {
			return o, &fault{problem: texts.OptionTwice(r.cmd.Verb, given.Name)}
		}
		return o, &fault{problem: texts.OptionUnknown(r.cmd.Verb, given.Name)}
	}
	r.given = append(r.given, o.Name)
	return o, r.set(o, given.Value)
}

// named finds an option of the verb by its name, read or not.
func (r *reading) named(name string) (chat.OptionSpec, bool) {
	for _, o := range r.spec.Options {
		if o.Name == name {
			return o, true
		}
	}
	return chat.OptionSpec{}, false
}
