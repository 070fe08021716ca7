package commands

import (
	"time"

	"modbot/internal/chat"
	"modbot/internal/commands/policy"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// The answers to "already muted" and to plain confirmations.
const (
	choiceYes     = "yes"
	choiceKeep    = "keep"
	choiceExtend  = "extend"
	choiceReplace = "replace"
)

// planMute plans a mute: what is unclear is asked, what is in effect already
// is shown, and what is left is one action with one term and one deadline.
func planMute(f facts) step {
	if f.cmd.ScopeDoubt && f.answered.Scope == 0 {
		return f.askScope()
	}
	muted := f.heldFields(f.scope())
	if len(muted) > 0 && f.answered.Held == "" {
		return f.askHeld(muted)
	}
	term, ok := f.wanted(muted)
	if !ok {
		return f.refuse(f.muteDecision(f.cmd.Term, muted), muted)
	}
	decision := f.muteDecision(term, muted)
	if !decision.Allowed {
		return f.refuse(decision, muted)
	}
	if f.policy.NeedsConfirm(term) && !f.answered.Threshold && f.answered.Held == "" {
		return f.askThreshold(decision, term)
	}
	return step{kind: stepAct, decision: decision, action: action{verb: verbMute, scope: f.scope(), term: term}}
}

// wanted is the term to set: the one asked for, or what reaches the end of an
// extension. ok is false when that end is out of reach.
func (f facts) wanted(muted []held) (mute.Term, bool) {
	if f.answered.Held != choiceExtend {
		return f.cmd.Term, true
	}
	end, ok := f.extendedEnd(muted)
	if !ok {
		return mute.Term{}, false
	}
	seconds := int64((end.Sub(f.now) + time.Second - 1) / time.Second)
	term, err := mute.Seconds(seconds)
	return term, err == nil
}

// extendedEnd is the latest end in effect plus the term. What is permanent
// cannot be extended, nor by a permanent term.
func (f facts) extendedEnd(muted []held) (time.Time, bool) {
	by, ok := f.cmd.Term.Duration()
	if !ok || len(muted) == 0 {
		return time.Time{}, false
	}
	var latest time.Time
	for _, h := range muted {
		if h.permanent {
			return time.Time{}, false
		}
		if h.until.After(latest) {
			latest = h.until
		}
	}
	end := latest.Add(by)
	return end, end.Sub(f.now) <= time.Duration(mute.MaxSeconds)*time.Second
}

// muteDecision asks the policy about setting the term on every field of the
// scope, each with what is in its way.
func (f facts) muteDecision(term mute.Term, muted []held) policy.Decision {
	var changes []policy.Change
	length, finite := term.Duration()
	for _, field := range f.scope().Fields() {
		c := policy.Change{Field: field, Permanent: !finite, Until: f.now.Add(length)}
		for _, h := range muted {
			if h.field == field {
				c.Held = f.by(h)
			}
		}
		changes = append(changes, c)
	}
	return f.decide(verbMute, f.scope(), mute.Term{}, changes)
}

// askHeld offers what the actor may do about fields that are muted already,
// or refuses when that is nothing.
func (f facts) askHeld(muted []held) step {
	replace := f.muteDecision(f.cmd.Term, muted)
	var choices []texts.Choice
	allowed := replace
	if end, ok := f.extendedEnd(muted); ok {
		extended := f
		extended.answered.Held = choiceExtend
		if term, ok := extended.wanted(muted); ok {
			if d := f.muteDecision(term, muted); d.Allowed {
				choices = append(choices, texts.ChoiceExtend(f.cmd.Term, f.scope(), end))
				allowed = d
			}
		}
	}
	if replace.Allowed {
		length, _ := f.cmd.Term.Duration()
		choices = append(choices, texts.ChoiceReplace(f.scope(), f.cmd.Term, f.now.Add(length)))
	}
	if len(choices) == 0 {
		return f.refuse(replace, muted)
	}
	return step{
		kind: stepAsk, code: "already_muted", decision: allowed, choices: append(choices, texts.ChoiceKeep()),
		say: func(n int64) []chat.Line {
			return texts.AskHeld(n, questionLife, f.target.account, f.fields(), f.now)
		},
	}
}

func (f facts) askScope() step {
	var choices []texts.Choice
	var allowed, last policy.Decision
	for _, s := range []mute.Scope{f.hinted(), mute.ScopeAll} {
		with := f
		with.answered.Scope = s
		if last = with.decide(verbMute, s, f.cmd.Term, nil); last.Allowed {
			choices, allowed = append(choices, texts.ChoiceScope(f.target.account, s)), last
		}
	}
	if len(choices) == 0 {
		return f.refuse(last, nil)
	}
	return step{
		kind: stepAsk, code: "scope_doubt", decision: allowed,
		choices: append(choices, texts.ChoiceKeep()),
		say:     func(n int64) []chat.Line { return texts.AskScope(n, questionLife, f.target.account) },
	}
}

// hinted is the scope that the reason speaks of.
func (f facts) hinted() mute.Scope {
	if f.cmd.ScopeHint == 0 || f.cmd.ScopeHint == mute.ScopeAll {
		return mute.ScopeGroup
	}
	return f.cmd.ScopeHint
}

func (f facts) askVariant() step {
	choice := texts.ChoiceLift(f.target.account, f.scope())
	if f.cmd.Verb == verbMute {
		choice = texts.ChoiceMute(f.target.account, f.scope(), f.cmd.Term)
	}
	decision := f.decide(f.cmd.Verb, f.scope(), f.cmd.Term, nil)
	if !decision.Allowed {
		return f.refuse(decision, nil)
	}
	return step{
		kind: stepAsk, code: "case_variant", decision: decision, choices: []texts.Choice{choice, texts.ChoiceKeep()},
		say: func(n int64) []chat.Line {
			return texts.AskVariant(n, questionLife, f.target.account, f.target.variants)
		},
	}
}

func (f facts) askThreshold(decision policy.Decision, term mute.Term) step {
	return step{
		kind: stepAsk, code: "above_threshold", decision: decision,
		choices: []texts.Choice{texts.ChoiceMute(f.target.account, f.scope(), term), texts.ChoiceKeep()},
		say: func(n int64) []chat.Line {
			return texts.AskThreshold(n, questionLife, texts.Subject{
				Verb: verbMute, Account: f.target.account, Scope: f.scope(), Term: term, Now: f.now,
			})
		},
	}
}

// planUnmute plans to lift what is muted. Lifting what somebody else set asks.
func planUnmute(f facts) step {
	muted := f.heldFields(f.scope())
	if len(muted) == 0 && !f.recorded() {
		return step{kind: stepSay, code: "not_muted", say: func(int64) []chat.Line {
			return texts.NotMuted(f.target.account, f.scope())
		}}
	}
	var changes []policy.Change
	others := false
	for _, h := range muted {
		c := policy.Change{Field: h.field, Lift: true, Held: f.by(h)}
		others = others || !c.Held.Own
		changes = append(changes, c)
	}
	decision := f.decide(verbUnmute, f.scope(), mute.Term{}, changes)
	if !decision.Allowed {
		return f.refuse(decision, muted)
	}
	if others && f.answered.Held == "" {
		return step{
			kind: stepAsk, code: "lifts_other", decision: decision,
			choices: []texts.Choice{texts.ChoiceLift(f.target.account, f.scope()), texts.ChoiceKeep()},
			say: func(n int64) []chat.Line {
				return texts.AskLift(n, questionLife, f.target.account, f.fields(), f.now)
			},
		}
	}
	return step{kind: stepAct, decision: decision, action: action{verb: verbUnmute, scope: f.scope()}}
}

// recorded reports whether the ledger has a mute in the scope: if Tencent has
// none, an unmute sets the record right.
func (f facts) recorded() bool {
	for _, field := range f.scope().Fields() {
		if _, ok := f.target.view.MuteOf(field); ok {
			return true
		}
	}
	return false
}
