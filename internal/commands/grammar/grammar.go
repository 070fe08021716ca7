// Package grammar reads what moderators type.
//
// The model. A line is a verb and what its chat.Spec says of it: what must
// stand right after the verb (accounts, a case), then the length of time and
// the scope in either order, options behind their keywords, and the rest of the
// line where the verb has a reason. The parser knows kinds of option, not
// verbs: a new verb is a new Spec.
//
// Up to the reason the line is read by its meaning: invisible characters are
// dropped, full-width punctuation and smart quotes are their ASCII forms, any
// Unicode space is a space. The reason is kept as typed. Accounts are never
// converted: what differs in case or script is another account.
//
// Whatever can be read in two ways that would mute differently is not decided
// here: it is an error that offers both readings, as lines that can be pasted.
// Every such line is parsed before it is offered, so that none fails in turn.
//
// Invariants: a Command with a Term has one that package mute accepts; a
// Command of a verb that requires an option has it; every account that is not a
// mention passed mute.ParseAccount; every Problem has a code, a message and a
// suggestion; Parse never panics, whatever the bytes.
package grammar

import (
	"slices"

	"modbot/internal/chat"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// Limits of what is read.
const (
	// MaxAccounts is how many accounts one command may name.
	MaxAccounts = 20
	// MaxReasonRunes is the longest reason or note. It holds what a modal or a
	// slash command can carry on the platforms that we know, with room to spare.
	MaxReasonRunes = 6000
	// MaxLineBytes is the longest line: a reason of the widest characters and
	// the longest accounts.
	MaxLineBytes = 32 << 10

	// maxRepairs is how many problems one suggestion may mend: one for each
	// account, and some for what follows.
	maxRepairs = MaxAccounts + 4
	// maxSuggestions is how many readings a problem offers.
	maxSuggestions = 3
	// suggestedText is how much of a free text a suggestion repeats, in
	// characters; a suggestion has to fit into a message.
	suggestedText = 400
	// suggestedBytes is the longest line that is suggested: the longest accounts
	// and that much text. What is longer has no sense in it.
	suggestedBytes = 8 << 10
)

// VerbHelp is the verb that explains. The bare command, `help mute` and
// `mute help` all are it; the specs have to contain it.
const VerbHelp = "help"

// Command is a line that was understood. Fields that the verb does not have
// are zero.
type Command struct {
	Verb   string // canonical
	Member MemberArg
	// Accounts in the order typed; an account that was typed twice is there
	// once.
	Accounts []AccountArg
	Term     mute.Term
	// Scope is what was typed; when nothing was, all for verbs that act on
	// accounts, and zero for those that list.
	Scope      mute.Scope
	ScopeGiven bool
	// ScopeDoubt is set when the scope is the default and the reason speaks of
	// one (ScopeHint): it may have been meant.
	ScopeDoubt bool
	ScopeHint  mute.Scope
	Reason     string
	Case       int64
	Note       string
	Choice     string // lower case
	// By is a person: a platform's id where ByMention is set, else a name.
	By        string
	ByMention bool
	Topic     string // of help: a canonical verb, or empty
}

// AccountArg is one account as typed.
type AccountArg struct {
	Account mute.Account // empty where Mention is set
	Quoted  bool
	// Mention is the platform's id of a mentioned person, whose linked account
	// is meant; Name is what the platform called them, for people to read.
	Mention string
	Name    string
}

// Parser reads the text form of the verbs that it was made for.
type Parser struct {
	specs []chat.Spec
}

// New makes a Parser. The specs must contain VerbHelp.
func New(specs []chat.Spec) *Parser { return &Parser{specs: slices.Clone(specs)} }

// Parse reads a line, with or without the platform's prefix. It returns either
// a command or a problem.
func (p *Parser) Parse(line string) (Command, *texts.Problem) {
	return p.parse(line, maxRepairs)
}

// parse is Parse with a bound on how far suggestions mend each other. With
// none left, problems carry no suggestions and nothing recurses.
func (p *Parser) parse(line string, repairs int) (Command, *texts.Problem) {
	r := &reading{parser: p, repairs: repairs}
	if len(line) > MaxLineBytes {
		return Command{}, r.propose(texts.LineTooLong(len(line), MaxLineBytes))
	}
	r.cur = cursor{src: unwrap(line)}
	if problem := r.line(); problem != nil {
		return Command{}, problem
	}
	return r.cmd, nil
}

// line reads the verb and then what its spec says.
func (r *reading) line() *texts.Problem {
	name, rest := r.verbName()
	r.cur = rest
	if name == "" {
		r.cmd.Verb = VerbHelp
		return nil
	}
	spec := r.parser.lookup(name)
	if spec == nil {
		return r.unknownVerb(name)
	}
	r.spec = spec
	r.cmd.Verb = spec.Verb
	if w, after, ok := r.cur.word(); ok && fold(w.text) == VerbHelp && after.end() {
		r.cmd = Command{Verb: VerbHelp, Topic: spec.Verb}
		return nil
	}
	if problem := r.arguments(); problem != nil {
		return problem
	}
	return r.finish()
}
