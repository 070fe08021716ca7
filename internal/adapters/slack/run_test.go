package slack

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

func TestRun_WaitsForWhatWasBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(fakeCore{handle: func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
			<-ctx.Done()
			time.Sleep(5 * time.Second)
			respond(ctx, said("Done at last."))
		}})
		_, _ = b.command()
		began := time.Now()
		b.stop(t)
		require.Equal(t, 5*time.Second, time.Since(began))
		require.Equal(t, "Done at last.", b.slack.of(methodAnswerURL)[0].text())
		w, _ := b.command()
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
	})
}

func TestRun_DoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		release := make(chan struct{})
		b.start(fakeCore{handle: func(context.Context, chat.Invocation, func(context.Context, chat.Reply)) { <-release }})
		_, _ = b.command()
		began := time.Now()
		b.stop(t)
		require.Equal(t, adapters.DrainTime, time.Since(began))
		close(release)
		synctest.Wait()
		time.Sleep(time.Minute)
	})
}

func TestRun_Again(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		for range 2 {
			b.start(after(0, "Done and well."))
			require.Error(t, b.Run(t.Context(), fakeCore{}), "once at a time")
			w, _ := b.command()
			require.Contains(t, w.Body.String(), "Done and well.")
			b.stop(t)
		}
	})
}

func TestRun_TooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		release := make(chan struct{})
		b.start(fakeCore{handle: func(context.Context, chat.Invocation, func(context.Context, chat.Reply)) { <-release }})
		for range maxInFlight {
			go b.command()
			synctest.Wait()
		}
		w, took := b.command()
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Zero(t, took)
		require.Equal(t, 1, b.meter.count("command busy"))
		close(release)
		b.stop(t)
	})
}
