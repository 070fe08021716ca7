package adaptertest

import (
	"context"
	"strings"
	"sync"

	"modbot/internal/chat"
)

// Core is a scripted adapters.Core. It keeps the promise that the real one
// makes: the same Key twice is one command, answered twice alike. The zero
// fields answer "Done", offer nothing and open an empty form.
type Core struct {
	// Answer decides the reply to a new command. later may be called once, from
	// any goroutine, to settle an answer after Handle has returned.
	Answer func(ctx context.Context, inv chat.Invocation, later func(chat.Reply)) chat.Reply
	// Form answers Open.
	Form func(inv chat.Invocation) (chat.Form, *chat.Reply)
	// Offer answers Suggest.
	Offer func(inv chat.Invocation, option, typed string) []chat.Suggestion

	trace *Trace
	mu    sync.Mutex
	known map[string]*answered // by the invocation's key
}

// answered is a command that has been seen; reply is set once done is closed.
type answered struct {
	done  chan struct{}
	reply chat.Reply
}

// NewCore makes a Core that records what it is asked in the trace.
func NewCore(trace *Trace) *Core {
	return &Core{trace: trace, known: make(map[string]*answered)}
}

// Handle answers one invocation. See adapters.Core.
func (c *Core) Handle(ctx context.Context, inv chat.Invocation, respond func(context.Context, chat.Reply)) {
	id := deliveryID(inv)
	c.trace.add(Event{What: Handling, ID: id, Shown: Shown{Text: inv.Line}, Invocation: &inv})
	a, first := c.claim(inv.Key)
	if first {
		c.trace.add(Event{What: Effect, ID: id})
		a.reply = c.answer(ctx, inv, func(r chat.Reply) { respond(context.WithoutCancel(ctx), r) })
		close(a.done)
	}
	<-a.done
	respond(ctx, a.reply)
	c.trace.add(Event{What: Handled, ID: id})
}

// claim finds the command of a key, or makes it. Without a key every delivery
// is a command of its own.
func (c *Core) claim(key string) (a *answered, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.known[key]; ok && key != "" {
		return a, false
	}
	a = &answered{done: make(chan struct{})}
	c.known[key] = a
	return a, true
}

func (c *Core) answer(ctx context.Context, inv chat.Invocation, later func(chat.Reply)) chat.Reply {
	if c.Answer == nil {
		return done(inv)
	}
	return c.Answer(ctx, inv, later)
}

// done is the answer of a Core without a script.
func done(inv chat.Invocation) chat.Reply {
	id := deliveryID(inv)
	return chat.Reply{
		State: chat.StateDone, Code: "done", Ref: "ref-" + id,
		Message: chat.Message{Lines: []chat.Line{{chat.Strong("Done"), chat.Plain(" with " + id + " for "), chat.Quote(inv.Actor.ID)}}},
	}
}

// Open answers with Form. See adapters.Core.
func (c *Core) Open(_ context.Context, inv chat.Invocation) (chat.Form, *chat.Reply) {
	if c.Form == nil {
		return chat.Form{Verb: inv.Verb}, nil
	}
	return c.Form(inv)
}

// Suggest answers with Offer. See adapters.Core.
func (c *Core) Suggest(_ context.Context, inv chat.Invocation, option, typed string) []chat.Suggestion {
	if c.Offer == nil {
		return nil
	}
	var out []chat.Suggestion
	for _, s := range c.Offer(inv, option, typed) {
		if strings.HasPrefix(s.Value, typed) {
			out = append(out, s)
		}
	}
	return out
}
