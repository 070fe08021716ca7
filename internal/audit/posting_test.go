package audit_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"modbot/internal/audit"
)

// links is what each message that arrived says of itself and the one before.
func (c *channel) links() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []string{}
	for _, p := range c.seen {
		out = append(out, fmt.Sprintf("%d: %s after %q", p.Message, p.Checkpoint, p.Before))
	}
	c.seen = nil
	return out
}

func (h *house) short() string {
	h.t.Helper()
	size, root, err := h.ledger.Head(h.t.Context())
	require.NoError(h.t, err)
	return audit.ShortCheckpoint(size, root)
}

// Each message is numbered, and repeats the checkpoint that the one before it
// ended with; another process goes on where the first left off.
func TestDeliverChainsItsMessages(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	c.most = 2
	h.refused(2)
	first := h.short()
	once(t, h.deliverer(c).Once)
	h.refused(3)
	second := h.short()
	_, other := h.process("two")
	h.clock.Advance(10 * time.Second)
	once(t, audit.NewDeliverer(zaptest.NewLogger(t), other, c).Once)
	require.Equal(t, []string{
		fmt.Sprintf("1: %s after %q", first, ""), fmt.Sprintf("1: %s after %q", first, ""),
		fmt.Sprintf("2: %s after %q", second, first), fmt.Sprintf("2: %s after %q", second, first),
		fmt.Sprintf("3: %s after %q", second, second),
	}, c.links())
	require.Equal(t, int64(3), h.sink("console").Messages)
}

// What is said again after a crash, or as a stub, is the same message: the one
// after it repeats what the frozen bytes say, whatever the ledger was by then.
func TestDeliverChainsWhatWasFrozen(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	h.refused(1)
	first := h.short()
	c.answering(func(message) (bool, error) { return true, errors.New("the answer was lost") })
	_, next := once(t, h.deliverer(c).Once)
	h.refused(1)
	h.clock.Advance(max(next.Sub(h.clock.Now()), 10*time.Second))
	c.answering(nil)
	once(t, h.deliverer(c).Once)
	require.Equal(t, []string{"[1]", "[1] repeat", "[2]"}, c.got())
	require.Equal(t, []string{fmt.Sprintf("1: %s after %q", first, ""), fmt.Sprintf("2: %s after %q", h.short(), first)}, c.links())

	// Refused now, where it may have arrived: the stub takes its place.
	h.refused(1)
	c.answering(func(message) (bool, error) { return false, errors.New("no answer") })
	_, next = once(t, h.deliverer(c).Once)
	h.clock.Advance(max(next.Sub(h.clock.Now()), 10*time.Second))
	h.refused(1)
	c.answering(func(m message) (bool, error) {
		if m.Stub {
			return true, nil
		}
		return false, &platformError{content: true}
	})
	once(t, h.deliverer(c).Once)
	c.got()
	c.links()
	s := h.sink("console")
	require.Equal(t, int64(4), s.Messages, "3 as a stub that may be a repeat, and 4 as a stub")
	require.Equal(t, h.short(), s.Said, "what the stub says, which is what arrived")
}

// full is what was said of the full checkpoints that arrived.
func (c *channel) full() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []string{}
	for _, p := range c.seen {
		if p.Full != "" {
			out = append(out, p.Full)
		}
	}
	return out
}

// A full checkpoint is posted on demand, after the entries that it is over and
// before later ones, whoever asked and whoever delivers.
func TestPostCheckpointOnDemand(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	_, _, err := h.ledger.PostCheckpoint(t.Context())
	require.ErrorIs(t, err, audit.ErrEmpty)
	d := h.deliverer(c)
	once(t, d.Once)
	c.most = 10
	h.refused(3)
	_, other := h.process("two")
	signed, sinks, err := other.PostCheckpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"console"}, sinks)
	h.refused(2)
	before := h.short()
	h.begin("bob", 1, seconds(t, 60)) // an intent, which is not posted
	require.NoError(t, d.Flush(t.Context()))
	require.Equal(t, []string{"[1 2 3]", "[3]", "[4 5]"}, c.got())
	require.Equal(t, []string{signed}, c.full())
	require.Equal(t, "c", c.nonces()[1][:1])
	r, err := audit.Verify(t.Context(), h.store, audit.VerifyOptions{Checkpoint: signed})
	require.NoError(t, err)
	require.True(t, r.OK, r.Problem)
	size, _, err := h.ledger.Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(6), size, "delivery never appends")
	require.NotEqual(t, before, h.short())
	postings, err := h.ledger.Postings(t.Context(), 3, 3)
	require.NoError(t, err)
	require.Len(t, postings, 1, "a checkpoint is not where an entry was posted")

	once(t, d.Once)
	require.Empty(t, c.got(), "once")
}

// nonces are those of everything that was ever sent.
func (c *channel) nonces() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent
}

// With a schedule, a full checkpoint is posted when it is time and the ledger
// has grown since the last one.
func TestPostCheckpointOnSchedule(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	ledger, err := audit.Open(zaptest.NewLogger(t), h.store, audit.Options{
		Signer: h.key, Now: h.clock.Now, PostCheckpoints: 24 * time.Hour,
	})
	require.NoError(t, err)
	d := audit.NewDeliverer(zaptest.NewLogger(t), ledger, c)
	h.refused(1)
	pass := func(after time.Duration) []string {
		h.clock.Advance(after)
		once(t, d.Once)
		return c.got()
	}
	require.Equal(t, []string{"[1]"}, pass(0), "the first is a day after the channel was")
	require.Empty(t, pass(24*time.Hour-time.Second))
	require.Equal(t, []string{"[1]"}, pass(time.Second))
	require.Len(t, c.full(), 1)
	require.Empty(t, pass(48*time.Hour), "nothing was added")
	h.refused(1)
	require.Equal(t, []string{"[2]", "[2]"}, pass(0), "the entry first, and its checkpoint at once: it is overdue")
	h.refused(1)
	require.Equal(t, []string{"[3]"}, pass(time.Hour))
	require.Len(t, c.full(), 2)
}

// A channel that takes no checkpoint keeps taking entries.
func TestPostCheckpointRefused(t *testing.T) {
	h := newHouse(t)
	c := newChannel()
	d := h.deliverer(c)
	h.refused(1)
	once(t, d.Once)
	c.got()
	_, _, err := h.ledger.PostCheckpoint(t.Context())
	require.NoError(t, err)
	h.refused(1)
	c.answering(func(m message) (bool, error) {
		if m.Entries[0] == 1 {
			return false, &platformError{content: true}
		}
		return true, nil
	})
	once(t, d.Once)
	require.Equal(t, []string{"[2]"}, c.got())
	require.Zero(t, h.sink("console").Due)

	// Where the bytes may have arrived, they are sent again and marked.
	_, _, err = h.ledger.PostCheckpoint(t.Context())
	require.NoError(t, err)
	c.answering(func(message) (bool, error) { return true, errors.New("the answer was lost") })
	_, next := once(t, d.Once)
	h.clock.Advance(next.Sub(h.clock.Now()))
	h.refused(1)
	c.answering(nil)
	once(t, d.Once)
	require.Equal(t, []string{"[2]", "[2] repeat", "[3]"}, c.got())
}
