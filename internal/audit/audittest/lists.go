package audittest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

func testLists(t *testing.T, open Open) {
	t.Run("history and mutes page by case, newest first", func(t *testing.T) {
		b := newBench(t, open)
		for i := range 12 {
			h := head("alice")
			h.Scope = mute.ScopeAll
			h.Reason = fmt.Sprint("reason ", i)
			b.act(h, audit.OutcomeDone)
			other := head(mute.Account(fmt.Sprint("user", i)))
			other.Scope = mute.ScopeAll
			b.act(other, audit.OutcomeDone)
		}
		page, err := b.History(t.Context(), "alice", audit.Page{})
		require.NoError(t, err)
		require.Len(t, page, 10)
		require.EqualValues(t, 23, page[0].Number)
		require.Equal(t, "reason 11", page[0].Reason)
		page, err = b.History(t.Context(), "alice", audit.Page{Before: page[9].Number, Limit: 5})
		require.NoError(t, err)
		require.Len(t, page, 2)
		require.EqualValues(t, 1, page[1].Number)
		seen := map[string]bool{}
		var before int64
		for {
			mutes, err := b.Mutes(t.Context(), audit.MuteFilter{}, audit.Page{Before: before, Limit: 5})
			require.NoError(t, err)
			if len(mutes) == 0 {
				break
			}
			for _, m := range mutes {
				k := string(m.Account) + m.Field.String()
				require.False(t, seen[k], k)
				seen[k] = true
				before = m.Case
			}
		}
		require.Len(t, seen, 26, "both fields of 13 accounts")
	})
	t.Run("mutes narrow by actor, scope and account", func(t *testing.T) {
		b := newBench(t, open)
		h := head("alice")
		h.Scope = mute.ScopeAll
		b.act(h, audit.OutcomeDone)
		h = head("bob")
		h.Actor, h.ActorName = "console:ada", "Ada"
		b.act(h, audit.OutcomeDone)
		for _, f := range []struct {
			filter audit.MuteFilter
			want   int
		}{
			{audit.MuteFilter{}, 3},
			{audit.MuteFilter{Actor: "console:ada"}, 1},
			{audit.MuteFilter{Actor: "Mia"}, 2},
			{audit.MuteFilter{Scope: mute.ScopeC2C}, 1},
			{audit.MuteFilter{Account: "alice", Scope: mute.ScopeGroup}, 1},
			{audit.MuteFilter{Account: "nobody"}, 0},
		} {
			mutes, err := b.Mutes(t.Context(), f.filter, audit.Page{})
			require.NoError(t, err)
			require.Len(t, mutes, f.want, "%+v", f.filter)
		}
	})
	t.Run("entries narrow by kind, case, account, actor and time", func(t *testing.T) {
		b := newBench(t, open)
		b.act(head("alice"), audit.OutcomeDone)
		b.clock.Advance(time.Hour)
		h := head("bob")
		h.Actor = "console:ada"
		b.act(h, audit.OutcomeFailed)
		h.ID = ""
		_, err := b.Note(t.Context(), 1, h, "words")
		require.NoError(t, err)
		for _, f := range []struct {
			filter audit.EntryFilter
			want   []int64
		}{
			{audit.EntryFilter{}, []int64{1, 2, 3, 4, 5}},
			{audit.EntryFilter{Newest: true, Limit: 2}, []int64{5, 4}},
			{audit.EntryFilter{After: 1, Before: 4}, []int64{2, 3}},
			{audit.EntryFilter{Kinds: []audit.Kind{audit.KindIntent, audit.KindNote}}, []int64{1, 3, 5}},
			{audit.EntryFilter{Case: 1}, []int64{1, 2, 5}},
			{audit.EntryFilter{Account: "bob"}, []int64{3, 4}},
			{audit.EntryFilter{Account: "nobody"}, nil},
			{audit.EntryFilter{Actor: "console:ada"}, []int64{3, 5}},
			{audit.EntryFilter{Since: began.Add(time.Minute)}, []int64{3, 4, 5}},
		} {
			entries, err := b.Entries(t.Context(), f.filter)
			require.NoError(t, err)
			var got []int64
			for _, e := range entries {
				got = append(got, e.Seq)
			}
			require.Equal(t, f.want, got, "%+v", f.filter)
		}
		entries, err := b.CaseEntries(t.Context(), 1)
		require.NoError(t, err)
		require.Len(t, entries, 3)
		_, err = b.CaseEntries(t.Context(), 9)
		require.ErrorIs(t, err, audit.ErrNoCase)
		_, err = b.Entry(t.Context(), 9)
		require.ErrorIs(t, err, audit.ErrNoEntry)
		_, err = b.Case(t.Context(), 9)
		require.ErrorIs(t, err, audit.ErrNoCase)
	})
	t.Run("accounts that were meant are found by case, beginning and slips", func(t *testing.T) {
		b := newBench(t, open)
		for _, a := range []mute.Account{"alice", "Alice", "alice2", "bob", "robert", "mallory"} {
			b.act(head(a), audit.OutcomeDone)
		}
		for like, want := range map[string][]mute.Account{
			"ALICE":  {"Alice", "alice", "alice2"},
			"alice":  {"Alice", "alice2"},
			"boob":   {"bob"},
			"malroy": {"mallory"},
			"rob":    {"robert", "bob"},
			"zzzzz":  {},
		} {
			got, err := b.Similar(t.Context(), like, 3)
			require.NoError(t, err)
			require.Equal(t, want, got, like)
		}
	})
	t.Run("health counts what is open", func(t *testing.T) {
		b := newBench(t, open)
		b.act(head("alice"), audit.OutcomeDone)
		b.begin(head("bob"))
		b.finish(b.begin(head("carol")), audit.OutcomeUnknown)
		b.ask("k", "dave")
		_, err := b.Register(t.Context(), "console", 2)
		require.NoError(t, err)
		b.clock.Advance(time.Minute)
		h, err := b.Health(t.Context())
		require.NoError(t, err)
		require.Equal(t, audit.Health{
			Entries: 6, InFlight: 1, Unknown: 1, Waiting: 1, ActiveMutes: 1,
			Sinks: []audit.SinkHealth{{Name: "console", Cursor: 2, Behind: 2, Oldest: began}},
		}, h)
	})
}

func testWait(t *testing.T, open Open) {
	t.Run("a waiter is woken by the outcome", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		changed, stop := b.Subscribe()
		defer stop()
		done := make(chan audit.CaseView)
		go func() {
			c, err := b.Wait(context.Background(), begun.Case)
			if err != nil {
				t.Error(err)
			}
			done <- c
		}()
		b.finish(begun, audit.OutcomeDone)
		require.Equal(t, audit.StatusDone, (<-done).Status)
		<-changed
	})
	t.Run("a waiter sees what another process records", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		other := b.another(b.Store)
		done := make(chan error)
		go func() {
			_, err := other.Wait(context.Background(), begun.Case)
			done <- err
		}()
		b.finish(begun, audit.OutcomeDone)
		require.NoError(t, <-done)
	})
	t.Run("a wait that ends tells how the case stands", func(t *testing.T) {
		b := newBench(t, open)
		begun := b.begin(head("alice"))
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("enough"))
		c, err := b.Wait(ctx, begun.Case)
		require.ErrorContains(t, err, "enough")
		require.Equal(t, audit.StatusInFlight, c.Status)
		_, err = b.Wait(t.Context(), 99)
		require.ErrorIs(t, err, audit.ErrNoCase)
	})
}

func testSinks(t *testing.T, open Open) {
	t.Run("a frozen attempt outlives its process and is concluded once", func(t *testing.T) {
		b := newBench(t, open)
		b.act(head("alice"), audit.OutcomeDone)
		s, err := b.Register(t.Context(), "slack", 0)
		require.NoError(t, err)
		require.Equal(t, audit.Sink{Name: "slack"}, s)
		a := audit.Attempt{First: 1, Last: 2, Nonce: "n1", Body: []byte(`{"text":"…"}`)}
		s, err = b.Freeze(t.Context(), "slack", a)
		require.NoError(t, err)
		require.Equal(t, &a, s.Attempt)
		s, err = b.Sending(t.Context(), "slack", "n1")
		require.NoError(t, err)
		require.Equal(t, began, s.Attempt.Started)
		b.clock.Advance(time.Minute)
		s, err = b.Freeze(t.Context(), "slack", audit.Attempt{First: 1, Last: 1, Nonce: "other"})
		require.NoError(t, err)
		require.Equal(t, "n1", s.Attempt.Nonce, "what is frozen stays")
		require.Equal(t, began, s.Attempt.Started)
		s, err = b.Failed(t.Context(), "slack", "n1", "502 from Slack", false)
		require.NoError(t, err)
		require.Equal(t, "502 from Slack", s.LastError)
		require.False(t, s.Attempt.Started.IsZero(), "it may have arrived")
		s, err = b.Failed(t.Context(), "slack", "n1", "429 from Slack", true)
		require.NoError(t, err)
		require.True(t, s.Attempt.Started.IsZero(), "it has surely not")
		_, err = b.Posted(t.Context(), "slack", "other", nil)
		require.ErrorIs(t, err, audit.ErrNotFrozen)
		s, err = b.Posted(t.Context(), "slack", "n1", []chat.MessageRef{{Channel: "C1", ID: "17.1", Link: "https://…"}})
		require.NoError(t, err)
		require.Equal(t, audit.Sink{Name: "slack", Cursor: 2, Messages: 1, PostedAt: b.clock.Now()}, s)
		_, err = b.Posted(t.Context(), "slack", "n1", nil)
		require.ErrorIs(t, err, audit.ErrNotFrozen)
		refs, err := b.Postings(t.Context(), 2, 2)
		require.NoError(t, err)
		require.Equal(t, []audit.Posting{{
			Sink: "slack", First: 1, Last: 2, At: b.clock.Now(), Ref: chat.MessageRef{Channel: "C1", ID: "17.1", Link: "https://…"},
		}}, refs)
		b.sound()
	})
	t.Run("entries are delivered in order or not at all", func(t *testing.T) {
		b := newBench(t, open)
		b.act(head("alice"), audit.OutcomeDone)
		_, err := b.Freeze(t.Context(), "nowhere", audit.Attempt{First: 1, Last: 1, Nonce: "n"})
		require.Error(t, err)
		_, err = b.Register(t.Context(), "slack", 1)
		require.NoError(t, err)
		for _, a := range []audit.Attempt{{First: 1, Last: 2, Nonce: "n"}, {First: 2, Last: 3, Nonce: "n"}, {First: 2, Last: 1, Nonce: "n"}} {
			_, err = b.Freeze(t.Context(), "slack", a)
			require.Error(t, err)
		}
		_, err = b.Freeze(t.Context(), "slack", audit.Attempt{First: 2, Last: 2, Nonce: "n"})
		require.NoError(t, err)
		s, err := b.Skip(t.Context(), "slack", 2)
		require.NoError(t, err)
		require.EqualValues(t, 1, s.Cursor, "nothing is skipped under a frozen attempt")
		s, err = b.Thaw(t.Context(), "slack", "n")
		require.NoError(t, err)
		require.Nil(t, s.Attempt)
		s, err = b.Skip(t.Context(), "slack", 99)
		require.NoError(t, err)
		require.EqualValues(t, 2, s.Cursor)
		all, err := b.Sinks(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 1)
	})
}
