package audittest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// ask asks one question about each account.
func (b *bench) ask(key string, accounts ...mute.Account) []audit.CaseView {
	b.t.Helper()
	var qs []audit.Question
	for _, a := range accounts {
		h := head(a)
		h.Key = key
		v, err := b.Account(b.t.Context(), a)
		require.NoError(b.t, err)
		qs = append(qs, audit.Question{Head: h, Version: v.Version})
	}
	views, err := b.Ask(b.t.Context(), qs)
	require.NoError(b.t, err)
	return views
}

func testQuestions(t *testing.T, open Open) {
	t.Run("a question waits, and its case begins under the same number", func(t *testing.T) {
		b := newBench(t, open)
		c := b.ask("k", "alice")[0]
		require.Equal(t, audit.StatusWaiting, c.Status)
		require.Equal(t, &audit.OpenQuestion{Seq: 1, Expires: began.Add(audit.QuestionLife), Print: c.Question.Print}, c.Question)
		in := b.planned(head("alice"))
		in.Case, in.Choice = c.Number, "replace"
		begun, err := b.Begin(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, c.Number, begun.Case)
		b.finish(begun, audit.OutcomeDone)
		c = b.theCase(c.Number)
		require.Equal(t, audit.StatusDone, c.Status)
		require.Equal(t, "replace", c.Choice)
		require.Nil(t, c.Question)
		_, err = b.Begin(t.Context(), in)
		require.NoError(t, err, "its id is known")
		in.ID = audit.NewID()
		in.Expect = b.planned(in.Head).Expect
		_, err = b.Begin(t.Context(), in)
		require.ErrorIs(t, err, audit.ErrNotWaiting)
		b.sound()
	})
	t.Run("the questions of one command share a batch and are asked once", func(t *testing.T) {
		b := newBench(t, open)
		first := b.ask("k", "alice", "bob", "carol")
		again := b.ask("k", "alice", "bob", "carol")
		require.Equal(t, first, again)
		require.Equal(t, []string{"1 question case 1", "2 question case 2", "3 question case 3"}, b.trace())
		for _, c := range first {
			require.EqualValues(t, 1, c.Batch)
		}
		closed, err := b.CloseBatch(t.Context(), 2, head(""), audit.OutcomeDeclined, "keep")
		require.NoError(t, err)
		require.Len(t, closed, 3)
		require.EqualValues(t, 2, closed[0].Number)
		for _, c := range closed {
			require.Equal(t, audit.StatusDeclined, c.Status)
			require.Equal(t, "keep", c.Choice)
			require.Equal(t, began, c.Ended)
		}
		_, err = b.CloseBatch(t.Context(), 2, head(""), audit.OutcomeDeclined, "keep")
		require.ErrorIs(t, err, audit.ErrNotWaiting)
		b.sound()
	})
	t.Run("an answer may lead to a further question of the same case", func(t *testing.T) {
		b := newBench(t, open)
		b.ask("k", "alice")
		b.clock.Advance(audit.QuestionLife - time.Second)
		h := head("alice")
		views, err := b.Ask(t.Context(), []audit.Question{{Head: h, Case: 1, Life: time.Hour}})
		require.NoError(t, err)
		require.EqualValues(t, 1, views[0].Number)
		require.Equal(t, b.clock.Now().Add(time.Hour), views[0].Question.Expires)
		require.EqualValues(t, 2, views[0].Question.Seq)
		b.sound()
	})
	t.Run("a question that is closed, lapsed or not there is not waiting", func(t *testing.T) {
		b := newBench(t, open)
		_, err := b.Close(t.Context(), 7, head(""), audit.OutcomeDeclined, "")
		require.ErrorIs(t, err, audit.ErrNoCase)
		b.ask("k", "alice", "bob")
		c, err := b.Close(t.Context(), 1, head(""), audit.OutcomeVoid, "")
		require.NoError(t, err)
		require.Equal(t, audit.StatusVoid, c.Status)
		_, err = b.Close(t.Context(), 1, head(""), audit.OutcomeDeclined, "")
		require.ErrorIs(t, err, audit.ErrNotWaiting)
		_, next, err := b.Lapse(t.Context())
		require.NoError(t, err)
		require.Equal(t, began.Add(audit.QuestionLife), next)
		b.clock.Advance(audit.QuestionLife)
		in := b.planned(head("bob"))
		in.Case = 2
		_, err = b.Begin(t.Context(), in)
		require.ErrorIs(t, err, audit.ErrNotWaiting, "its time is over")
		lapsed, next, err := b.Lapse(t.Context())
		require.NoError(t, err)
		require.Zero(t, next)
		require.Len(t, lapsed, 1)
		require.Equal(t, audit.StatusLapsed, lapsed[0].Status)
		require.Equal(t, mute.Account("bob"), lapsed[0].Account)
		b.sound()
	})
	t.Run("another account's question cannot be answered", func(t *testing.T) {
		b := newBench(t, open)
		b.ask("k", "alice")
		in := b.planned(head("bob"))
		in.Case = 1
		_, err := b.Begin(t.Context(), in)
		require.ErrorIs(t, err, audit.ErrNotWaiting)
	})
	t.Run("refusals and batches are recorded once", func(t *testing.T) {
		b := newBench(t, open)
		h := head("alice")
		h.Key = "k1"
		c, err := b.Refuse(t.Context(), h)
		require.NoError(t, err)
		require.Equal(t, audit.StatusRefused, c.Status)
		require.Equal(t, audit.OutcomeRefused, c.Outcome)
		h.ID = audit.NewID()
		again, err := b.Refuse(t.Context(), h)
		require.NoError(t, err)
		require.Equal(t, c, again)
		alice, bob := head("alice"), head("bob")
		alice.Key = "k2"
		seq, err := b.Batch(t.Context(), []audit.Head{alice, bob})
		require.NoError(t, err)
		alice.ID = audit.NewID()
		same, err := b.Batch(t.Context(), []audit.Head{alice, bob})
		require.NoError(t, err)
		require.Equal(t, seq, same)
		e, err := b.Entry(t.Context(), seq)
		require.NoError(t, err)
		require.JSONEq(t, `{"accounts":["alice","bob"]}`, e.Personal.Snapshot)
		require.Empty(t, e.Personal.Account)
		known, err := b.Known(t.Context(), "k2")
		require.NoError(t, err)
		require.Equal(t, seq, known.Batch)
		require.Zero(t, known.Number)
		in := b.planned(head("bob"))
		in.Batch = seq
		begun, err := b.Begin(t.Context(), in)
		require.NoError(t, err)
		cases, err := b.BatchCases(t.Context(), seq)
		require.NoError(t, err)
		require.Len(t, cases, 1)
		require.Equal(t, begun.Case, cases[0].Number)
		v, err := b.Account(t.Context(), "alice")
		require.NoError(t, err)
		require.Zero(t, v.Version, "a refusal changes nothing about the account")
		b.sound()
	})
	t.Run("notes are appended and nothing else changes", func(t *testing.T) {
		b := newBench(t, open)
		n := b.act(head("alice"), audit.OutcomeDone)
		before := b.theCase(n)
		b.clock.Advance(time.Minute)
		h := head("alice")
		h.Actor, h.ActorName, h.Key = "console:ada", "Ada", "k9"
		for range 2 { // the second is the same delivery
			c, err := b.Note(t.Context(), n, h, "appealed: see #7")
			require.NoError(t, err)
			require.Equal(t, []audit.Note{{Seq: 3, Time: b.clock.Now(), Actor: "console:ada", ActorName: "Ada", Text: "appealed: see #7"}}, c.Notes)
			c.Notes = nil
			require.Equal(t, before, c)
		}
		_, err := b.Note(t.Context(), 99, head(""), "x")
		require.ErrorIs(t, err, audit.ErrNoCase)
		b.sound()
	})
}
