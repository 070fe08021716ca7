// Package commands is the core: what a moderator can ask for, and the one
// pipeline through which all of it goes.
//
// The model. A delivery becomes a command (grammar). Resolve gathers what the
// decision needs: the actor's roles, whether the accounts exist, what Tencent
// and the ledger say of them. Plan is pure over that and says for each account
// one step: act, ask, answer or refuse. Authorise decides (policy) and names
// its rule. Only then does the dispatcher act, and only it: begin (the intent
// is durable), do (Tencent), finish (the outcome is durable), reply (from what
// was recorded).
//
// Invariants: no call to Tencent without a durable intent before it; no state
// is said to anybody that was not recorded; an error on the way to a decision
// is a refusal; a plan that no longer fits what it was made from is made again.
package commands

import (
	"context"
	"errors"
	"time"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// Bounds of the pipeline.
const (
	// resolveTime bounds all look-ups of one plan together.
	resolveTime = 8 * time.Second
	// actTime bounds the attempts of one action, which a shutdown lets end.
	actTime = 20 * time.Second
	// recordTime bounds one write to the ledger after an action.
	recordTime = 10 * time.Second
	// busyWait is how long a second command waits for the account.
	busyWait = 3 * time.Second
	// busyPoll is how often it looks.
	busyPoll = 50 * time.Millisecond
	// maxPlans is how often a plan is made anew because the account changed.
	maxPlans = 5
	// sameWindow is within which the same plan by the same actor is the same case.
	sameWindow = 60 * time.Second
	// countWindow is what "actions an hour" counts over.
	countWindow = time.Hour
	// followTime bounds how long an unknown outcome is awaited for its actor.
	followTime = 15 * time.Minute
	// listPage is how many items a list shows.
	listPage = 10
)

// Lookup reads Tencent. It changes nothing.
type Lookup interface {
	// State reads both fields; ErrNoSuchAccount when the account does not exist.
	State(ctx context.Context, account mute.Account) (mute.State, error)
	// Exist says which of the accounts exist.
	Exist(ctx context.Context, accounts []mute.Account) (map[mute.Account]bool, error)
}

// Actor changes Tencent. Both calls end within their context, call guard before
// each attempt, and make no attempt when it errors or its time has passed.
type Actor interface {
	Mute(ctx context.Context, account mute.Account, scope mute.Scope, until mute.Running, guard Guard) Answer
	Unmute(ctx context.Context, account mute.Account, scope mute.Scope, guard Guard) Answer
}

// Guard renews the account's lease and says until when an attempt may last.
type Guard func(context.Context) (freshUntil time.Time, err error)

// Verdict is what the attempts say of an action.
type Verdict uint8

// The verdicts. The zero Verdict is unknown: doubt is never done nor failed.
const (
	VerdictUnknown Verdict = iota
	VerdictDone
	VerdictNo
)

// Answer is what came of an action's attempts.
type Answer struct {
	Verdict     Verdict
	Code        int // Tencent's last code
	Attempts    int
	LockedUntil time.Time // until when an unclear attempt may still be inside the service
	Why         string    // for people, without internals; empty when Code says it
}

// ErrNoSuchAccount is Lookup's answer about an account that does not exist.
var ErrNoSuchAccount = errors.New("no such account")

// TroubleError is an error of Lookup that a person can be told about.
type TroubleError struct {
	Code  string // tencent_unreachable, tencent_configuration, tencent_refused
	Why   string // a sentence
	Cause error
}

func (e *TroubleError) Error() string { return e.Why }
func (e *TroubleError) Unwrap() error { return e.Cause }

// GrantSource says what an actor holds on the platform of an invocation.
type GrantSource interface {
	Grants(ctx context.Context, inv chat.Invocation) ([]chat.Grant, error)
}
