package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// entryView is an entry in JSON. Every key is always there; null says that it
// does not apply, or, where erased is true, that it was erased.
type entryView struct {
	Seq   int64  `json:"seq"`
	ID    string `json:"id"`
	Time  string `json:"time"` // RFC 3339, UTC, microseconds
	Kind  string `json:"kind"`
	Case  *int64 `json:"case"`
	Batch *int64 `json:"batch"`
	About *int64 `json:"about"`

	Verb *string `json:"verb"`
	// Account is also there where the entry itself only has the number: the
	// first entry about the account names it.
	Account       *string `json:"account"`
	AccountNumber *int64  `json:"account_number"`
	Scope         *string `json:"scope"`
	TermSeconds   *int64  `json:"term_seconds"`
	Permanent     bool    `json:"permanent"`
	Deadline      *string `json:"deadline"`

	Outcome  *string    `json:"outcome"`
	Code     *int       `json:"code"` // Tencent's
	Attempts *int       `json:"attempts"`
	Effect   *string    `json:"effect"`
	Before   *stateView `json:"before"`
	After    *stateView `json:"after"`

	Actor     *string `json:"actor"`
	ActorName *string `json:"actor_name"`
	// Member is who was mentioned or linked, qualified by the platform.
	Member *string `json:"member"`
	Role   *string `json:"role"`
	Rule   *string `json:"rule"`
	Choice *string `json:"choice"`
	Reason *string `json:"reason"`
	Note   *string `json:"note"`
	// Snapshot is what Plan saw, as it was recorded.
	Snapshot json.RawMessage `json:"snapshot"`

	Platform    *string `json:"platform"`
	Workspace   *string `json:"workspace"`
	Channel     *string `json:"channel"`
	ChannelName *string `json:"channel_name"`
	Client      *string `json:"client"`
	Key         *string `json:"key"`

	Planned *int64  `json:"planned"`
	Expires *string `json:"expires"`
	Replica *string `json:"replica"`
	Erased  bool    `json:"erased"`
	Leaf    string  `json:"leaf"` // base64
}

// stateView is what Tencent said of an account.
type stateView struct {
	Group fieldView `json:"group"`
	C2C   fieldView `json:"c2c"`
}

// entryTime is how times of the ledger are written.
const entryTime = "2006-01-02T15:04:05.000000Z"

// orNull is nil for the zero value.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func timeOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC().Format(entryTime))
}

func scopeOrNull(s mute.Scope) *string {
	if s == 0 {
		return nil
	}
	return new(s.String())
}

func stateOrNull(s *mute.State) *stateView {
	if s == nil {
		return nil
	}
	return &stateView{Group: viewOf(s.Group), C2C: viewOf(s.C2C)}
}

// newEntryView is the view of an entry; account is whom it is about.
func newEntryView(e audit.Entry, account mute.Account) entryView {
	v := entryView{
		Seq: e.Seq, ID: e.ID, Time: e.Time.UTC().Format(entryTime), Kind: string(e.Kind),
		Case: orNull(e.Case), Batch: orNull(e.Batch), About: orNull(e.About),
		Verb: orNull(e.Verb), Account: orNull(string(account)), AccountNumber: orNull(e.Acct), Scope: scopeOrNull(e.Scope),
		Permanent: e.Term.IsPermanent(), Deadline: timeOrNull(e.Deadline),
		Outcome: orNull(string(e.Outcome)), Code: orNull(e.Code), Attempts: orNull(e.Attempts), Effect: scopeOrNull(e.Effect),
		Before: stateOrNull(e.Before), After: stateOrNull(e.After),
		Role: orNull(string(e.Role)), Rule: orNull(e.Rule), Choice: orNull(e.Choice),
		Platform: orNull(string(e.Origin.Platform)), Workspace: orNull(string(e.Origin.Workspace)),
		Channel: orNull(e.Origin.Channel.ID), ChannelName: orNull(e.Origin.Channel.Name), Client: orNull(e.Origin.Client),
		Key: orNull(e.Key), Planned: orNull(e.Planned), Expires: timeOrNull(e.Expires), Replica: orNull(e.Replica),
		Erased: e.Personal == nil, Leaf: base64.StdEncoding.EncodeToString(e.Hash[:]),
	}
	if seconds, finite := e.Term.Seconds(); finite {
		v.TermSeconds = &seconds
	}
	if p := e.Personal; p != nil {
		v.Actor, v.ActorName, v.Member = orNull(p.Actor), orNull(p.ActorName), orNull(p.Member)
		v.Reason, v.Note = orNull(p.Reason), orNull(p.Note)
		if json.Valid([]byte(p.Snapshot)) {
			v.Snapshot = json.RawMessage(p.Snapshot)
		}
	}
	return v
}

// knownMost bounds the memory of a long listing.
const knownMost = 10_000

// accountNames finds whom an entry is about that only has the account's number.
type accountNames struct {
	log   *audit.Log
	known map[int64]mute.Account
}

func newAccountNames(log *audit.Log) *accountNames {
	return &accountNames{log: log, known: map[int64]mute.Account{}}
}

// of is the account of an entry; empty where there is none, or it was erased.
func (n *accountNames) of(ctx context.Context, e audit.Entry) (mute.Account, error) {
	if e.Acct == 0 || e.Personal == nil {
		return "", nil
	}
	name, ok := e.Personal.Account, e.Personal.Account != ""
	if !ok {
		name, ok = n.known[e.Acct]
	}
	if !ok {
		var err error
		if name, err = n.find(ctx, e); err != nil {
			return "", err
		}
	}
	if len(n.known) >= knownMost {
		clear(n.known)
	}
	if name != "" {
		n.known[e.Acct] = name
	}
	return name, nil
}

// find looks at the first entry about the account, whose seq is the account's
// number, and where that one was erased at the case.
func (n *accountNames) find(ctx context.Context, e audit.Entry) (mute.Account, error) {
	first, err := n.log.Entry(ctx, e.Acct)
	if err != nil && !errors.Is(err, audit.ErrNoEntry) {
		return "", err
	}
	if err == nil && first.Personal != nil {
		return first.Personal.Account, nil
	}
	if e.Case == 0 {
		return "", nil
	}
	c, err := n.log.Case(ctx, e.Case)
	if err != nil && !errors.Is(err, audit.ErrNoCase) {
		return "", err
	}
	return c.Account, nil
}
