package discord

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"modbot/internal/adapters/discord/render"
	"modbot/internal/adapters/discord/rest"
	"modbot/internal/chat"
)

const (
	// answerTime is how long an answer may take to be the first response itself.
	answerTime = 800 * time.Millisecond
	// carryTime bounds the way of a first response to Discord, which takes none
	// later than three seconds after the interaction.
	carryTime = 3 * time.Second
	// showTime bounds all that is tried to show one answer.
	showTime = 15 * time.Second
	// settleTime is how long after an interaction Discord may still say that it
	// knows nothing of it, because an edit overtook the first response.
	settleTime = 5 * time.Second
	// tokenMargin is not relied on at the end of a token's life.
	tokenMargin = 15 * time.Second

	retryFirst = 250 * time.Millisecond
	retryMost  = 4 * time.Second
)

// courier takes a first response to Discord, in the way the interaction came.
// An error means that it may not have arrived.
type courier func(ctx context.Context, first *discordgo.InteractionResponse) error

// turn is one interaction on the way to its answers.
type turn struct {
	d  *Discord
	in interaction

	// The first response is either an answer that came in time, or the
	// placeholder: whoever gets there first.
	deciding sync.Mutex
	decided  bool
	early    chan *discordgo.InteractionResponse // holds one
	gone     chan struct{}                       // closed when the first response is on its way or lost
	lost     error                               // why it may not have arrived; set before gone is closed

	// Answers are shown one after another. It is held while one is.
	showing  sync.Mutex
	answers  int
	final    bool // an answer that is not "unknown" was given
	messages int  // direct messages sent
}

func (d *Discord) newTurn(in interaction) *turn {
	return &turn{d: d, in: in, early: make(chan *discordgo.InteractionResponse, 1), gone: make(chan struct{})}
}

// edits reports whether answers replace the message that the click was on: that
// is one of our own answers to the same person. An audit post is never touched.
func (t *turn) edits() bool { return t.in.kind == kindClick && t.in.private }

// placeholder says that an answer follows.
func (t *turn) placeholder() *discordgo.InteractionResponse {
	if t.edits() {
		return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredMessageUpdate}
	}
	return &discordgo.InteractionResponse{
		Type: discordgo.InteractionResponseDeferredChannelMessageWithSource,
		Data: &discordgo.InteractionResponseData{Flags: discordgo.MessageFlagsEphemeral},
	}
}

// answer is a message as the first response.
func (t *turn) answer(b render.Body) *discordgo.InteractionResponse {
	if t.edits() {
		return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseUpdateMessage, Data: b.Data(0)}
	}
	return &discordgo.InteractionResponse{
		Type: discordgo.InteractionResponseChannelMessageWithSource, Data: b.Data(discordgo.MessageFlagsEphemeral),
	}
}

// open sends the first response: the answer when there is one in time.
func (t *turn) open(ctx context.Context, dl delivery) {
	patience := time.NewTimer(answerTime - t.d.cfg.Now().Sub(t.in.received))
	defer patience.Stop()
	var first *discordgo.InteractionResponse
	select {
	case first = <-t.early:
	case <-patience.C:
		first = t.decide(t.placeholder())
	}
	t.lost = dl.take(ctx, first)
	close(t.gone)
	if t.lost != nil {
		t.d.log.Warn("the first response to an interaction may not have arrived",
			zap.String("interaction", t.in.id), zap.Error(t.lost))
	}
}

// decide settles what the first response is: what was offered, or else this.
func (t *turn) decide(otherwise *discordgo.InteractionResponse) *discordgo.InteractionResponse {
	t.deciding.Lock()
	defer t.deciding.Unlock()
	t.decided = true
	select {
	case first := <-t.early:
		return first
	default:
		return otherwise
	}
}

// inTime offers an answer as the first response, and reports whether it will be.
func (t *turn) inTime(b render.Body) bool {
	t.deciding.Lock()
	defer t.deciding.Unlock()
	if t.decided {
		return false
	}
	t.decided = true
	t.early <- t.answer(b)
	return true
}

// respond shows a reply. It is what the core calls: before its Handle returns,
// and perhaps once more, much later.
func (t *turn) respond(ctx context.Context, r chat.Reply) {
	t.showing.Lock()
	defer t.showing.Unlock()
	if t.final && r.State == chat.StateUnknown {
		return // overtaken by what was found out
	}
	t.answers++
	t.final = t.final || r.State != chat.StateUnknown
	body := render.Answer(r)
	direct := t.inTime(body)

	showing, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), showTime, errors.New("showing the answer took too long"))
	defer cancel()
	select {
	case <-t.gone:
		if direct && t.lost == nil {
			return
		}
	case <-showing.Done():
	}
	if err := t.show(showing, r, body); err != nil {
		t.d.log.Error("an answer could not be shown", zap.String("interaction", t.in.id), zap.String("ref", r.Ref), zap.Error(err))
	}
}

// show edits the first response, or sends a direct message where that can't be
// edited any more.
func (t *turn) show(ctx context.Context, r chat.Reply, body render.Body) error {
	age := t.d.cfg.Now().Sub(t.in.received)
	if age < tokenLife-tokenMargin {
		err := persist(ctx, func() error {
			return t.d.api.EditOriginal(ctx, t.d.cfg.ApplicationID, t.in.token, body)
		}, t.again)
		if err == nil {
			return nil
		}
		t.d.log.Info("the answer to a command goes as a direct message", zap.String("interaction", t.in.id), zap.Error(err))
	}
	return t.message(ctx, render.Answer(elsewhere(r)))
}

// message tells the actor directly.
func (t *turn) message(ctx context.Context, body render.Body) error {
	// An edit that ran into its time leaves none for this.
	sending, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), showTime, errors.New("the direct message took too long"))
	defer cancel()
	t.messages++
	nonce := shortNonce(t.in.id, t.messages)
	return persist(sending, func() error {
		channel, err := t.d.api.OpenDM(sending, t.in.actor.ID)
		if err != nil {
			return err
		}
		_, err = t.d.api.CreateMessage(sending, channel, body, nonce)
		return err
	}, transient)
}

// again reports whether an edit is worth another try.
func (t *turn) again(err error) bool {
	if refused, ok := errors.AsType[*rest.Error](err); ok && refused.Expired() {
		return t.d.cfg.Now().Sub(t.in.received) < settleTime
	}
	return transient(err)
}

// transient reports whether the same request may succeed in a moment.
func transient(err error) bool {
	refused, ok := errors.AsType[*rest.Error](err)
	return ok && (refused.Throttled() || refused.Status == 0 || refused.Status >= http.StatusInternalServerError)
}

// persist tries until it works, it is pointless, or the context ends.
func persist(ctx context.Context, do func() error, again func(error) bool) error {
	for wait := retryFirst; ; wait = min(2*wait, retryMost) {
		err := do()
		if err == nil || !again(err) {
			return err
		}
		if refused, ok := errors.AsType[*rest.Error](err); ok && refused.RetryAfter > wait {
			wait = refused.RetryAfter
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
			return err
		}
		pause := time.NewTimer(wait)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return err
		}
	}
}
