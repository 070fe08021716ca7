package main

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"modbot/internal/adapters"
	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/web"
)

// What is counted where an invocation names no verb that there is, and where
// the core gave no answer, which only a mistake of ours can do.
const (
	verbOther    = "other"
	verbConfirm  = "confirm"
	verbHelp     = "help"
	stateMissing = chat.State("missing")
)

// measured is a core whose commands are counted, with the time that they take.
type measured struct {
	core    adapters.Core
	metrics *web.Metrics
	verbs   map[string]string // every name of a verb to its canonical one
	now     func() time.Time
	// hold is who keeps a platform's connection; nil where nobody shares it.
	hold func(ctx context.Context, p chat.Platform, held func(ctx context.Context) error) error
}

// Hold implements adapters.Holder.
func (m measured) Hold(ctx context.Context, p chat.Platform, held func(ctx context.Context) error) error {
	if m.hold == nil {
		return held(ctx)
	}
	return m.hold(ctx, p, held)
}

// newMeasured wraps a core.
func newMeasured(core adapters.Core, metrics *web.Metrics, specs []chat.Spec) measured {
	m := measured{core: core, metrics: metrics, verbs: map[string]string{}, now: time.Now}
	for _, s := range specs {
		m.verbs[s.Verb] = s.Verb
		for _, aliases := range s.Aliases {
			for _, a := range aliases {
				m.verbs[strings.ToLower(a)] = s.Verb
			}
		}
	}
	return m
}

// Handle counts the command by its first answer; a later one, after "unknown",
// is counted apart.
func (m measured) Handle(ctx context.Context, inv chat.Invocation, respond func(context.Context, chat.Reply)) {
	verb, begun := m.verbOf(inv), m.now()
	answered := m.metrics.Began(inv.Platform, verb)
	var first atomic.Bool
	defer func() {
		if first.CompareAndSwap(false, true) {
			answered(stateMissing, m.now().Sub(begun))
		}
	}()
	m.core.Handle(ctx, inv, func(ctx context.Context, r chat.Reply) {
		if first.CompareAndSwap(false, true) {
			answered(r.State, m.now().Sub(begun))
		} else {
			m.metrics.Settled(inv.Platform, verb, r.State)
		}
		respond(ctx, r)
	})
}

// Open counts a form.
func (m measured) Open(ctx context.Context, inv chat.Invocation) (chat.Form, *chat.Reply) {
	begun := m.now()
	defer func() { m.metrics.Assisted(inv.Platform, "form", m.now().Sub(begun)) }()
	return m.core.Open(ctx, inv)
}

// Suggest counts a list of suggestions.
func (m measured) Suggest(ctx context.Context, inv chat.Invocation, option, typed string) []chat.Suggestion {
	begun := m.now()
	defer func() { m.metrics.Assisted(inv.Platform, "suggest", m.now().Sub(begun)) }()
	return m.core.Suggest(ctx, inv, option, typed)
}

// verbOf is the verb that an invocation is counted under. It looks at the first
// words alone, so that commands with a mistake in them are counted, too.
func (m measured) verbOf(inv chat.Invocation) string {
	const words = 2 // "/mod mute": the platform's own name of the command may come first
	switch {
	case inv.Click != nil:
		return verbConfirm
	case inv.Verb != "":
		if v, ok := m.verbs[inv.Verb]; ok {
			return v
		}
		return verbOther
	}
	n := 0
	for word := range strings.FieldsSeq(inv.Line) {
		if v, ok := m.verbs[strings.ToLower(strings.Trim(word, "/`"))]; ok {
			return v
		}
		if n++; n == words {
			return verbOther
		}
	}
	if n == 0 {
		return verbHelp // the bare command
	}
	return verbOther
}

// ledgerStanding says of a ledger what the metrics and the readiness show.
type ledgerStanding struct {
	health func(context.Context) (audit.Health, error) // see healthOf
	now    func() time.Time
}

// Standing reads how the ledger is.
func (l ledgerStanding) Standing(ctx context.Context) (web.Standing, error) {
	h, err := l.health(ctx)
	if err != nil {
		return web.Standing{}, err
	}
	out := web.Standing{Entries: h.Entries, InFlight: h.InFlight, Unknown: h.Unknown, Waiting: h.Waiting, Mutes: h.ActiveMutes}
	for _, s := range h.Sinks {
		sink := web.Sink{Name: s.Name, Depth: s.Behind, Why: s.LastError}
		if !s.Oldest.IsZero() {
			sink.Age = max(0, l.now().Sub(s.Oldest))
		}
		out.Sinks = append(out.Sinks, sink)
	}
	return out, nil
}
