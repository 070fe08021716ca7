// Package adapters is the contract between modbot and the platforms where
// moderators type. It holds interfaces and errors only; each platform has a
// folder of its own below, and is done when adaptertest.Run passes for it.
//
// The model: an adapter receives a delivery, verifies it, acknowledges it in
// the platform's time, makes a chat.Invocation of it and hands that to the
// Core. The Core answers through a callback, and the adapter renders. An
// adapter also renders and sends audit posts for one channel. It knows no
// policy, no Tencent and no storage, and it never waits for the Core before it
// has acknowledged.
package adapters

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modbot/internal/chat"
)

// Core is what an adapter may ask of the rest of modbot.
type Core interface {
	// Handle runs one invocation through the whole pipeline. respond is called
	// with the answer before Handle returns; where that answer was
	// "unknown, checking", respond is called once more, later and from another
	// goroutine, with what was found, under the same Ref. That may be after Run
	// has ended: the adapter then does what it still can. The same Key twice
	// is one command, answered twice alike.
	Handle(ctx context.Context, inv chat.Invocation, respond func(context.Context, chat.Reply))
	// Open builds the form of a verb from what is known already: no I/O beyond
	// the cache, well under a second. An actor without a role gets an error
	// reply instead of a form, and so does a Click of another ledger's button.
	Open(ctx context.Context, inv chat.Invocation) (chat.Form, *chat.Reply)
	// Suggest offers values for one option while the actor types. Strangers
	// get none: they learn no account names.
	Suggest(ctx context.Context, inv chat.Invocation, option, typed string) []chat.Suggestion
}

// Adapter is one platform.
type Adapter interface {
	Platform() chat.Platform
	// Run receives until the context ends or the platform says that it is
	// over. It returns nil after a clean end, and leaves no goroutine.
	Run(ctx context.Context, core Core) error
	// Grants says what an actor holds on the platform right now. An error
	// means that nobody knows, and the Core refuses.
	Grants(ctx context.Context, inv chat.Invocation) ([]chat.Grant, error)
}

// Teller is an adapter that can reach a person who waits for nothing: an actor
// whose command a former process took, for example. It is a direct message, so
// buttons in it need not work.
type Teller interface {
	Tell(ctx context.Context, actor string, m chat.Message) error
}

// Channel is one audit channel on a platform.
type Channel interface {
	// Render makes the bytes of one message out of as many posts as fit,
	// beginning with the first. taken is at least 1 unless err is not nil; no
	// posts at all are an error. A first post that is too long is cut, unless it
	// is about several entries, of which none may be left out: then the error is
	// ErrTooLong, and less has to be told. The bytes are stored before they are sent, and
	// may be sent by a later process that is configured otherwise: they hold
	// all that Send needs.
	Render(posts []chat.Post) (taken int, body []byte, err error)
	// Send sends what Render made, unchanged. Errors say by *SendError what
	// may be done about them.
	Send(ctx context.Context, body []byte, d chat.Delivery) (chat.MessageRef, error)
}

// ErrRoles says that an actor's roles could not be found out.
var ErrRoles = errors.New("roles cannot be looked up")

// ErrTooLong says that a post about several entries is too long for a message.
var ErrTooLong = errors.New("a post about several entries is longer than a message may be")

// ErrSettings says that a platform can't be served as it is configured (a
// revoked token, a mode that is switched off): trying again can't help, and a
// person has to look. What Run returns otherwise may pass.
var ErrSettings = errors.New("the platform refuses this configuration")

// DrainTime is how long Run waits, when it ends, for what it handed to the Core.
// Whoever ends an adapter allows a little more.
const DrainTime = 7 * time.Second

// Status is how an adapter stands with its platform.
type Status struct {
	Up  bool
	Why string // one sentence for people, without secrets; may be empty when up
}

// Meter is told what happens at a platform's edge. Every text is one of a
// handful that the adapter knows beforehand, never something from outside, so
// that metrics stay bounded. It may be called from any goroutine.
type Meter interface {
	// Delivered counts what came in, by kind (command, click, form, suggest,
	// ping, event, unknown) and result (ok, or why not: signature, stale,
	// replay, oversize, malformed, workspace, duplicate, ...).
	Delivered(p chat.Platform, kind, result string)
	// Called counts a call to the platform's API by method and result (ok,
	// throttled, refused, failed, ...), with how long it took.
	Called(p chat.Platform, method, result string, took time.Duration)
}

// Unmetered is a Meter that counts nothing.
type Unmetered struct{}

// Delivered does nothing.
func (Unmetered) Delivered(chat.Platform, string, string) {}

// Called does nothing.
func (Unmetered) Called(chat.Platform, string, string, time.Duration) {}

// SendError classifies a failed Send for the worker that owns retrying. It
// answers by behaviour, so that the worker need not know this package.
type SendError struct {
	Wait    time.Duration // the platform's Retry-After; 0 = none given
	Content bool          // the platform refuses this body whatever is tried
	Untaken bool          // the platform answered, and surely has not taken the message
	Cause   error
}

func (e *SendError) Error() string { return fmt.Sprintf("sending an audit post: %v", e.Cause) }
func (e *SendError) Unwrap() error { return e.Cause }

// RetryAfter is how long the platform asks to wait.
func (e *SendError) RetryAfter() time.Duration { return e.Wait }

// NotTaken reports whether the message surely did not arrive, so that another
// attempt is no repeat.
func (e *SendError) NotTaken() bool { return e.Untaken || e.Content || e.Wait > 0 }

// RefusesContent reports whether the body itself is what is refused.
func (e *SendError) RefusesContent() bool { return e.Content }
