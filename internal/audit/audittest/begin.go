package audittest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// zapFatal silences what the suite provokes.
const zapFatal = zapcore.FatalLevel

func testBegin(t *testing.T, open Open) {
	t.Run("an intent is durable, numbered, and has its deadline", func(t *testing.T) {
		b := newBench(t, open)
		h := head("alice")
		begun := b.begin(h)
		require.EqualValues(t, 1, begun.Case)
		require.EqualValues(t, 1, begun.Seq)
		require.Equal(t, began.Add(2*time.Hour), begun.Deadline)
		require.Equal(t, began, begun.Began)
		require.Equal(t, began.Add(audit.LeaseTime), begun.FreshUntil)
		c := b.theCase(1)
		require.Equal(t, audit.StatusInFlight, c.Status)
		require.Equal(t, mute.Account("alice"), c.Account)
		require.Equal(t, "spamming links", c.Reason)
		require.False(t, c.Erased)
		require.Equal(t, begun.Deadline, c.Deadline)
		require.Equal(t, &mute.State{}, c.Before)
	})
	t.Run("every field of an entry is read back as it was written", func(t *testing.T) {
		b := newBench(t, open)
		in := b.planned(head("alice"))
		in.Key, in.Choice, in.Batch = "console\x1fk\"1\\", "", 0
		in.Reason, in.ActorName = "a\x00b\xff \u202e\n", "M\"ia"
		in.Before = mute.State{Group: mute.ReadingOf(7), C2C: mute.ReadingOf(4294967295)}
		_, err := b.Begin(t.Context(), in)
		require.NoError(t, err)
		e, err := b.Entry(t.Context(), 1)
		require.NoError(t, err)
		stored, err := b.Stored(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, audit.Entry{
			Seq: 1, ID: in.ID, Time: began, Kind: audit.KindIntent, Case: 1, Acct: 1, Key: in.Key, Origin: in.Origin,
			Verb: "mute", Scope: mute.ScopeGroup, Term: in.Term, Deadline: began.Add(2 * time.Hour),
			Role: in.Role, Rule: in.Rule, Before: &in.Before, Replica: "one", Hash: stored.Leaf,
			Personal: &audit.Personal{
				Actor: "console:mia", ActorName: "M\"ia", Account: "alice", Reason: "a�b� \u202e\n", Snapshot: in.Snapshot,
			},
		}, e)
	})
	t.Run("a key or id that is known begins nothing", func(t *testing.T) {
		b := newBench(t, open)
		in := b.planned(head("alice"))
		in.Key = "trigger-1"
		first, err := b.Begin(t.Context(), in)
		require.NoError(t, err)
		again, err := b.Begin(t.Context(), in) // the same delivery, the same id
		require.NoError(t, err)
		require.NotNil(t, again.Known)
		require.Equal(t, first.Case, again.Known.Number)
		in.ID = audit.NewID() // the same delivery, handled anew
		again, err = b.Begin(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, first.Case, again.Known.Number)
		require.Equal(t, audit.StatusInFlight, again.Known.Status)
		require.Zero(t, again.Token)
		require.Equal(t, []string{"1 intent case 1"}, b.trace())
		known, err := b.Known(t.Context(), "trigger-1")
		require.NoError(t, err)
		require.EqualValues(t, 1, known.Number)
		known, err = b.Known(t.Context(), "trigger-2")
		require.NoError(t, err)
		require.Nil(t, known)
	})
	t.Run("an account that changed since the plan is not touched", func(t *testing.T) {
		b := newBench(t, open)
		stale := b.planned(head("alice"))
		b.act(head("alice"), audit.OutcomeDone)
		_, err := b.Begin(t.Context(), stale)
		require.ErrorIs(t, err, audit.ErrChanged)
		require.Len(t, b.trace(), 2)
	})
	t.Run("the actor's count is compared where the plan saw one", func(t *testing.T) {
		b := newBench(t, open)
		since := began.Add(-time.Hour)
		b.act(head("alice"), audit.OutcomeDone)
		n, err := b.Actions(t.Context(), "console:mia", since)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		in := b.planned(head("bob"))
		in.Expect.CountSince = since
		_, err = b.Begin(t.Context(), in)
		require.ErrorIs(t, err, audit.ErrChanged)
		in.Expect.Count = 1
		_, err = b.Begin(t.Context(), in)
		require.NoError(t, err)
		b.clock.Advance(2 * time.Hour)
		n, err = b.Actions(t.Context(), "console:mia", b.clock.Now().Add(-time.Hour))
		require.NoError(t, err)
		require.Zero(t, n)
	})
	t.Run("of many callers on one account one begins at a time", func(t *testing.T) {
		b := newBench(t, open)
		in := b.planned(head("alice"))
		var wg sync.WaitGroup
		results := make([]error, 50)
		for i := range results {
			wg.Go(func() {
				mine := in
				mine.ID = audit.NewID()
				_, results[i] = b.Begin(context.Background(), mine)
			})
		}
		wg.Wait()
		ok := 0
		for _, err := range results {
			var busy *audit.BusyError
			switch {
			case err == nil:
				ok++
			case errors.As(err, &busy):
				require.EqualValues(t, 1, busy.Case)
				require.Equal(t, "console:mia", busy.Actor)
			default:
				require.NoError(t, err)
			}
		}
		require.Equal(t, 1, ok)
		b.sound()
	})
	t.Run("callers that fail leave the others of their group alone", func(t *testing.T) {
		b := newBench(t, open)
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				h := head(mute.Account("user" + strconv.Itoa(i/8)))
				h.Key = "key" + strconv.Itoa(i)
				for {
					v, err := b.Account(context.Background(), h.Account)
					if err != nil {
						t.Error(err)
						return
					}
					begun, err := b.Begin(context.Background(), audit.Intent{Head: h, Expect: audit.Expect{Version: v.Version}})
					if err != nil {
						continue // busy or changed: plan again
					}
					if _, err := b.Finish(context.Background(), begun.Token, audit.Result{Outcome: audit.OutcomeDone}); err != nil {
						t.Error(err)
					}
					return
				}
			})
		}
		wg.Wait()
		r := b.sound()
		require.EqualValues(t, 128, r.Entries)
	})
	t.Run("whoever writes beside sees what the others wrote", func(t *testing.T) {
		b := newBench(t, open)
		other := *b
		other.Log = b.another(b.Store) // another ledger of the same store
		for range 3 {
			b.act(head("alice"), audit.OutcomeDone)
			other.act(head("alice"), audit.OutcomeFailed)
		}
		begun := b.begin(head("alice"))
		_, err := other.Renew(t.Context(), begun.Token)
		require.NoError(t, err)
		other.finish(begun, audit.OutcomeUnknown)
		_, err = b.Renew(t.Context(), begun.Token)
		require.ErrorIs(t, err, audit.ErrLeaseLost)
		require.Equal(t, []string{"group by case 5, 2h0m0s"}, b.active("alice"))
		bob := b.begin(head("bob"))
		b.beside("DELETE FROM lease")
		_, err = b.Renew(t.Context(), bob.Token)
		require.ErrorIs(t, err, audit.ErrLeaseLost)
		b.sound()
	})
	t.Run("a caller that has gone begins nothing", func(t *testing.T) {
		b := newBench(t, open)
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("the actor left"))
		_, err := b.Begin(ctx, audit.Intent{Head: head("alice")})
		require.ErrorContains(t, err, "the actor left")
		require.Empty(t, b.trace())
	})
	t.Run("the time of entries never goes back", func(t *testing.T) {
		b := newBench(t, open)
		b.act(head("alice"), audit.OutcomeDone)
		b.clock.Advance(-time.Hour)
		begun := b.begin(head("bob"))
		require.Equal(t, began.Add(time.Hour), begun.Deadline, "the deadline follows the clock")
		e, err := b.Entry(t.Context(), begun.Seq)
		require.NoError(t, err)
		require.Equal(t, began, e.Time)
		b.sound()
	})
}

func testLeases(t *testing.T, open Open) {
	t.Run("who holds the account is told to the second caller", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		_, err := b.Begin(t.Context(), b.planned(head("alice")))
		var busy *audit.BusyError
		require.ErrorAs(t, err, &busy)
		require.Equal(t, &audit.BusyError{
			Account: "alice", Case: begun.Case, Actor: "console:mia", ActorName: "Mia", Until: began.Add(audit.LeaseTime + audit.SettleGrace),
		}, busy)
		v, err := b.Account(t.Context(), "alice")
		require.NoError(t, err)
		require.NotNil(t, v.InFlight)
		require.Equal(t, begun.Case, v.InFlight.Number)
	})
	t.Run("a lease is prolonged by its holder, also after its end", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		b.clock.Advance(audit.LeaseTime + time.Second)
		fresh, err := b.Renew(t.Context(), begun.Token)
		require.NoError(t, err)
		require.Equal(t, b.clock.Now().Add(audit.LeaseTime), fresh)
		due, _, err := b.Unsettled(t.Context())
		require.NoError(t, err)
		require.Empty(t, due)
	})
	t.Run("without a row, or with another's, there is no call", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		for _, other := range []audit.Token{
			{Account: "alice", Case: begun.Case, Fence: begun.Token.Fence + 1},
			{Account: "alice", Case: begun.Case + 1, Fence: begun.Token.Fence},
			{Account: "nobody", Case: begun.Case, Fence: begun.Token.Fence},
		} {
			_, err := b.Renew(t.Context(), other)
			require.ErrorIs(t, err, audit.ErrLeaseLost)
		}
		named := audit.Token{Account: "alice", Case: begun.Case, Fence: begun.Token.Fence}
		_, err := b.Renew(t.Context(), named)
		require.NoError(t, err, "a token needs no more than what it says")
		b.finish(begun, audit.OutcomeDone)
		_, err = b.Renew(t.Context(), begun.Token)
		require.ErrorIs(t, err, audit.ErrLeaseLost)
	})
	t.Run("an unclear attempt keeps the account locked, whatever the outcome", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		_, err := b.Finish(t.Context(), begun.Token, audit.Result{
			Outcome: audit.OutcomeDone, Attempts: 2, LockedUntil: b.clock.Now().Add(6 * time.Second),
		})
		require.NoError(t, err)
		require.Equal(t, audit.StatusDone, b.theCase(begun.Case).Status)
		_, err = b.Begin(t.Context(), b.planned(head("alice")))
		var busy *audit.BusyError
		require.ErrorAs(t, err, &busy)
		require.Equal(t, b.clock.Now().Add(6*time.Second), busy.Until)
		due, next, err := b.Unsettled(t.Context())
		require.NoError(t, err)
		require.Empty(t, due, "a settled case is not read back")
		require.Zero(t, next)
		b.clock.Advance(6 * time.Second)
		b.act(head("alice"), audit.OutcomeDone)
	})
	t.Run("a clear outcome frees the account at once", func(t *testing.T) {
		b := newBench(t, open)
		b.act(head("alice"), audit.OutcomeFailed)
		b.act(head("alice"), audit.OutcomeDone)
		require.Equal(t, []string{"1 intent case 1", "2 outcome failed case 1", "3 intent case 2", "4 outcome done case 2"}, b.trace())
	})
	t.Run("workers lead one at a time", func(t *testing.T) {
		b := newBench(t, open)
		until, ok, err := b.Lead(t.Context(), "settle", "one", 10*time.Second)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, b.clock.Now().Add(10*time.Second), until)
		_, ok, err = b.Lead(t.Context(), "settle", "two", 10*time.Second)
		require.NoError(t, err)
		require.False(t, ok)
		b.clock.Advance(10 * time.Second)
		_, ok, err = b.Lead(t.Context(), "settle", "two", 10*time.Second)
		require.NoError(t, err)
		require.True(t, ok)
		require.NoError(t, b.Resign(t.Context(), "settle", "one"), "not one's own: nothing happens")
		_, ok, err = b.Lead(t.Context(), "settle", "one", 10*time.Second)
		require.NoError(t, err)
		require.False(t, ok)
		require.NoError(t, b.Resign(t.Context(), "settle", "two"))
		_, ok, err = b.Lead(t.Context(), "settle", "one", 10*time.Second)
		require.NoError(t, err)
		require.True(t, ok)
	})
}
