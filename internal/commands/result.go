package commands

import (
	"context"
	"errors"
	"slices"

	"go.uber.org/zap"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/commands/grammar"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// result is what is said about one account (or about one list).
type result struct {
	account mute.Account
	state   chat.State
	code    string
	cases   []int64
	lines   []chat.Line
	choices []texts.Choice
	entry   string // print of the entry that asked, with choices
	try     string // a command to paste, without prefix
	pending bool   // an unknown outcome that will be settled
	posted  int64  // seq of the final entry of this very command, which is posted
	// doubt is the head of an intent of which nobody knows yet whether it is on
	// record: nothing was sent for it, and it is pending.
	doubt *audit.Head
}

// outcome is the whole answer to a command.
type outcome struct{ results []result }

// pending reports whether an outcome is still to come.
func (o outcome) pending() bool {
	return slices.ContainsFunc(o.results, func(r result) bool { return r.pending })
}

// undoneFirst are the results in the order in which they are told: a message that
// is too long for its platform is cut at its end, and what was not done is what
// somebody has to look at.
func (o outcome) undoneFirst() []result {
	done := func(r result) int {
		if r.state == chat.StateDone {
			return 1
		}
		return 0
	}
	return slices.SortedStableFunc(slices.Values(o.results), func(a, b result) int { return done(a) - done(b) })
}

// one is an outcome of a single result.
func one(r result) outcome { return outcome{results: []result{r}} }

// info is an answer that changed nothing.
func info(code string, lines []chat.Line) result {
	return result{state: chat.StateInfo, code: code, lines: lines}
}

// problem is the reply to a command that was not understood.
func (r *request) problem(p *texts.Problem) chat.Reply {
	return chat.Reply{State: chat.StateError, Code: p.Code, Message: p.In(r.place), Ref: r.ref}
}

// reply composes the answer: alone as it is, several under one tally.
func (r *request) reply(o outcome) chat.Reply {
	out := chat.Reply{Ref: r.ref, State: stateOf(o), Code: o.results[0].code}
	if len(o.results) > 1 {
		done := 0
		for _, res := range o.results {
			if res.state == chat.StateDone {
				done++
			}
			if res.code != out.Code {
				out.Code = "several"
			}
		}
		out.Message.Lines = append(out.Message.Lines,
			texts.Tally(done, len(o.results), out.State == chat.StateNeedsConfirm, out.State == chat.StateUnknown))
	}
	for _, res := range o.results {
		for _, c := range res.cases {
			if !slices.Contains(out.Cases, c) {
				out.Cases = append(out.Cases, c)
			}
		}
	}
	for _, res := range o.undoneFirst() {
		out.Message.Lines = append(out.Message.Lines, r.calling(res)...)
		if res.try != "" {
			out.Message.Lines = append(out.Message.Lines, texts.Try(r.place, res.try))
		}
		if len(res.choices) > 0 && len(res.cases) > 0 {
			out.Message.Buttons = append(out.Message.Buttons, texts.Buttons(r.place, texts.Mark{Origin: r.origin, Entry: res.entry}, res.cases[0], res.choices)...)
		}
	}
	for _, s := range r.stands {
		out.Message.Lines = append(out.Message.Lines, texts.StandsFor(s.name, s.account))
	}
	return out
}

// calling is the lines of a result with the nickname of its account, if that
// has arrived.
func (r *request) calling(res result) []chat.Line {
	if r.nicks == nil {
		return res.lines
	}
	accounts := []mute.Account{res.account}
	if res.account == "" {
		for _, a := range r.cmd.Accounts {
			accounts = append(accounts, a.Account)
		}
	}
	return texts.WithNicknames(res.lines, r.nicks.of(accounts))
}

// stateOf is the one word over several results: what is not known comes first,
// then what waits, then whether all, some or none was done.
func stateOf(o outcome) chat.State {
	count := map[chat.State]int{}
	for _, r := range o.results {
		count[r.state]++
	}
	n := len(o.results)
	switch {
	case n == 1:
		return o.results[0].state
	case count[chat.StateUnknown] > 0:
		return chat.StateUnknown
	case count[chat.StateNeedsConfirm] > 0:
		return chat.StateNeedsConfirm
	case count[chat.StateDone] == n:
		return chat.StateDone
	case count[chat.StateDone]+count[chat.StatePartlyDone] > 0:
		return chat.StatePartlyDone
	case count[chat.StateBusy] == n:
		return chat.StateBusy
	}
	return chat.StateNotDone
}

// subject is what texts say of a case.
func (d *Dispatcher) subject(c audit.CaseView) texts.Subject {
	return texts.Subject{
		Verb: c.Verb, Account: c.Account, Scope: c.Scope, Effect: c.Effect, Term: c.Term, End: c.Deadline,
		Case: c.Number, Reason: c.Reason, Code: c.Code, Meaning: d.meaning(c.Code), Now: d.ledger.Now(),
	}
}

// caseResult says how a case stands, from what is recorded and nothing else.
func (d *Dispatcher) caseResult(r *request, c audit.CaseView) result {
	s := d.subject(c)
	res := result{account: c.Account, cases: []int64{c.Number}, code: string(c.Status)}
	switch c.Status {
	case audit.StatusDone:
		return d.doneResult(c)
	case audit.StatusPartial:
		res.state, res.lines = chat.StatePartlyDone, texts.PartlyDone(s)
		res.try = about(verbStatus, c.Account)
	case audit.StatusFailed:
		return d.failedResult(r, c, "")
	case audit.StatusUnverified:
		res.state, res.lines = chat.StateUnknown, texts.Unverified(s)
	case audit.StatusInFlight, audit.StatusUnknown:
		res.state, res.code, res.lines, res.pending = chat.StateUnknown, "unknown", texts.Unknown(s), true
	case audit.StatusWaiting:
		return d.waitingResult(c)
	case audit.StatusRefused, audit.StatusDeclined, audit.StatusVoid, audit.StatusLapsed:
		res.state, res.lines = chat.StateNotDone, []chat.Line{texts.CaseLine(c)}
		if shown := decodeSnapshot(c.Snapshot); shown.Shown != "" && c.Status == audit.StatusRefused {
			res.code, res.lines = shown.Code, texts.Again(shown.Shown, c.Number)
		}
	}
	return res
}

// doneResult says what was done, and what undoes it.
func (d *Dispatcher) doneResult(c audit.CaseView) result {
	res := result{account: c.Account, cases: []int64{c.Number}, state: chat.StateDone}
	member := grammar.MemberArg{ID: c.Member}
	switch c.Verb {
	case verbLink:
		res.code, res.lines = "linked", texts.Linked(c)
		res.try = grammar.Command{Verb: verbUnlink, Member: member}.String()
	case verbUnlink:
		res.code, res.lines = "unlinked", texts.Unlinked(c)
		res.try = grammar.Command{Verb: verbLink, Member: member, Accounts: []grammar.AccountArg{{Account: c.Account}}}.String()
	case verbMute:
		res.code, res.lines, res.try = "muted", texts.Done(d.subject(c)), unmuteCommand(c.Account, c.Scope)
	default:
		res.code, res.lines = "unmuted", texts.Done(d.subject(c))
	}
	return res
}

// failedResult offers the same command again.
func (d *Dispatcher) failedResult(_ *request, c audit.CaseView, why string) result {
	s := d.subject(c)
	switch {
	case why != "":
		s.Why = why
	case s.Code == 0 && c.After == nil:
		s.Why = "Nothing was sent to Tencent."
	}
	cmd := decodeSnapshot(c.Snapshot).Typed.command(c.Account)
	return result{
		account: c.Account, state: chat.StateNotDone, code: "failed", cases: []int64{c.Number},
		lines: texts.Failed(s), try: cmd.String(),
	}
}

// waitingResult shows an open question again as it was asked.
func (d *Dispatcher) waitingResult(c audit.CaseView) result {
	snap := decodeSnapshot(c.Snapshot)
	return result{
		account: c.Account, state: chat.StateNeedsConfirm, code: snap.Code, cases: []int64{c.Number},
		lines: texts.Again(snap.Shown, c.Number), choices: snap.Choices, entry: c.Question.Print,
	}
}

// about is a command about one account, ready to be typed.
func about(verb string, a mute.Account) string {
	return grammar.Command{Verb: verb, Accounts: []grammar.AccountArg{{Account: a}}}.String()
}

func unmuteCommand(a mute.Account, s mute.Scope) string {
	cmd := grammar.Command{Verb: verbUnmute, Accounts: []grammar.AccountArg{{Account: a}}, Scope: s, ScopeGiven: s != mute.ScopeAll}
	return cmd.String()
}

// unrecorded: the outcome is not on record, so nobody may be told one.
func (d *Dispatcher) unrecorded(p *part, begun audit.Begun) *result {
	return &result{
		account: p.account, state: chat.StateUnknown, code: "unrecorded", cases: []int64{begun.Case}, pending: true,
		lines: texts.Unrecorded(texts.Subject{
			Verb: p.step.action.verb, Account: p.account, Scope: p.step.action.scope, Case: begun.Case, Now: d.ledger.Now(),
		}),
	}
}

// busy says who is acting on the account.
func (d *Dispatcher) busy(_ *request, p *part, b *audit.BusyError) *result {
	return &result{
		account: p.account, state: chat.StateBusy, code: "busy", try: p.cmd.String(),
		lines: texts.Busy(p.account, personName(b.ActorName, b.Actor), b.Case),
	}
}

// raced gives up on an account that changes faster than it can be planned.
func (d *Dispatcher) raced(_ *request, p *part) *result {
	return &result{
		account: p.account, state: chat.StateBusy, code: "changing", try: about(verbStatus, p.account),
		lines: texts.Raced(p.account),
	}
}

// trouble says why an account could not be looked at: nothing was begun.
func (d *Dispatcher) trouble(r *request, account mute.Account, err error) *result {
	if t, ok := errors.AsType[*TroubleError](err); ok {
		d.log.Warn("Tencent cannot be read", zap.String("ref", r.ref), zap.String("code", t.Code), zap.Error(t.Cause))
		return &result{account: account, state: chat.StateError, code: t.Code, lines: texts.Unreachable(t.Why), try: r.cmd.String()}
	}
	return d.storeTrouble(r, account, err)
}

// storeTrouble says that without a record nothing is done. Anything that is
// not made for people becomes an internal error with its reference.
func (d *Dispatcher) storeTrouble(r *request, account mute.Account, err error) *result {
	d.log.Error("the audit log failed", zap.String("ref", r.ref), zap.Error(err))
	switch {
	case errors.Is(err, audit.ErrUncertain):
		r.broken = storeReason(err)
		return &result{account: account, state: chat.StateUnknown, code: "unrecorded", lines: texts.Undecided(account, r.broken, false)}
	case errors.Is(err, audit.ErrStore):
		r.broken = storeReason(err)
		return d.noRecord(r, account)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &result{account: account, state: chat.StateError, code: "timeout", lines: texts.Unreachable("it took too long.")}
	}
	return &result{account: account, state: chat.StateError, code: "internal", lines: texts.Internal(r.ref)}
}

// noRecord says that without a record nothing is done.
func (d *Dispatcher) noRecord(r *request, account mute.Account) *result {
	return &result{account: account, state: chat.StateError, code: "no_record", lines: texts.NoRecord(r.broken)}
}

// undecided says that nobody knows whether an intent is on record. Nothing was
// sent for it, and nothing will be: it is withdrawn as soon as the ledger can be
// asked.
func (d *Dispatcher) undecided(r *request, account mute.Account, intent audit.Head, err error) *result {
	d.log.Error("the audit log did not say whether an intent is on record", zap.String("ref", r.ref), zap.Error(err))
	r.broken = storeReason(err)
	return &result{
		account: account, state: chat.StateUnknown, code: "unrecorded", pending: true, doubt: &intent,
		lines: texts.Undecided(account, r.broken, true),
	}
}

// storeReason is what people may know of why the ledger cannot be written: the
// store's own sentence, where it has one.
func storeReason(err error) string {
	var told interface{ People() string }
	if errors.As(err, &told) {
		return told.People()
	}
	return "the store does not answer"
}
