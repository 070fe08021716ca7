package commands

import (
	"time"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands/grammar"
	"modbot/internal/commands/policy"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// facts is all that a plan about one account is made from. Plans are pure over
// it.
type facts struct {
	now    time.Time
	policy *policy.Policy
	roles  []chat.Role
	actor  string // platform-qualified
	place  texts.Place
	cmd    grammar.Command
	target target
	// answered is what the actor has answered already about this account.
	answered answered
	// reopened is the waiting case that is being answered; nil otherwise.
	reopened *audit.CaseView
	// listed says that the account stands in a file: what was typed about it a
	// moment ago is another command.
	listed bool
}

// stepKind says what is to be done with one account.
type stepKind uint8

const (
	stepSay    stepKind = iota // answer; nothing is recorded
	stepAct                    // begin, do, finish
	stepAsk                    // record a question
	stepRefuse                 // record a refusal
	stepSame                   // the case of a moment ago answers it
	stepVoid                   // the open question no longer fits
	stepBusy                   // another case is in flight: wait, then plan again
)

// step is the plan about one account: a description, which can do nothing.
type step struct {
	kind stepKind
	code string

	action   action          // stepAct
	choices  []texts.Choice  // stepAsk
	decision policy.Decision // stepAct, stepAsk, stepRefuse
	same     audit.CaseView  // stepSame
	// say composes what is shown; the case number is not known before it is recorded.
	say func(caseNumber int64) []chat.Line
	try string // a command to paste, without prefix
}

// action is one change of one account.
type action struct {
	verb  string
	scope mute.Scope
	term  mute.Term // zero for an unmute
}

// answered is what the actor has answered so far about one account.
type answered struct {
	Variant   bool       `json:"variant,omitempty"`   // the account is meant as typed
	Scope     mute.Scope `json:"scope,omitempty"`     // the scope is this
	Held      string     `json:"held,omitempty"`      // extend, replace or yes
	Threshold bool       `json:"threshold,omitempty"` // yes, that long
}

// plan says what to do with one account.
func plan(f facts) step {
	if f.reopened != nil && f.target.view.Version != f.reopened.Question.Version {
		return step{kind: stepVoid, code: "void", say: func(n int64) []chat.Line {
			lines := []chat.Line{texts.Void(f.target.account, n)}
			return append(lines, texts.Fields(f.target.account, f.fields(), f.now)...)
		}, try: about(verbStatus, f.target.account)}
	}
	if !f.target.exists {
		return step{kind: stepSay, code: "no_such_account", say: func(int64) []chat.Line {
			return texts.UnknownAccount(f.place, f.target.account, f.target.near, f.again)
		}}
	}
	if c, ok := f.sameAgain(); ok {
		return step{kind: stepSame, same: c}
	}
	if f.target.view.InFlight != nil {
		return step{kind: stepBusy}
	}
	if len(f.target.variants) > 0 && !f.answered.Variant {
		return f.askVariant()
	}
	if f.cmd.Verb == verbUnmute {
		return planUnmute(f)
	}
	return planMute(f)
}

// again is the command as typed, about another account.
func (f facts) again(a mute.Account) string {
	cmd := f.cmd
	cmd.Accounts = []grammar.AccountArg{{Account: a}}
	return cmd.String()
}

// scope is the scope that is meant.
func (f facts) scope() mute.Scope {
	if f.answered.Scope != 0 {
		return f.answered.Scope
	}
	return f.cmd.Scope
}

// sameAgain finds the case that the same actor opened with the same command a
// moment ago: the newest of the account, unless it came to nothing.
func (f facts) sameAgain() (audit.CaseView, bool) {
	if f.reopened != nil || f.listed || len(f.target.recent) == 0 {
		return audit.CaseView{}, false
	}
	c := f.target.recent[0]
	same := c.Actor == f.actor && f.now.Sub(c.Opened) < sameWindow && f.now.Sub(c.Opened) >= 0 &&
		decodeSnapshot(c.Snapshot).Typed == typedOf(f.cmd)
	switch c.Status {
	case audit.StatusDone, audit.StatusPartial, audit.StatusInFlight, audit.StatusUnknown, audit.StatusWaiting:
		return c, same
	case audit.StatusRefused, audit.StatusDeclined, audit.StatusVoid, audit.StatusLapsed, audit.StatusFailed, audit.StatusUnverified:
	}
	return audit.CaseView{}, false
}

// held is a field that is muted now, by Tencent's word; who and why are the
// ledger's, where the two agree on the end.
type held struct {
	field     mute.Field
	permanent bool
	until     time.Time
	known     *audit.Mute // nil when set outside modbot
	since     time.Time
}

// agree is how far Tencent's end and the ledger's may differ and still be the
// same mute: whole seconds, and the time that reading takes.
const agree = audit.ReadTolerance

// heldFields lists the muted fields of the scope.
func (f facts) heldFields(scope mute.Scope) []held {
	var out []held
	for _, field := range scope.Fields() {
		reading := f.target.state.Of(field)
		if !reading.Muted() {
			continue
		}
		h := held{field: field, permanent: reading.Permanent(), since: f.now}
		if left, ok := reading.Left(); ok {
			h.until = f.now.Add(left)
		}
		if m, ok := f.target.view.MuteOf(field); ok && sameEnd(m, h) {
			h.known, h.since, h.until = &m, m.Since, m.Until
		}
		out = append(out, h)
	}
	return out
}

func sameEnd(m audit.Mute, h held) bool {
	if m.Permanent || h.permanent {
		return m.Permanent == h.permanent
	}
	return m.Until.Sub(h.until).Abs() <= agree
}

// by is the policy's view of a held field.
func (f facts) by(h held) *policy.Held {
	return &policy.Held{
		Own: h.known != nil && h.known.Actor == f.actor, Permanent: h.permanent, Until: h.until, Since: h.since,
	}
}

// fields is every field of the scope for people, muted or not.
func (f facts) fields() []texts.HeldField {
	muted := f.heldFields(mute.ScopeAll)
	var out []texts.HeldField
	for _, field := range f.scope().Fields() {
		h := texts.HeldField{Field: field}
		for _, m := range muted {
			if m.field != field {
				continue
			}
			h.Muted, h.Permanent, h.Until = true, m.permanent, m.until
			if m.known != nil {
				h.By, h.Case, h.Reason = personName(m.known.ActorName, m.known.Actor), m.known.Case, m.known.Reason
			}
		}
		out = append(out, h)
	}
	return out
}

func personName(name, id string) string {
	if name != "" {
		return name
	}
	return id
}

// decide asks the policy about changes of the account.
func (f facts) decide(verb string, scope mute.Scope, term mute.Term, changes []policy.Change) policy.Decision {
	return f.policy.Decide(f.roles, policy.Request{
		Verb: verb, Account: f.target.account, Scope: scope, Term: term, Changes: changes,
		Count: f.target.count, Now: f.now,
	})
}
