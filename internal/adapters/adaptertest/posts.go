package adaptertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// backlog is how many posts wait in the checks about order.
const backlog = 40

// postChecks are about the audit channel.
func postChecks() []check {
	return []check{
		{name: "a backlog is posted in order and whole", do: postsInOrder},
		{name: "no posts are no message", do: noPosts},
		{name: "a frozen body outlives its process", do: frozenBody},
		{name: "a repeat is marked or swallowed", do: repeatMarked},
		{name: "a post that is told to wait says so", of: Throttling, do: throttled},
		{name: "a post that is refused for its content says so", of: ContentRefusal, do: contentRefused},
		{name: "a post of a cancelled caller is an error", do: cancelledPost},
	}
}

// numberedPosts makes n posts that can be told apart, every third with a long
// reason.
func numberedPosts(n int) []chat.Post {
	var out []chat.Post
	for i := range n {
		seq := int64(4 + i)
		words := "spamming links"
		if i%3 == 2 {
			words = strings.Repeat("消息 ", 150)
		}
		out = append(out, chat.Post{
			FirstSeq: seq, LastSeq: seq, Kind: "outcome", Cases: []int64{int64(i + 1)}, Outcome: "done",
			Time:  time.Date(2026, time.November, 22, 2, 17, i%60, 0, time.UTC),
			Alarm: i%5 == 4,
			Message: chat.Message{Lines: []chat.Line{{
				chat.Strong("Done"), chat.Plain(" · " + mark(seq) + " · "), chat.Quote(words),
			}}},
		})
	}
	return out
}

// mark is a word that only the post with this number has.
func mark(seq int64) string { return fmt.Sprintf("post-%d-", seq) }

// cover says what a body of these posts covers.
func cover(posts []chat.Post) chat.Delivery {
	return chat.Delivery{
		FirstSeq: posts[0].FirstSeq, LastSeq: posts[len(posts)-1].LastSeq,
		Nonce: fmt.Sprintf("nonce-%d", posts[0].FirstSeq),
	}
}

// deliverAll renders and sends posts as the worker that owns a channel does.
func deliverAll(ch adapters.Channel, posts []chat.Post) []error {
	var errs []error
	for len(posts) > 0 {
		taken, body, err := ch.Render(slices.Clone(posts))
		if err != nil {
			return append(errs, err)
		}
		if taken < 1 || taken > len(posts) {
			return append(errs, fmt.Errorf("took %d posts of %d", taken, len(posts)))
		}
		frozen := bytes.Clone(body)
		ref, err := ch.Send(context.Background(), body, cover(posts[:taken]))
		switch {
		case err != nil:
			errs = append(errs, err)
		case ref.ID == "":
			errs = append(errs, errors.New("the message has no reference"))
		case !bytes.Equal(frozen, body):
			errs = append(errs, errors.New("the frozen body was changed"))
		}
		posts = posts[taken:]
	}
	return errs
}

// requireInOrder expects each post exactly once, in order.
func requireInOrder(tb testing.TB, trace *Trace, posts []chat.Post) {
	tb.Helper()
	var all strings.Builder
	for _, e := range trace.Of(Posted, "") {
		all.WriteString(e.Text)
		all.WriteByte('\n')
	}
	at := 0
	for _, p := range posts {
		require.Equal(tb, 1, strings.Count(all.String(), mark(p.FirstSeq)), "post %d is not there exactly once:\n%s", p.FirstSeq, trace)
		i := strings.Index(all.String()[at:], mark(p.FirstSeq))
		require.GreaterOrEqual(tb, i, 0, "post %d is out of order:\n%s", p.FirstSeq, trace)
		at += i
	}
}

func postsInOrder(tb testing.TB, s *stage) {
	tb.Helper()
	s.start()
	posts := numberedPosts(backlog)
	for _, err := range deliverAll(s.Channel, posts) {
		require.NoError(tb, err)
	}
	requireInOrder(tb, s.trace, posts)
}

func noPosts(tb testing.TB, s *stage) {
	tb.Helper()
	taken, _, err := s.Channel.Render(nil)
	require.Error(tb, err)
	require.Zero(tb, taken)
}

// frozenBody sends what one process rendered from a second one.
func frozenBody(tb testing.TB, s *stage) {
	tb.Helper()
	posts := numberedPosts(3)
	taken, body, err := s.Channel.Render(posts)
	require.NoError(tb, err)
	_, err = s.Channel.Send(context.Background(), body, cover(posts[:taken]))
	require.NoError(tb, err)
	first := s.trace.Await(tb, Posted, "", 1)

	next := newStage(tb, s.factory, s.trace.patience)
	defer next.Close()
	_, err = next.Channel.Send(context.Background(), bytes.Clone(body), cover(posts[:taken]))
	require.NoError(tb, err)
	second := next.trace.Await(tb, Posted, "", 1)
	require.Equal(tb, first[0].Shown, second[0].Shown)
}

// repeatMarked repeats a post in the same process and in the next one.
func repeatMarked(tb testing.TB, s *stage) {
	tb.Helper()
	posts := numberedPosts(1)
	_, body, err := s.Channel.Render(posts)
	require.NoError(tb, err)
	d := cover(posts)
	_, err = s.Channel.Send(context.Background(), body, d)
	require.NoError(tb, err)
	first := s.trace.Await(tb, Posted, "", 1)[0].Text

	d.Repeat = true
	ref, err := s.Channel.Send(context.Background(), body, d)
	require.NoError(tb, err)
	require.NotEmpty(tb, ref.ID)
	next := newStage(tb, s.factory, s.trace.patience)
	defer next.Close()
	_, err = next.Channel.Send(context.Background(), body, d)
	require.NoError(tb, err)
	next.trace.Await(tb, Posted, "", 1)
	for _, e := range append(s.trace.Of(Posted, "")[1:], next.trace.Of(Posted, "")...) {
		require.NotEqual(tb, first, e.Text, "the repeat is not marked")
		require.Contains(tb, e.Text, fmt.Sprintf("#%d", d.FirstSeq), "the mark doesn't name the entry")
		require.Contains(tb, e.Text, mark(d.FirstSeq), "the mark replaced the post")
	}
}

// The behaviours by which the worker that owns retrying tells errors apart.
type (
	waiter  interface{ RetryAfter() time.Duration }
	refuser interface{ RefusesContent() bool }
)

func throttled(tb testing.TB, s *stage) {
	tb.Helper()
	const wait = 3 * time.Second
	posts := numberedPosts(1)
	_, body, err := s.Channel.Render(posts)
	require.NoError(tb, err)
	s.Throttle(tb, wait)
	_, err = s.Channel.Send(context.Background(), body, cover(posts))
	var w waiter
	require.ErrorAs(tb, err, &w)
	require.Equal(tb, wait, w.RetryAfter())
	var r refuser
	require.False(tb, errors.As(err, &r) && r.RefusesContent(), "waiting would be enough")
	require.Empty(tb, s.trace.Of(Posted, ""))
	_, err = s.Channel.Send(context.Background(), body, cover(posts))
	require.NoError(tb, err)
	requireInOrder(tb, s.trace, posts)
}

func contentRefused(tb testing.TB, s *stage) {
	tb.Helper()
	posts := numberedPosts(1)
	_, body, err := s.Channel.Render(posts)
	require.NoError(tb, err)
	s.Refuse(tb)
	_, err = s.Channel.Send(context.Background(), body, cover(posts))
	var r refuser
	require.ErrorAs(tb, err, &r)
	require.True(tb, r.RefusesContent())
	require.Empty(tb, s.trace.Of(Posted, ""))
}

func cancelledPost(tb testing.TB, s *stage) {
	tb.Helper()
	posts := numberedPosts(1)
	_, body, err := s.Channel.Render(posts)
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = s.Channel.Send(ctx, body, cover(posts))
	require.ErrorIs(tb, err, context.Canceled)
	require.Empty(tb, s.trace.Of(Posted, ""))
}
