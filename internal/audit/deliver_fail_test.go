package audit_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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
		h.clock.Advance(next.Sub(h.clock.Now()))
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
			h.clock.Advance(tc.waits)
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
	h.clock.Advance(500 * time.Millisecond)
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
	h.clock.Advance(next.Sub(h.clock.Now()))
	c.answering(func(m message) (bool, error) {
		if m.Stub {
			return false, errors.New("down")
		}
		return false, &platformError{content: true}
	})
	_, next = once(t, d.Once)
	h.clock.Advance(max(next.Sub(h.clock.Now()), 10*time.Second))
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
