package adaptertest

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// crowd is how many deliveries come at once.
const crowd = 24

// deliveryChecks are about what comes in and how it is answered.
func deliveryChecks() []check {
	return []check{
		{name: "a delivery becomes an invocation", do: invocationIsWhole},
		{name: "the platform is acknowledged while the core works", of: Acknowledgement, do: acknowledgedFirst},
		{name: "an answer is shown once", do: answeredOnce},
		{name: "an unknown answer is settled later", do: settledLater},
		{name: "a delivery that comes twice is one command", of: Redelivery, do: deliveredTwice},
		{name: "a forged delivery reaches nobody", of: Signature, do: forged},
		{name: "many at once get each their own answer", do: manyAtOnce},
		{name: "an actor holds at least the own id", do: ownGrant},
		{name: "roles that cannot be looked up refuse", of: RoleLookup, do: rolesUnknown},
	}
}

func invocationIsWhole(tb testing.TB, s *stage) {
	tb.Helper()
	s.start()
	first, second := s.delivery("spamming links"), s.delivery("spamming links")
	second.Actor = s.Actors[1]
	s.hand(tb, first)
	s.trace.Await(tb, ShownTo, first.ID, 1)
	s.hand(tb, second)
	s.trace.Await(tb, ShownTo, second.ID, 1)
	keys := make(map[string]bool)
	for _, d := range []Delivery{first, second} {
		inv := s.invocation(tb, d.ID)
		require.Equal(tb, s.Adapter.Platform(), inv.Platform)
		require.Equal(tb, d.Actor, inv.Actor.ID)
		require.NotEmpty(tb, inv.Channel.ID)
		require.False(tb, inv.Received.IsZero(), "Received is not set")
		require.Equal(tb, d.Reason, said(inv), "the actor's words changed on the way in")
		require.Nil(tb, inv.Click)
		require.NotEqual(tb, inv.Line == "", inv.Verb == "", "exactly one of Line and Verb says what is asked")
		if inv.Key != "" {
			require.NotContains(tb, keys, inv.Key, "two commands have one key")
			keys[inv.Key] = true
		}
	}
}

func acknowledgedFirst(tb testing.TB, s *stage) {
	tb.Helper()
	release := make(chan struct{})
	s.core.Answer = func(ctx context.Context, inv chat.Invocation, _ func(chat.Reply)) chat.Reply {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return done(inv)
	}
	s.start()
	d := s.deliver(tb, "")
	s.trace.Await(tb, Handling, d.ID, 1)
	s.trace.Await(tb, Acked, d.ID, 1)
	require.Empty(tb, s.trace.Of(Handled, d.ID), "the core was done before it was allowed to be")
	close(release)
	s.trace.Await(tb, ShownTo, d.ID, 1)
}

func answeredOnce(tb testing.TB, s *stage) {
	tb.Helper()
	s.start()
	d := s.deliver(tb, "")
	s.trace.Await(tb, ShownTo, d.ID, 1)
	s.pass(tb)
	s.stop(tb)
	shown := s.trace.Of(ShownTo, d.ID)
	require.Len(tb, shown, 1, "the trace:\n%s", s.trace)
	require.Contains(tb, shown[0].Text, "Done with "+d.ID)
	require.Empty(tb, shown[0].Live)
}

func settledLater(tb testing.TB, s *stage) {
	tb.Helper()
	settle := make(chan func(chat.Reply), 1)
	s.core.Answer = func(_ context.Context, inv chat.Invocation, later func(chat.Reply)) chat.Reply {
		if deliveryID(inv) != idPrefix+"1" {
			return done(inv)
		}
		settle <- later
		return chat.Reply{State: chat.StateUnknown, Code: "unknown", Ref: "ref-1", Message: chat.Text("Unknown, checking.")}
	}
	s.start()
	d := s.deliver(tb, "")
	s.trace.Await(tb, ShownTo, d.ID, 1)
	s.trace.Await(tb, Handled, d.ID, 1)
	s.pass(tb) // something else is answered meanwhile
	later := <-settle
	var wg sync.WaitGroup
	wg.Go(func() {
		later(chat.Reply{State: chat.StateDone, Code: "done", Ref: "ref-1", Message: chat.Text("Done after all.")})
	})
	wg.Wait()
	shown := s.trace.Await(tb, ShownTo, d.ID, 2)
	require.Contains(tb, shown[0].Text, "Unknown, checking.")
	require.Contains(tb, shown[1].Text, "Done after all.")
}

func deliveredTwice(tb testing.TB, s *stage) {
	tb.Helper()
	s.start()
	d := s.deliver(tb, "")
	s.Redeliver(tb, d)
	s.trace.Await(tb, ShownTo, d.ID, 1)
	s.pass(tb)
	s.stop(tb)
	require.Len(tb, s.trace.Of(Effect, d.ID), 1, "the trace:\n%s", s.trace)
	handled := s.trace.Of(Handling, d.ID)
	for _, e := range handled {
		require.Equal(tb, handled[0].Invocation.Key, e.Invocation.Key)
	}
	shown := s.trace.Of(ShownTo, d.ID)
	for _, e := range shown {
		require.Equal(tb, shown[0].Text, e.Text, "one command has two answers")
	}
}

func forged(tb testing.TB, s *stage) {
	tb.Helper()
	s.start()
	d := s.delivery("")
	s.Forge(tb, d)
	s.pass(tb)
	s.stop(tb)
	require.Empty(tb, s.trace.Of(Handling, d.ID), "a forged delivery was handled:\n%s", s.trace)
}

// manyAtOnce also posts meanwhile: neither may get into the other's lines.
func manyAtOnce(tb testing.TB, s *stage) {
	tb.Helper()
	s.start()
	var all sync.WaitGroup
	var deliveries []Delivery
	for i := range crowd {
		d := s.delivery("")
		d.Actor = s.Actors[i%len(s.Actors)]
		deliveries = append(deliveries, d)
		all.Go(func() { s.hand(tb, d) })
	}
	posts := numberedPosts(crowd)
	var errs []error
	all.Go(func() { errs = deliverAll(s.Channel, posts) })
	all.Wait()
	for _, err := range errs {
		require.NoError(tb, err)
	}
	for _, d := range deliveries {
		shown := s.trace.Await(tb, ShownTo, d.ID, 1)
		require.Len(tb, shown, 1)
		require.Contains(tb, shown[0].Text, "Done with "+d.ID+" for "+d.Actor)
		require.Equal(tb, d.Actor, s.invocation(tb, d.ID).Actor.ID)
	}
	requireInOrder(tb, s.trace, posts)
}

func ownGrant(tb testing.TB, s *stage) {
	tb.Helper()
	s.start()
	d := s.deliver(tb, "")
	inv := s.invocation(tb, d.ID)
	grants, err := s.Adapter.Grants(context.Background(), inv)
	require.NoError(tb, err)
	require.Contains(tb, grants, chat.Grant{Kind: chat.GrantMember, ID: inv.Actor.ID})
}

func rolesUnknown(tb testing.TB, s *stage) {
	tb.Helper()
	var grants []chat.Grant
	var err error
	s.core.Answer = func(ctx context.Context, inv chat.Invocation, _ func(chat.Reply)) chat.Reply {
		if grants, err = s.Adapter.Grants(ctx, inv); err == nil {
			return done(inv)
		}
		return chat.Reply{State: chat.StateNotDone, Code: "roles", Message: chat.Text("Not done: nobody knows your roles.")}
	}
	s.BreakRoles(tb)
	s.start()
	d := s.deliver(tb, "")
	shown := s.trace.Await(tb, ShownTo, d.ID, 1)
	require.ErrorIs(tb, err, adapters.ErrRoles)
	require.Empty(tb, grants, "roles were given although they are not known")
	require.Contains(tb, shown[0].Text, "Not done: nobody knows your roles.")
}
