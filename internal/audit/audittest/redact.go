package audittest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// erasing is an erasure by somebody at the command line.
func erasing(seqs ...int64) audit.Erasure {
	return audit.Erasure{
		Head: audit.Head{Actor: "cli:ada", Role: "officer", Rule: "allow/officer", Verb: "redact", Reason: "request 17"},
		Seqs: seqs,
	}
}

// lifted mutes an account and unmutes it again: entries n to n+3.
func (b *bench) lifted(a mute.Account) {
	b.t.Helper()
	b.act(head(a), audit.OutcomeDone)
	h := head(a)
	h.Verb, h.Term = "unmute", mute.Term{}
	b.act(h, audit.OutcomeDone)
}

func testErasure(t *testing.T, open Open) {
	t.Run("personal values go, an entry says so, and the ledger is sound", func(t *testing.T) { testErase(t, open) })
	t.Run("everything about an account goes", func(t *testing.T) { testEraseAccount(t, open) })
	t.Run("what is still needed stays", func(t *testing.T) { testEraseRefused(t, open) })
	t.Run("messages that were not posted yet are composed anew", func(t *testing.T) { testEraseFrozen(t, open) })
	t.Run("an erasure whose commit answer was lost is found", func(t *testing.T) {
		b, store := newLossyBench(t, open)
		b.lifted("alice")
		store.next(answerLost)
		done, err := b.Erase(t.Context(), erasing(1, 3))
		require.NoError(t, err)
		require.Equal(t, []int64{1, 3}, done.Seqs)
		require.Equal(t, []int64{5, 6}, done.Entries)
		require.EqualValues(t, 6, b.sound().Entries)
	})
}

func testErase(t *testing.T, open Open) {
	b := newBench(t, open)
	b.lifted("alice")
	b.lifted("bob")
	other := b.another(b.Store) // another process, which knows the rows
	_, err := other.Account(t.Context(), "alice")
	require.NoError(t, err)

	plan, err := b.PlanErasure(t.Context(), erasing(1))
	require.NoError(t, err)
	require.Equal(t, []int64{1}, plan.Seqs)
	require.Empty(t, plan.Entries)
	require.EqualValues(t, 8, b.sound().Entries, "a plan writes nothing")

	done, err := b.Erase(t.Context(), erasing(1))
	require.NoError(t, err)
	require.Equal(t, []int64{9}, done.Entries)
	r := b.sound()
	require.EqualValues(t, 1, r.Checked.Erased)
	said, err := b.Entry(t.Context(), 9)
	require.NoError(t, err)
	require.Equal(t, audit.KindRedacted, said.Kind)
	require.EqualValues(t, 1, said.About)
	require.Equal(t, "request 17", said.Personal.Reason)
	require.Equal(t, "cli:ada", said.Personal.Actor)
	gone, err := b.Entry(t.Context(), 1)
	require.NoError(t, err)
	require.Nil(t, gone.Personal)
	c := b.theCase(1)
	require.True(t, c.Erased)
	require.Empty(t, c.Account)

	again, err := b.Erase(t.Context(), erasing(1, 3))
	require.NoError(t, err)
	require.Equal(t, []int64{1}, again.Already)
	require.Equal(t, []int64{3}, again.Seqs)
	require.Equal(t, []int64{10}, again.Entries, "once for each")
	again, err = b.Erase(t.Context(), erasing(1))
	require.NoError(t, err)
	require.Empty(t, again.Entries)

	// The account is a new one now, also for a process that knew it.
	v, err := other.Account(t.Context(), "alice")
	require.NoError(t, err)
	require.Zero(t, v.Version)
	begun, err := other.Begin(t.Context(), audit.Intent{Head: head("alice"), Expect: audit.Expect{Version: 0}})
	require.NoError(t, err)
	_, err = other.Finish(t.Context(), begun.Token, audit.Result{Outcome: audit.OutcomeDone, Attempts: 1})
	require.NoError(t, err)
	cases, err := b.History(t.Context(), "alice", audit.Page{})
	require.NoError(t, err)
	require.Len(t, cases, 1)
	b.sound()

	for name, seq := range map[string]int64{"an outcome has no personal values": 2, "there is no such entry": 99} {
		_, err := b.Erase(t.Context(), erasing(seq))
		require.Error(t, err, name)
	}
}

func testEraseAccount(t *testing.T, open Open) {
	b := newBench(t, open)
	b.lifted("alice")
	h := head("")
	_, err := b.Note(t.Context(), 1, h, "on appeal")
	require.NoError(t, err)
	h = head("bob")
	h.Reason = "helped Alice"
	b.act(h, audit.OutcomeFailed)
	_, err = b.Batch(t.Context(), []audit.Head{head("alice"), head("bob")})
	require.NoError(t, err)
	batch, _, err := b.Head(t.Context())
	require.NoError(t, err)
	for _, a := range []mute.Account{"alice", "bob"} {
		in := b.planned(head(a))
		in.Batch = batch
		begun, err := b.Begin(t.Context(), in)
		require.NoError(t, err)
		b.finish(begun, audit.OutcomeFailed)
	}
	b.link("slack:T1/U1", "alice")
	b.unlink("slack:T1/U1")

	e := erasing()
	e.Account = "alice"
	plan, err := b.PlanErasure(t.Context(), e)
	require.NoError(t, err)
	done, err := b.Erase(t.Context(), e)
	require.NoError(t, err)
	require.Equal(t, plan.Seqs, done.Seqs)
	require.Contains(t, done.Seqs, batch, "the list of the accounts of a command that it was one of")
	require.Equal(t, []int64{6}, done.Mentions, "whoever reads it decides")
	b.sound()
	for _, seq := range done.Seqs {
		entry, err := b.Entry(t.Context(), seq)
		require.NoError(t, err)
		require.Nil(t, entry.Personal, "entry %d", seq)
	}
	var left int
	require.NoError(t, b.DB.QueryRowContext(t.Context(), "SELECT count(*) FROM personal WHERE account = 'alice'").Scan(&left))
	require.Zero(t, left)
	_, err = b.Erase(t.Context(), e)
	require.ErrorIs(t, err, audit.ErrNobody)
}

func testEraseRefused(t *testing.T, open Open) {
	for name, c := range map[string]struct {
		state func(b *bench)
		seq   int64
		why   string
	}{
		"while the account is muted":   {func(b *bench) { b.act(head("alice"), audit.OutcomeDone) }, 1, "muted by case 1"},
		"while it is acted on":         {func(b *bench) { b.begin(head("alice")) }, 1, "being acted on"},
		"while the outcome is unknown": {func(b *bench) { b.finish(b.begin(head("alice")), audit.OutcomeUnknown) }, 1, "being acted on"},
		"while a question is open":     {func(b *bench) { b.ask("q", "alice") }, 1, "is open (waiting)"},
		"while it is a link in force":  {func(b *bench) { b.link("slack:T1/U1", "alice") }, 1, "unlink the member"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, open)
			c.state(b)
			before := b.sound()
			_, err := b.Erase(t.Context(), erasing(c.seq))
			refused, ok := errors.AsType[*audit.ErasureError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, c.seq, refused.Seq)
			require.Contains(t, refused.Why, c.why)
			require.NotContains(t, err.Error(), "alice")
			require.Equal(t, before.Root, b.sound().Root, "nothing was written")
		})
	}
}

// testEraseFrozen: the bytes of a message hold what is erased. They are
// forgotten, and what is posted instead is the same message.
func testEraseFrozen(t *testing.T, open Open) {
	b := newBench(t, open)
	b.lifted("alice")
	c := &words{answer: errors.New("no answer")}
	d := audit.NewDeliverer(quiet(), b.Log, c)
	_, next, err := d.Once(t.Context())
	require.NoError(t, err)
	require.Len(t, c.bodies, 1)
	require.Contains(t, c.bodies[0], "alice")
	_, err = b.Erase(t.Context(), erasing(1, 3))
	require.NoError(t, err)
	sinks, err := b.Sinks(t.Context())
	require.NoError(t, err)
	require.Empty(t, sinks[0].Attempt.Body)
	require.False(t, sinks[0].Attempt.Started.IsZero(), "it may have arrived all the same")
	c.answer = nil
	b.clock.Advance(next.Sub(b.clock.Now()))
	_, _, err = d.Once(t.Context())
	require.NoError(t, err)
	require.Equal(t, c.sent[0].Nonce, c.sent[1].Nonce, "the same message")
	require.True(t, c.sent[1].Repeat)
	for _, body := range c.bodies[1:] {
		require.NotContains(t, body, "alice")
	}
	b.sound()
}

// words is an audit channel whose messages are the whole story of one entry.
type words struct {
	answer error
	bodies []string // that were sent
	sent   []chat.Delivery
}

func (w *words) Name() string { return "words" }

func (w *words) Compose(posts []audit.Posted) (int, []byte, error) {
	body, err := json.Marshal(posts[0])
	return 1, body, err
}

func (w *words) Send(_ context.Context, body []byte, d chat.Delivery) (chat.MessageRef, error) {
	w.bodies, w.sent = append(w.bodies, string(body)), append(w.sent, d)
	return chat.MessageRef{ID: fmt.Sprint(len(w.bodies))}, w.answer
}
