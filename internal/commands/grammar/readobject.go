package grammar

import (
	"slices"
	"strings"

	"modbot/internal/chat"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// accounts reads what a command is about: one account, or a list.
func (r *reading) accounts(o chat.OptionSpec) *texts.Problem {
	first, _ := r.cur.comma()
	if r.closed(first) {
		return r.missing(o)
	}
	list, rest, f := first.accounts(true, r.atKeyword)
	if f != nil {
		return r.badAccount(f, rest)
	}
	if f := tooMany(r.cmd.Verb, o, list); f != nil {
		var parts []string
		for _, fix := range f.fixes {
			parts = append(parts, r.opening()+" "+fix+r.after(rest))
		}
		return r.propose(f.problem, parts...)
	}
	r.cmd.Accounts, r.cur = list, rest
	return nil
}

// badAccount offers the command with the account mended. An account that reads
// as a term or a scope may also have changed places with what follows; where
// nothing follows and more is due, there is nothing to offer.
func (r *reading) badAccount(f *fault, rest cursor) *texts.Problem {
	var candidates []string
	for _, fix := range f.fixes {
		candidates = append(candidates, r.opening()+" "+fix+r.after(rest))
	}
	if f.problem.Code == texts.CodeAccountQuotes {
		_, termDue := r.pendingKind(chat.OptionTerm)
		w, after, ok := rest.word()
		switch {
		case !ok && termDue:
			candidates = nil
		case ok && termDue && readsAs(w.text) == "" && !strings.HasPrefix(w.text, ","):
			typed, _, _ := r.cur.word()
			swapped := r.cmd.Verb + " " + w.text + " " + typed.text + r.after(after)
			candidates = append([]string{swapped}, candidates...)
		}
	}
	return r.propose(f.problem, candidates...)
}

// opening is the command up to where the accounts begin.
func (r *reading) opening() string {
	if r.cmd.Member.IsZero() {
		return r.cmd.Verb
	}
	return r.cmd.Verb + " " + r.cmd.Member.String()
}

// missing says that a required option is not there.
func (r *reading) missing(o chat.OptionSpec) *texts.Problem {
	switch o.Kind {
	case chat.OptionAccounts, chat.OptionAccount:
		return r.propose(texts.AccountMissing(r.cmd.Verb))
	case chat.OptionMember:
		return r.propose(texts.MemberMissing(r.cmd.Verb))
	case chat.OptionCase:
		return r.propose(texts.CaseMissing(r.cmd.Verb))
	case chat.OptionTerm:
		return r.missingTerm()
	case chat.OptionScope, chat.OptionText, chat.OptionChoice, chat.OptionActor, chat.OptionVerb:
	}
	return r.propose(texts.OptionMissing(r.cmd.Verb, o.Name))
}

// missingTerm says that a command has no term; a comma may have made it one
// more account.
func (r *reading) missingTerm() *texts.Problem {
	mended, problem, term := *r, texts.TermMissing(r.cmd.Verb), someTerm
	if typed, accounts, ok := r.termInList(); ok {
		mended.cmd.Accounts, problem, term = accounts, texts.TermInList(typed), typed
	}
	if mended.setTerm(term) != nil {
		return r.propose(problem)
	}
	return r.propose(problem, mended.cmd.String())
}

// leftover says that a word has no place: its keyword is missing, or the verb
// takes nothing more.
func (r *reading) leftover() *texts.Problem {
	w, rest, _ := r.cur.word()
	typed := r.cur.spaces().text()
	before := r.soFar()
	if meant, ok := r.nearScopeAt(w); ok {
		return r.nearScope(w, meant, rest)
	}
	if o, ok := r.pendingText(); ok {
		return r.textWithoutKeyword(o, w, typed)
	}
	if o, ok := r.pending(func(o chat.OptionSpec) bool { return o.Kind == chat.OptionActor && o.Keyword != "" }); ok {
		return r.propose(texts.ActorKeyword(r.cmd.Verb, w.text), before+" "+o.Keyword+" "+pasteable(typed), before)
	}
	if len(r.spec.Options) == 0 {
		return r.propose(texts.TakesNothing(r.cmd.Verb, typed), r.cmd.Verb)
	}
	candidates := []string{before}
	if len(r.cmd.Accounts) > 0 && readsAs(w.text) == "" {
		candidates = append(candidates, r.opening()+" "+w.text)
		if list, ok := r.twoWords(w); ok {
			candidates = append(candidates, r.opening()+" "+list+r.after(rest))
		}
	}
	return r.propose(texts.TooMuch(r.cmd.Verb, typed), candidates...)
}

// textWithoutKeyword says that a text needs its keyword. After accounts it may
// be one more account as well, or a term that this verb does not take.
func (r *reading) textWithoutKeyword(o chat.OptionSpec, w word, typed string) *texts.Problem {
	before := r.soFar()
	if o.Name == noteOption {
		return r.propose(texts.NoteKeyword(typed), before+" "+o.Keyword+" "+pasteable(typed), before)
	}
	if readsAs(w.text) == "a length of time" {
		return r.propose(texts.TermNotHere(r.cmd.Verb, w.text), before, r.asText(typed))
	}
	return r.propose(texts.ReasonKeyword(r.cmd.Verb, typed), before+", "+pasteable(typed), r.asText(typed))
}

// twoWords is the list of accounts with a word as the second half of the last,
// where the two are an account.
func (r *reading) twoWords(w word) (list string, ok bool) {
	last := len(r.cmd.Accounts) - 1
	if last < 0 || r.cmd.Accounts[last].Mention != "" {
		return "", false
	}
	one, err := mute.ParseAccount(string(r.cmd.Accounts[last].Account) + " " + w.text)
	if err != nil {
		return "", false
	}
	accounts := append(slices.Clone(r.cmd.Accounts[:last]), AccountArg{Account: one})
	return formatAccounts(accounts), true
}

// asText is the command so far with the rest of the line as its reason; empty
// where the verb has none.
func (r *reading) asText(typed string) string {
	o, ok := r.pendingText()
	if !ok {
		return ""
	}
	return r.soFar() + " " + o.Keyword + " " + pasteable(typed)
}

// pendingText finds a text with a keyword that was not read yet.
func (r *reading) pendingText() (chat.OptionSpec, bool) {
	return r.pending(func(o chat.OptionSpec) bool { return o.Kind == chat.OptionText && o.Keyword != "" })
}
