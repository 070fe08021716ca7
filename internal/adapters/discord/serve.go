package discord

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/discord/render"
	"modbot/internal/chat"
)

const (
	// openTime is when a form must be there, counted from the interaction: it
	// can't follow a placeholder, and Discord takes none after three seconds.
	openTime = 2 * time.Second
	// offerTime is when suggestions must be there.
	offerTime = time.Second
)

// delivery is an interaction with the way back for its first response.
type delivery struct {
	in      interaction
	carry   courier
	refusal *discordgo.InteractionResponse // what to answer instead of serving it
}

// admit decides whether an interaction is to be served, and meters those that
// are not. ok is false for one that was seen before: nothing is due to it.
func (d *Discord) admit(in interaction, carry courier) (dl delivery, ok bool) {
	dl = delivery{in: in, carry: carry}
	switch {
	case d.seen.add(in.id, struct{}{}):
		d.delivered(in.kind, "duplicate")
		return dl, false
	case in.guild == "":
		d.delivered(in.kind, "direct")
		dl.refusal = refuse(in, sayInGuildsOnly())
	case !d.serves(in.guild):
		d.delivered(in.kind, "workspace")
		dl.refusal = refuse(in, adapters.SayNotServed("server"))
		if !d.strangers.add(in.guild, struct{}{}) {
			d.log.Warn("an interaction came from a guild that isn't on the list and was refused; to serve it, change the line under discord in the configuration",
				zap.String("guild", in.guild), zap.String("line", guildsLine(append(slices.Clone(d.cfg.Guilds), in.guild))))
		}
	}
	return dl, true
}

// guildsLine is the list of guilds as the configuration has it.
func guildsLine(guilds []string) string {
	quoted := make([]string, 0, len(guilds))
	for _, g := range guilds {
		quoted = append(quoted, strconv.Quote(g))
	}
	return "guilds: [" + strings.Join(quoted, ", ") + "]"
}

// refuse says no in the form that the interaction takes.
func refuse(in interaction, m chat.Message) *discordgo.InteractionResponse {
	if in.kind == kindSuggest {
		return offer(nil)
	}
	return privately(m)
}

// serve sees one delivery through, from its first response to its last. It
// returns when the core has let go of it.
func (d *Discord) serve(ctx context.Context, core adapters.Core, dl delivery) {
	in := dl.in
	defer d.contain(in)
	if dl.refusal != nil {
		d.send(ctx, dl, dl.refusal)
		return
	}
	d.hold(in)
	if in.channel.ID == d.cfg.AuditChannel {
		d.auditsIn.Store(&in.guild)
	}
	switch in.kind {
	case kindSuggest:
		d.suggest(ctx, core, dl)
	case kindCommand:
		if in.menu() {
			d.open(ctx, core, dl, d.pointed(in))
			return
		}
		d.handle(ctx, core, dl, d.typed(in))
	case kindClick:
		click, verb, err := render.DecodeClick(in.customID)
		switch {
		case err != nil || verb != "" && !d.knows(verb):
			d.answerOnce(ctx, dl, "unknown", privately(sayNotOurs()))
		case verb != "":
			d.open(ctx, core, dl, d.opened(in, verb, click))
		default:
			inv := d.invocation(in)
			inv.Click = &click
			d.handle(ctx, core, dl, inv)
		}
	case kindForm:
		verb, ok := d.decodeForm(in.customID)
		if !ok {
			d.answerOnce(ctx, dl, "unknown", privately(sayNotOurs()))
			return
		}
		d.handle(ctx, core, dl, d.filled(in, verb))
	case kindPing, kindUnknown: // never get here
	}
}

// contain keeps a panic to the delivery that caused it.
func (d *Discord) contain(in interaction) {
	if p := recover(); p != nil {
		d.delivered(in.kind, "panic")
		d.log.Error("a delivery ended in a panic", zap.String("interaction", in.id), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
	}
}

// handle hands an invocation to the core while the first response is sent.
func (d *Discord) handle(ctx context.Context, core adapters.Core, dl delivery, inv chat.Invocation) {
	d.delivered(dl.in.kind, "ok")
	t := d.newTurn(dl.in)
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() {
		defer d.contain(dl.in)
		defer func() { // also when the core panicked
			if t.unanswered() {
				t.respond(ctx, chat.Reply{State: chat.StateError, Code: "no_answer", Message: adapters.SayNothing()})
			}
		}()
		core.Handle(ctx, inv, t.respond)
	})
	t.open(ctx, dl)
}

func (t *turn) unanswered() bool {
	t.showing.Lock()
	defer t.showing.Unlock()
	return t.answers == 0
}

// suggest offers values, or none in time.
func (d *Discord) suggest(ctx context.Context, core adapters.Core, dl delivery) {
	in := dl.in
	typed := ""
	for _, o := range in.command.options {
		if o.Name == in.command.focused {
			typed = o.Value
		}
	}
	found := make(chan []chat.Suggestion, 1)
	var work sync.WaitGroup
	defer work.Wait()
	asking, cancel := context.WithTimeoutCause(ctx, offerTime, errors.New("suggesting took too long"))
	defer cancel()
	work.Go(func() {
		defer d.contain(in)
		found <- core.Suggest(asking, d.typed(in), in.command.focused, typed)
	})
	select {
	case suggestions := <-found:
		d.answerOnce(ctx, dl, "ok", offer(suggestions))
	case <-asking.Done():
		d.answerOnce(ctx, dl, "late", offer(nil))
	}
}

// opening is what the core says when a form is asked for.
type opening struct {
	form  chat.Form
	reply *chat.Reply
}

// open answers with a form, or with why there is none.
func (d *Discord) open(ctx context.Context, core adapters.Core, dl delivery, inv chat.Invocation) {
	in := dl.in
	made := make(chan opening, 1)
	var work sync.WaitGroup
	defer work.Wait()
	asking, cancel := context.WithTimeoutCause(ctx, openTime-d.cfg.Now().Sub(in.received), errors.New("opening a form took too long"))
	defer cancel()
	work.Go(func() {
		defer d.contain(in)
		form, reply := core.Open(asking, inv)
		made <- opening{form, reply}
	})
	select {
	case o := <-made:
		d.answerOnce(ctx, dl, "ok", d.opening(in, o))
	case <-asking.Done():
		d.answerOnce(ctx, dl, "late", privately(adapters.SayFormTooSlow("/"+d.cfg.CommandPrefix+"help")))
	}
}

// opening is a form as a first response.
func (d *Discord) opening(in interaction, o opening) *discordgo.InteractionResponse {
	if o.reply != nil {
		return privately(o.reply.Message)
	}
	data, err := render.Form(o.form, encodeForm(o.form.Verb))
	if err != nil {
		d.log.Error("a form can't be shown on Discord", zap.String("interaction", in.id), zap.Error(err))
		return privately(sayNotOurs())
	}
	return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseModal, Data: data}
}

// answerOnce meters a delivery, and sends a first response that nothing follows.
func (d *Discord) answerOnce(ctx context.Context, dl delivery, result string, first *discordgo.InteractionResponse) {
	d.delivered(dl.in.kind, result)
	d.send(ctx, dl, first)
}

func (d *Discord) send(ctx context.Context, dl delivery, first *discordgo.InteractionResponse) {
	if err := dl.take(ctx, first); err != nil {
		d.log.Info("the response to an interaction may not have arrived", zap.String("interaction", dl.in.id), zap.Error(err))
	}
}

// take carries a first response, in what time there is for it.
func (dl delivery) take(ctx context.Context, first *discordgo.InteractionResponse) error {
	carrying, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), carryTime, errors.New("the first response took too long"))
	defer cancel()
	return dl.carry(carrying, first)
}
