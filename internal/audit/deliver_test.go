package audit_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

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

func TestDeliverAfterACrash(t *testing.T) {
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
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
				h := on.house(t)
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
	})
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
