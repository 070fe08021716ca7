package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"modbot/internal/adapters"
	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/texts"
)

// sink lets the ledger deliver to an adapter's channel.
type sink struct {
	name string
	// fromNow says that a ledger which does not know the sink yet tells it of
	// what comes next; else it is told of everything.
	fromNow bool
	origin  string // print of the ledger, for buttons
	channel adapters.Channel
	// bursts says that entries which are alike are told in one post.
	bursts  bool
	outages *outages
}

// Name is the sink's name in the ledger.
func (s sink) Name() string { return s.name }

// Compose makes one message of as many entries as fit.
func (s sink) Compose(posted []audit.Posted) (taken int, body []byte, err error) {
	entries := make([]texts.PostInput, 0, len(posted))
	for _, p := range posted {
		entries = append(entries, texts.PostInput{
			Entry: p.Entry, Case: p.Case, Prior: p.Prior,
			Checkpoint: p.Checkpoint, Message: p.Message, Before: p.Before, Full: p.Full,
			Meaning: meaning(p.Entry.Code), Origin: s.origin, Stub: p.Stub,
		})
	}
	posts := s.words(entries)
	if s.outages != nil {
		s.outages.tell(posts)
	}
	told, body, err := s.channel.Render(posts)
	if errors.Is(err, adapters.ErrTooLong) {
		told, err = 0, nil
	} else if err == nil && (told < 1 || told > len(posts)) {
		err = fmt.Errorf("rendering %d posts: %d were taken", len(posts), told)
	}
	if err != nil {
		return 0, nil, err
	}
	if told < len(posts) && posts[told].LastSeq != posts[told].FirstSeq {
		if part, filled := s.fill(posts[:told], posts[told], entries); filled != nil {
			return part, filled, nil
		}
	}
	if told == 0 {
		return 0, nil, adapters.ErrTooLong
	}
	return upTo(posts[told-1].LastSeq, entries), body, nil
}

// upTo counts the entries that a message up to this one is about.
func upTo(last int64, entries []texts.PostInput) int {
	n, _ := slices.BinarySearchFunc(entries, last+1, func(e texts.PostInput, seq int64) int { return cmp.Compare(e.Entry.Seq, seq) })
	return n
}

// fill adds to whole posts as much of the next as fits, which is about several
// entries. The body is nil where nothing of it fits.
func (s sink) fill(whole []chat.Post, next chat.Post, entries []texts.PostInput) (taken int, body []byte) {
	first := upTo(next.FirstSeq-1, entries)
	entries = entries[:upTo(next.LastSeq, entries)]
	render := func(n int) []byte {
		part := texts.Posts(entries[first:n])[0]
		if part.LastSeq != entries[n-1].Entry.Seq {
			return nil
		}
		part.Alarm = next.Alarm
		part.Message.Lines = slices.Concat(part.Message.Lines, next.Message.Lines[1:])
		told, body, err := s.channel.Render(append(slices.Clip(whole), part))
		if err != nil || told <= len(whole) {
			return nil
		}
		return body
	}
	// More entries are more text, so that the first that is too much can be
	// searched for.
	fit := sort.Search(len(entries)-first, func(i int) bool { return render(first+i+1) == nil })
	if fit == 0 {
		return 0, nil
	}
	return first + fit, render(first + fit)
}

// words are the entries as the channel is told of them.
func (s sink) words(entries []texts.PostInput) []chat.Post {
	if s.bursts {
		return texts.Posts(entries)
	}
	posts := make([]chat.Post, 0, len(entries))
	for _, e := range entries {
		posts = append(posts, texts.Post(e))
	}
	return posts
}

// Send posts what Compose made.
func (s sink) Send(ctx context.Context, body []byte, d chat.Delivery) (chat.MessageRef, error) {
	return s.channel.Send(ctx, body, d)
}
