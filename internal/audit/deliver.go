package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"modbot/internal/chat"
)

const (
	// sendTime bounds one post.
	sendTime = 8 * time.Second
	// leadTime is how long a process keeps a sink to itself from each post on;
	// leadLeast is what must be left of it for a post to begin.
	leadTime  = 10 * time.Second
	leadLeast = sendTime + 500*time.Millisecond
	// deliverLeast is how many entries are offered for one message at first, and
	// deliverMost at last: a platform may take hundreds that are alike.
	deliverLeast = 20
	deliverMost  = 800
	// skipMost is how many entries that are not posted may pile up behind the
	// cursor before it moves over them.
	skipMost = 64
	// retryAfterMost is the longest that a platform may make us wait.
	retryAfterMost = 10 * time.Minute
	// flushPoll is how often a flush looks again, because another process
	// delivers or the platform failed.
	flushPoll = 50 * time.Millisecond
)

// sendPatience spaces out attempts at a sink that fails.
func sendPatience() patience { return patience{first: 500 * time.Millisecond, most: time.Minute} }

// Poster tells one audit channel. Its errors say more by their behaviour:
// RetryAfter() time.Duration is how long the platform asks to wait, which it
// says only when it did not take the message; RefusesContent() bool is that it
// takes this message never; NotTaken() bool is that it answered, and did not
// take it.
type Poster interface {
	// Name is the sink's name in the ledger. It stays the same for ever.
	Name() string
	// Compose makes the bytes of one message about as many entries as fit,
	// beginning with the first. Between two starts of the program the bytes
	// are kept, so they hold all that Send needs.
	Compose(posts []Posted) (taken int, body []byte, err error)
	// Send posts what Compose made, unchanged.
	Send(ctx context.Context, body []byte, d chat.Delivery) (chat.MessageRef, error)
}

// Deliverer tells one sink of the ledger's entries: in order, without a gap,
// and without an unmarked repeat. The bytes of a message and its nonce are
// frozen in the ledger before it is posted and forgotten when it arrived, so
// that after a crash the same message is posted again under the same nonce,
// and marked where the first may have arrived. A sink that fails keeps its
// place and is tried again for ever; how it is stands in Health.
//
// Any number of deliverers of the same sink may run, in one process or
// several: one at a time leads.
type Deliverer struct {
	log    *zap.Logger
	ledger *Log
	poster Poster
	name   string
	holder string

	// turn is held by whoever runs a pass, and guards what follows.
	turn     chan struct{}
	posted   int       // messages that arrived in this pass
	known    bool      // the sink is registered
	leads    time.Time // until when this process leads, by the local clock
	offer    int       // entries offered for the next message
	failures int       // attempts in a row that failed
	notUntil time.Time // before it there is no attempt
	// careful is the last entry of a message that was refused for its content:
	// up to it, entries are told one by one, and those refused alone as stubs.
	careful int64
	stub    int64 // the entry to be told as a stub
}

// NewDeliverer makes a deliverer; Run sets it to work. A sink that the ledger
// does not know yet is told of everything from the first entry on.
func NewDeliverer(log *zap.Logger, ledger *Log, poster Poster) *Deliverer {
	d := &Deliverer{
		log: log.With(zap.String("sink", poster.Name())), ledger: ledger, poster: poster,
		name: clean(poster.Name()), holder: NewID(), turn: make(chan struct{}, 1), offer: deliverLeast,
	}
	d.turn <- struct{}{}
	return d
}

// Run delivers until the context ends, and returns nil then. A post that has
// begun is seen through, which takes 8 s at most.
func (d *Deliverer) Run(ctx context.Context) error {
	err := worker{log: d.log, ledger: d.ledger, pace: deliverPace, pass: func(ctx context.Context) (time.Time, error) {
		_, next, err := d.Once(ctx)
		return next, err
	}}.run(ctx)
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), sendTime, errors.New("giving the sink back took too long"))
	defer cancel()
	if resigned := d.resign(ctx); resigned != nil {
		d.log.Warn("the sink could not be given back; the next process waits", zap.Error(resigned))
	}
	return err
}

// Flush delivers everything that the ledger has now. It returns when all of it
// arrived, by whichever process, or with the context's cause.
func (d *Deliverer) Flush(ctx context.Context) error {
	target, _, err := d.ledger.Head(ctx)
	if err != nil {
		return err
	}
	for {
		_, _, err := d.Once(ctx)
		if err != nil {
			return fmt.Errorf("delivering to %s: %w", d.name, err)
		}
		told, err := d.told(ctx, target)
		if err != nil || told {
			return err
		}
		pause(ctx, flushPoll)
		if ctx.Err() != nil {
			return fmt.Errorf("delivering to %s: %w", d.name, context.Cause(ctx))
		}
	}
}

// told reports whether the sink was told of the entries up to target.
func (d *Deliverer) told(ctx context.Context, target int64) (bool, error) {
	sink, err := d.ledger.sink(ctx, d.name)
	if err != nil || sink.Attempt != nil {
		return false, err
	}
	if sink.Due != 0 && sink.Due <= target {
		return false, nil
	}
	if sink.Cursor >= target {
		return true, nil
	}
	open, _, err := d.ledger.toPost(ctx, sink.Cursor, 1)
	return len(open) == 0 || open[0].Entry.Seq > target, err
}

// Once delivers all that there is. posted counts the messages that arrived;
// next is when to try again, zero when there is nothing to deliver. The error
// is the ledger's: that the platform does not answer is none.
func (d *Deliverer) Once(ctx context.Context) (posted int, next time.Time, err error) {
	select {
	case <-d.turn:
		defer func() { d.turn <- struct{}{} }()
	case <-ctx.Done():
		return 0, next, context.Cause(ctx)
	}
	if err := d.register(ctx); err != nil {
		return 0, next, err
	}
	if err := d.ledger.schedule(ctx, d.name); err != nil {
		return 0, next, err
	}
	d.posted = 0
	for more := true; more && ctx.Err() == nil; {
		if d.notUntil.After(d.ledger.now()) {
			return d.posted, d.notUntil, nil
		}
		if more, next, err = d.step(ctx); err != nil {
			break
		}
	}
	return d.posted, next, err
}

// step takes the next message one step further: it is composed and frozen, or
// posted. more is false when there is nothing to do, or another process leads;
// then next is when to ask again.
func (d *Deliverer) step(ctx context.Context) (more bool, next time.Time, err error) {
	sink, err := d.ledger.sink(ctx, d.name)
	if err != nil {
		return false, next, err
	}
	var posts []Posted
	if sink.Attempt == nil {
		if posts, err = d.open(ctx, sink); err != nil || len(posts) == 0 {
			return false, next, err
		}
	}
	if d.leads.Sub(d.ledger.now()) < leadLeast {
		// Then look again: whoever led before may have told them meanwhile.
		more, next, err = d.lead(ctx)
		return more, next, err
	}
	switch {
	case sink.Attempt == nil:
		return true, next, d.freeze(ctx, posts)
	case len(sink.Attempt.Body) == 0: // it held what was erased since
		return true, next, d.recast(ctx, *sink.Attempt, strings.HasPrefix(sink.Attempt.Nonce, nonceStub))
	}
	return true, next, d.post(ctx, *sink.Attempt)
}

// register makes the sink known.
func (d *Deliverer) register(ctx context.Context) error {
	if d.known {
		return nil
	}
	_, err := d.ledger.Register(ctx, d.name, 0)
	d.known = err == nil
	return err
}

// worker is the name of the lease.
func (d *Deliverer) worker() string { return "deliver/" + d.name }

// lead takes or prolongs the lease of the sink; until is when to ask again
// where another process has it.
func (d *Deliverer) lead(ctx context.Context) (ok bool, until time.Time, err error) {
	until, ok, err = d.ledger.Lead(ctx, d.worker(), d.holder, leadTime)
	if ok && err == nil {
		d.leads, until = until, time.Time{}
	}
	return ok, until, err
}

// resign gives the sink back.
func (d *Deliverer) resign(ctx context.Context) error {
	select {
	case <-d.turn:
		defer func() { d.turn <- struct{}{} }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if d.leads.IsZero() {
		return nil
	}
	d.leads = time.Time{}
	return d.ledger.Resign(ctx, d.worker(), d.holder)
}

// open are the next entries to tell, or the full checkpoint that is due when
// all of its entries are told.
func (d *Deliverer) open(ctx context.Context, sink Sink) ([]Posted, error) {
	posts, err := d.openEntries(ctx, sink)
	if err == nil && sink.Due != 0 {
		posts = slices.DeleteFunc(posts, func(p Posted) bool { return p.Entry.Seq > sink.Due })
		if len(posts) == 0 {
			posts, err = d.openFull(ctx, sink.Due)
		}
	}
	chain(posts, sink)
	return posts, err
}

// openEntries are the next entries to tell.
func (d *Deliverer) openEntries(ctx context.Context, sink Sink) ([]Posted, error) {
	limit := d.offer
	if sink.Cursor < d.careful {
		limit = 1
	}
	posts, size, err := d.ledger.toPost(ctx, sink.Cursor, limit)
	if err == nil && len(posts) == 0 && size-sink.Cursor >= skipMost {
		_, err = d.ledger.Skip(ctx, d.name, size)
	}
	for i := range posts {
		posts[i].Stub = posts[i].Entry.Seq == d.stub
	}
	return posts, err
}

// compose makes the next message.
func (d *Deliverer) compose(posts []Posted) (Attempt, error) {
	taken, body, err := d.poster.Compose(posts)
	if err != nil {
		return Attempt{}, err
	}
	if taken < 1 || taken > len(posts) {
		return Attempt{}, fmt.Errorf("a message about %d of %d entries", taken, len(posts))
	}
	posts = posts[:taken]
	return Attempt{
		First: posts[0].Entry.Seq, Last: posts[taken-1].Entry.Seq, Nonce: nonceOf(d.name, posts), Body: body,
		Says: posts[0].Checkpoint,
	}, nil
}

// freeze composes the next message and fixes its bytes, unless more entries may
// fit than were offered: then it offers more.
func (d *Deliverer) freeze(ctx context.Context, posts []Posted) error {
	a, err := d.compose(posts)
	if err == nil {
		if all := a.Last == posts[len(posts)-1].Entry.Seq; all && len(posts) >= d.offer && d.offer < deliverMost {
			d.offer = min(4*d.offer, deliverMost)
			return nil
		}
		d.offer = min(max(deliverLeast, 2*a.covered(posts)), deliverMost)
		_, err = d.ledger.Freeze(ctx, d.name, a)
		return err
	}
	if posts[0].Full != "" {
		d.log.Warn("the checkpoint cannot be put into words", zap.Error(err))
		return d.ledger.forgo(ctx, d.name, posts[0].Entry.Seq)
	}
	first, last := posts[0].Entry.Seq, posts[len(posts)-1].Entry.Seq
	if d.narrow(first, last, posts[0].Stub) {
		d.log.Warn("entries cannot be put into words", zap.Int64("first", first), zap.Int64("last", last), zap.Error(err))
		return nil
	}
	d.rest(sendPatience().after(d.failures+1), err)
	return nil
}

// covered counts the entries that a message is about.
func (a Attempt) covered(posts []Posted) int {
	n := 0
	for n < len(posts) && posts[n].Entry.Seq <= a.Last {
		n++
	}
	return n
}

// narrow makes less of a message that cannot be told as it is: first its
// entries one by one, then a stub. It reports false when nothing less is left.
func (d *Deliverer) narrow(first, last int64, stub bool) bool {
	switch {
	case first != last:
		d.careful = max(d.careful, last)
	case !stub:
		d.careful, d.stub = max(d.careful, last), first
	default:
		return false
	}
	return true
}

// errSendTime ends a post that takes too long, or that this process has no
// right to any more.
var errSendTime = fmt.Errorf("no answer within %s", sendTime)

// post sends a frozen message and records what came of it.
func (d *Deliverer) post(ctx context.Context, a Attempt) error {
	first := a.Started.IsZero()
	if first {
		if _, err := d.ledger.Sending(ctx, d.name, a.Nonce); err != nil {
			return concluded(err)
		}
	}
	// What has begun is seen through: shutdown waits for it.
	ctx = context.WithoutCancel(ctx)
	limit := min(sendTime, d.leads.Sub(d.ledger.now()))
	sending, cancel := context.WithTimeoutCause(ctx, limit, errSendTime)
	ref, err := d.poster.Send(sending, a.Body, chat.Delivery{FirstSeq: a.First, LastSeq: a.Last, Nonce: a.Nonce, Repeat: !first, First: a.Started})
	cancel()
	if err != nil {
		return d.failed(ctx, a, first, err)
	}
	d.posted++
	if d.failures > 0 {
		d.log.Info("the audit channel works again", zap.Int("failures", d.failures))
		d.failures = 0
	}
	_, err = d.ledger.Posted(ctx, d.name, a.Nonce, []chat.MessageRef{ref})
	return concluded(err)
}

// concluded makes nothing of the error that another process has concluded the
// attempt: the next look at the sink shows what is to be done.
func concluded(err error) error {
	if errors.Is(err, ErrNotFrozen) {
		return nil
	}
	return err
}

// failed records why a message did not arrive, and decides what comes next.
func (d *Deliverer) failed(ctx context.Context, a Attempt, first bool, cause error) error {
	after := retryAfter(cause)
	// A platform that refuses has not taken the message.
	refused := refusesContent(cause)
	unsent := first && (after > 0 || refused || notTaken(cause))
	if _, err := d.ledger.Failed(ctx, d.name, a.Nonce, cause.Error(), unsent); err != nil {
		return concluded(err)
	}
	if refused && a.full() {
		d.log.Warn("the audit channel refuses a checkpoint; the next one is tried again", zap.Error(cause))
		_, err := d.ledger.Thaw(ctx, d.name, a.Nonce)
		return concluded(err)
	}
	if stub := strings.HasPrefix(a.Nonce, nonceStub); refused && !stub {
		d.log.Warn("the audit channel refuses a message for its content",
			zap.Int64("first", a.First), zap.Int64("last", a.Last), zap.Error(cause))
		if !first {
			return d.recast(ctx, a, true)
		}
		d.narrow(a.First, a.Last, stub)
		_, err := d.ledger.Thaw(ctx, d.name, a.Nonce)
		return concluded(err)
	}
	if after == 0 {
		after = sendPatience().after(d.failures + 1)
	}
	d.rest(after, cause)
	return nil
}

// recast composes a message anew that may have arrived before: what follows it
// may be a repeat all the same. It is a stub where it is refused now, and the
// same in the words of today where the bytes had to be forgotten.
func (d *Deliverer) recast(ctx context.Context, a Attempt, asStub bool) error {
	sink, err := d.ledger.sink(ctx, d.name)
	if err != nil {
		return err
	}
	posts, _, err := d.ledger.toPost(ctx, a.First-1, deliverMost)
	if err != nil {
		return err
	}
	posts = slices.DeleteFunc(posts, func(p Posted) bool { return p.Entry.Seq > a.Last })
	for i := range posts {
		posts[i].Stub = asStub
	}
	chain(posts, sink)
	anew, err := d.compose(posts)
	if err != nil {
		d.rest(sendPatience().after(d.failures+1), err)
		return nil
	}
	return concluded(d.ledger.recast(ctx, d.name, a.Nonce, anew))
}

// rest waits with the next attempt. An outage is said once.
func (d *Deliverer) rest(wait time.Duration, cause error) {
	d.failures++
	d.notUntil = d.ledger.now().Add(wait)
	say := d.log.Debug
	if d.failures == 1 {
		say = d.log.Warn
	}
	say("the audit channel cannot be told; it keeps its place", zap.Duration("wait", wait), zap.Error(cause))
}

// retryAfter is how long the platform asks to wait, 0 when it does not.
func retryAfter(err error) time.Duration {
	var wait interface{ RetryAfter() time.Duration }
	if !errors.As(err, &wait) {
		return 0
	}
	return min(max(0, wait.RetryAfter()), retryAfterMost)
}

// refusesContent reports whether the platform will never take the message.
func refusesContent(err error) bool {
	var content interface{ RefusesContent() bool }
	return errors.As(err, &content) && content.RefusesContent()
}

// notTaken reports whether the platform answered that it did not take the
// message.
func notTaken(err error) bool {
	var not interface{ NotTaken() bool }
	return errors.As(err, &not) && not.NotTaken()
}
