package grammar

import (
	"strings"

	"modbot/internal/chat"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// piece is a word of a term that is spread over several, with the cursor behind
// it.
type piece struct {
	text string
	rest cursor
}

// term reads the length of time. Further parts behind a space belong to it when
// nothing free follows them; when a text follows, they may begin the reason.
func (r *reading) term(o chat.OptionSpec) *texts.Problem {
	w, rest, _ := r.cur.word()
	first := strings.TrimSuffix(w.text, ",")
	if permanent(first) {
		return r.permanent(o, w, rest)
	}
	if _, _, err := splitTerm(first); err != nil {
		return r.noTerm(w, rest)
	}
	pieces := furtherParts(piece{w.text, rest})
	last := pieces[len(pieces)-1]
	whole := joinPieces(pieces)
	if problem := r.looseNumber(whole, last.rest); problem != nil {
		return problem
	}
	if strings.HasSuffix(last.text, ",") {
		return r.badTerm(whole, last.rest)
	}
	if len(pieces) > 1 && !r.closed(last.rest) && !r.scopeFollows(last.rest) {
		return r.termOrReason(first, rest, whole, last.rest)
	}
	term, err := parseTerm(whole)
	if err != nil {
		return r.badTerm(whole, last.rest)
	}
	r.cmd.Term = term
	r.take(o, last.rest)
	return nil
}

// permanent reads a term without an end. A length right behind it contradicts
// it.
func (r *reading) permanent(o chat.OptionSpec, w word, rest cursor) *texts.Problem {
	if strings.HasSuffix(w.text, ",") {
		return r.badTerm(w.text, rest)
	}
	if next, after, ok := rest.word(); ok {
		if _, _, err := splitTerm(strings.TrimSuffix(next.text, ",")); err == nil {
			return r.badTerm(w.text+" "+next.text, after)
		}
	}
	r.cmd.Term = mute.Permanent()
	r.take(o, rest)
	return nil
}

// furtherParts collects the words behind a part that are parts too, with "and"
// before them.
func furtherParts(first piece) []piece {
	pieces := []piece{first}
	for len(pieces) <= maxParts {
		w, rest, ok := pieces[len(pieces)-1].rest.word()
		if ok && fold(w.text) == "and" {
			next, after, found := rest.word()
			w, rest, ok = word{text: w.text + " " + next.text}, after, found
		}
		bare := strings.TrimSuffix(strings.TrimPrefix(w.text, ","), ",")
		if cut, and := strings.CutPrefix(fold(bare), "and "); and {
			bare = cut
		}
		if _, _, err := splitTerm(bare); !ok || err != nil {
			return pieces
		}
		pieces = append(pieces, piece{w.text, rest})
	}
	return pieces
}

func joinPieces(pieces []piece) string {
	words := make([]string, 0, len(pieces))
	for _, p := range pieces {
		words = append(words, p.text)
	}
	return strings.Join(words, " ")
}

// looseNumber refuses a number behind a term that is neither part of it nor
// clearly the first word of the reason: one before a unit, or with nothing free
// behind it. ("2h 30 messages" begins its reason with the number.)
func (r *reading) looseNumber(term string, after cursor) *texts.Problem {
	term = strings.TrimSuffix(term, ",")
	typed := term
	w, rest, ok := after.word()
	if ok && fold(w.text) == "and" {
		typed += " " + w.text
		w, rest, ok = rest.word()
	}
	if digits, tail := run(w.text, isDigit); !ok || digits == "" || tail != "" {
		return nil
	}
	typed += " " + w.text
	next, behind, ok := rest.word()
	if _, isUnit := unitOf(next.text); ok && isUnit {
		typed, rest = typed+" "+next.text, behind
	} else if !r.closed(rest) && !r.scopeFollows(rest) {
		return nil
	}
	_, err := parseTerm(typed)
	f := explainTerm(typed, err)
	return r.propose(f.problem, r.withTerm(f.fixes[0], rest), r.withTerm(term, cursor{})+r.textKeyword()+pasteable(after.spaces().text()))
}

// textKeyword is the keyword of the verb's text, ready to stand before it.
func (r *reading) textKeyword() string {
	if o, ok := r.pendingText(); ok {
		return " " + o.Keyword + " "
	}
	return " "
}

// scopeFollows reports whether the line goes on with a scope that is due.
func (r *reading) scopeFollows(c cursor) bool {
	_, due := r.pendingKind(chat.OptionScope)
	return due && r.scopeAt(c) != 0
}

// termOrReason refuses further parts that a text follows, with both readings.
func (r *reading) termOrReason(first string, afterFirst cursor, whole string, rest cursor) *texts.Problem {
	further := afterFirst.spaces().text()
	short := r.withTerm(first, cursor{}) + r.textKeyword() + pasteable(further)
	if _, err := parseTerm(whole); err != nil {
		f := explainTerm(whole, err)
		return r.propose(f.problem, r.withTerm(f.fixes[0], rest), short)
	}
	parts, _, _ := splitTerm(whole)
	joined := formatParts(parts)
	return r.propose(texts.TermOrReason(first, further, joined), r.withTerm(joined, rest), short)
}

// badTerm explains a text that is no term in the place of one.
func (r *reading) badTerm(typed string, rest cursor) *texts.Problem {
	_, err := parseTerm(typed)
	f := explainTerm(typed, err)
	var candidates []string
	if f.problem.Code == texts.CodeTermZero {
		candidates = append(candidates, "unmute "+formatAccounts(r.cmd.Accounts))
	}
	for _, fix := range f.fixes {
		candidates = append(candidates, r.withTerm(fix, rest))
	}
	return r.propose(f.problem, candidates...)
}

// withTerm is the command so far with a term, and what follows as typed.
func (r *reading) withTerm(term string, rest cursor) string {
	head := r.cmd
	head.Term, head.ScopeGiven = mute.Term{}, false
	words := append(head.words(true), term)
	if r.cmd.ScopeGiven {
		words = append(words, formatScope(r.cmd.Scope, true))
	}
	return strings.Join(words, " ") + r.after(rest)
}

// noTerm explains what stands in the place of the term and is none.
func (r *reading) noTerm(w word, rest cursor) *texts.Problem {
	if meant, ok := r.nearScopeAt(w); ok {
		return r.nearScope(w, meant, rest)
	}
	if scope, _ := scopeOf(w.text); scope != 0 && !r.cmd.ScopeGiven {
		return r.propose(texts.ScopePlace(w.text), r.soFar()+" scope:"+fold(w.text)+r.after(rest))
	}
	typed, after := termPhrase(w, rest)
	next, _, _ := rest.word()
	if !looksLikeTerm(typed) || typed == w.text && isTerm(next.text) && plainNumber(w.text) {
		return r.notTerm(w, rest)
	}
	if head, tail, found := strings.Cut(w.text, ","); found && isTerm(head) && !startsWithDigit(tail) {
		return r.propose(texts.TermTail(w.text, head), r.withTerm(head, cursor{})+" "+pasteable(tail)+r.after(rest))
	}
	return r.badTerm(typed, after)
}

// notTerm explains a word that does not even look like a length of time. Where
// the term comes right behind it, it may be one more account, the second word of
// one, or the reason; elsewhere the term may be among the accounts, or missing.
func (r *reading) notTerm(w word, rest cursor) *texts.Problem {
	here := pasteable(r.cur.text())
	if term, accounts, ok := r.termInList(); ok {
		inList := *r
		inList.cmd.Accounts = accounts
		return r.propose(texts.TermInList(term), inList.withTerm(term, cursor{})+" "+here)
	}
	term, behind, ok := rest.word()
	switch {
	case !ok || !isTerm(term.text):
		return r.propose(texts.TermExpected(w.text), r.withTerm(someTerm, cursor{})+" "+here)
	case fold(w.text) == "for":
		return r.propose(texts.TermExpected(w.text), r.withTerm(term.text, behind))
	}
	candidates := []string{r.cmd.Verb + " " + formatAccounts(r.cmd.Accounts) + ", " + here}
	if list, ok := r.twoWords(w); ok {
		candidates = append(candidates, r.cmd.Verb+" "+list+r.after(rest))
	}
	return r.propose(texts.TermBehind(w.text), append(candidates, r.termMoved(w, term, behind))...)
}

// termMoved is the command with the term before the word that stands before it.
func (r *reading) termMoved(w, term word, behind cursor) string {
	return r.withTerm(term.text, cursor{}) + r.textKeyword() + w.text + r.after(behind)
}

// termInList finds a term that a comma made the last account.
func (r *reading) termInList() (term string, before []AccountArg, ok bool) {
	n := len(r.cmd.Accounts) - 1
	if n < 1 || r.cmd.Accounts[n].Quoted || !isTerm(string(r.cmd.Accounts[n].Account)) {
		return "", nil, false
	}
	return string(r.cmd.Accounts[n].Account), r.cmd.Accounts[:n], true
}

// termPhrase is the words that belong together in a length of time that is
// written the wrong way: numbers before units, and numbers in words.
func termPhrase(w word, rest cursor) (string, cursor) {
	typed, after := w.text, rest
	for c, words, n := rest, w.text, 1; n < maxPhrase; n++ {
		next, behind, ok := c.word()
		if !ok {
			break
		}
		words += " " + next.text
		c = behind
		if fromWords(fold(words)) != "" || isTerm(joinNumbers(words)) {
			typed, after = words, behind
		}
	}
	return typed, after
}

// maxPhrase is how many words a length of time in words may have: "a couple of
// hours", "2 hours 30 minutes".
const maxPhrase = 4

// looksLikeTerm reports whether a text was meant as a length of time: it begins
// with a digit, has an explanation of its own, or is one slip away from a term.
func looksLikeTerm(s string) bool {
	return startsWithDigit(strings.TrimPrefix(s, ".")) || foreignTerm(s) != nil || len(terms(guesses(s, nil, s)...)) > 0
}

func startsWithDigit(s string) bool { return s != "" && isDigit(s[0]) }

// plainNumber reports whether a word is digits alone, as many accounts are.
func plainNumber(s string) bool {
	_, rest := run(s, isDigit)
	return s != "" && rest == ""
}
