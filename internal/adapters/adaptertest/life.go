package adaptertest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

// lifeChecks are about how an adapter ends. That it leaves no goroutine is
// looked at after every check.
func lifeChecks() []check {
	return []check{
		{name: "an idle adapter ends when it is told to", do: endsIdle},
		{name: "an adapter that never began anything ends", do: endsAtOnce},
		{name: "an adapter ends while the core works", do: endsWhileBusy},
		{name: "an answer after the end hurts nobody", do: answeredAfterEnd},
		{name: "the platform says that it is over", of: Ending, do: platformEnds},
	}
}

func endsIdle(tb testing.TB, s *stage) {
	tb.Helper()
	s.start()
	s.pass(tb)
	s.stop(tb)
}

func endsAtOnce(tb testing.TB, s *stage) {
	tb.Helper()
	s.start()
	s.stop(tb)
}

// lastWords is how long a core goes on after it was told to drain.
const lastWords = 50 * time.Millisecond

func endsWhileBusy(tb testing.TB, s *stage) {
	tb.Helper()
	var abandoned atomic.Bool
	s.core.Answer = func(ctx context.Context, inv chat.Invocation, _ func(chat.Reply)) chat.Reply {
		<-ctx.Done()
		busy := time.NewTimer(lastWords)
		defer busy.Stop()
		select {
		case <-busy.C:
		case <-s.ended:
			abandoned.Store(true)
		}
		return done(inv)
	}
	s.start()
	d := s.deliver(tb, "")
	s.trace.Await(tb, Handling, d.ID, 1)
	s.stop(tb)
	s.trace.Await(tb, Handled, d.ID, 1)
	require.False(tb, abandoned.Load(), "Run returned before the core did")
}

func answeredAfterEnd(tb testing.TB, s *stage) {
	tb.Helper()
	settle := make(chan func(chat.Reply), 1)
	s.core.Answer = func(_ context.Context, _ chat.Invocation, later func(chat.Reply)) chat.Reply {
		settle <- later
		return chat.Reply{State: chat.StateUnknown, Code: "unknown", Ref: "ref", Message: chat.Text("Unknown, checking.")}
	}
	s.start()
	d := s.deliver(tb, "")
	s.trace.Await(tb, ShownTo, d.ID, 1)
	s.stop(tb)
	said := make(chan struct{})
	later := <-settle
	go func() {
		defer close(said)
		later(chat.Reply{State: chat.StateDone, Code: "done", Ref: "ref", Message: chat.Text("Done after all.")})
	}()
	timeout := time.NewTimer(s.trace.patience)
	defer timeout.Stop()
	select {
	case <-said:
	case <-timeout.C:
		require.Fail(tb, "an answer after the end never returns")
	}
}

func platformEnds(tb testing.TB, s *stage) {
	tb.Helper()
	s.start()
	s.pass(tb)
	s.End(tb)
	s.awaitEnd(tb)
}
