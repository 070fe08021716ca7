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
