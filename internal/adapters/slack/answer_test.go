package slack

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

func TestAnswer_KnownInTimeIsTheAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(after(700*time.Millisecond, "Done and well."))
		w, took := b.command()
		require.Equal(t, 700*time.Millisecond, took)
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Body.String(), "Done and well.")
		require.Contains(t, w.Body.String(), `"response_type":"ephemeral"`)
		time.Sleep(time.Hour)
		b.stop(t)
		require.Empty(t, b.slack.of(methodAnswerURL))
		require.Empty(t, b.slack.of(methodPost))
		require.Equal(t, 1, b.meter.count("command ok"))
	})
}

func TestAnswer_LaterIsOnePost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(after(1500*time.Millisecond, "Done and well."))
		began := time.Now()
		w, took := b.command()
		require.Equal(t, ackWithin, took)
		require.Empty(t, w.Body.String())
		time.Sleep(time.Minute)
		b.stop(t)
		posts := b.slack.of(methodAnswerURL)
		require.Len(t, posts, 1)
		require.Equal(t, 1500*time.Millisecond, posts[0].at.Sub(began))
		require.Equal(t, "Done and well.", posts[0].text())
		require.Equal(t, "ephemeral", posts[0].body["response_type"])
		require.Equal(t, false, posts[0].body["replace_original"])
	})
}

func TestAnswer_WorkingAfterTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(after(9*time.Second, "Done and well."))
		began := time.Now()
		_, took := b.command()
		require.Equal(t, ackWithin, took)
		time.Sleep(time.Minute)
		b.stop(t)
		posts := b.slack.of(methodAnswerURL)
		require.Len(t, posts, 2)
		require.Equal(t, workingAfter, posts[0].at.Sub(began))
		require.Equal(t, "Working…", posts[0].text())
		require.Equal(t, 9*time.Second, posts[1].at.Sub(began))
		require.Equal(t, "Done and well.", posts[1].text())
	})
}

// What was said first is shown first, also when Slack is slow to take it.
func TestAnswer_KeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var shown []string
		b.slack.on(methodAnswerURL, func(c called) replied {
			if c.text() == "Working…" {
				time.Sleep(3 * time.Second)
			}
			shown = append(shown, c.text())
			return usual(c)
		})
		b.start(after(2100*time.Millisecond, "Done and well."))
		_, _ = b.command()
		time.Sleep(time.Minute)
		b.stop(t)
		require.Equal(t, []string{"Working…", "Done and well."}, shown)
	})
}

// settling answers "unknown" at once, and hands out how to settle it.
func settling(settle chan<- func(chat.Reply)) fakeCore {
	return fakeCore{handle: func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
		respond(ctx, chat.Reply{State: chat.StateUnknown, Ref: "REF1", Message: chat.Text("Unknown, checking.")})
		settle <- func(r chat.Reply) { respond(context.WithoutCancel(ctx), r) }
	}}
}

func TestAnswer_SettledLater(t *testing.T) {
	for name, c := range map[string]struct {
		later  time.Duration
		direct bool
	}{
		"at once":            {0, false},
		"in time":            {28 * time.Minute, false},
		"after half an hour": {30 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				settle := make(chan func(chat.Reply), 1)
				b.start(settling(settle))
				w, _ := b.command()
				require.Contains(t, w.Body.String(), "Unknown, checking.")
				require.Contains(t, w.Body.String(), "ref REF1")
				time.Sleep(c.later)
				(<-settle)(said("Done after all."))
				b.stop(t)
				urls, direct := b.slack.of(methodAnswerURL), b.slack.of(methodPost)
				if c.direct {
					require.Empty(t, urls)
					require.Len(t, direct, 1)
					require.Equal(t, "D1", direct[0].args.Get("channel"))
					require.Equal(t, "Done after all.", direct[0].text())
					require.Equal(t, "U1", b.slack.of(methodDirect)[0].args.Get("users"))
					return
				}
				require.Empty(t, direct)
				require.Len(t, urls, 1)
				require.Equal(t, "Done after all.", urls[0].text())
			})
		})
	}
}

// After Run's end an answer still goes out, and nothing hangs.
func TestAnswer_AfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		settle := make(chan func(chat.Reply), 1)
		b.start(settling(settle))
		_, _ = b.command()
		b.stop(t)
		(<-settle)(said("Done after all."))
		require.Len(t, b.slack.of(methodAnswerURL), 1)
	})
}

func TestAnswer_FiveUses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		settle := make(chan func(chat.Reply), 1)
		b.start(settling(settle))
		_, _ = b.command()
		later := <-settle
		for range 7 {
			later(said("again"))
		}
		b.stop(t)
		require.Len(t, b.slack.of(methodAnswerURL), maxUses)
		require.Len(t, b.slack.of(methodPost), 2)
	})
}

func TestAnswer_RefusedURL(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(called) replied
		uses   int
		direct int
	}{
		"used up":       {func(called) replied { return replied{status: 404, body: "used_url"} }, 1, 1},
		"broken":        {func(called) replied { return replied{status: 500} }, 1, 1},
		"unreachable":   {func(called) replied { return replied{err: errDown} }, 1, 1},
		"throttled":     {throttledOnce("1"), 2, 0},
		"throttled too": {throttledOnce("60"), 1, 1},
		"no header":     {throttledOnce(""), 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.slack.on(methodAnswerURL, c.answer)
				b.start(after(time.Second, "Done and well."))
				_, _ = b.command()
				time.Sleep(time.Minute)
				b.stop(t)
				require.Len(t, b.slack.of(methodAnswerURL), c.uses)
				require.Len(t, b.slack.of(methodPost), c.direct)
			})
		})
	}
}

// throttledOnce asks to wait, the first time.
func throttledOnce(wait string) func(called) replied {
	asked := false
	return func(c called) replied {
		if asked {
			return usual(c)
		}
		asked = true
		h := http.Header{}
		if wait != "" {
			h.Set("Retry-After", wait)
		}
		return replied{status: http.StatusTooManyRequests, header: h}
	}
}

// Answers are for one person. They go to Slack and to nobody else.
func TestAnswer_OnlyToSlack(t *testing.T) {
	for _, address := range []string{
		"http://hooks.slack.com/commands/1", "https://slack.com.example.org/1", "https://example.org/hooks.slack.com",
		"https://hooks.slack.com@example.org/1", "ftp://hooks.slack.com/1", "//hooks.slack.com/1", "nonsense", "https://slack.com:1@evil/1",
	} {
		t.Run(address, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.start(after(time.Second, "Done and well."))
				_, _ = b.command("response_url", address)
				time.Sleep(time.Minute)
				b.stop(t)
				require.Empty(t, b.slack.of(methodAnswerURL))
				require.Len(t, b.slack.of(methodPost), 1, "it goes directly")
				for _, c := range b.slack.calls {
					require.NotEqual(t, "1", c.method)
				}
			})
		})
	}
}

// Whatever the Core does, the actor hears something, and Run goes on.
func TestAnswer_CoreLeavesItOpen(t *testing.T) {
	for name, handle := range map[string]func(context.Context, chat.Invocation, func(context.Context, chat.Reply)){
		"silence": func(context.Context, chat.Invocation, func(context.Context, chat.Reply)) {},
		"panic":   func(context.Context, chat.Invocation, func(context.Context, chat.Reply)) { panic("oh") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.start(fakeCore{handle: handle})
				for range 2 {
					w, _ := b.command()
					require.Contains(t, w.Body.String(), "Nothing answered that.")
				}
				b.stop(t)
			})
		})
	}
}

// An answer that the acknowledgement could not carry is posted.
func TestAnswer_LostAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(after(0, "Done and well."))
		b.Handler().ServeHTTP(broken{header: http.Header{}}, request("/slack/commands", commandFields("response_url", answerURL).Encode()))
		time.Sleep(time.Second)
		b.stop(t)
		require.Len(t, b.slack.of(methodAnswerURL), 1)
	})
}

// broken is a connection that is gone.
type broken struct{ header http.Header }

func (b broken) Header() http.Header     { return b.header }
func (broken) WriteHeader(int)           {}
func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestAnswer_RepeatedDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		handled := 0
		b.start(fakeCore{handle: func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
			handled++
			respond(ctx, said("Done and well."))
		}})
		first, _ := b.command("trigger_id", "same")
		require.Contains(t, first.Body.String(), "Done and well.")
		for range 3 {
			time.Sleep(time.Second)
			again, took := b.command("trigger_id", "same")
			require.Equal(t, http.StatusOK, again.Code)
			require.Empty(t, again.Body.String())
			require.Zero(t, took)
		}
		b.stop(t)
		require.Equal(t, 1, handled)
		posts := b.slack.of(methodAnswerURL)
		require.Len(t, posts, 1, "the first acknowledgement may not have arrived")
		require.Equal(t, "Done and well.", posts[0].text())
		require.Equal(t, 3, b.meter.count("command duplicate"))
	})
}

func TestLine(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct{ command, text, want string }{
		{"/mod", "mute alice 2h", "mute alice 2h"},
		{"/mod", "", ""},
		{"/modmute", "alice 2h", "mute alice 2h"},
		{"/modmute", "", "mute"},
		{"/mute", "alice 2h", "mute alice 2h"},
		{"/unmute", "alice", "unmute alice"},
		{"/mod", "mute <http://bob.io|bob.io> 2h a &lt;!channel&gt; &amp;amp;", "mute bob.io 2h a <!channel> &amp;"},
		{"/mod", "mute <@U2|bob> 2h", "mute <@U2|bob> 2h"},
	} {
		require.Equal(t, c.want, b.line(delivery{command: c.command, text: c.text}))
	}
}
