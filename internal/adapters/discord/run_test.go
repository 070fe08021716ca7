package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

func TestRun_BoundsWhatIsServedAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		release := make(chan struct{})
		b.core.handle = func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
			<-release
			respond(ctx, said("Done."))
		}
		var all sync.WaitGroup
		for range maxWork {
			o := b.muting()
			all.Go(func() { b.deliver(o) })
		}
		synctest.Wait()
		kind, data := answered(t, b.deliver(b.muting()))
		require.Equal(t, 4, kind)
		require.Contains(t, data["content"], "Too much is asked at once")
		all.Wait()
		close(release)
		synctest.Wait()
		require.Len(t, b.core.invocations(), maxWork)
		require.Equal(t, map[string]int{"command ok": maxWork, "command busy": 1}, b.meter.counts())
	})
}

func TestRun_WaitsForWhatIsServed(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.core.handle = func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
			<-ctx.Done()
			time.Sleep(3 * time.Second)
			respond(ctx, said("Done, while it was ending."))
		}
		b.deliver(b.muting())
		began := time.Now()
		require.NoError(t, b.end())
		require.Equal(t, 3*time.Second, time.Since(began))
		require.Equal(t, []string{"PATCH"}, methods(b.routes()))
	})
}

func TestRun_SurvivesAPanic(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.core.handle = func(context.Context, chat.Invocation, func(context.Context, chat.Reply)) { panic("a bug") }
		kind, data := answered(t, b.deliver(b.muting()))
		require.Equal(t, 4, kind)
		require.Contains(t, data["content"], "Nothing answered")
		synctest.Wait()
		require.Equal(t, 1, b.meter.counts()["command panic"])
		b.core.handle = nil
		_, data = answered(t, b.deliver(b.muting()))
		require.Equal(t, "Done.", data["content"])
	})
}

func TestRun_ACoreThatSaysNothing(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.core.handle = func(context.Context, chat.Invocation, func(context.Context, chat.Reply)) {}
		kind, data := answered(t, b.deliver(b.muting()))
		require.Equal(t, 4, kind)
		require.Contains(t, data["content"], "Nothing answered")
	})
}

func TestHandler_AClientThatHangsUpGetsTheAnswerAnotherWay(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.after(100*time.Millisecond, said("Done."))
		ctx, hangUp := context.WithCancelCause(t.Context())
		hangUp(errors.New("gone"))
		body := `{"type":2,"id":"5","application_id":"1100","token":"t","guild_id":"1200","channel_id":"1300",` +
			`"member":{"roles":[],"user":{"id":"7700","username":"mia"}},"data":{"name":"mute","type":1}}`
		r := b.signed([]byte(body), time.Now()).WithContext(ctx)
		w := httptest.NewRecorder()
		b.d.Handler().ServeHTTP(w, r)
		time.Sleep(time.Minute)
		require.Equal(t, []string{"PATCH"}, methods(b.routes()))
	})
}

func TestRun_TheTokenIsInNoLog(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.script(func(string) (int, string) { return http.StatusInternalServerError, "<html>" })
		b.after(time.Second, said("Done."))
		b.deliver(b.muting())
		time.Sleep(5 * time.Minute)
		require.NotEmpty(t, b.logs.All())
		for _, l := range b.logs.All() {
			text := fmt.Sprint(l.Message, l.ContextMap())
			require.NotContains(t, text, "reply-5001")
			require.NotContains(t, text, testToken)
		}
	})
}
