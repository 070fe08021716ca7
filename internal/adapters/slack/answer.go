package slack

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

// The rules of a private answer.
const (
	ackWithin    = 800 * time.Millisecond // Slack's own limit is three seconds
	workingAfter = 2 * time.Second
	// answerTime bounds one answer: its turn, the response_url, and the direct
	// message in its place.
	answerTime = 12 * time.Second
	// A response_url lives for 30 minutes and takes five answers.
	urlLife = 29 * time.Minute
	maxUses = 5
)

// answer is what one actor hears about one delivery. What is known in time goes
// with the acknowledgement; the rest is posted, one after another, to the
// delivery's response_url, and to the actor directly where that is used up.
type answer struct {
	web  *web
	log  *zap.Logger
	now  func() time.Time
	to   delivery
	url  string    // may be empty
	born time.Time // of the url
	// edits says that the message that was clicked becomes the answer.
	edits bool
	// carries says that an answer can go with the acknowledgement.
	carries bool

	known chan struct{} // closed when held is set
	acked chan struct{} // closed once Slack was acknowledged, or will not be
	turn  chan struct{} // whoever has put a token in posts

	mu       sync.Mutex
	held     *blocks.Body // goes with the acknowledgement
	acking   bool         // too late for held
	said     bool         // something that ends the matter was said or shown
	repeated bool
	uses     int // of the url
}

func (s *Slack) newAnswer(del delivery) *answer {
	a := &answer{
		web: s.web, log: s.log, now: s.now, to: del, url: del.answerURL, born: del.received,
		carries: del.kind == kindCommand, edits: del.kind == kindClick && del.private && del.opens == "",
		known: make(chan struct{}), acked: make(chan struct{}), turn: make(chan struct{}, 1),
	}
	if del.kind == kindForm {
		p := placeOf(del.view.PrivateMetadata)
		if p.URL != "" && s.trusts(p.URL) {
			a.url, a.born = p.URL, p.since()
		}
	}
	return a
}

// place is where a form is opened from.
func (a *answer) place() place {
	return place{Channel: a.to.channel.ID, Name: a.to.channel.Name, URL: a.url, Since: a.born.Unix()}
}

// await is what the acknowledgement carries: the answer where it is known within
// ackWithin, else nil. release must be called after it.
func (a *answer) await(ctx context.Context) *blocks.Body {
	if a.carries {
		timer := time.NewTimer(ackWithin)
		defer timer.Stop()
		select {
		case <-a.known:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.acking = true
	return a.held
}

// release says how the acknowledgement went; what waited for it is posted. It
// reports whether the answer that it carried was lost, which lost() posts.
func (a *answer) release(err error) (lost bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.acking = true
	close(a.acked)
	return err != nil && a.held != nil
}

// lost posts an answer that the acknowledgement could not carry.
func (a *answer) lost(ctx context.Context) {
	a.mu.Lock()
	held := a.held
	a.mu.Unlock()
	if held != nil {
		a.post(ctx, *held)
	}
}

// abandon is release for a delivery that is not worked on.
func (a *answer) abandon() {
	a.shown()
	a.release(nil)
}

// again is for a delivery that Slack repeats. Where the answer went with the
// first acknowledgement, that one may not have arrived.
func (a *answer) again(ctx context.Context) {
	select {
	case <-a.acked:
	case <-ctx.Done():
		return
	}
	a.mu.Lock()
	held, repeated := a.held, a.repeated
	a.repeated = true
	a.mu.Unlock()
	if held != nil && !repeated {
		a.post(ctx, *held)
	}
}

// respond is what the Core answers by. It may be called again, and after Run.
func (a *answer) respond(ctx context.Context, r chat.Reply) {
	a.tell(ctx, blocks.Reply(r.WithRef()))
}

// tell says something that ends the matter, for now.
func (a *answer) tell(ctx context.Context, b blocks.Body) {
	a.mu.Lock()
	a.said = true
	if a.carries && !a.acking && a.held == nil {
		a.held = &b
		close(a.known)
		a.mu.Unlock()
		return
	}
	a.mu.Unlock()
	a.post(ctx, b)
}

// shown says that something else than an answer ends the matter.
func (a *answer) shown() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said = true
}

func (a *answer) wasSaid() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.said
}

// sayNothingCame ends a matter that the Core left open, or died over.
func (a *answer) sayNothingCame(ctx context.Context) {
	if !a.wasSaid() {
		a.tell(ctx, blocks.Reply(adapters.SayNothing()))
	}
}

// sayWorking tells the actor to wait, unless the matter ends before.
func (a *answer) sayWorking(ctx context.Context, handled <-chan struct{}) {
	timer := time.NewTimer(workingAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-handled:
		return
	case <-ctx.Done():
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, errors.New("saying that it takes a while took too long"))
	defer cancel()
	if !a.begin(ctx) {
		return
	}
	defer a.end()
	if a.wasSaid() || !a.use() {
		return
	}
	if err := a.web.respond(ctx, a.url, blocks.Reply(working()), a.edits); err != nil {
		a.log.Info("it was not said that an answer takes a while", zap.Error(err))
	}
}

// post shows something in its turn. It outlives the caller's context: an actor
// who was acknowledged is owed the answer, also while modbot shuts down.
func (a *answer) post(ctx context.Context, b blocks.Body) {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), answerTime, errors.New("answering took too long"))
	defer cancel()
	if !a.begin(ctx) {
		a.log.Warn("an answer was not shown: the ones before it took too long")
		return
	}
	defer a.end()
	if a.use() {
		err := a.web.respond(ctx, a.url, b, a.edits)
		if err == nil {
			return
		}
		a.log.Info("a response_url did not take an answer; the actor gets a direct message", zap.Error(err))
	}
	if err := a.web.direct(ctx, a.to.actor.ID, b); err != nil {
		a.log.Warn("an answer was not shown", zap.String("actor", a.to.actor.ID), zap.Error(err))
	}
}

// begin waits for the acknowledgement, and for the posts before this one.
func (a *answer) begin(ctx context.Context) bool {
	select {
	case <-a.acked:
	case <-ctx.Done():
		return false
	}
	select {
	case a.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (a *answer) end() { <-a.turn }

// use takes one of the uses of the response_url, where there is one left.
func (a *answer) use() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.url == "" || a.uses >= maxUses || a.now().Sub(a.born) >= urlLife {
		return false
	}
	a.uses++
	return true
}
