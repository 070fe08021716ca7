package audittest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// linking is a change of a member's link as it stands.
func (b *bench) linking(verb, member string, account mute.Account) audit.Linking {
	b.t.Helper()
	h := head(account)
	h.Verb, h.Member, h.Scope, h.Term, h.Reason, h.Snapshot = verb, member, 0, mute.Term{}, "", ""
	now, _, err := b.LinkOf(context.Background(), member)
	require.NoError(b.t, err)
	return audit.Linking{Head: h, Expect: now.Seq}
}

func (b *bench) link(member string, account mute.Account) audit.CaseView {
	b.t.Helper()
	c, err := b.Link(context.Background(), b.linking("link", member, account))
	require.NoError(b.t, err)
	return c
}

func (b *bench) unlink(member string) audit.CaseView {
	b.t.Helper()
	now, ok, err := b.LinkOf(context.Background(), member)
	require.NoError(b.t, err)
	require.True(b.t, ok)
	c, err := b.Unlink(context.Background(), b.linking("unlink", member, now.Account))
	require.NoError(b.t, err)
	return c
}

// linked is the account that a member stands for, "" for none.
func (b *bench) linked(member string) mute.Account {
	b.t.Helper()
	l, ok, err := b.LinkOf(context.Background(), member)
	require.NoError(b.t, err)
	require.Equal(b.t, ok, l.Account != "")
	return l.Account
}

func testLinks(t *testing.T, open Open) {
	const member = "slack:T1/U1"
	t.Run("a member stands for what it was linked to last", func(t *testing.T) {
		b := newBench(t, open)
		require.Empty(t, b.linked(member))
		c := b.link(member, "alice")
		require.Equal(t, audit.StatusDone, c.Status)
		require.Equal(t, mute.Account("alice"), c.Account)
		require.Equal(t, member, c.Member)
		require.Equal(t, mute.Account("alice"), b.linked(member))
		require.Empty(t, b.linked("slack:T1/U2"))
		b.link(member, "bob")
		require.Equal(t, mute.Account("bob"), b.linked(member))
		b.link("discord:1/2", "bob")
		b.unlink(member)
		require.Empty(t, b.linked(member))
		require.Equal(t, mute.Account("bob"), b.linked("discord:1/2"), "two members may stand for one account")
		b.link(member, "carol")
		require.Equal(t, mute.Account("carol"), b.linked(member))
		require.Equal(t, []string{
			"1 linked done case 1", "2 linked done case 2", "3 linked done case 3", "4 unlinked done case 4", "5 linked done case 5",
		}, b.trace())
		b.sound()
	})
	t.Run("a link is part of the account's history and no action on it", func(t *testing.T) {
		b := newBench(t, open)
		b.act(head("alice"), audit.OutcomeDone)
		before, err := b.Account(t.Context(), "alice")
		require.NoError(t, err)
		c := b.link(member, "alice")
		after, err := b.Account(t.Context(), "alice")
		require.NoError(t, err)
		require.Equal(t, before.Version, after.Version, "what was planned about it still holds")
		require.Equal(t, before.Prior, after.Prior)
		cases, err := b.History(t.Context(), "alice", audit.Page{})
		require.NoError(t, err)
		require.Len(t, cases, 2)
		require.Equal(t, c.Number, cases[0].Number)
	})
	t.Run("what was planned on another link is not written", func(t *testing.T) {
		b := newBench(t, open)
		stale := b.linking("link", member, "bob")
		b.link(member, "alice")
		_, err := b.Link(t.Context(), stale)
		require.ErrorIs(t, err, audit.ErrChanged)
		gone := b.linking("unlink", member, "alice")
		b.unlink(member)
		_, err = b.Unlink(t.Context(), gone)
		require.ErrorIs(t, err, audit.ErrChanged)
		_, err = b.Unlink(t.Context(), b.linking("unlink", member, "alice"))
		require.ErrorIs(t, err, audit.ErrNotLinked)
		require.Len(t, b.trace(), 2)
		b.sound()
	})
	t.Run("an unlink names the account that is linked", func(t *testing.T) {
		b := newBench(t, open)
		b.link(member, "alice")
		_, err := b.Unlink(t.Context(), b.linking("unlink", member, "bob"))
		require.Error(t, err)
		require.Len(t, b.trace(), 1)
		b.sound()
	})
	t.Run("a key makes one link", func(t *testing.T) {
		b := newBench(t, open)
		in := b.linking("link", member, "alice")
		in.Key = "k"
		first, err := b.Link(t.Context(), in)
		require.NoError(t, err)
		again, err := b.Link(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, first, again)
		require.Len(t, b.trace(), 1)
	})
	t.Run("a question about a link is answered by it, once", func(t *testing.T) {
		b := newBench(t, open)
		b.link(member, "alice")
		in := b.linking("link", member, "bob")
		asked, err := b.Ask(t.Context(), []audit.Question{{Head: in.Head, Version: in.Expect}})
		require.NoError(t, err)
		require.Equal(t, in.Expect, asked[0].Question.Version)
		in = b.linking("link", member, "bob")
		in.Case, in.Choice = asked[0].Number, "yes"
		c, err := b.Link(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, asked[0].Number, c.Number)
		require.Equal(t, audit.StatusDone, c.Status)
		require.Equal(t, mute.Account("bob"), b.linked(member))
		in = b.linking("link", member, "bob")
		in.Case = asked[0].Number
		_, err = b.Link(t.Context(), in)
		require.ErrorIs(t, err, audit.ErrNotWaiting)
		b.sound()
	})
	t.Run("many at once leave one link", func(t *testing.T) {
		b := newBench(t, open)
		var wg sync.WaitGroup
		var all []audit.Linking
		for i := range 20 {
			all = append(all, b.linking("link", member, mute.Account(fmt.Sprint("user", i))))
		}
		errs := make([]error, len(all))
		for i, in := range all {
			wg.Go(func() { _, errs[i] = b.Link(context.Background(), in) })
		}
		wg.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
				continue
			}
			require.ErrorIs(t, err, audit.ErrChanged)
		}
		require.Equal(t, 1, done)
		b.sound()
	})
	t.Run("a link without a member or an account is none", func(t *testing.T) {
		b := newBench(t, open)
		_, err := b.Link(t.Context(), b.linking("link", "", "alice"))
		require.Error(t, err)
		_, err = b.Link(t.Context(), b.linking("link", member, ""))
		require.Error(t, err)
		require.Empty(t, b.trace())
	})
	t.Run("another process sees it", func(t *testing.T) {
		b := newBench(t, open)
		other := b.another(b.Store)
		b.link(member, "alice")
		b.clock.Advance(time.Second)
		l, ok, err := other.LinkOf(t.Context(), member)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, "console:mia", l.Actor)
		in := b.linking("link", member, "bob")
		_, err = other.Link(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, mute.Account("bob"), b.linked(member))
	})
}
