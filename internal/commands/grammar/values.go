package grammar

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"modbot/internal/chat"
	"modbot/internal/texts"
)

// noteOption is the name of a text that is appended to a case; any other text
// is the reason of what is done.
const noteOption = "note"

// set gives an option its value. The fixes of a fault are values for it.
func (r *reading) set(o chat.OptionSpec, value string) *fault {
	switch o.Kind {
	case chat.OptionAccounts, chat.OptionAccount:
		return r.setAccounts(o, value)
	case chat.OptionTerm:
		return r.setTerm(value)
	case chat.OptionScope:
		return r.setScope(value)
	case chat.OptionText:
		return r.setText(o, value)
	case chat.OptionCase:
		return r.setCase(value)
	case chat.OptionChoice:
		return r.setChoice(value)
	case chat.OptionActor:
		return r.setActor(value)
	case chat.OptionVerb:
		return r.setTopic(value)
	case chat.OptionMember:
		return r.setMember(value)
	}
	return nil
}

// fixed is the command with each of the fixes as the option's value.
func (r *reading) fixed(o chat.OptionSpec, f *fault) []string {
	var out []string
	for _, fix := range f.fixes {
		mended := *r
		if mended.set(o, fix) == nil {
			out = append(out, mended.cmd.String())
		}
	}
	return out
}

// setAccounts reads a field of accounts. Nothing else can stand in it, so an
// account that reads as a term needs no quotation marks here.
func (r *reading) setAccounts(o chat.OptionSpec, value string) *fault {
	at := cursor{src: value}
	at, _ = at.comma()
	list, rest, f := at.accounts(false, func(cursor) bool { return false })
	if f != nil {
		for i := range f.fixes {
			f.fixes[i] += r.after(rest)
		}
		return f
	}
	if !rest.end() {
		whole := strings.TrimSpace(value)
		return &fault{texts.AccountSpace(whole), []string{
			formatAccounts(list) + ", " + pasteable(rest.text()), `"` + field(whole) + `"`,
		}}
	}
	if f := tooMany(r.cmd.Verb, o, list); f != nil {
		return f
	}
	r.cmd.Accounts = list
	return nil
}

// tooMany refuses more accounts than the verb takes. The fixes are shorter
// lists that together name them all, as far as they are offered.
func tooMany(verb string, o chat.OptionSpec, list []AccountArg) *fault {
	most, problem := MaxAccounts, texts.AccountTooMany(len(list), MaxAccounts)
	if o.Kind == chat.OptionAccount {
		most, problem = 1, texts.AccountOne(verb, len(list))
	}
	if len(list) <= most {
		return nil
	}
	f := &fault{problem: problem}
	for i := 0; i < len(list) && len(f.fixes) < maxSuggestions; i += most {
		f.fixes = append(f.fixes, formatAccounts(list[i:min(i+most, len(list))]))
	}
	return f
}

func (r *reading) setTerm(value string) *fault {
	s := field(value)
	term, err := parseTerm(s)
	if err != nil {
		return explainTerm(s, err)
	}
	r.cmd.Term = term
	return nil
}

func (r *reading) setScope(value string) *fault {
	scope, f := readScope(field(value))
	if f != nil {
		return f
	}
	r.cmd.Scope, r.cmd.ScopeGiven = scope, true
	return nil
}

// setText keeps a free text. One that is too long is refused, not cut; what is
// offered is its beginning, and says so.
func (r *reading) setText(o chat.OptionSpec, typed string) *fault {
	text := cleanText(typed)
	n, most := utf8.RuneCountInString(text), MaxReasonRunes
	if o.MaxRunes > 0 {
		most = o.MaxRunes
	}
	if o.Name == noteOption {
		switch {
		case n == 0:
			return &fault{problem: texts.NoteMissing(r.cmd.Case)}
		case n > most:
			return &fault{texts.NoteTooLong(n, most), []string{pasteable(text)}}
		}
		r.cmd.Note = text
		return nil
	}
	if n > most {
		return &fault{texts.ReasonTooLong(n, most), []string{pasteable(text)}}
	}
	r.cmd.Reason = text
	return nil
}

// maxCaseDigits keeps a case number inside an int64.
const maxCaseDigits = 18

// setCase reads 41 or #41.
func (r *reading) setCase(value string) *fault {
	s := field(value)
	digits, rest := run(strings.TrimPrefix(s, "#"), isDigit)
	n, ok := number(digits, maxCaseDigits)
	if rest != "" || !ok || n == 0 {
		return &fault{texts.CaseNumber(s), []string{strings.Trim(digits, "0")}}
	}
	r.cmd.Case = n
	return nil
}

// choiceShape is what a choice may look like.
var choiceShape = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

func (r *reading) setChoice(value string) *fault {
	choice := fold(strings.Trim(field(value), `"'`))
	if !choiceShape.MatchString(choice) {
		return &fault{texts.ChoiceUnreadable(value), []string{strings.Trim(choice, "`.,;:!?\"'()[]<>")}}
	}
	r.cmd.Choice = choice
	return nil
}

// setTopic reads the verb that help is asked about.
func (r *reading) setTopic(value string) *fault {
	name := strings.TrimPrefix(fold(field(value)), "/")
	if spec := r.parser.lookup(name); spec != nil {
		r.cmd.Topic = spec.Verb
		return nil
	}
	near := r.parser.near(name)
	if len(near) == 0 {
		return &fault{problem: texts.VerbUnknown(value, r.parser.verbs())}
	}
	return &fault{texts.VerbMisspelt(value, near[0]), near}
}

// setActor reads a person: a mention, a name, or a name in quotation marks.
func (r *reading) setActor(value string) *fault {
	at := cursor{src: value}
	if at.end() {
		return &fault{problem: texts.ActorMissing()}
	}
	e, _ := at.element()
	if f := e.quotation(); f != nil {
		return f
	}
	if !e.quoted && isMention(e.text) {
		arg, f := e.mention()
		if f == nil {
			r.cmd.By, r.cmd.ByMention = arg.Mention, true
		}
		return f
	}
	name := e.text
	if !e.quoted {
		name = strings.TrimPrefix(name, "@")
	}
	if name = cleanText(name); name == "" {
		return &fault{problem: texts.ActorMissing()}
	}
	r.cmd.By, r.cmd.ByMention = name, false
	return nil
}
