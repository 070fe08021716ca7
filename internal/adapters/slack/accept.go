package slack

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

// How deliveries go, as the meter counts them, beside what verify says.
const (
	resultOK        = "ok"
	resultOversize  = "oversize"
	resultMalformed = "malformed"
	resultType      = "type"
	resultWorkspace = "workspace"
	resultDuplicate = "duplicate"
	resultBusy      = "busy"
	resultClosed    = "closed"
	resultIgnored   = "ignored"
)

// What is remembered of deliveries to know them again. Beyond that, and in other
// processes, the Core knows them by their key.
const (
	seenFor = 10 * time.Minute
	maxSeen = 2048
)

// Callbacks of the shortcuts in the manifest, and of forms.
const (
	callbackAuthor = "mute_author"
	callbackMute   = "mute"
	callbackForm   = "modbot:" // and the verb
)

// formTime is how long a form may take to be shown: Slack's trigger lives three
// seconds.
const formTime = 2500 * time.Millisecond

// errWorkspace refuses a delivery from a workspace that is not on the list.
var errWorkspace = errors.New(resultWorkspace)

// accept begins what a delivery asks for, and doesn't wait for it. The answer
// knows with what the delivery is to be acknowledged; it is nil where that is
// nothing. Errors are errWorkspace, errBusy and errClosed.
func (s *Slack) accept(d *door, del delivery) (a *answer, err error) {
	result := resultOK
	defer func() { s.meter.Delivered(chat.Slack, del.kind, result) }()
	if del.kind == kindPing {
		return nil, nil
	}
	if !s.cfg.served(del.team, del.enterprise) {
		result = resultWorkspace
		s.decline(d, del)
		return nil, errWorkspace
	}
	if del.answerURL != "" && !s.trusts(del.answerURL) {
		s.log.Warn("a delivery wants its answer sent to somebody else's host; the actor gets a direct message")
		del.answerURL = ""
	}
	work := s.work(del)
	if work == nil {
		result = resultIgnored
		return nil, nil
	}
	a = s.newAnswer(del)
	if del.key != "" {
		if known, first := s.seen.claim(del.received, del.kind+":"+del.key, a); !first {
			result = resultDuplicate
			_ = d.submit(func(ctx context.Context, _ adapters.Core) { known.again(ctx) }) // none is owed when there is no room
			return nil, nil
		}
	}
	if err := d.submit(func(ctx context.Context, core adapters.Core) { work(ctx, core, a) }); err != nil {
		result = resultClosed
		if errors.Is(err, errBusy) {
			result = resultBusy
		}
		a.abandon()
		return nil, err
	}
	return a, nil
}

// decline tells somebody in a workspace that is not served, and whoever reads
// the log how to serve it.
func (s *Slack) decline(d *door, del delivery) {
	s.log.Warn("a delivery came from a workspace that is not served; add its id to slack.workspaces to serve it",
		zap.String("workspace", del.team), zap.String("enterprise", del.enterprise))
	if del.answerURL == "" || !s.trusts(del.answerURL) {
		return
	}
	_ = d.submit(func(ctx context.Context, _ adapters.Core) { // nobody is owed it
		if err := s.web.respond(ctx, del.answerURL, blocks.Reply(adapters.SayNotServed("workspace")), false); err != nil {
			s.log.Info("somebody was not told that their workspace is not served", zap.Error(err))
		}
	})
}

// work is what a delivery asks for, or nil for nothing.
func (s *Slack) work(del delivery) func(ctx context.Context, core adapters.Core, a *answer) {
	inv := del.invocation()
	switch del.kind {
	case kindCommand:
		inv.Line = s.line(del)
	case kindClick:
		inv.Click = &del.click
		if del.opens != "" {
			inv.Verb = del.opens
			if del.click.Case > 0 {
				inv.Options = []chat.Option{{Name: "case", Value: number(del.click.Case)}}
			}
			return func(ctx context.Context, core adapters.Core, a *answer) { s.open(ctx, core, inv, a) }
		}
	case kindShortcut:
		return s.shortcut(del, inv)
	case kindForm:
		verb, ours := strings.CutPrefix(del.callback, callbackForm)
		if !ours || verb == "" {
			return nil
		}
		inv.Verb, inv.Options = verb, blocks.Submitted(*del.view)
		inv.Channel = placeOf(del.view.PrivateMetadata).channel()
	default:
		return nil
	}
	return func(ctx context.Context, core adapters.Core, a *answer) { s.ask(ctx, core, inv, a) }
}

// line is the command in text form.
func (s *Slack) line(del delivery) string {
	text, name := blocks.Typed(del.text), strings.TrimPrefix(del.command, "/")
	if del.command == s.cfg.Command {
		return text
	}
	if verb, short := s.cfg.ShortForms[name]; short {
		name = verb
	}
	if text == "" {
		return name
	}
	return name + " " + text
}

// shortcut opens the form of mute, with the author of the message filled in
// where there is one.
func (s *Slack) shortcut(del delivery, inv chat.Invocation) func(context.Context, adapters.Core, *answer) {
	inv.Verb = "mute"
	switch {
	case del.callback == callbackMute:
	case del.callback == callbackAuthor && del.author != "":
		inv.Options = []chat.Option{{Name: "account", Value: "<@" + del.author + ">"}}
	case del.callback == callbackAuthor:
		return func(ctx context.Context, _ adapters.Core, a *answer) { a.tell(ctx, blocks.Reply(writtenByApp())) }
	default:
		return nil
	}
	return func(ctx context.Context, core adapters.Core, a *answer) { s.open(ctx, core, inv, a) }
}

// ask hands an invocation to the Core and sees to it that the actor hears
// something.
func (s *Slack) ask(ctx context.Context, core adapters.Core, inv chat.Invocation, a *answer) {
	var waiting sync.WaitGroup
	defer waiting.Wait()
	handled := make(chan struct{})
	defer close(handled)
	waiting.Go(func() { a.sayWorking(ctx, handled) })
	defer a.sayNothingCame(ctx)
	core.Handle(ctx, inv, a.respond)
}

// open shows the form of a verb, or says why not.
func (s *Slack) open(ctx context.Context, core adapters.Core, inv chat.Invocation, a *answer) {
	defer a.sayNothingCame(ctx)
	within, cancel := context.WithTimeoutCause(ctx, formTime, errors.New("the form's trigger has expired"))
	defer cancel()
	form, refusal := core.Open(within, inv)
	if refusal != nil {
		a.respond(ctx, *refusal)
		return
	}
	view, err := blocks.Form(form, callbackForm+form.Verb, a.place().metadata())
	if err == nil {
		err = s.web.openView(within, a.to.trigger, view)
	}
	if err != nil {
		s.log.Warn("a form was not shown", zap.String("verb", inv.Verb), zap.Error(err))
		a.tell(ctx, blocks.Reply(adapters.SayFormTooSlow(s.cfg.Command+" "+inv.Verb+" help")))
		return
	}
	a.shown()
}
