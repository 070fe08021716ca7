package commands

import (
	"encoding/json"

	"modbot/internal/chat"
	"modbot/internal/commands/grammar"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// snapshot is what the ledger keeps of a command for later: the same command
// typed again is recognised by it, an open question is answered from it, and
// whoever asks later sees what the actor was shown.
type snapshot struct {
	Typed    typed          `json:"typed"`
	Answered answered       `json:"answered"`
	Code     string         `json:"code,omitempty"`
	Shown    string         `json:"shown,omitempty"`
	Choices  []texts.Choice `json:"choices,omitempty"`
}

// typed is the part of a command that is about each of its accounts.
type typed struct {
	Verb       string     `json:"verb"`
	Scope      mute.Scope `json:"scope"`
	ScopeGiven bool       `json:"scope_given"`
	ScopeDoubt bool       `json:"scope_doubt"`
	ScopeHint  mute.Scope `json:"scope_hint,omitempty"`
	Seconds    int64      `json:"seconds,omitempty"`
	Permanent  bool       `json:"permanent,omitempty"`
	Reason     string     `json:"reason,omitempty"`
}

func typedOf(c grammar.Command) typed {
	seconds, _ := c.Term.Seconds()
	return typed{
		Verb: c.Verb, Scope: c.Scope, ScopeGiven: c.ScopeGiven, ScopeDoubt: c.ScopeDoubt, ScopeHint: c.ScopeHint,
		Seconds: seconds, Permanent: c.Term.IsPermanent(), Reason: c.Reason,
	}
}

// command is the typed command again, about one account.
func (t typed) command(account mute.Account) grammar.Command {
	c := grammar.Command{
		Verb: t.Verb, Accounts: []grammar.AccountArg{{Account: account}},
		Scope: t.Scope, ScopeGiven: t.ScopeGiven, ScopeDoubt: t.ScopeDoubt, ScopeHint: t.ScopeHint, Reason: t.Reason,
	}
	if t.Permanent {
		c.Term = mute.Permanent()
	} else if term, err := mute.Seconds(t.Seconds); err == nil {
		c.Term = term
	}
	return c
}

// snapshotOf is the snapshot of a step, as stored.
func snapshotOf(cmd grammar.Command, a answered, s step) string {
	snap := snapshot{Typed: typedOf(cmd), Answered: a, Code: s.code, Choices: s.choices}
	if s.say != nil {
		snap.Shown = chat.Message{Lines: s.say(0)}.Plain()
	}
	b, err := json.Marshal(snap)
	if err != nil { // values of this package alone: cannot happen
		return "{}"
	}
	return string(b)
}

// decodeSnapshot reads a stored snapshot; one that was erased or cannot be
// read is empty, and equals no command.
func decodeSnapshot(s string) snapshot {
	var snap snapshot
	if err := json.Unmarshal([]byte(s), &snap); err != nil {
		return snapshot{}
	}
	return snap
}
