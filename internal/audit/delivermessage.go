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
