package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// message is a body that a test's channel composes.
type message struct {
	Entries    []int64
	Stub       bool
	Checkpoint string
}

// arrived is one message in a channel.
type arrived struct {
	message
	delivery chat.Delivery
}

func (a arrived) String() string {
	s := fmt.Sprint(a.Entries)
	if a.Stub {
		s += " stub"
	}
	if a.delivery.Repeat {
		s += " repeat"
	}
	return s
}

// channel plays an audit channel that takes so many entries in a message.
// answer, when set, decides what becomes of a message: whether it arrives, and
// what is answered.
type channel struct {
	name string
	most int

	mu       sync.Mutex
	answer   func(m message) (arrives bool, err error)
	messages []arrived
	seen     []audit.Posted
	mute     error // composing fails
}

func newChannel() *channel { return &channel{name: "console", most: 1} }

func (c *channel) Name() string { return c.name }

func (c *channel) Compose(posts []audit.Posted) (int, []byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mute != nil && !posts[0].Stub {
		return 0, nil, c.mute
	}
	posts = posts[:min(len(posts), c.most)]
	m := message{Stub: posts[0].Stub, Checkpoint: posts[0].Checkpoint}
	for _, p := range posts {
		m.Entries = append(m.Entries, p.Entry.Seq)
	}
	c.seen = append(c.seen, posts...)
	body, err := json.Marshal(m)
	return len(posts), body, err
}

func (c *channel) Send(_ context.Context, body []byte, d chat.Delivery) (chat.MessageRef, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return chat.MessageRef{}, err
	}
	arrives, err := true, error(nil)
	if c.answer != nil {
		arrives, err = c.answer(m)
	}
	if arrives {
		c.messages = append(c.messages, arrived{m, d})
	}
	return chat.MessageRef{Channel: "C1", ID: fmt.Sprint(len(c.messages)), Link: "https://chat.example/1"}, err
}

func (c *channel) answering(answer func(message) (bool, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

// got lists what arrived since it was last asked.
func (c *channel) got() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []string{}
	for _, m := range c.messages {
		out = append(out, m.String())
	}
	c.messages = nil
	return out
}

func (h *house) deliverer(c *channel) *audit.Deliverer {
	return audit.NewDeliverer(zaptest.NewLogger(h.t), h.ledger, c)
}

// refused appends so many entries that are posted.
func (h *house) refused(n int) {
	h.t.Helper()
	for range n {
		_, err := h.ledger.Refuse(h.t.Context(), audit.Head{
			ID: audit.NewID(), Actor: "console:max", Account: "alice", Verb: "mute", Scope: mute.ScopeAll, Rule: "deny/no-role",
		})
		require.NoError(h.t, err)
	}
}

func (h *house) sink(name string) audit.Sink {
	h.t.Helper()
	sinks, err := h.ledger.Sinks(h.t.Context())
	require.NoError(h.t, err)
	for _, s := range sinks {
		if s.Name == name {
			return s
		}
	}
	h.t.Fatalf("there is no sink %q", name)
	return audit.Sink{}
}

// Outcomes are posted, in order and each once; intents and batches are not.
func TestDeliverInOrder(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	d := h.deliverer(c)
	h.muted("alice", mute.ScopeGroup, seconds(t, 3600))
	_, err := h.ledger.Batch(t.Context(), []audit.Head{{Account: "bob", Verb: "mute", Scope: mute.ScopeAll}, {Account: "carol"}})
	require.NoError(t, err)
	h.muted("bob", mute.ScopeAll, seconds(t, 60))
	h.refused(1)
	n, next := once(t, d.Once)
	require.Equal(t, 3, n)
	require.Zero(t, next)
	require.Equal(t, []string{"[2]", "[5]", "[6]"}, c.got())
	n, _ = once(t, d.Once)
	require.Zero(t, n)
	require.Empty(t, c.got())

	s := h.sink("console")
	require.Equal(t, int64(6), s.Cursor)
	require.Nil(t, s.Attempt)
	require.Empty(t, s.LastError)
	postings, err := h.ledger.Postings(t.Context(), 5, 5)
	require.NoError(t, err)
	require.Len(t, postings, 1)
	require.Equal(t, chat.MessageRef{Channel: "C1", ID: "2", Link: "https://chat.example/1"}, postings[0].Ref)
}

// A post has the entry, its case, what came before on the account, and a
// checkpoint that covers the entry.
func TestDeliverTellsTheWholeStory(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	first := h.muted("alice", mute.ScopeGroup, seconds(t, 3600))
	second := h.muted("alice", mute.ScopeC2C, seconds(t, 3600))
	h.refused(1)
	_, err := h.ledger.Note(t.Context(), first.Case, audit.Head{ID: audit.NewID(), Actor: "console:ada"}, "on appeal")
	require.NoError(t, err)
	once(t, h.deliverer(c).Once)
	type told struct {
		entry, caseNumber int64
		account           mute.Account
		prior             int
	}
	var got []told
	for _, p := range c.seen {
		require.NotNil(t, p.Case)
		got = append(got, told{p.Entry.Seq, p.Case.Number, p.Case.Account, p.Prior})
		require.True(t, strings.HasPrefix(p.Checkpoint, "6 "), "as of the moment at which it was composed: %s", p.Checkpoint)
		report, err := audit.Verify(t.Context(), h.store, audit.VerifyOptions{Checkpoint: p.Checkpoint})
		require.NoError(t, err)
		require.True(t, report.OK, report.Problem)
	}
	require.Equal(t, []told{
		{2, first.Case, "alice", 0}, {4, second.Case, "alice", 1}, {5, 3, "alice", 2}, {6, first.Case, "alice", 0},
	}, got)
}

// Entries that came together become as few messages as fit.
func TestDeliverCoalesces(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	c.most = 4
	h.refused(10)
	n, _ := once(t, h.deliverer(c).Once)
	require.Equal(t, 3, n)
	require.Equal(t, []string{"[1 2 3 4]", "[5 6 7 8]", "[9 10]"}, c.got())
}

// The cursor moves over long stretches of what is not posted.
func TestDeliverSkips(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	for range 70 {
		_, err := h.ledger.Batch(t.Context(), []audit.Head{{Account: "alice"}})
		require.NoError(t, err)
	}
	n, _ := once(t, h.deliverer(c).Once)
	require.Zero(t, n)
	require.Equal(t, int64(70), h.sink("console").Cursor)
}

type platformError struct {
	wait    time.Duration
	content bool
}

func (e *platformError) Error() string             { return "the platform says no" }
func (e *platformError) RetryAfter() time.Duration { return e.wait }
func (e *platformError) RefusesContent() bool      { return e.content }

// A sink that fails keeps its place, is tried again for ever, says why, and
// catches up completely and in order.
func TestDeliverWhileTheChannelFails(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	d := h.deliverer(c)
	h.refused(2)
	c.answering(func(message) (bool, error) { return false, errors.New("500 from the platform") })
	var waits []time.Duration
	for range 10 {
		n, next := once(t, d.Once)
		require.Zero(t, n)
		waits = append(waits, next.Sub(h.clock.Now()))
		n, again := once(t, d.Once)
		require.Zero(t, n)
		require.Equal(t, next, again, "it was tried before its time")
		h.clock.advance(next.Sub(h.clock.Now()))
	}
	require.Equal(t, []time.Duration{
		500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second,
		32 * time.Second, time.Minute, time.Minute, time.Minute,
	}, waits)
	health, err := h.ledger.Health(t.Context())
	require.NoError(t, err)
	require.Len(t, health.Sinks, 1)
	require.Equal(t, "500 from the platform", health.Sinks[0].LastError)
	require.Equal(t, int64(2), health.Sinks[0].Behind)
	require.False(t, health.Sinks[0].Oldest.IsZero())

	h.refused(1)
	c.answering(nil)
	n, next := once(t, d.Once)
	require.Equal(t, 3, n)
	require.Zero(t, next)
	require.Equal(t, []string{"[1] repeat", "[2]", "[3]"}, c.got(), "the first may have arrived")
	require.Empty(t, h.sink("console").LastError)
}

// A platform that asks to wait is waited for, but not for ever, and did not
// take the message.
func TestDeliverHonoursRetryAfter(t *testing.T) {
	for name, tc := range map[string]struct{ asks, waits time.Duration }{
		"a while":    {7 * time.Second, 7 * time.Second},
		"for a week": {7 * 24 * time.Hour, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c := newChannel()
			d := h.deliverer(c)
			h.refused(1)
			c.answering(func(message) (bool, error) {
				return false, fmt.Errorf("posting: %w", &platformError{wait: tc.asks})
			})
			_, next := once(t, d.Once)
			require.Equal(t, tc.waits, next.Sub(h.clock.Now()))
			h.clock.advance(tc.waits)
			c.answering(nil)
			once(t, d.Once)
			require.Equal(t, []string{"[1]"}, c.got(), "no repeat: it never arrived")
		})
	}
}

// A message that the platform refuses for its content is told one entry at a
// time; only those refused alone become stubs that name them.
func TestDeliverRefusedContent(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	c.most = 3
	d := h.deliverer(c)
	h.refused(5)
	c.answering(func(m message) (bool, error) {
		for _, seq := range m.Entries {
			if seq == 2 && !m.Stub {
				return false, &platformError{content: true}
			}
		}
		return true, nil
	})
	n, next := once(t, d.Once)
	require.Equal(t, 4, n)
	require.Zero(t, next)
	require.Equal(t, []string{"[1]", "[2] stub", "[3]", "[4 5]"}, c.got())
}

// A stub that is refused too waits like every other failure.
func TestDeliverRefusedStub(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	d := h.deliverer(c)
	h.refused(1)
	c.answering(func(message) (bool, error) { return false, &platformError{content: true} })
	n, next := once(t, d.Once)
	require.Zero(t, n)
	require.Equal(t, 500*time.Millisecond, next.Sub(h.clock.Now()))
	require.NotEmpty(t, h.sink("console").LastError)
	h.clock.advance(500 * time.Millisecond)
	c.answering(nil)
	once(t, d.Once)
	require.Equal(t, []string{"[1] stub"}, c.got())
}

// A message that may have arrived, and is refused for its content when it is
// posted again, is a stub marked as a repeat, also when the process dies.
func TestDeliverRefusedRepeat(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	c.most = 3
	d := h.deliverer(c)
	h.refused(3)
	c.answering(func(message) (bool, error) { return true, errors.New("the answer was lost") })
	_, next := once(t, d.Once)
	h.clock.advance(next.Sub(h.clock.Now()))
	c.answering(func(m message) (bool, error) {
		if m.Stub {
			return false, errors.New("down")
		}
		return false, &platformError{content: true}
	})
	_, next = once(t, d.Once)
	h.clock.advance(max(next.Sub(h.clock.Now()), 10*time.Second))
	c.answering(nil)
	once(t, h.deliverer(c).Once) // another process
	require.Equal(t, []string{"[1 2 3]", "[1 2 3] stub repeat"}, c.got())
}

// Entries that cannot be put into words are named at least.
func TestDeliverWhatCannotBeComposed(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	c.most, c.mute = 2, errors.New("no words")
	h.refused(2)
	n, _ := once(t, h.deliverer(c).Once)
	require.Equal(t, 2, n)
	require.Equal(t, []string{"[1] stub", "[2] stub"}, c.got())
}

// What a process left behind is told by the next one with the same bytes and
// the same nonce, and marked where it may have arrived.
func TestDeliverAfterACrash(t *testing.T) {
	for name, tc := range map[string]struct {
		leave  func(t *testing.T, h *house, nonce string) // what the dead process still did
		repeat bool
	}{
		"frozen":             {func(*testing.T, *house, string) {}, false},
		"about to be posted": {func(t *testing.T, h *house, nonce string) { t.Helper(); sending(t, h, nonce) }, true},
		"posted, not noted":  {func(t *testing.T, h *house, nonce string) { t.Helper(); sending(t, h, nonce) }, true},
		"refused by a limit": {func(t *testing.T, h *house, nonce string) {
			t.Helper()
			sending(t, h, nonce)
			failed(t, h, nonce, true)
		}, false},
		"failed, may be sent": {func(t *testing.T, h *house, nonce string) {
			t.Helper()
			sending(t, h, nonce)
			failed(t, h, nonce, false)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c := newChannel()
			h.refused(1)
			_, err := h.ledger.Register(t.Context(), "console", 0)
			require.NoError(t, err)
			body := []byte(`{"Entries":[1],"Checkpoint":"as frozen"}`)
			_, err = h.ledger.Freeze(t.Context(), "console", audit.Attempt{First: 1, Last: 1, Nonce: "m-frozen", Body: body})
			require.NoError(t, err)
			tc.leave(t, h, "m-frozen")
			h.refused(1)

			n, _ := once(t, h.deliverer(c).Once)
			require.Equal(t, 2, n)
			first := c.messages[0].delivery.First
			require.Equal(t, tc.repeat, !first.IsZero(), "when an earlier attempt began is known")
			require.Equal(t, chat.Delivery{FirstSeq: 1, LastSeq: 1, Nonce: "m-frozen", Repeat: tc.repeat, First: first}, c.messages[0].delivery)
			require.Equal(t, "as frozen", c.messages[0].Checkpoint, "the same bytes")
			require.Equal(t, []int64{2}, c.messages[1].Entries)
			require.False(t, c.messages[1].delivery.Repeat)
			require.NotEqual(t, "m-frozen", c.messages[1].delivery.Nonce)
			require.LessOrEqual(t, len(c.messages[1].delivery.Nonce), 25, "what Discord takes")
		})
	}
}

func sending(t *testing.T, h *house, nonce string) {
	t.Helper()
	_, err := h.ledger.Sending(t.Context(), "console", nonce)
	require.NoError(t, err)
}

func failed(t *testing.T, h *house, nonce string, unsent bool) {
	t.Helper()
	_, err := h.ledger.Failed(t.Context(), "console", nonce, "no", unsent)
	require.NoError(t, err)
}

// One process at a time tells a sink. When it has gone, the next one goes on
// after its lease; when it ends well, at once.
func TestDeliverByOneAtATime(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	_, other := h.process("two")
	first, second := h.deliverer(c), audit.NewDeliverer(zaptest.NewLogger(t), other, c)
	h.refused(1)
	once(t, first.Once)
	h.refused(1)
	n, next := once(t, second.Once)
	require.Zero(t, n)
	require.Equal(t, h.clock.Now().Add(10*time.Second), next)
	h.clock.advance(10 * time.Second)
	n, _ = once(t, second.Once)
	require.Equal(t, 1, n)
	h.refused(1)
	n, _ = once(t, first.Once)
	require.Zero(t, n, "the other leads now")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, second.Run(ctx), "it ends, and gives the sink back")
	n, _ = once(t, first.Once)
	require.Equal(t, 1, n)
	require.Equal(t, []string{"[1]", "[2]", "[3]"}, c.got())
}

// Two processes at once: nothing is lost, nothing comes twice, in order.
func TestDeliverByManyAtOnce(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	_, other := h.process("two")
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	errs := make([]error, 3)
	deliverers := []*audit.Deliverer{h.deliverer(c), h.deliverer(c), audit.NewDeliverer(zaptest.NewLogger(t), other, c)}
	for i, d := range deliverers {
		wg.Go(func() { errs[i] = d.Run(ctx) })
	}
	const entries = 40
	h.refused(entries)
	wait, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	for _, d := range deliverers {
		require.NoError(t, d.Flush(wait))
	}
	cancel()
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	want := []string{}
	for i := range entries {
		want = append(want, fmt.Sprintf("[%d]", i+1))
	}
	require.Equal(t, want, c.got())
}

// Flush waits for everything that there is, and no longer than it may.
func TestDeliverFlush(t *testing.T) {
	h := newHouse(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	c := newChannel()
	d := h.deliverer(c)
	require.NoError(t, d.Flush(t.Context()), "there is nothing")
	h.refused(2)
	h.begin("bob", mute.ScopeAll, mute.Term{})
	require.NoError(t, d.Flush(t.Context()), "an intent is not waited for")
	require.Equal(t, []string{"[1]", "[2]"}, c.got())

	h.refused(1)
	c.answering(func(message) (bool, error) { return false, errors.New("down") })
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("the line took too long"))
	defer cancel()
	require.ErrorContains(t, d.Flush(ctx), "the line took too long")
}

// The loop tells what is appended, and ends with its context.
func TestDeliverRuns(t *testing.T) {
	h := newHouse(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	c := newChannel()
	arrived := make(chan struct{}, 10)
	c.answering(func(message) (bool, error) {
		arrived <- struct{}{}
		return true, nil
	})
	d := h.deliverer(c)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	h.refused(1)
	<-arrived
	h.refused(1)
	<-arrived
	cancel()
	require.NoError(t, <-done)
	require.Equal(t, []string{"[1]", "[2]"}, c.got())
}
